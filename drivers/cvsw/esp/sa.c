// SPDX-License-Identifier: GPL-2.0
/*
 * SAs by name, and which names have been there.
 */
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/sch_generic.h>

#include "sa.h"
#include "sa_names.h"

#define ICV_LEN		16
/* From here on a successor is wanted. */
#define SEQ_LAST_QUARTER	(3u << 30)

/**
 * struct cvsw_sas - a port's SAs
 * @by_name: readers under RCU
 * @lock: guards all that follows, and changes of @by_name
 * @used: names that have been there, by direction
 * @list: SAs, by id
 * @last_id: of the one that was added last
 * @generation: the machine's, when last all were stopped
 * @asleep: what is added is never used
 * @dead: none is added any more
 * @alive: SAs that are not freed yet, and one for the store not being killed
 * @gone: completed when @alive reaches zero
 */
struct cvsw_sas {
	struct rhashtable by_name;
	struct mutex lock;
	struct cvsw_sa_names used[CVSW_SA_IN + 1];
	struct list_head list;
	u64 last_id;
	struct cvsw_generation generation;
	bool asleep;
	bool dead;
	refcount_t alive;
	struct completion gone;
};

static const struct rhashtable_params by_name_params = {
	.key_len = sizeof(struct cvsw_sa_name),
	.key_offset = offsetof(struct cvsw_esp_sa, name),
	.head_offset = offsetof(struct cvsw_esp_sa, by_name),
	.automatic_shrinking = true,
};

static struct workqueue_struct *free_workers;

struct cvsw_sas *cvsw_sas_create(void)
{
	struct cvsw_sas *sas = kzalloc(sizeof(*sas), GFP_KERNEL);

	if (!sas)
		return NULL;
	if (rhashtable_init(&sas->by_name, &by_name_params)) {
		kfree(sas);
		return NULL;
	}
	mutex_init(&sas->lock);
	INIT_LIST_HEAD(&sas->list);
	sas->generation = cvsw_generation_now();
	refcount_set(&sas->alive, 1);
	init_completion(&sas->gone);
	return sas;
}

void cvsw_sas_destroy(struct cvsw_sas *sas)
{
	unsigned int i;

	if (!sas)
		return;
	rhashtable_destroy(&sas->by_name);
	for (i = 0; i < ARRAY_SIZE(sas->used); i++)
		cvsw_sa_names_free(&sas->used[i]);
	mutex_destroy(&sas->lock);
	kfree(sas);
}

/* ---- one SA ---- */

static void sa_free(struct cvsw_esp_sa *sa)
{
	if (!IS_ERR_OR_NULL(sa->aead))
		crypto_free_aead(sa->aead);	/* wipes the key */
	free_percpu(sa->counters);
	kfree_sensitive(sa);
}

static void sa_free_work(struct work_struct *work)
{
	struct cvsw_esp_sa *sa = container_of(to_rcu_work(work), struct cvsw_esp_sa, free_work);
	struct cvsw_sas *sas = sa->sas;

	/* Since the grace period nobody finds it: @users only falls. */
	if (!refcount_dec_and_test(&sa->users))
		wait_for_completion(&sa->idle);
	sa_free(sa);
	if (refcount_dec_and_test(&sas->alive))
		complete(&sas->gone);
}

void cvsw_sa_put(struct cvsw_esp_sa *sa)
{
	if (refcount_dec_and_test(&sa->users))
		complete(&sa->idle);
}

/* RFC 4106, 8.1: the salt stands behind the key. */
static int sa_set_key(struct crypto_aead *aead, const struct cvsw_sa *sa)
{
	u8 key[CVSW_SA_KEY_MAX + CVSW_SA_SALT_LEN];
	int err;

	memcpy(key, sa->key, sa->key_len);
	memcpy(key + sa->key_len, sa->salt, CVSW_SA_SALT_LEN);
	err = crypto_aead_setkey(aead, key, sa->key_len + CVSW_SA_SALT_LEN);
	memzero_explicit(key, sizeof(key));
	return err ?: crypto_aead_setauthsize(aead, ICV_LEN);
}

static struct cvsw_esp_sa *sa_create(struct cvsw_sas *sas, const struct cvsw_sa *from)
{
	struct cvsw_esp_sa *sa = kzalloc(sizeof(*sa), GFP_KERNEL);
	int err = -ENOMEM;

	if (!sa)
		return ERR_PTR(err);
	sa->name.spi = from->spi;
	sa->name.direction = from->direction;
	sa->key_bits = 8 * from->key_len;
	sa->udp_src = from->udp_src;
	sa->udp_dst = from->udp_dst;
	spin_lock_init(&sa->replay.lock);
	refcount_set(&sa->users, 1);
	init_completion(&sa->idle);
	INIT_RCU_WORK(&sa->free_work, sa_free_work);
	sa->sas = sas;
	sa->counters = netdev_alloc_pcpu_stats(struct gnet_stats_basic_sync);
	if (!sa->counters)
		goto free;
	sa->aead = crypto_alloc_aead("rfc4106(gcm(aes))", 0, 0);
	err = IS_ERR(sa->aead) ? PTR_ERR(sa->aead) : sa_set_key(sa->aead, from);
	if (err)
		goto free;
	return sa;

free:
	sa_free(sa);
	return ERR_PTR(err);
}

/* ---- the store ---- */

static int sa_publish(struct cvsw_sas *sas, struct cvsw_esp_sa *sa)
{
	struct cvsw_sa_names *used = &sas->used[sa->name.direction];
	int err;

	lockdep_assert_held(&sas->lock);
	if (sas->dead)
		return -ENODEV;
	if (cvsw_sa_names_have(used, sa->name.spi))
		return -EEXIST;
	sa->id = sas->last_id + 1;
	sa->generation = sas->generation;
	sa->stopped = sas->asleep;
	err = cvsw_sa_names_add(used, sa->name.spi);
	if (err)
		return err;
	/* Here the name counts as used, whatever happens. */
	if (rhashtable_insert_fast(&sas->by_name, &sa->by_name, by_name_params))
		return -ENOMEM;
	sas->last_id = sa->id;
	list_add_tail(&sa->node, &sas->list);
	refcount_inc(&sas->alive);
	return 0;
}

int cvsw_sas_add(struct cvsw_sas *sas, const struct cvsw_sa *from)
{
	struct cvsw_esp_sa *sa = sa_create(sas, from);
	int err;

	if (IS_ERR(sa))
		return PTR_ERR(sa);
	mutex_lock(&sas->lock);
	err = sa_publish(sas, sa);
	mutex_unlock(&sas->lock);
	if (err)
		sa_free(sa);
	return err;
}

static void sa_unpublish(struct cvsw_esp_sa *sa)
{
	lockdep_assert_held(&sa->sas->lock);
	rhashtable_remove_fast(&sa->sas->by_name, &sa->by_name, by_name_params);
	list_del(&sa->node);
	queue_rcu_work(free_workers, &sa->free_work);
}

int cvsw_sas_remove(struct cvsw_sas *sas, enum cvsw_sa_direction direction, u32 spi)
{
	struct cvsw_sa_name name = { .spi = spi, .direction = direction };
	struct cvsw_esp_sa *sa;

	mutex_lock(&sas->lock);
	sa = rhashtable_lookup_fast(&sas->by_name, &name, by_name_params);
	if (sa)
		sa_unpublish(sa);
	mutex_unlock(&sas->lock);
	return sa ? 0 : -ENOENT;
}

static void sas_stop_locked(struct cvsw_sas *sas)
{
	struct cvsw_esp_sa *sa;

	lockdep_assert_held(&sas->lock);
	sas->generation = cvsw_generation_now();
	list_for_each_entry(sa, &sas->list, node)
		WRITE_ONCE(sa->stopped, true);
}

void cvsw_sas_stop(struct cvsw_sas *sas)
{
	mutex_lock(&sas->lock);
	sas_stop_locked(sas);
	mutex_unlock(&sas->lock);
	synchronize_net();
}

void cvsw_sas_sleep(struct cvsw_sas *sas, bool asleep)
{
	mutex_lock(&sas->lock);
	sas_stop_locked(sas);
	sas->asleep = asleep;
	mutex_unlock(&sas->lock);
	synchronize_net();
}

void cvsw_sas_kill(struct cvsw_sas *sas)
{
	struct cvsw_esp_sa *sa, *next;

	mutex_lock(&sas->lock);
	if (sas->dead) {
		mutex_unlock(&sas->lock);
		return;
	}
	sas->dead = true;
	list_for_each_entry_safe(sa, next, &sas->list, node)
		sa_unpublish(sa);
	mutex_unlock(&sas->lock);

	if (!refcount_dec_and_test(&sas->alive))
		wait_for_completion(&sas->gone);
}

struct cvsw_esp_sa *cvsw_sas_find(struct cvsw_sas *sas, enum cvsw_sa_direction direction, u32 spi)
{
	struct cvsw_sa_name name = { .spi = spi, .direction = direction };

	return sas ? rhashtable_lookup(&sas->by_name, &name, by_name_params) : NULL;
}

int cvsw_sas_walk(struct cvsw_sas *sas, u64 *resume, int (*visit)(const struct cvsw_esp_sa *sa,
		  void *arg), void *arg)
{
	struct cvsw_esp_sa *sa;
	int ret = 0;

	mutex_lock(&sas->lock);
	list_for_each_entry(sa, &sas->list, node) {
		if (sa->id <= *resume)
			continue;
		ret = visit(sa, arg);
		if (ret)
			break;
		*resume = sa->id;
	}
	mutex_unlock(&sas->lock);
	return ret;
}

/* ---- what an SA tells ---- */

void cvsw_sa_count(struct cvsw_esp_sa *sa, unsigned int bytes)
{
	_bstats_update(this_cpu_ptr(sa->counters), bytes, 1);
}

void cvsw_sa_read(const struct cvsw_esp_sa *sa, u64 *packets, u64 *bytes)
{
	struct gnet_stats_basic_sync sum;

	gnet_stats_basic_sync_init(&sum);
	gnet_stats_add_basic(&sum, sa->counters, NULL, false);
	*packets = u64_stats_read(&sum.packets);
	*bytes = u64_stats_read(&sum.bytes);
}

enum cvsw_nl_sa_state cvsw_sa_state(const struct cvsw_esp_sa *sa)
{
	if (READ_ONCE(sa->stopped))
		return CVSW_SA_STOPPED;
	return atomic64_read(&sa->sent) >= U32_MAX ? CVSW_SA_SPENT : CVSW_SA_ACTIVE;
}

u32 cvsw_sa_seq(const struct cvsw_esp_sa *sa)
{
	if (sa->name.direction == CVSW_SA_IN)
		return cvsw_replay_highest(&sa->replay);
	return min_t(u64, atomic64_read(&sa->sent), U32_MAX);
}

u8 cvsw_sa_reason(const struct cvsw_esp_sa *sa)
{
	/* A frame may not have met the new generation yet. */
	if (!cvsw_generation_is(&sa->generation))
		return CVSW_V3_SA_WAS_STOPPED;
	switch (cvsw_sa_state(sa)) {
	case CVSW_SA_STOPPED:
		return CVSW_V3_SA_WAS_STOPPED;
	case CVSW_SA_SPENT:
		return CVSW_V3_SA_RAN_OUT;
	default:
		return cvsw_sa_seq(sa) >= SEQ_LAST_QUARTER ? CVSW_V3_SA_RUNS_OUT : 0;
	}
}

bool cvsw_sas_expiring(struct cvsw_sas *sas, struct cvsw_v3_expiring *expiring)
{
	struct cvsw_esp_sa *sa;
	bool found = false;
	u8 reason;

	mutex_lock(&sas->lock);
	list_for_each_entry(sa, &sas->list, node) {
		reason = sa->name.direction == CVSW_SA_OUT ? cvsw_sa_reason(sa) : 0;
		found = reason > sa->told;
		if (!found)
			continue;
		sa->told = reason;
		*expiring = (struct cvsw_v3_expiring){
			.spi = sa->name.spi, .direction = sa->name.direction,
			.reason = reason, .sequence = cvsw_sa_seq(sa),
		};
		break;
	}
	mutex_unlock(&sas->lock);
	return found;
}

int cvsw_sa_module_init(void)
{
	free_workers = alloc_workqueue("cvsw_sa", WQ_UNBOUND, 0);
	return free_workers ? 0 : -ENOMEM;
}

void cvsw_sa_module_exit(void)
{
	/* No port is left: this waits for workers that are on their way out only. */
	destroy_workqueue(free_workers);
}

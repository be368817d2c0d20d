// SPDX-License-Identifier: GPL-2.0
#include <linux/etherdevice.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "proto/cvsw_v3_end.h"
#include "esp/vmgenid.h"
#include "notices.h"
#include "requests.h"
#include "esp/sa.h"
#include "version3.h"
#include "v3_crypto.h"

/**
 * struct cvsw_version3 - about 60 KiB; segments under way have memory of their own
 *
 * @control: the port's
 * @next_psk: under @control->lock, like the next one: given by netlink, taken over
 *	by the worker at CVSW_EVENT_KEY
 * @key_waits: it has not been taken over yet
 * @has_key: the last word was a key, not the lack of one
 * @state: for others to read: enum cvsw_nl_v3_state
 * @expected: by what the controller may mean us, for the receive hook to read
 * @generation: the machine's, when the keys of @end were begun
 * @end, and what follows: the worker's own
 * @look_at: jiffies when SAs are looked at again
 * @requests: what the controller asks for is done there
 * @notices: what it is to be told unasked
 * @message: what it asks
 * @answer: what it is told
 */
struct cvsw_version3 {
	struct cvsw_control *control;
	u8 next_psk[CVSW_V3_KEY_LEN];
	bool key_waits;
	bool has_key;
	u8 state;
	struct cvsw_v3_expected expected;
	struct cvsw_generation generation;
	struct cvsw_v3_end end;
	struct cvsw_v3_caller caller;
	unsigned long look_at;
	struct cvsw_requests requests;
	struct cvsw_notices notices;
	u8 message[CVSW_V3_MESSAGE_MAX];
	u8 answer[CVSW_V3_MESSAGE_MAX];
};

/*
 * How often SAs are looked at.  The last quarter of their numbers lasts for minutes
 * at any rate, so nothing is asked of those who send.
 */
#define EXPIRING_PAUSE	(5 * HZ)

/* Of a clock that goes on while the machine sleeps: keys age. */
static u64 now_ms(void)
{
	return ktime_to_ms(ktime_get_boottime());
}

/*
 * Ahead of each frame, by which the other side may learn of a new one.  A frame that
 * comes while they change may be lost, and comes again.
 */
static void tell_expected(struct cvsw_version3 *v3)
{
	struct cvsw_v3_expected now, *told = &v3->expected;

	cvsw_v3_nic_expects(&v3->end, &now);
	WRITE_ONCE(told->indices[0], now.indices[0]);
	WRITE_ONCE(told->indices[1], now.indices[1]);
	WRITE_ONCE(told->handshake, now.handshake);
}

/* ---- what the end calls ---- */

/*
 * A machine that may have been restored says nothing more under its old keys, for
 * their counters may have been used; the generation is asked once the frame has
 * its own (see take_seq() of esp_tx.c).  What has no way out is lost, and comes
 * again: CVSW_EVENT_LINK will tell.
 */
static void version3_on_send(void *arg, u8 *frame, size_t len, u64 place)
{
	/* In one look: a restore sets the one before it clears the other. */
	const unsigned long silent = BIT(CVSW_EVENT_RESTORED) | BIT(CVSW_EVENT_HELD);
	struct cvsw_version3 *v3 = arg;
	struct cvsw_control *control = v3->control;

	tell_expected(v3);
	if (unlikely(!cvsw_generation_is(&v3->generation)))
		cvsw_generation_changed();
	else if (!(READ_ONCE(control->events) & silent) && cvsw_control_has_link(control))
		cvsw_control_send(control, frame, len);
}

/* The next controller asks for the table as it is. */
static void forget_conversation(struct cvsw_version3 *v3)
{
	cvsw_requests_reset(&v3->requests);
	cvsw_notices_clear(&v3->notices);
}

/* The end has begun anew by itself. */
static void went_back(struct cvsw_version3 *v3)
{
	cvsw_sas_stop(v3->control->engine->sas);
	v3->generation = cvsw_generation_now();
	forget_conversation(v3);
}

static void version3_on_event(void *arg, enum cvsw_v3_event event)
{
	struct cvsw_version3 *v3 = arg;

	/* The table stays as it is, even without a controller. */
	if (event == CVSW_V3_EVENT_FRESH)
		forget_conversation(v3);
	/*
	 * This machine went back in time and nobody said so, or it lives twice: what it
	 * sends encrypted may repeat numbers, too.  Or it is the controller that did; new
	 * SAs come in any case.
	 */
	else if (event == CVSW_V3_EVENT_DISAGREED)
		went_back(v3);
	/* Nothing times out while a bundle is open: for no longer than its sender is there. */
	else if (event == CVSW_V3_EVENT_SILENT)
		cvsw_requests_reset(&v3->requests);
}

/* ---- life ---- */

static struct cvsw_version3 *version3_create(struct cvsw_control *control)
{
	struct cvsw_version3 *v3 = kvzalloc(sizeof(*v3), GFP_KERNEL);

	if (!v3)
		return NULL;
	v3->control = control;
	v3->caller = (struct cvsw_v3_caller){
		.send = version3_on_send, .event = version3_on_event, .arg = v3,
	};
	v3->look_at = jiffies;
	v3->requests.control = control;
	v3->generation = cvsw_generation_now();
	cvsw_notices_init(&v3->notices);
	cvsw_v3_nic_init(&v3->end, &cvsw_v3_kernel_crypto, &v3->caller,
			 control->dev->dev_addr, NULL);
	return v3;
}

void cvsw_version3_destroy(struct cvsw_version3 *v3)
{
	if (!v3)
		return;
	forget_conversation(v3);
	cvsw_v3_end_free(&v3->end);
	kvfree_sensitive(v3, sizeof(*v3));
}

static void version3_restart(struct cvsw_version3 *v3)
{
	v3->generation = cvsw_generation_now();
	cvsw_v3_nic_restart(&v3->end);
	forget_conversation(v3);
}

/* ---- the key ---- */

int cvsw_version3_set_key(struct cvsw_control *control, const u8 psk[CVSW_V3_KEY_LEN])
{
	struct cvsw_version3 *v3 = control->version3;

	ASSERT_RTNL();
	if (!v3 && !psk)
		return 0;
	if (!v3) {
		v3 = version3_create(control);
		if (!v3)
			return -ENOMEM;
	}
	spin_lock_bh(&control->lock);
	memzero_explicit(v3->next_psk, sizeof(v3->next_psk));
	if (psk)
		memcpy(v3->next_psk, psk, sizeof(v3->next_psk));
	v3->key_waits = true;
	WRITE_ONCE(v3->has_key, psk);
	spin_unlock_bh(&control->lock);
	smp_store_release(&control->version3, v3);
	cvsw_control_event(control, CVSW_EVENT_KEY);
	return 0;
}

static void take_key(struct cvsw_version3 *v3)
{
	struct cvsw_control *control = v3->control;
	u8 psk[CVSW_V3_KEY_LEN];
	bool waits, has_key;

	spin_lock_bh(&control->lock);
	waits = v3->key_waits;
	has_key = v3->has_key;
	memcpy(psk, v3->next_psk, sizeof(psk));
	memzero_explicit(v3->next_psk, sizeof(v3->next_psk));
	v3->key_waits = false;
	spin_unlock_bh(&control->lock);

	if (waits && (has_key != v3->end.have_psk ||
		      !cvsw_v3_same(psk, v3->end.psk, sizeof(psk)))) {
		cvsw_v3_nic_set_key(&v3->end, has_key ? psk : NULL);
		forget_conversation(v3);
	}
	memzero_explicit(psk, sizeof(psk));
}

/* ---- the worker ---- */

static void take_address(struct cvsw_version3 *v3)
{
	u8 mac[ETH_ALEN];

	rtnl_lock();	/* it is not to change halfway */
	ether_addr_copy(mac, v3->control->dev->dev_addr);
	rtnl_unlock();
	if (ether_addr_equal(mac, v3->end.mac))
		return;
	cvsw_v3_nic_set_mac(&v3->end, mac);
	forget_conversation(v3);
}

void cvsw_version3_events(struct cvsw_version3 *v3, unsigned long events)
{
	if (events & BIT(CVSW_EVENT_RESTORED))
		version3_restart(v3);
	if (events & BIT(CVSW_EVENT_ADDRESS))
		take_address(v3);
	if (events & BIT(CVSW_EVENT_KEY))
		take_key(v3);
	if (events & (BIT(CVSW_EVENT_LINK) | BIT(CVSW_EVENT_MOVED)))
		cvsw_v3_nic_wake(&v3->end);
}

void cvsw_version3_receive(struct cvsw_version3 *v3, u8 *frame, size_t len)
{
	enum cvsw_v3_drop drop = cvsw_v3_receive(&v3->end, frame, len, 0, now_ms());

	cvsw_control_count(v3->control, CVSW_CNT_V3(drop));
}

void cvsw_version3_removed(struct cvsw_version3 *v3, struct cvsw_entry *entry,
			  enum cvsw_removed why)
{
	if (v3->end.have_psk && !cvsw_notices_add(&v3->notices, entry, why))
		cvsw_control_count(v3->control, CVSW_CNT_CTL_SEND_FAILED);
}

static void send_notices(struct cvsw_version3 *v3)
{
	size_t len;

	while (cvsw_v3_room(&v3->end) >= CVSW_V3_MESSAGE_MAX &&
	       (len = cvsw_notices_write(&v3->notices, &v3->control->flow,
					 v3->message, v3->answer,
					 sizeof(v3->answer))) &&
	       cvsw_v3_send(&v3->end, v3->answer, len))
		cvsw_notices_told(&v3->notices);
}

/* There may be a key in what was asked. */
void cvsw_version3_do(struct cvsw_version3 *v3)
{
	size_t len, answer;
	bool too_long;

	for (;;) {
		/* What went before a request is told before its answer: VERSION3.md. */
		send_notices(v3);
		if (READ_ONCE(v3->control->dead) ||
		    cvsw_v3_room(&v3->end) < CVSW_V3_MESSAGE_MAX)
			return;
		len = cvsw_v3_take(&v3->end, v3->message, &too_long);
		if (!len)
			return;
		answer = cvsw_request(&v3->requests, v3->message, len, too_long,
				      v3->answer);
		memzero_explicit(v3->message, len);
		if (answer)
			cvsw_v3_send(&v3->end, v3->answer, answer);
	}
}

/* Return: jiffies until it is to be called again. */
static unsigned long tell_expiring(struct cvsw_version3 *v3)
{
	struct cvsw_sas *sas = v3->control->engine->sas;
	struct cvsw_v3_expiring expiring;
	unsigned long now = jiffies;
	u8 message[32];
	size_t len;

	if (!cvsw_v3_up(&v3->end))
		return MAX_SCHEDULE_TIMEOUT;
	if (time_before(now, v3->look_at))
		return v3->look_at - now;
	while (cvsw_v3_room(&v3->end) >= sizeof(message) && cvsw_sas_expiring(sas, &expiring)) {
		len = cvsw_v3_expiring_encode(&expiring, message, sizeof(message));
		cvsw_v3_send(&v3->end, message, len);
	}
	v3->look_at = now + EXPIRING_PAUSE;
	return EXPIRING_PAUSE;
}

/* Return: jiffies until it is to be called again. */
static unsigned long send_packet_ins(struct cvsw_version3 *v3)
{
	struct cvsw_control *control = v3->control;
	u64 now = now_ms();
	size_t len;

	while ((len = cvsw_packet_in_next(&control->packet_ins, now, v3->answer)))
		cvsw_control_count(control,
				   cvsw_v3_packet_in(&v3->end, v3->answer, len, now) ?
				   CVSW_CNT_PACKET_IN_SENT : CVSW_CNT_PACKET_IN_NOBODY);
	return cvsw_packet_ins_wait(&control->packet_ins) ?
	       msecs_to_jiffies(CVSW_PACKET_IN_MS * CVSW_PACKET_IN_BURST / 2) :
	       MAX_SCHEDULE_TIMEOUT;
}

static enum cvsw_nl_v3_state version3_state_of(const struct cvsw_v3_end *end)
{
	if (!end->have_psk)
		return CVSW_V3_STATE_NO_KEY;
	if (end->silent)
		return CVSW_V3_STATE_SILENT;
	return cvsw_v3_up(end) ? CVSW_V3_STATE_CONNECTED : CVSW_V3_STATE_REGISTERING;
}

unsigned long cvsw_version3_run(struct cvsw_version3 *v3)
{
	unsigned long delay;
	u64 now, due;

	send_notices(v3);
	delay = min(tell_expiring(v3), send_packet_ins(v3));
	now = now_ms();
	cvsw_v3_run(&v3->end, now);
	tell_expected(v3);
	WRITE_ONCE(v3->state, version3_state_of(&v3->end));
	due = cvsw_v3_deadline(&v3->end);
	if (due == U64_MAX)
		return delay;
	due = due > now ? min_t(u64, due - now, UINT_MAX) : 0;
	return clamp(msecs_to_jiffies(due), 1ul, delay);
}

/* ---- for others ---- */

bool cvsw_version3_has_key(const struct cvsw_control *control)
{
	const struct cvsw_version3 *v3 = cvsw_version3_of(control);

	return v3 && READ_ONCE(v3->has_key);
}

bool cvsw_version3_is_up(const struct cvsw_control *control)
{
	const struct cvsw_version3 *v3 = cvsw_version3_of(control);

	return v3 && READ_ONCE(v3->state) == CVSW_V3_STATE_CONNECTED;
}

enum cvsw_nl_v3_state cvsw_version3_state(const struct cvsw_control *control, u64 *n_sessions)
{
	const struct cvsw_version3 *v3 = cvsw_version3_of(control);

	*n_sessions = v3 ? READ_ONCE(v3->end.n_sessions) : 0;
	if (!v3 || !READ_ONCE(v3->has_key))
		return CVSW_V3_STATE_NO_KEY;
	/* The worker has perhaps not seen it yet. */
	return READ_ONCE(v3->state) ?: CVSW_V3_STATE_REGISTERING;
}

static bool version3_is_ours(const struct cvsw_control *control, enum cvsw_v3_type type, const u8 *dst)
{
	return ether_addr_equal(dst, control->dev->dev_addr) ||
	       (type == CVSW_V3_HELLO && is_broadcast_ether_addr(dst));
}

/* Any station may send us ACCEPTs and SEALEDs; with a number that we expect few can. */
static bool version3_is_expected(const struct cvsw_control *control, enum cvsw_v3_type type,
			const u8 *frame)
{
	const struct cvsw_v3_expected *told = &cvsw_version3_of(control)->expected;
	struct cvsw_v3_expected expected = {
		.indices = { READ_ONCE(told->indices[0]), READ_ONCE(told->indices[1]) },
		.handshake = READ_ONCE(told->handshake),
	};

	return cvsw_v3_is_expected(&expected, type, frame);
}

int cvsw_version3_check(const struct cvsw_control *control, const u8 *frame, size_t len, u8 *type)
{
	enum cvsw_v3_type is;
	enum cvsw_v3_drop drop = cvsw_v3_check(frame, &len, &is);

	/* cvsw_v3_receive() would say the same, but on a bridge there are many NICs' REGISTERs. */
	if (!drop && is == CVSW_V3_REGISTER)
		drop = CVSW_V3_DROP_TYPE;
	if (!drop && !version3_is_ours(control, is, frame))
		drop = CVSW_V3_DROP_ADDRESS;
	if (!drop && !cvsw_version3_has_key(control))
		drop = CVSW_V3_DROP_NO_KEY;
	if (!drop && is != CVSW_V3_HELLO && !version3_is_expected(control, is, frame))
		drop = CVSW_V3_DROP_SESSION;
	if (drop)
		return CVSW_CNT_V3(drop);
	*type = is;
	return -1;
}

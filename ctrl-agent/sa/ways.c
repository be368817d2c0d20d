// SPDX-License-Identifier: GPL-2.0-or-later
#include "ways.h"

#include "base/alloc.h"
#include "base/log.h"
#include "ways_kept.h"

/* Of one that is asked which SAs it has, the answer comes first. */
static bool is_there(const struct ways_member *member)
{
	const struct nic *nic = member->nic;

	return nic_talks(nic) && !(nic->ask_sas && nic_confirms(nic));
}

static bool is_present(const struct ways_member *member)
{
	return nic_state(member->nic) != NIC_ABSENT;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* What is decided now, a member gets with its next refresh. */
static uint64_t next_refresh(const struct ways_member *member)
{
	return member->n_refreshed + 1;
}

static bool has_listed(const struct ways_member *member, uint64_t refresh)
{
	return member->n_listed >= refresh;
}

static void look_listed(struct ways_member *member)
{
	const struct nic *nic = member->nic;

	/* One that registered anew may have lost its SAs: whoever waits for them waits for new ones. */
	if (nic_confirms(nic) && member->registers != nic->epoch)
		return;
	if (!member->n_refreshed || nic->verified < member->generation ||
	    member->n_listed == member->n_refreshed)
		return;
	member->n_listed = member->n_refreshed;
	member->stirred = true;
}

/* The first @n SPIs of a way are used no more. */
static void retire(struct way *way, struct ways_member *from, struct ways_member *to,
		   unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		nic_remove_sa(to->nic, CVSW_SA_IN, way->spis[i]);
		nic_remove_sa(from->nic, CVSW_SA_OUT, way->spis[i]);
		to->group->user->takes(to, from, way->spis[i], false);
	}
	way->n_spis -= n;
	memmove(way->spis, way->spis + n, way->n_spis * sizeof(*way->spis));
	if (n)
		from->dirty = to->dirty = to->unkept = true;
}

/* When none is free, one goes that the sender does not use. */
static void make_place(struct way *way, struct ways_member *from, struct ways_member *to)
{
	if (way->n_spis < WAY_SPIS)
		return;
	if (way->sends && way->spis[0] == way->out) {
		way->spis[0] = way->spis[1];
		way->spis[1] = way->out;
	}
	retire(way, from, to, 1);
}

/* The newest SA, if its receiver is away and has not been sent it: it will get another. */
static void take_back(struct way *way, struct ways_member *from, struct ways_member *to)
{
	if (way->phase == WAY_RECEIVER && way->sa &&
	    nic_unqueue_sa(to->nic, CVSW_SA_IN, way->sa->spi))
		to->group->user->takes(to, from, way->spis[--way->n_spis], false);
}

static void drop_sa(struct way *way)
{
	if (!way->sa)
		return;
	explicit_bzero(way->sa, sizeof(*way->sa));
	free(way->sa);
	way->sa = NULL;
}

/* Whose answer it waits for; NULL: nobody's. */
static struct ways_member *asks(const struct way *way, struct ways_member *from,
				struct ways_member *to)
{
	return way->phase == WAY_RECEIVER ? to : way->phase == WAY_SENDER ? from : NULL;
}

/* The only one that sets the phase of a way that may wait for somebody. */
static void enter(struct way *way, struct ways_member *from, struct ways_member *to,
		  enum way_phase phase)
{
	struct ways_member *asked = asks(way, from, to);

	if (asked)
		asked->asked--;
	way->phase = phase;
	asked = asks(way, from, to);
	if (asked)
		asked->asked++;
}

static void close_way(struct way *way, struct ways_member *from, struct ways_member *to)
{
	enter(way, from, to, WAY_CLOSED);
	drop_sa(way);
	memset(way, 0, sizeof(*way));
}

void ways_join(struct ways_group *group, struct ways_member *member, struct nic *nic,
	       unsigned int slot)
{
	member->group = group;
	member->slot = slot;
	member->nic = nic;
	member->registers = nic->epoch;
	member->renewed_at = member->next = UINT64_MAX;
	member->stirred = member->dirty = true;
	TAILQ_INSERT_TAIL(&group->members, member, in_order);
	group->n++;
}

void ways_leave(struct ways_group *group, struct ways_member *member)
{
	struct ways_member *other;

	TAILQ_REMOVE(&group->members, member, in_order);
	group->n--;
	ways_each(other, group) {
		close_way(&other->from[member->slot], member, other);
		close_way(&member->from[other->slot], other, member);
		other->unkept = true;
	}
}

static uint32_t new_spi(struct ways_world *world)
{
	if (world->next_spi < CVSW_SA_SPI_MIN)
		world->next_spi = CVSW_SA_SPI_MIN;
	return world->next_spi++;
}

static void make_sa(const struct ways_keys *keys, struct ways_world *world,
		    struct cvsw_sa *sa)
{
	*sa = (struct cvsw_sa){
		.spi = new_spi(world), .direction = CVSW_SA_IN, .key_len = keys->key_len,
		.udp_src = keys->udp_src, .udp_dst = keys->udp_dst,
	};
	world->random(sa->key, sa->key_len);
	world->random(sa->salt, sizeof(sa->salt));
}

static void begin(struct ways_group *group, struct ways_world *world, struct way *way,
		  struct ways_member *from, struct ways_member *to)
{
	world->budget--;
	world->under_way++;
	group->under_way++;
	way->to_registers = to->nic->epoch;
	way->from_registers = from->nic->epoch;
	way->made_at = world->now;
	way->expires = false;
	take_back(way, from, to);
	make_place(way, from, to);
	if (group->keys.key_len) {
		if (!way->sa)
			way->sa = xcalloc(1, sizeof(*way->sa));
		make_sa(&group->keys, world, way->sa);
		nic_queue_sa(to->nic, way->sa);
		way->spis[way->n_spis++] = way->sa->spi;
	} else {
		way->spis[0] = 0;
		way->n_spis = 1;
	}
	to->group->user->takes(to, from, way->spis[way->n_spis - 1], true);
	to->dirty = to->unkept = true;
	enter(way, from, to, WAY_RECEIVER);
	way->deadline = next_refresh(to);
}

static void give_to_sender(struct way *way, struct ways_member *from, struct ways_member *to)
{
	way->sends = true;
	way->out = way->spis[way->n_spis - 1];
	if (way->out) {
		way->sa->direction = CVSW_SA_OUT;
		nic_queue_sa(from->nic, way->sa);
		drop_sa(way);
	}
	from->group->user->sends(from, to);
	from->dirty = true;
	enter(way, from, to, WAY_SENDER);
	way->deadline = next_refresh(from);
}

/* Enough were begun in this piece, or have not been answered yet. */
static bool is_full(const struct ways_world *world)
{
	return world->budget <= 0 || world->under_way >= world->most_under_way;
}

/* If only others that are under way keep it from that, it is looked at again when they are fewer. */
static bool may_begin(const struct ways_world *world, const struct ways_member *from,
		      struct ways_member *to)
{
	if (!is_there(from) || !is_there(to))
		return false;
	to->waits |= is_full(world);
	return !is_full(world);
}

/* When a way that is OPEN gets another SA for itself. */
static uint64_t rekey_time(const struct way *way)
{
	return way->expires ? way->made_at + WAY_EXPIRES_MIN_MS : UINT64_MAX;
}

/*
 * The SA that both ends have is used on.  If it is not the only one, the sender is told first, so
 * that the others can go.  False: they have none in common.
 */
static bool resume(struct way *way, struct ways_member *from, struct ways_member *to, uint64_t now)
{
	uint32_t spi;

	if (!way_common(way, from, to))
		return false;
	way->made_at = now;	/* for what expires: nobody knows when */
	spi = way->spis[way->n_spis - 1];
	if (way->n_spis == 1 && way->out == spi) {
		enter(way, from, to, WAY_OPEN);
		way->deadline = rekey_time(way);
		return true;
	}
	way->out = spi;
	from->group->user->sends(from, to);
	from->dirty = true;
	enter(way, from, to, WAY_SENDER);
	way->deadline = next_refresh(from);
	return true;
}

/* One step, if it is time for one.  True: it made a new SA, or waits for something else now. */
static bool step(struct ways_group *group, struct ways_world *world, struct way *way,
		 struct ways_member *from, struct ways_member *to, uint64_t now)
{
	switch (way->phase) {
	case WAY_KEPT:
		/* It costs next to nothing, so nothing of the budget. */
		if (is_there(from) && is_there(to) && resume(way, from, to, now))
			return false;
		/* fall through */
	case WAY_CLOSED:
		if (!may_begin(world, from, to))
			return false;
		begin(group, world, way, from, to);
		return true;
	case WAY_RECEIVER:
		if (!is_there(from) || !has_listed(to, way->deadline))
			return false;
		give_to_sender(way, from, to);
		return true;
	case WAY_SENDER:
		if (!has_listed(from, way->deadline))
			return false;
		enter(way, from, to, WAY_GRACE);
		to->unkept = true;
		way->known = true;
		way->known_out = way->out;
		way->deadline = now + WAY_GRACE_MS;
		return true;
	case WAY_GRACE:
		if (now < way->deadline)
			return false;
		retire(way, from, to, way->n_spis - 1);
		enter(way, from, to, WAY_OPEN);
		/* A time that has passed already is not looked for again. */
		way->deadline = later(rekey_time(way), now + 1);
		return true;
	case WAY_OPEN:
	case WAY_REFUSED:
		if (now < way->deadline || !may_begin(world, from, to))
			return false;
		begin(group, world, way, from, to);
		return true;
	}
	return false;
}

static void renew_way(struct ways_group *group, struct ways_world *world, struct way *way,
		      struct ways_member *from, struct ways_member *to)
{
	/* One that was made since both registered is new enough. */
	if (way->to_registers != (uint32_t)to->nic->epoch ||
	    way->from_registers != (uint32_t)from->nic->epoch)
		begin(group, world, way, from, to);
}

/* A member that registered may have lost its SAs, and must never get an old one again. */
static void renew(struct ways_group *group, struct ways_world *world, struct ways_member *member)
{
	struct ways_member *other;

	member->renew = false;
	ways_each(other, group) {
		if (other == member || !is_there(other) || !is_there(member))
			continue;
		renew_way(group, world, &member->from[other->slot], other, member);
		renew_way(group, world, &other->from[member->slot], member, other);
	}
}

/* When a member that registered may have new keys. */
static uint64_t renewal_due(struct ways_member *member, uint64_t now)
{
	uint64_t due = pace_due(&member->renewals, WAY_RENEW_BURST, WAY_RENEW_EVERY_MS);

	if (due > now && !member->told)
		log_limited(LOG_WARNING, "NIC " MAC_FORMAT " registers too often: its new keys are delayed",
			    MAC_BYTES(member->nic->mac));
	member->told = member->renewals.next > now && (member->told || due > now);
	if (member->renewed_at != UINT64_MAX && due < member->renewed_at + WAY_RENEW_MIN_MS)
		due = member->renewed_at + WAY_RENEW_MIN_MS;
	return due;
}

/* Return: when a renewal that has to wait is due. */
static uint64_t look_registered(struct ways_group *group, uint64_t now)
{
	uint64_t next = UINT64_MAX, due;
	struct ways_member *member;

	ways_each(member, group) {
		if (!is_there(member) || member->registers == member->nic->epoch)
			continue;
		due = renewal_due(member, now);
		if (now < due) {
			next = due < next ? due : next;
			continue;
		}
		member->renew = group->keys.key_len;
		member->registers = member->nic->epoch;
		member->renewed_at = now;
		pace_took(&member->renewals, WAY_RENEW_EVERY_MS, now);
	}
	return next;
}

/* Return: when it wants to be called again. */
static uint64_t refresh(struct ways_group *group, struct ways_world *world,
			struct ways_member *member, uint64_t now)
{
	uint64_t due = member->refreshed_at + WAY_BATCH_MS;
	bool settings;

	/* Its answer is awaited: what comes up meanwhile makes the next change together. */
	if (nic_state(member->nic) == NIC_LAGGING && nic_overlay(member->nic)->in_use && now < due)
		return due;
	settings = group->user->tell(member);
	member->dirty = false;
	member->refreshed_at = now;
	world->changed(world->owner, member->nic, settings);
	member->n_refreshed++;
	member->generation = member->nic->generation;
	return UINT64_MAX;
}

static bool has_rekeying(const struct ways_group *group)
{
	return group->keys.key_len && group->keys.rekey_s;
}

/* The end of all its keys' time: somewhere in the last fifth of it, or anywhere. */
static void set_rekey_time(struct ways_group *group, struct ways_world *world, uint64_t now)
{
	uint64_t most = group->keys.rekey_s * 1000ull;
	uint32_t random;

	world->random(&random, sizeof(random));
	group->rekey_at = now + most - random % (group->has_kept ? most : most / 5 + 1);
	group->has_kept = false;
}

/* Return: when the keys' time ends. */
static uint64_t look_rekey(struct ways_group *group, struct ways_world *world, uint64_t now)
{
	if (!has_rekeying(group))
		return UINT64_MAX;
	if (group->rekey_at && now >= group->rekey_at)
		ways_renew(group);
	if (now >= group->rekey_at)
		set_rekey_time(group, world, now);
	return group->rekey_at;
}

/* Is a NIC about to say that it has something?  One that never says so does not count for long. */
static bool will_answer(const struct ways_member *member, uint64_t now)
{
	enum nic_state state = nic_state(member->nic);

	return nic_confirms(member->nic) && state != NIC_ABSENT &&
	       (member->dirty || (now < member->refreshed_at + WAY_BATCH_MS &&
				  (state == NIC_LAGGING || state == NIC_CONNECTING)));
}

static void count_under_way(struct ways_group *group, struct ways_world *world)
{
	const struct ways_member *member;

	world->under_way -= group->under_way;
	group->under_way = 0;
	ways_each(member, group)
		if (member->asked && will_answer(member, world->now))
			group->under_way += member->asked;
	world->under_way += group->under_way;
}

static void step_way(struct ways_group *group, struct ways_world *world, struct ways_member *from,
		     struct ways_member *to, uint64_t now)
{
	struct way *way = &to->from[from->slot];

	if (from == to)
		return;
	if (world->budget > 0)
		world->budget -= step(group, world, way, from, to, now);
	if (way->phase >= WAY_GRACE && way->deadline > now && way->deadline < to->next)
		to->next = way->deadline;
}

static void find_stirred(struct ways_group *group, const struct ways_world *world, uint64_t now)
{
	struct ways_member *member;

	ways_each(member, group) {
		if (now >= member->next) {
			member->stirred = true;
			member->next = UINT64_MAX;
		}
		if (member->waits && !is_full(world)) {
			member->stirred = true;
			member->waits = false;
		}
	}
}

/* The ways to a member and from it; those to another one that is stirred come with that. */
static void step_member(struct ways_group *group, struct ways_world *world,
			struct ways_member *member, uint64_t now)
{
	struct ways_member *other;

	ways_each(other, group) {
		step_way(group, world, other, member, now);
		if (!other->stirred)
			step_way(group, world, member, other, now);
	}
}

/*
 * The ways of those that were stirred, one by one, as far as the budget lasts: one NIC's news
 * cost its own ways, not all of its group's, and the next piece goes on where this one ends.
 * Return: when a way's time comes, or there may be room for those that wait.
 */
static uint64_t step_all(struct ways_group *group, struct ways_world *world, uint64_t now)
{
	struct ways_member *member;
	uint64_t next = UINT64_MAX;

	find_stirred(group, world, now);
	ways_each(member, group) {
		if (member->renew && !is_full(world))
			renew(group, world, member);
		if (member->stirred && world->budget > 0)
			step_member(group, world, member, now);
		if (world->budget > 0)
			member->stirred = false;
	}
	ways_each(member, group) {
		next = sooner(next, member->next);
		if (member->waits || member->renew)
			next = sooner(next, now + WAYS_WAIT_MS);
	}
	return next;
}

static uint64_t refresh_all(struct ways_group *group, struct ways_world *world, uint64_t now)
{
	struct ways_member *member;
	uint64_t next = UINT64_MAX, due;

	ways_each(member, group) {
		if (!member->dirty || world->budget <= 0)
			continue;
		due = refresh(group, world, member, now);
		if (due == UINT64_MAX)
			world->budget -= group->n * WAYS_REFRESH_COST;
		next = due < next ? due : next;
	}
	return next;
}

bool ways_noticed(struct ways_member *member)
{
	const struct nic *nic = member->nic;
	struct ways_seen seen = { nic->epoch, nic->verified, is_there(member),
				     is_present(member) };

	if (seen.registers == member->seen.registers && seen.verified == member->seen.verified &&
	    seen.there == member->seen.there && seen.present == member->seen.present)
		return false;
	member->seen = seen;
	member->stirred = true;
	return true;
}

uint64_t ways_run(struct ways_group *group, struct ways_world *world, uint64_t now)
{
	struct ways_member *member;
	uint64_t next;

	world->now = now;
	ways_each(member, group) {
		ways_noticed(member);
		look_listed(member);
	}
	next = sooner(look_registered(group, now), look_rekey(group, world, now));
	next = sooner(next, step_all(group, world, now));
	next = sooner(next, refresh_all(group, world, now));
	count_under_way(group, world);
	if (group->under_way)
		next = sooner(next, now + WAYS_WAIT_MS);
	return world->budget > 0 ? next : now;
}

/* No end has registered that often. */
static void make_old(struct way *way)
{
	way->to_registers = way->from_registers = UINT32_MAX;
}

void ways_renew(struct ways_group *group)
{
	struct ways_member *from, *to;

	if (!group->keys.key_len)
		return;
	ways_each(to, group) {
		to->renew = true;
		ways_each(from, group)
			make_old(&to->from[from->slot]);
	}
}

static struct way *way_of(struct ways_member *member, struct ways_member *other,
			  enum cvsw_sa_direction direction)
{
	return direction == CVSW_SA_IN ? &member->from[other->slot] : &other->from[member->slot];
}

/* Of an SA that is not the newest, the next one is on its way, or is there. */
bool ways_expiring(struct ways_group *group, struct ways_member *member,
		   enum cvsw_sa_direction direction, uint32_t spi)
{
	struct ways_member *other;

	ways_each(other, group) {
		struct way *way = way_of(member, other, direction);

		if (!way->n_spis || way->spis[way->n_spis - 1] != spi)
			continue;
		way->expires = true;
		if (way->phase == WAY_OPEN)
			way->deadline = rekey_time(way);
		member->stirred = true;
		return true;
	}
	return false;
}

bool ways_refused(struct ways_group *group, struct ways_member *member,
		  enum cvsw_sa_direction direction, uint32_t spi)
{
	struct ways_member *other;

	ways_each(other, group) {
		struct way *way = way_of(member, other, direction);

		if (!way->n_spis || way->spis[way->n_spis - 1] != spi)
			continue;
		/* The sender goes back to what it is known to have. */
		if (direction == CVSW_SA_OUT) {
			way->sends = way->known;
			way->out = way->known_out;
			group->user->sends(member, other);
			member->dirty = true;
		}
		drop_sa(way);
		if (direction == CVSW_SA_IN)
			enter(way, other, member, WAY_REFUSED);
		else
			enter(way, member, other, WAY_REFUSED);
		way->deadline = way->made_at + WAY_REFUSED_MS;
		member->stirred = true;
		return true;
	}
	return false;
}

void ways_close(struct ways_group *group, struct ways_member *member)
{
	struct ways_member *other;

	ways_each(other, group) {
		struct way *in = &member->from[other->slot], *out = &other->from[member->slot];

		if (other == member)
			continue;
		retire(in, other, member, in->n_spis);
		retire(out, member, other, out->n_spis);
		if (!in->sends)
			continue;
		in->sends = false;
		group->user->sends(other, member);
	}
}

static bool is_in_use(const struct way *way)
{
	return way->phase == WAY_GRACE || way->phase == WAY_OPEN;
}

bool ways_settled(const struct ways_group *group)
{
	const struct ways_member *from, *to;

	ways_each(to, group) {
		if (to->dirty || to->renew || (is_present(to) && to->registers != to->nic->epoch))
			return false;
		ways_each(from, group)
			if (from != to && is_present(from) && is_present(to) &&
			    !is_in_use(&to->from[from->slot]))
				return false;
	}
	return true;
}

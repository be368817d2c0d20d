// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/log.h"
#include "apps/overlay.h"

static bool is_there(const struct overlay_member *member)
{
	return nic_talks(member->nic);
}

static bool is_present(const struct overlay_member *member)
{
	return nic_state(member->nic) != NIC_ABSENT;
}

/* What is decided now, a member gets with its next refresh. */
static uint64_t next_refresh(const struct overlay_member *member)
{
	return member->n_refreshed + 1;
}

static bool has_listed(const struct overlay_member *member, uint64_t refresh)
{
	return member->n_listed >= refresh;
}

static void look_listed(struct overlay_member *member)
{
	const struct nic *nic = member->nic;

	/* Of an SA that it refused a renewal is due: whoever waits for it waits for that. */
	if (nic->v3 && member->registers != nic->epoch)
		return;
	if (member->n_refreshed && nic->verified >= member->generation)
		member->n_listed = member->n_refreshed;
}

/* At one end; one that is away has nothing to delete when it comes back, or keeps it unused. */
static void remove_sa(struct nic *nic, enum cvsw_sa_direction direction, uint32_t spi)
{
	struct cvsw_sa sa = { .spi = spi, .direction = direction };

	if (spi)
		nic_queue_sa(nic, &sa);
}

/* The first @n SPIs of a way are used no more. */
static void retire(struct way *way, struct overlay_member *from, struct overlay_member *to,
		   unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		remove_sa(to->nic, CVSW_SA_IN, way->spis[i]);
		remove_sa(from->nic, CVSW_SA_OUT, way->spis[i]);
	}
	way->n_spis -= n;
	memmove(way->spis, way->spis + n, way->n_spis * sizeof(*way->spis));
	if (n)
		from->dirty = to->dirty = true;
}

/* When none is free, one goes that the sender does not use. */
static void make_place(struct way *way, struct overlay_member *from, struct overlay_member *to)
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
static void take_back(struct way *way, struct overlay_member *to)
{
	if (way->phase == WAY_RECEIVER && way->sa.spi &&
	    nic_unqueue_sa(to->nic, CVSW_SA_IN, way->sa.spi))
		way->n_spis--;
}

static uint32_t new_spi(struct ways_world *world)
{
	if (world->next_spi < CVSW_SA_SPI_MIN)
		world->next_spi = CVSW_SA_SPI_MIN;
	return world->next_spi++;
}

static void make_sa(const struct overlay_config *config, struct ways_world *world,
		    struct cvsw_sa *sa)
{
	*sa = (struct cvsw_sa){
		.spi = new_spi(world), .direction = CVSW_SA_IN, .key_len = config->key_len,
		.udp_src = config->udp_src, .udp_dst = config->udp_dst,
	};
	world->random(sa->key, sa->key_len);
	world->random(sa->salt, sizeof(sa->salt));
}

static void begin(struct overlay *overlay, struct ways_world *world, struct way *way,
		  struct overlay_member *from, struct overlay_member *to)
{
	/* Both ends registered, or one did when its time had come: one new SA is enough. */
	if (way->begun == world->n_runs)
		return;
	way->begun = world->n_runs;
	way->made_at = world->now;
	way->expires = false;
	take_back(way, to);
	make_place(way, from, to);
	if (overlay->config.key_len) {
		make_sa(&overlay->config, world, &way->sa);
		nic_queue_sa(to->nic, &way->sa);
		way->spis[way->n_spis++] = way->sa.spi;
	} else {
		way->spis[0] = 0;
		way->n_spis = 1;
	}
	to->dirty = true;
	way->phase = WAY_RECEIVER;
	way->deadline = next_refresh(to);
}

static void give_to_sender(struct way *way, struct overlay_member *from)
{
	way->sends = true;
	way->out = way->spis[way->n_spis - 1];
	if (way->out) {
		way->sa.direction = CVSW_SA_OUT;
		nic_queue_sa(from->nic, &way->sa);
		explicit_bzero(&way->sa, sizeof(way->sa));
	}
	from->dirty = true;
	way->phase = WAY_SENDER;
	way->deadline = next_refresh(from);
}

/* When a way that is OPEN gets another SA. */
static uint64_t rekey_time(const struct overlay *overlay, const struct way *way)
{
	const struct overlay_config *config = &overlay->config;

	if (way->expires)
		return way->made_at + WAY_EXPIRES_MIN_MS;
	return config->key_len && config->rekey_s ? way->made_at + config->rekey_s * 1000ull :
						    UINT64_MAX;
}

/* One step, if it is time for one. */
static bool step(struct overlay *overlay, struct ways_world *world, struct way *way,
		 struct overlay_member *from, struct overlay_member *to, uint64_t now)
{
	switch (way->phase) {
	case WAY_CLOSED:
		if (!is_there(from) || !is_there(to))
			return false;
		begin(overlay, world, way, from, to);
		return true;
	case WAY_RECEIVER:
		if (!is_there(from) || !has_listed(to, way->deadline))
			return false;
		give_to_sender(way, from);
		return true;
	case WAY_SENDER:
		if (!has_listed(from, way->deadline))
			return false;
		way->phase = WAY_GRACE;
		way->known = true;
		way->known_out = way->out;
		way->deadline = now + WAY_GRACE_MS;
		return true;
	case WAY_GRACE:
		if (now < way->deadline)
			return false;
		retire(way, from, to, way->n_spis - 1);
		way->phase = WAY_OPEN;
		way->deadline = rekey_time(overlay, way);
		return true;
	case WAY_OPEN:
		if (now < way->deadline || !is_there(from) || !is_there(to))
			return false;
		begin(overlay, world, way, from, to);
		return true;
	}
	return false;
}

/* A member that registered may have lost its SAs, and must never get an old one again. */
static void renew(struct overlay *overlay, struct ways_world *world, struct overlay_member *member)
{
	struct overlay_member *other;

	overlay_each(other, overlay) {
		if (other == member || !is_there(other) || !is_there(member))
			continue;
		begin(overlay, world, &member->from[other->slot], other, member);
		begin(overlay, world, &other->from[member->slot], member, other);
	}
}

/* When a member that registered may have new keys. */
static uint64_t renewal_due(struct overlay_member *member, uint64_t now)
{
	uint64_t due = pace_due(&member->renewals, WAY_RENEW_BURST, WAY_RENEW_EVERY_MS);

	if (due > now && !member->told)
		log_limited(LOG_WARNING, "NIC " MAC_FORMAT " registers on and on: its new keys wait",
			    MAC_BYTES(member->nic->mac));
	member->told = member->renewals.next > now && (member->told || due > now);
	if (member->renewed_at != UINT64_MAX && due < member->renewed_at + WAY_RENEW_MIN_MS)
		due = member->renewed_at + WAY_RENEW_MIN_MS;
	return due;
}

/* Return: when a renewal that has to wait is due. */
static uint64_t renew_registered(struct overlay *overlay, struct ways_world *world, uint64_t now)
{
	uint64_t next = UINT64_MAX, due;
	struct overlay_member *member;

	overlay_each(member, overlay) {
		if (!is_there(member) || member->registers == member->nic->epoch)
			continue;
		due = renewal_due(member, now);
		if (now < due) {
			next = due < next ? due : next;
			continue;
		}
		if (overlay->config.key_len)
			renew(overlay, world, member);
		member->registers = member->nic->epoch;
		member->renewed_at = now;
		pace_took(&member->renewals, WAY_RENEW_EVERY_MS, now);
	}
	return next;
}

/* Return: when it wants to be called again. */
static uint64_t refresh(struct overlay *overlay, struct ways_world *world,
			struct overlay_member *member, uint64_t now)
{
	struct desired *desired = &member->nic->desired;
	struct layer *layer = &desired->layers[DESIRED_OVERLAY];
	uint16_t mtu = overlay_mtu(&overlay->config);
	bool settings = layer->mtu != mtu;
	uint64_t due = member->refreshed_at + WAY_BATCH_MS;
	struct flowset flows;

	/* Its answer is awaited: what comes up meanwhile makes the next change together. */
	if (nic_state(member->nic) == NIC_LAGGING && layer->in_use && now < due)
		return due;
	flowset_init(&flows);
	overlay_flows(overlay, member, &flows);
	desired_replace(desired, DESIRED_OVERLAY, &flows);
	flowset_clear(&flows);
	desired_use(desired, DESIRED_OVERLAY);
	layer->mtu = mtu;
	member->dirty = false;
	member->refreshed_at = now;
	world->changed(world->owner, member->nic, settings);
	member->n_refreshed++;
	member->generation = member->nic->generation;
	return UINT64_MAX;
}

uint64_t ways_run(struct overlay *overlay, struct ways_world *world, uint64_t now)
{
	struct overlay_member *from, *to;
	uint64_t next, due;

	world->n_runs++;
	world->now = now;
	overlay_each(to, overlay)
		look_listed(to);
	next = renew_registered(overlay, world, now);
	if (overlay->renew)
		overlay_each(to, overlay)
			renew(overlay, world, to);
	overlay->renew = false;
	overlay_each(to, overlay) {
		overlay_each(from, overlay) {
			struct way *way = &to->from[from->slot];

			if (from == to)
				continue;
			step(overlay, world, way, from, to, now);
			if (way->phase >= WAY_GRACE && way->deadline > now && way->deadline < next)
				next = way->deadline;
		}
	}
	overlay_each(to, overlay) {
		due = to->dirty ? refresh(overlay, world, to, now) : UINT64_MAX;
		next = due < next ? due : next;
	}
	return next;
}

void ways_renew(struct overlay *overlay)
{
	overlay->renew = overlay->config.key_len;
}

/* Of an SA that is not the newest, the next one is on its way, or is there. */
bool ways_expiring(struct overlay *overlay, struct overlay_member *member,
		   enum cvsw_sa_direction direction, uint32_t spi)
{
	struct overlay_member *other;

	overlay_each(other, overlay) {
		struct way *way = direction == CVSW_SA_IN ? &member->from[other->slot] :
							    &other->from[member->slot];

		if (!way->n_spis || way->spis[way->n_spis - 1] != spi)
			continue;
		way->expires = true;
		if (way->phase == WAY_OPEN)
			way->deadline = rekey_time(overlay, way);
		return true;
	}
	return false;
}

void ways_close(struct overlay *overlay, struct overlay_member *member)
{
	struct overlay_member *other;

	overlay_each(other, overlay) {
		if (other == member)
			continue;
		retire(&member->from[other->slot], other, member,
		       member->from[other->slot].n_spis);
		retire(&other->from[member->slot], member, other,
		       other->from[member->slot].n_spis);
	}
}

bool ways_settled(const struct overlay *overlay)
{
	const struct overlay_member *from, *to;

	if (overlay->renew)
		return false;
	overlay_each(to, overlay) {
		if (to->dirty || (is_present(to) && to->registers != to->nic->epoch))
			return false;
		overlay_each(from, overlay)
			if (from != to && is_present(from) && is_present(to) &&
			    to->from[from->slot].phase < WAY_GRACE)
				return false;
	}
	return true;
}

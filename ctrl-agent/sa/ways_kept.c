// SPDX-License-Identifier: GPL-2.0-or-later
#include "ways_kept.h"

#include "base/alloc.h"

void way_keep(struct way *way, uint32_t out)
{
	*way = (struct way){
		.phase = WAY_KEPT, .deadline = UINT64_MAX, .sends = true, .known = true,
		.out = out, .known_out = out,
	};
}

static int compare_listed(const void *one, const void *another)
{
	const struct cvsw_v3_listed_sa *a = one, *b = another;

	if (a->direction != b->direction)
		return a->direction - b->direction;
	return a->spi < b->spi ? -1 : a->spi > b->spi;
}

/**
 * struct listing - what a member says that it has
 * @sas: @n of them, sorted; @known: those that are of one of its ways
 */
struct listing {
	struct cvsw_v3_listed_sa *sas;
	size_t n;
	bool *known;
};

/* Which of a way's SPIs one of its ends has, and can go on with. */
static uint8_t look_up(struct listing *listing, struct way *way, enum cvsw_sa_direction direction)
{
	const struct cvsw_v3_listed_sa *sa;
	uint8_t has = 0;

	for (unsigned int i = 0; i < way->n_spis; i++) {
		struct cvsw_v3_listed_sa name = { .spi = way->spis[i], .direction = direction };

		sa = listing->n ? bsearch(&name, listing->sas, listing->n, sizeof(name),
					  compare_listed) : NULL;
		if (!sa)
			continue;
		listing->known[sa - listing->sas] = true;
		if (sa->reason <= CVSW_V3_SA_RUNS_OUT)
			has |= 1 << i;
		way->expires |= sa->reason == CVSW_V3_SA_RUNS_OUT;
	}
	return has;
}

void ways_found(struct ways_group *group, struct ways_member *member,
		struct cvsw_v3_listed_sa *sas, size_t n)
{
	struct listing listing = { sas, n, xcalloc(n + 1, sizeof(bool)) };
	struct ways_member *other;

	if (n)
		qsort(sas, n, sizeof(*sas), compare_listed);
	ways_each(other, group) {
		struct way *in = &member->from[other->slot], *out = &other->from[member->slot];

		if (other == member)
			continue;
		in->to_has = look_up(&listing, in, CVSW_SA_IN);
		out->from_has = look_up(&listing, out, CVSW_SA_OUT);
		if (in->phase == WAY_KEPT)
			in->to_registers = member->nic->epoch;
		if (out->phase == WAY_KEPT)
			out->from_registers = member->nic->epoch;
	}
	for (size_t i = 0; i < n; i++)
		if (!listing.known[i])
			nic_remove_sa(member->nic, sas[i].direction, sas[i].spi);
	free(listing.known);
	member->stirred = true;
	/* Not those of one that registered: its ways need no renewal, or get it by themselves. */
	member->registers = member->nic->epoch;
}

bool way_common(struct way *way, const struct ways_member *from, const struct ways_member *to)
{
	uint8_t both = way->to_has & way->from_has;
	unsigned int last = way->n_spis - 1, best = last;
	uint32_t spi;

	if (!both || way->to_registers != (uint32_t)to->nic->epoch ||
	    way->from_registers != (uint32_t)from->nic->epoch)
		return false;
	while (!(both >> best & 1))
		best--;
	spi = way->spis[best];
	way->spis[best] = way->spis[last];
	way->spis[last] = spi;
	return true;
}

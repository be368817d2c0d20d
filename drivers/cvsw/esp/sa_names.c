// SPDX-License-Identifier: GPL-2.0
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "sa_names.h"

/* Return: the first range that ends at @spi or behind it; names->n: none does. */
static unsigned int find_range(const struct cvsw_sa_names *names, u32 spi)
{
	unsigned int low = 0, high = names->n;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (names->ranges[middle].last < spi)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool cvsw_sa_names_have(const struct cvsw_sa_names *names, u32 spi)
{
	unsigned int at = find_range(names, spi);

	return at < names->n && names->ranges[at].first <= spi;
}

/* Room for one more than there may be, which is then joined to another. */
static bool make_room_for_range(struct cvsw_sa_names *names)
{
	unsigned int room = names->room ? 2 * names->room : 4;
	struct cvsw_sa_range *ranges;

	if (names->n < names->room)
		return true;
	room = min_t(unsigned int, room, CVSW_SA_RANGES_MAX + 1);
	ranges = krealloc_array(names->ranges, room, sizeof(*ranges), GFP_KERNEL);
	if (!ranges)
		return false;
	names->ranges = ranges;
	names->room = room;
	return true;
}

/* Make one of a range and the next. */
static void join_ranges(struct cvsw_sa_names *names, unsigned int at)
{
	struct cvsw_sa_range *range = &names->ranges[at];

	range->last = range[1].last;
	names->n--;
	memmove(range + 1, range + 2, (names->n - at - 1) * sizeof(*range));
}

static unsigned int smallest_gap(const struct cvsw_sa_names *names)
{
	const struct cvsw_sa_range *ranges = names->ranges;
	unsigned int i, best = 0;

	for (i = 1; i + 1 < names->n; i++)
		if (ranges[i + 1].first - ranges[i].last < ranges[best + 1].first - ranges[best].last)
			best = i;
	return best;
}

int cvsw_sa_names_add(struct cvsw_sa_names *names, u32 spi)
{
	unsigned int at = find_range(names, spi);
	struct cvsw_sa_range *range;

	if (!make_room_for_range(names))
		return -ENOMEM;
	range = &names->ranges[at];
	memmove(range + 1, range, (names->n - at) * sizeof(*range));
	*range = (struct cvsw_sa_range) { spi, spi };
	names->n++;
	if (at + 1 < names->n && range[1].first == spi + 1)
		join_ranges(names, at);
	if (at && range[-1].last == spi - 1)
		join_ranges(names, at - 1);
	if (names->n > CVSW_SA_RANGES_MAX)
		join_ranges(names, smallest_gap(names));
	return 0;
}

void cvsw_sa_names_free(struct cvsw_sa_names *names)
{
	kfree(names->ranges);
	*names = (struct cvsw_sa_names) {};
}

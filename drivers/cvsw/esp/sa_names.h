/* SPDX-License-Identifier: GPL-2.0 */
/* Which SPIs a store of SAs has had, for as long as it lives, in bounded memory. */
#ifndef CVSW_SA_NAMES_H
#define CVSW_SA_NAMES_H

#include <linux/types.h>

/* Ranges that are kept apart, of eight bytes each. */
#define CVSW_SA_RANGES_MAX	1024

/**
 * struct cvsw_sa_names - a set of SPIs that only grows
 * @ranges: sorted, apart from each other; made as they are needed
 * @n: of them
 * @room: for so many
 *
 * Controllers give out SPIs in ascending order, so most join a range.  When there
 * would be too many ranges, the two that are closest to each other become one:
 * what was between them then counts as had.  No SPI that was had is ever forgotten.
 */
struct cvsw_sa_names {
	struct cvsw_sa_range {
		u32 first;
		u32 last;
	} *ranges;
	unsigned int n;
	unsigned int room;
};

/** cvsw_sa_names_have() - has the set this SPI? */
bool cvsw_sa_names_have(const struct cvsw_sa_names *names, u32 spi);

/**
 * cvsw_sa_names_add() - add one that it does not have
 * Context: process context.
 * Return: 0 or -ENOMEM.
 */
int cvsw_sa_names_add(struct cvsw_sa_names *names, u32 spi);

/** cvsw_sa_names_free() - free what it holds */
void cvsw_sa_names_free(struct cvsw_sa_names *names);

#endif

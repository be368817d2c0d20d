/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The offload bits by the names people use. */
#ifndef CVSWD_OFFLOAD_H
#define CVSWD_OFFLOAD_H

#include "cvsw_v3_body.h"

static const struct offload_name {
	const char *name;
	uint16_t bit;
} offload_names[] = {
	{ "csum", CVSW_OFFLOAD_CSUM },
	{ "tso", CVSW_OFFLOAD_TSO },
	{ "ufo", CVSW_OFFLOAD_UFO },
	{ "gso", CVSW_OFFLOAD_GSO },
	{ "gro", CVSW_OFFLOAD_GRO },
	{ "inner-csum", CVSW_OFFLOAD_INNER_CSUM },
};

#define N_OFFLOADS	(sizeof(offload_names) / sizeof(*offload_names))

/* The bit of a name of @len bytes; 0: no such offload. */
static inline uint16_t offload_bit(const char *name, size_t len)
{
	for (size_t i = 0; i < N_OFFLOADS; i++)
		if (strlen(offload_names[i].name) == len &&
		    !memcmp(offload_names[i].name, name, len))
			return offload_names[i].bit;
	return 0;
}

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* Initializers of actions that set a whole field, as OpenFlow 1.0's do. */
#ifndef CVSW_KUNIT_LOADS_H
#define CVSW_KUNIT_LOADS_H

#include "../proto/cvsw_flow.h"

/* @field: ETH_SRC, ETH_DST; six bytes */
#define SET_MAC(field, ...) {							\
	.type = CVSW_ACT_LOAD,							\
	.load = { .dst = CVSW_FIELD_##field, .n_bits = 48, .value = { 0, 0, __VA_ARGS__ } },	\
}

#define SET_TOS(tos) {								\
	.type = CVSW_ACT_LOAD,							\
	.load = { .dst = CVSW_FIELD_NW_TOS, .ofs = 2, .n_bits = 6, .value = { [7] = (tos) >> 2 } }, \
}

/* @field: TP_SRC, TP_DST */
#define SET_PORT(field, port) {							\
	.type = CVSW_ACT_LOAD,							\
	.load = { .dst = CVSW_FIELD_##field, .n_bits = 16,			\
		  .value = { [6] = (port) >> 8, [7] = (port) & 0xff } },	\
}

/* A tag of this id. */
#define SET_VID(vid) {								\
	.type = CVSW_ACT_LOAD,							\
	.load = { .dst = CVSW_FIELD_VLAN_TCI, .n_bits = 13,			\
		  .value = { [6] = 0x10 | (vid) >> 8, [7] = (vid) & 0xff } },	\
}

#endif

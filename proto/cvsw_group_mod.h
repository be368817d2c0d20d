/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * group_mods of version 3: proto/VERSION3.md, "group_mod".  They stand among flow_mods, and
 * their command says which they are.  One group has one form.
 */
#ifndef CVSW_GROUP_MOD_H
#define CVSW_GROUP_MOD_H

#include "cvsw_flow_mod.h"
#include "cvsw_group.h"

#define CVSW_GROUP_MOD_HEADER_LEN	16
/* The longest that is ever written. */
#define CVSW_GROUP_MOD_MAX	(CVSW_GROUP_MOD_HEADER_LEN + CVSW_GROUP_KEY_LEN +	\
				 2 * CVSW_GROUP_SLOTS + 4 * CVSW_GROUP_BUCKETS +		\
				 CVSW_GROUP_ACTIONS * (2 + CVSW_ACTION_VALUE_MAX))

/** cvsw_mod_is_group() - is what begins at @data a group_mod?  @len: may be too few for any */
static inline bool cvsw_mod_is_group(const uint8_t *data, size_t len)
{
	return len > 2 && cvsw_group_command_is(data[2]);
}

/**
 * cvsw_group_mod_decode() - read one group_mod
 * @data: the bytes, @len of them; nothing behind is read
 * @used: out: bytes that it takes
 * @group: out: of a DELETE its number alone, which may be CVSW_GROUP_ALL; of a LIVE also @dead, any bits;
 *	undefined after a fault
 * @offset: out, may be NULL: where in @data the fault is
 */
enum cvsw_fault cvsw_group_mod_decode(const uint8_t *data, size_t len, size_t *used,
				      enum cvsw_group_command *command, struct cvsw_group *group,
				      size_t *offset);

/**
 * cvsw_group_mod_encode() - write one group_mod
 * @group: cvsw_group_check() likes it; of a DELETE and a LIVE only what those have
 * @buf: room for @room bytes; CVSW_GROUP_MOD_MAX always suffice
 *
 * Return: bytes written, or 0 if @room is too small.
 */
size_t cvsw_group_mod_encode(enum cvsw_group_command command, const struct cvsw_group *group,
			     uint8_t *buf, size_t room);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* What actions write down beside a frame, for its later lookups. */
#ifndef CVSW_REGISTERS_H
#define CVSW_REGISTERS_H

#include <linux/string.h>
#include <linux/types.h>

#include "proto/cvsw_flow.h"

/**
 * struct cvsw_registers - a frame's metadata and registers
 * @written: an action has written to them; before that they are zero, whatever they contain
 * @metadata: as in struct cvsw_key
 * @regs: likewise
 */
struct cvsw_registers {
	bool written;
	u64 metadata;
	u32 regs[CVSW_N_REGS];
};

/** cvsw_registers_get() - a field of theirs, as a number */
static inline u64 cvsw_registers_get(const struct cvsw_registers *registers, enum cvsw_field field)
{
	if (!registers->written)
		return 0;
	return field == CVSW_FIELD_METADATA ? registers->metadata :
					      registers->regs[field - CVSW_FIELD_REG0];
}

/** cvsw_registers_set() - @value: as much as the field has bits */
static inline void cvsw_registers_set(struct cvsw_registers *registers, enum cvsw_field field,
				      u64 value)
{
	if (!registers->written)
		memset(registers, 0, sizeof(*registers));
	registers->written = true;
	if (field == CVSW_FIELD_METADATA)
		registers->metadata = value;
	else
		registers->regs[field - CVSW_FIELD_REG0] = value;
}

#endif

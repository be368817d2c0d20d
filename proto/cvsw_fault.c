// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "cvsw_fault.h"

const char *cvsw_fault_name(enum cvsw_fault fault)
{
	switch (fault) {
#define CVSW_FAULT_NAME(id, name, text) case CVSW_FAULT_##id: return name;
	CVSW_FAULTS(CVSW_FAULT_NAME)
#undef CVSW_FAULT_NAME
	case CVSW_OK:
		return "ok";
	default:
		return "unknown";
	}
}

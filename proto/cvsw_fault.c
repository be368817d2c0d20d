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

const char *cvsw_fault_text(enum cvsw_fault fault)
{
	switch (fault) {
#define CVSW_FAULT_TEXT(id, name, text) case CVSW_FAULT_##id: return text;
	CVSW_FAULTS(CVSW_FAULT_TEXT)
#undef CVSW_FAULT_TEXT
	case CVSW_OK:
		return "no fault";
	default:
		return "unknown fault";
	}
}

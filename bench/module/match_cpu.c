// SPDX-License-Identifier: GPL-2.0
/* The one function that the x86 kernel has for AES-NI's glue and User-Mode Linux has not. */
#include <asm/cpufeature.h>
#include <asm/cpu_device_id.h>

const struct x86_cpu_id *x86_match_cpu(const struct x86_cpu_id *match)
{
	for (; match->flags & X86_CPU_ID_FLAG_ENTRY_VALID; match++)
		if (boot_cpu_has(match->feature))
			return match;
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * To be preloaded into User-Mode Linux, whose idea of the processor's extended state ends with
 * AVX-512.  Where there is more (AMX), the host takes that state as a whole or not at all, and
 * 6.1 gives up at its first process.  What it does not know stays as it is.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

#define NT_X86_XSTATE	0x202
/* Where the bits of what is in use are (Intel SDM 1, 13.4.2), and those User-Mode Linux knows. */
#define XSTATE_BV	512
#define KNOWN		0xffffull

typedef long ptrace_fn(int request, pid_t pid, void *addr, void *data);

static long set_all(ptrace_fn *next, pid_t pid, void *addr, const struct iovec *known)
{
	static _Thread_local unsigned char all[65536] __attribute__((aligned(64)));
	struct iovec iov = { all, sizeof(all) };
	uint64_t before, after;

	if (next(PTRACE_GETREGSET, pid, addr, &iov) < 0)
		return -1;
	if (iov.iov_len <= known->iov_len || known->iov_len < XSTATE_BV + sizeof(before)) {
		errno = EFAULT;
		return -1;
	}
	memcpy(&before, all + XSTATE_BV, sizeof(before));
	memcpy(all, known->iov_base, known->iov_len);
	memcpy(&after, all + XSTATE_BV, sizeof(after));
	after = (after & KNOWN) | (before & ~KNOWN);
	memcpy(all + XSTATE_BV, &after, sizeof(after));
	return next(PTRACE_SETREGSET, pid, addr, &iov);
}

long ptrace(enum __ptrace_request request, ...)
{
	static ptrace_fn *next;
	static int whole;
	va_list args;
	pid_t pid;
	void *addr, *data;
	long result;

	va_start(args, request);
	pid = va_arg(args, pid_t);
	addr = va_arg(args, void *);
	data = va_arg(args, void *);
	va_end(args);
	if (!next)
		next = (ptrace_fn *)dlsym(RTLD_NEXT, "ptrace");
	if (request != PTRACE_SETREGSET || addr != (void *)NT_X86_XSTATE)
		return next(request, pid, addr, data);
	if (!whole) {
		result = next(request, pid, addr, data);
		if (!result || errno != EFAULT)
			return result;
		whole = 1;
	}
	return set_all(next, pid, addr, data);
}

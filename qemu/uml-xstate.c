// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Loaded in front of user-mode Linux: lets it restore registers on hosts with more of them than it
 * knows.
 *
 * User-mode Linux up to 6.12 keeps 2696 bytes of extended state for each task, which is as far as
 * AVX-512 and PKRU go. On a host that has AMX as well the state is longer, and PTRACE_SETREGSET wants
 * the whole of it: EFAULT, and its first process dies. Later kernels ask the host for the size. What
 * is missing here are tiles, which no program in the machine can have: they need a permission that
 * user-mode Linux never asks the host for. So they stay in their initial state, all zero.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

typedef long (*ptrace_fn)(int request, int pid, void *address, void *data);

/* One thread of user-mode Linux does all of them. */
static union {
	unsigned char bytes[65536];
	unsigned long aligned;
} state;

static ptrace_fn next_ptrace(void)
{
	static ptrace_fn next;

	if (!next)
		next = (ptrace_fn)dlsym(RTLD_NEXT, "ptrace");
	return next;
}

static long set_extended_state(int pid, void *address, const struct iovec *given)
{
	static size_t host_bytes;
	struct iovec whole = { state.bytes, sizeof(state.bytes) };

	if (!host_bytes) {
		if (next_ptrace()(PTRACE_GETREGSET, pid, address, &whole) < 0)
			return -1;
		host_bytes = whole.iov_len;
		memset(state.bytes, 0, sizeof(state.bytes));
	}
	if (host_bytes <= given->iov_len)
		return next_ptrace()(PTRACE_SETREGSET, pid, address, (void *)given);
	memcpy(state.bytes, given->iov_base, given->iov_len);
	whole.iov_len = host_bytes;
	return next_ptrace()(PTRACE_SETREGSET, pid, address, &whole);
}

long ptrace(enum __ptrace_request request, ...)
{
	void *address, *data;
	va_list arguments;
	int pid;

	va_start(arguments, request);
	pid = va_arg(arguments, int);
	address = va_arg(arguments, void *);
	data = va_arg(arguments, void *);
	va_end(arguments);
	if (request == PTRACE_SETREGSET && (unsigned long)address == NT_X86_XSTATE)
		return set_extended_state(pid, address, data);
	return next_ptrace()(request, pid, address, data);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * No guard: the kernel's own header is meant to be read again and again.
 */
#include_next <linux/tracepoint.h>

/* The newer __assign_str() knows the source from __string(). */
#undef sn_assign_str
#ifdef HAVE_ASSIGN_STR1
#define sn_assign_str(dst, src) __assign_str(dst)
#else
#define sn_assign_str(dst, src) __assign_str(dst, src)
#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Multicast events. Best effort: a lost event shows as a gap, state is read by GET.
 * Each may sleep; none is called under a spinlock.
 */
#ifndef _SN_EVENT_H
#define _SN_EVENT_H

#include <linux/types.h>

/* Group topology, all network namespaces: generation only. */
void sn_event_topology(u64 generation);
/* Groups memory, transfer and fault, initial network namespace, no sleep inside GFP_NOWAIT. */
void sn_event_buffer(u64 id, u32 state, u64 bytes);
void sn_event_transfer(u64 id, u32 session, s32 status, u64 bytes);
void sn_event_fault(u32 device, u32 engine, u64 transfer, s32 status);

#endif /* _SN_EVENT_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The dispatcher: runs core/sched over all edges and hands slices to engines.
 */
#ifndef _SN_DISPATCHER_H
#define _SN_DISPATCHER_H

#include <linux/types.h>

struct sn_device;
struct sn_transfer;

int sn_dispatcher_init(void);
void sn_dispatcher_exit(void);

/*
 * Edges. One per direction of a link (@cap_ops 0) and one per device for all its
 * engines (@bytes_per_sec 0 when not stated, @cap_ops = sum of channels * depth).
 * An edge is deleted when its link or device has no reference left, so nothing
 * uses it. Any process context; may be called under the topology mutex.
 */
int sn_dispatcher_edge_add(u64 bytes_per_sec, u32 cap_ops, u32 *edge);
void sn_dispatcher_edge_del(u32 edge);
void sn_dispatcher_edge_set_up(u32 edge, bool up);

#endif /* _SN_DISPATCHER_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The dispatcher: runs core/sched over all edges and hands slices to engines.
 */
#ifndef _SN_DISPATCHER_H
#define _SN_DISPATCHER_H

#include <linux/types.h>

struct netlink_ext_ack;
struct sn_device;
struct sn_transfer;

int sn_dispatcher_init(void);
/* After the last transfer: wait until no work of the dispatcher can lose a device. */
void sn_dispatcher_drain(void);
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

/* Transfers. All or none of its flows get a place. */
int sn_dispatcher_add(struct sn_transfer *transfer, struct netlink_ext_ack *extack);
void sn_dispatcher_remove(struct sn_transfer *transfer);
void sn_dispatcher_start(struct sn_transfer *transfer);
void sn_dispatcher_cancel(struct sn_transfer *transfer);
/* Abort what the engines of @dev have in work. */
void sn_dispatcher_abort_device(struct sn_device *dev);
/* Wait until they have nothing, @limit_ns at most. */
bool sn_dispatcher_wait_device(struct sn_device *dev, u64 limit_ns);

/**
 * struct sn_dispatcher_stats - since load
 * @slices: stages of slices handed to engines
 * @retries: of them, those that failed and were queued again
 * @quarantined_bytes: destinations of copies that an engine would not let go of, now
 */
struct sn_dispatcher_stats {
	u64 slices;
	u64 retries;
	u64 quarantined_bytes;
};

void sn_dispatcher_get_stats(struct sn_dispatcher_stats *stats);

#endif /* _SN_DISPATCHER_H */

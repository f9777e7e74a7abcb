/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Transfers: a list of segments with a class, in-fences and an out-fence, cut
 * into slices by the dispatcher.
 */
#ifndef _SN_TRANSFER_H
#define _SN_TRANSFER_H

#include <linux/dma-fence.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/supernode.h>
#include <linux/workqueue.h>

#include "session.h"

struct dma_buf;
struct file;
struct netlink_ext_ack;
struct sn_buffer;
struct sn_device;
struct sn_flow;

/**
 * struct sn_transfer_spec - what TRANSFER_SUBMIT asks for
 * @class: of the transfer
 * @flags: enum sn_transfer_flags
 * @user_data: for the completion record
 * @segments: to copy, in no particular order
 * @nsegments: 1 to SN_SEGMENTS_MAX
 * @in_fences: sync_file fds
 * @nin_fences: up to SN_IN_FENCES_MAX
 */
struct sn_transfer_spec {
	enum sn_class class;
	u32 flags;
	u64 user_data;
	const struct sn_segment *segments;
	u32 nsegments;
	s32 in_fences[SN_IN_FENCES_MAX];
	u32 nin_fences;
};

/**
 * struct sn_end - one end of a segment, held and pinned
 * @dmabuf: referenced
 * @buffer: behind it, pinned
 */
struct sn_end {
	struct dma_buf *dmabuf;
	struct sn_buffer *buffer;
};

struct sn_in_fence {
	struct dma_fence *fence;
	struct dma_fence_cb cb;
	struct sn_transfer *transfer;
};

/**
 * struct sn_transfer - see above
 * @ref: held by its session's table and record, by its resources, by whoever looks
 * @resources: one while it runs, one per copy that an engine would not let go of;
 *	the last releases buffers and flows
 * @id: unique since load
 * @session: referenced until @resources is 0
 * @table: its session's, which @record holds until it is read
 * @session_id: for dumps
 * @record: reserved at submission, posted at the end
 * @class: enum sn_class
 * @bytes: asked for
 * @nsegments: entries in @ends, two per segment
 * @ends: source and destination of each segment
 * @nflows: entries in @flows
 * @flows: one per pair of devices
 * @all: on the list of transfers that have not ended
 * @ended: on the list of those that a pump is ending
 * @flows_left: not finished; dispatcher's lock
 * @started: dispatcher's lock
 * @cancel_status: 0, or why it was cancelled; the first wins
 * @status: of the first flow that failed; dispatcher's lock until the end
 * @done_bytes: of finished flows; dispatcher's lock until the end
 * @done: it has ended: status and times stand
 * @submit_ns: accepted at
 * @start_ns: first slice dispatched at
 * @end_ns: ended at
 * @out_fence: or NULL
 * @fences_left: in-fences that have not signalled, plus one until armed
 * @nin_fences: entries in @in_fences
 * @in_fences: referenced
 * @start_work: starts it when the last in-fence signals
 * @limit_work: ends it when the fence limit is reached
 * @release_work: releases its resources
 */
struct sn_transfer {
	struct kref ref;
	struct kref resources;
	u64 id;
	struct sn_session *session;
	struct xarray *table;
	u32 session_id;
	struct sn_record record;
	enum sn_class class;
	u64 bytes;
	u32 nsegments;
	struct sn_end *ends;
	u32 nflows;
	struct sn_flow **flows;
	struct list_head all;
	struct list_head ended;
	u32 flows_left;
	bool started;
	int cancel_status;
	int status;
	u64 done_bytes;
	bool done;
	u64 submit_ns;
	u64 start_ns;
	u64 end_ns;
	struct dma_fence *out_fence;
	atomic_t fences_left;
	u32 nin_fences;
	struct sn_in_fence *in_fences;
	struct work_struct start_work;
	struct delayed_work limit_work;
	struct work_struct release_work;
};

/**
 * struct sn_class_stats - since load
 * @submitted: transfers accepted
 * @completed: ended with status 0
 * @failed: ended with another
 * @bytes: arrived
 * @queue_ns: sum of the times from submission to the first slice
 * @total_ns: sum of the times from submission to the end
 */
struct sn_class_stats {
	atomic64_t submitted;
	atomic64_t completed;
	atomic64_t failed;
	atomic64_t bytes;
	atomic64_t queue_ns;
	atomic64_t total_ns;
};

extern struct sn_class_stats sn_class_stats[SN_CLASS_MAX + 1];

int sn_transfer_init(void);
void sn_transfer_exit(void);
u64 sn_transfer_fence_limit_ns(void);

/* transfer_build.c: all that can be refused happens in sn_transfer_new(). */
struct sn_transfer *sn_transfer_new(struct sn_session *session,
				    const struct sn_transfer_spec *spec,
				    struct netlink_ext_ack *extack);
void sn_transfer_free_resources(struct sn_transfer *transfer);

/* transfer.c: the life of one that was accepted. */
int sn_transfer_accept(struct sn_transfer *transfer, struct netlink_ext_ack *extack);
void sn_transfer_submit(struct sn_transfer *transfer);
void sn_transfer_discard(struct sn_transfer *transfer, bool accepted);
struct sn_transfer *sn_transfer_find(struct sn_session *session, u64 id);
struct sn_transfer *sn_transfer_next(u64 id);
void sn_transfer_put(struct sn_transfer *transfer);
enum sn_transfer_state sn_transfer_state(const struct sn_transfer *transfer);
void sn_transfer_cancel(struct sn_transfer *transfer, int status);
void sn_transfers_cancel_session(struct sn_session *session);
/* End all that read or write @dev with -ENODEV and wait for its engines, bounded. */
void sn_transfers_cancel_device(struct sn_device *dev);

/* For the dispatcher. */
void sn_transfer_end(struct sn_transfer *transfer);
void sn_transfer_hold_resources(struct sn_transfer *transfer);
void sn_transfer_drop_resources(struct sn_transfer *transfer);

/* fence.c */
struct dma_fence *sn_fence_new(void);

#endif /* _SN_TRANSFER_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A flow: the segments of one transfer that share a pair of devices, and all
 * that their slices need, owned before anybody can see the transfer's fence.
 */
#ifndef _SN_FLOW_H
#define _SN_FLOW_H

#include <linux/list.h>
#include <linux/llist.h>
#include <linux/supernode.h>

#include "core/sched.h"
#include "path.h"

struct netlink_ext_ack;
struct sn_engine;
struct sn_flow;
struct sn_lane;
struct sn_transfer;

/**
 * struct sn_slice - one slot of a lane: at most one copy is under way in it
 * @copy: what the backend sees
 * @given: an engine has @copy and owes its end
 * @lane: its lane
 * @handle: core/sched's name for the dispatch
 * @engine: that works on it
 * @inflight: on the dispatcher's list from dispatch to completion
 * @abort_node: on the list of an abort that is under way
 * @done: on the dispatcher's completion list
 * @status: of the completion
 * @stage: of the lane's path
 * @start_ns: handed to the engine at
 * @abort_ns: abort asked for at
 * @pinned: submit() or abort() runs on it right now; completion waits for them
 * @done_pending: completed while pinned
 * @orphan: its engine did not confirm an abort in time
 *
 * All but @copy, @given, @done and @status are under the dispatcher's lock.
 */
struct sn_slice {
	struct sn_copy copy;
	atomic_t given;
	struct sn_lane *lane;
	struct sn_sched_slice handle;
	struct sn_engine *engine;
	struct list_head inflight;
	struct list_head abort_node;
	struct llist_node done;
	int status;
	u32 stage;
	u64 start_ns;
	u64 abort_ns;
	bool pinned;
	bool done_pending;
	bool orphan;
};

/**
 * struct sn_lane - a path that a flow may take
 * @flow: its flow
 * @path: in the flow's path set
 * @index: of the path in core/sched
 * @depth: slots
 * @engines: device whose engines copy, per stage
 * @scratch: between stage i and i + 1, @depth slots of the flow's slice size
 * @slices: @depth of them
 */
struct sn_lane {
	struct sn_flow *flow;
	const struct sn_path *path;
	u32 index;
	u32 depth;
	struct sn_device *engines[SN_STAGES_MAX];
	struct sn_mem *scratch[SN_STAGES_MAX - 1];
	struct sn_slice *slices;
};

/**
 * struct sn_range - a segment as its flow sees it
 * @start: first byte within the flow
 * @bytes: length
 * @src: pages to read
 * @dst: pages to write
 * @src_offset: in @src
 * @dst_offset: in @dst
 */
struct sn_range {
	u64 start;
	u64 bytes;
	const struct sn_mem *src;
	const struct sn_mem *dst;
	u64 src_offset;
	u64 dst_offset;
};

/**
 * struct sn_flow - see above
 * @transfer: its transfer
 * @src: device id
 * @dst: device id
 * @number: within its transfer
 * @index: in core/sched, valid once added
 * @total_bytes: sum of its ranges
 * @slice_bytes: longest slice
 * @nranges: entries in @ranges
 * @next_range: range whose end the cursor's limit is at; dispatcher's lock
 * @nlanes: entries in @lanes
 * @set: the paths, referenced
 * @ranges: ascending @start, without gaps
 * @lanes: one per path in use
 */
struct sn_flow {
	struct sn_transfer *transfer;
	u32 src;
	u32 dst;
	u32 number;
	u32 index;
	u64 total_bytes;
	u32 slice_bytes;
	u32 nranges;
	u32 next_range;
	u32 nlanes;
	struct sn_path_set *set;
	struct sn_range *ranges;
	struct sn_lane lanes[SN_PATHS_MAX];
};

struct sn_flow *sn_flow_alloc(struct sn_transfer *transfer, u32 src, u32 dst, u32 nranges,
			      enum sn_class class, struct netlink_ext_ack *extack);
void sn_flow_add_range(struct sn_flow *flow, const struct sn_range *range);
int sn_flow_prepare(struct sn_flow *flow, struct netlink_ext_ack *extack);
void sn_flow_free(struct sn_flow *flow);
void sn_flow_fill_copy(struct sn_lane *lane, const struct sn_sched_dispatch *dispatch);

#endif /* _SN_FLOW_H */

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flows: which paths a pair of devices uses, whose engines copy at each stage,
 * and the slots and scratch that slices on them hold. When a slice goes is
 * core/sched's; handing it to an engine is dispatcher.c's.
 *
 * Locking: none here. A flow is built by its submitter alone and changes under
 * the dispatcher's lock afterwards.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "buffer.h"
#include "device.h"
#include "dispatcher_state.h"
#include "flow.h"
#include "netlink.h"

#define LATENCY_SLICE_BYTES	SZ_64K
#define SLICE_BYTES		SZ_256K
/* Enough to keep every channel of an ordinary engine busy over one path. */
#define DIRECT_DEPTH		8
/* One slice in each half of the way; more comes with pipelining. */
#define STAGED_DEPTH		2
/* Staged paths cost scratch: use the best few. */
#define STAGED_LANES		2

static bool has_engines(const struct sn_device *dev)
{
	return dev->desc.nengines && dev->edge != U32_MAX && sn_device_live(dev);
}

static bool is_accelerator(const struct sn_device *dev)
{
	return dev->desc.kind != SN_DEVICE_KIND_CPU && dev->desc.kind != SN_DEVICE_KIND_MEMORY;
}

/* An accelerator's own engine spares the CPU; the source's pushes before the other's pulls. */
static struct sn_device *pick_engines(const struct sn_stage *stage)
{
	if (has_engines(stage->from) && is_accelerator(stage->from))
		return stage->from;
	if (has_engines(stage->to) && is_accelerator(stage->to))
		return stage->to;
	if (has_engines(stage->from))
		return stage->from;
	return has_engines(stage->to) ? stage->to : NULL;
}

/**
 * sn_flow_alloc() - start a flow
 * @transfer: it belongs to
 * @src: device id
 * @dst: device id
 * @nranges: how many ranges will be added
 * @class: sets the slice size
 * @extack: for the refusal's sentence
 *
 * Context: Process.
 * Return: the flow, or ERR_PTR(-EHOSTUNREACH) with the reason when there is no
 * path, ERR_PTR(-ENOMEM).
 */
struct sn_flow *sn_flow_alloc(struct sn_transfer *transfer, u32 src, u32 dst, u32 nranges,
			      enum sn_class class, struct netlink_ext_ack *extack)
{
	struct sn_flow *flow;
	int ret;

	flow = kzalloc(sizeof(*flow), GFP_KERNEL_ACCOUNT);
	if (!flow)
		return ERR_PTR(-ENOMEM);
	flow->ranges = kvcalloc(nranges, sizeof(*flow->ranges), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!flow->ranges) {
		ret = -ENOMEM;
		goto err_free_flow;
	}
	flow->set = sn_path_find(src, dst, SN_PATHS_MAX);
	if (IS_ERR(flow->set)) {
		ret = PTR_ERR(flow->set);
		goto err_free_ranges;
	}
	if (!flow->set->npaths) {
		sn_extack(extack, "no path between the devices", "%s",
			  sn_path_reason_text(flow->set->reason));
		ret = -EHOSTUNREACH;
		goto err_put_set;
	}
	flow->transfer = transfer;
	flow->index = U32_MAX;
	flow->src = src;
	flow->dst = dst;
	flow->slice_bytes = class <= SN_CLASS_LATENCY ? LATENCY_SLICE_BYTES : SLICE_BYTES;
	return flow;

err_put_set:
	sn_path_put(flow->set);
err_free_ranges:
	kvfree(flow->ranges);
err_free_flow:
	kfree(flow);
	return ERR_PTR(ret);
}

/**
 * sn_flow_add_range() - append a segment
 * @flow: not prepared yet, with room for it
 * @range: all but @start
 *
 * Context: Process.
 */
void sn_flow_add_range(struct sn_flow *flow, const struct sn_range *range)
{
	struct sn_range *own = &flow->ranges[flow->nranges++];

	*own = *range;
	own->start = flow->total_bytes;
	flow->total_bytes += range->bytes;
}

static int lane_init(struct sn_flow *flow, const struct sn_path *path)
{
	struct sn_lane *lane = &flow->lanes[flow->nlanes];
	bool staged = path->nstages > 1;
	u64 slices = DIV_ROUND_UP_ULL(flow->total_bytes, flow->slice_bytes) + flow->nranges - 1;
	u32 i;

	lane->flow = flow;
	lane->index = U32_MAX;
	lane->path = path;
	lane->depth = min_t(u64, slices, staged ? STAGED_DEPTH : DIRECT_DEPTH);
	for (i = 0; i < path->nstages; i++) {
		lane->engines[i] = pick_engines(&path->stages[i]);
		if (!lane->engines[i])
			return -EHOSTUNREACH;
	}
	flow->nlanes++;
	lane->slices = kcalloc(lane->depth, sizeof(*lane->slices), GFP_KERNEL_ACCOUNT);
	if (!lane->slices)
		return -ENOMEM;
	for (i = 0; i < lane->depth; i++)
		lane->slices[i].lane = lane;
	for (i = 0; i + 1 < path->nstages; i++) {
		lane->scratch[i] = sn_scratch_alloc(path->stages[i].to->desc.node,
						    (u64)lane->depth * flow->slice_bytes);
		if (!lane->scratch[i])
			return -ENOMEM;
	}
	return 0;
}

/**
 * sn_flow_prepare() - own what its slices will need
 * @flow: with all its ranges
 * @extack: for the refusal's sentence
 *
 * Uses all paths of a single stage; when there is none, the widest few of those
 * with the fewest stages.
 *
 * Context: Process.
 * Return: 0, -EHOSTUNREACH when no path has an engine left, -ENOMEM. The caller
 * frees the flow then as well.
 */
int sn_flow_prepare(struct sn_flow *flow, struct netlink_ext_ack *extack)
{
	u32 stages = SN_STAGES_MAX, most, i;
	int ret;

	for (i = 0; i < flow->set->npaths; i++)
		stages = min_t(u32, stages, flow->set->paths[i].nstages);
	most = stages > 1 ? STAGED_LANES : SN_PATHS_MAX;
	for (i = 0; i < flow->set->npaths && flow->nlanes < most; i++) {
		if (flow->set->paths[i].nstages != stages)
			continue;
		ret = lane_init(flow, &flow->set->paths[i]);
		if (ret == -ENOMEM)
			return ret;
	}
	if (flow->nlanes)
		return 0;
	NL_SET_ERR_MSG(extack, "no path between the devices has a live engine");
	return -EHOSTUNREACH;
}

/**
 * sn_flow_free() - give all back
 * @flow: deleted from core/sched, nothing of it in flight
 *
 * Context: Process.
 */
void sn_flow_free(struct sn_flow *flow)
{
	u32 i, j;

	for (i = 0; i < flow->nlanes; i++) {
		for (j = 0; j < SN_STAGES_MAX - 1; j++)
			sn_scratch_free(flow->lanes[i].scratch[j]);
		kfree(flow->lanes[i].slices);
	}
	sn_path_put(flow->set);
	kvfree(flow->ranges);
	kfree(flow);
}

static const struct sn_range *range_at(const struct sn_flow *flow, u64 offset)
{
	u32 low = 0, high = flow->nranges - 1;

	while (low < high) {
		u32 mid = low + (high - low + 1) / 2;

		if (flow->ranges[mid].start <= offset)
			low = mid;
		else
			high = mid - 1;
	}
	return &flow->ranges[low];
}

/**
 * sn_flow_fill_copy() - say what one stage of a slice copies
 * @lane: that it is on
 * @dispatch: from core/sched; lies within one range
 *
 * Context: Under the dispatcher's lock.
 */
void sn_flow_fill_copy(struct sn_lane *lane, const struct sn_sched_dispatch *dispatch)
{
	const struct sn_flow *flow = lane->flow;
	const struct sn_range *range = range_at(flow, dispatch->offset);
	struct sn_copy *copy = &lane->slices[dispatch->slot].copy;
	u64 within = dispatch->offset - range->start;
	u64 slot = (u64)dispatch->slot * flow->slice_bytes;

	lockdep_assert_held(&sn_dispatcher.lock);
	copy->bytes = dispatch->bytes;
	copy->aborted = false;
	if (dispatch->stage) {
		copy->src = lane->scratch[dispatch->stage - 1];
		copy->src_offset = slot;
	} else {
		copy->src = range->src;
		copy->src_offset = range->src_offset + within;
	}
	if (dispatch->last_stage) {
		copy->dst = range->dst;
		copy->dst_offset = range->dst_offset + within;
	} else {
		copy->dst = lane->scratch[dispatch->stage];
		copy->dst_offset = slot;
	}
}

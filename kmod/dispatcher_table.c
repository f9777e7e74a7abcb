// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dispatcher's tables: which edges there are, which flows run over them, and
 * their beginning and end. Slices in flight are dispatcher.c's.
 *
 * Locking: all under sn_dispatcher.lock.
 */
#include <linux/bits.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "device.h"
#include "dispatcher_state.h"
#include "flow.h"
#include "link.h"
#include "netlink.h"
#include "transfer.h"

/* An engine's cap is its number of copies; this many bytes never bind. */
#define ENGINE_CAP_BYTES	BIT_ULL(40)

/* The load fails and says why: the tables are as large as the parameters want them. */
#define TABLE_GFP		(GFP_KERNEL | __GFP_NOWARN)

static unsigned int edges_max = 16384;
module_param(edges_max, uint, 0444);
MODULE_PARM_DESC(edges_max, "link directions and devices with engines that can be scheduled");
static unsigned int flows_max = 4096;
module_param(flows_max, uint, 0444);
MODULE_PARM_DESC(flows_max, "pairs of devices with transfers in progress, over all transfers");

struct sn_dispatcher sn_dispatcher;

/**
 * __sn_dispatcher_forget() - drop a flow from the tables
 * @flow: finished, or never started
 *
 * Context: Under the dispatcher's lock.
 */
void __sn_dispatcher_forget(struct sn_flow *flow)
{
	u32 i;

	lockdep_assert_held(&sn_dispatcher.lock);
	if (flow->index == U32_MAX)
		return;
	for (i = 0; i < flow->nlanes; i++)
		if (flow->lanes[i].index != U32_MAX)
			sn_dispatcher.lanes[flow->lanes[i].index] = NULL;
	sn_dispatcher.flows[flow->index] = NULL;
	sn_sched_flow_del(sn_dispatcher.sched, flow->index);
	flow->index = U32_MAX;
}

static void fill_stage(const struct sn_lane *lane, u32 index, struct sn_sched_stage *out)
{
	const struct sn_stage *stage = &lane->path->stages[index];
	u32 i;

	lockdep_assert_held(&sn_dispatcher.lock);
	out->edge_count = 0;
	for (i = 0; i < stage->nhops; i++) {
		const struct sn_hop *hop = &lane->path->hops[stage->first_hop + i];

		out->edges[out->edge_count++] = hop->link->edge[hop->dir];
	}
	out->edges[out->edge_count++] = lane->engines[index]->edge;
}

static int add_flow(struct sn_flow *flow, struct sn_sched_path_spec *path)
{
	struct sn_sched_flow_spec spec = {
		.total_bytes = flow->total_bytes,
		.limit_bytes = flow->ranges[0].bytes,
		.slice_max_bytes = flow->slice_bytes,
		.klass = flow->transfer->class,
	};
	u32 i, s;
	int ret;

	lockdep_assert_held(&sn_dispatcher.lock);
	ret = sn_sched_flow_add(sn_dispatcher.sched, &spec, &flow->index);
	if (ret) {
		flow->index = U32_MAX;
		return ret;
	}
	sn_dispatcher.flows[flow->index] = flow;
	for (i = 0; i < flow->nlanes; i++) {
		struct sn_lane *lane = &flow->lanes[i];

		path->stage_count = lane->path->nstages;
		path->depth = lane->depth;
		for (s = 0; s < path->stage_count; s++)
			fill_stage(lane, s, &path->stages[s]);
		ret = sn_sched_path_add(sn_dispatcher.sched, flow->index, path, &lane->index);
		if (ret) {
			lane->index = U32_MAX;
			return ret;
		}
		sn_dispatcher.lanes[lane->index] = lane;
	}
	return 0;
}

/**
 * sn_dispatcher_add() - give a transfer's flows their places
 * @t: built, in nobody's sight
 * @extack: for the refusal's sentence
 *
 * Context: Process.
 * Return: 0, or with nothing added: -EAGAIN when the scheduler is full, -ESTALE
 * when a link or device went between the search for paths and now, -ENOMEM.
 */
int sn_dispatcher_add(struct sn_transfer *t, struct netlink_ext_ack *extack)
{
	struct sn_sched_path_spec *path;
	u32 i;
	int ret = 0;

	path = kmalloc(sizeof(*path), GFP_KERNEL);
	if (!path)
		return -ENOMEM;
	spin_lock(&sn_dispatcher.lock);
	for (i = 0; i < t->nflows && !ret; i++)
		ret = add_flow(t->flows[i], path);
	for (i = 0; ret && i < t->nflows; i++)
		__sn_dispatcher_forget(t->flows[i]);
	spin_unlock(&sn_dispatcher.lock);
	kfree(path);

	if (ret == -ENOSPC) {
		NL_SET_ERR_MSG(extack, "too many transfers are in progress");
		return -EAGAIN;
	}
	if (ret) {
		NL_SET_ERR_MSG(extack, "a device or link on the path went away");
		return -ESTALE;
	}
	return 0;
}

/**
 * sn_dispatcher_remove() - take back what sn_dispatcher_add() did
 * @t: added, never started nor cancelled
 *
 * Context: Process.
 */
void sn_dispatcher_remove(struct sn_transfer *t)
{
	u32 i;

	spin_lock(&sn_dispatcher.lock);
	for (i = 0; i < t->nflows; i++)
		__sn_dispatcher_forget(t->flows[i]);
	spin_unlock(&sn_dispatcher.lock);
}

/**
 * sn_dispatcher_start() - let slices go
 * @t: added; nothing happens when it was cancelled meanwhile
 *
 * Context: Process. Does not allocate.
 */
void sn_dispatcher_start(struct sn_transfer *t)
{
	u32 i;

	spin_lock(&sn_dispatcher.lock);
	if (!READ_ONCE(t->cancel_status) && !t->started) {
		WRITE_ONCE(t->started, true);
		for (i = 0; i < t->nflows; i++)
			sn_sched_flow_start(sn_dispatcher.sched, t->flows[i]->index);
	}
	spin_unlock(&sn_dispatcher.lock);
	sn_dispatcher_pump();
}

/**
 * __sn_dispatcher_cancel_flows() - draw nothing more for a transfer
 * @t: not all of its flows have finished
 *
 * Context: Under the dispatcher's lock.
 */
void __sn_dispatcher_cancel_flows(struct sn_transfer *t)
{
	u32 i;

	lockdep_assert_held(&sn_dispatcher.lock);
	for (i = 0; i < t->nflows; i++)
		if (t->flows[i]->index != U32_MAX)
			sn_sched_flow_cancel(sn_dispatcher.sched, t->flows[i]->index);
}

/**
 * sn_dispatcher_cancel() - draw nothing more and abort what is in flight
 * @t: added, perhaps ended; its cancel_status is set
 *
 * Context: Process. Does not allocate, does not wait.
 */
void sn_dispatcher_cancel(struct sn_transfer *t)
{
	spin_lock(&sn_dispatcher.lock);
	/* Flows are freed only after the last of them finished. */
	if (t->flows_left)
		__sn_dispatcher_cancel_flows(t);
	spin_unlock(&sn_dispatcher.lock);
	sn_dispatcher_abort_transfer(t);
}

/**
 * sn_dispatcher_edge_add() - make an edge that is up
 * @bytes_per_sec: its rate, 0 when not stated
 * @cap_ops: copies at once, 0 for no limit
 * @edge: its index on return
 *
 * Context: Process.
 * Return: 0, or -ENOSPC when there are as many as the module was loaded for.
 */
int sn_dispatcher_edge_add(u64 bytes_per_sec, u32 cap_ops, u32 *edge)
{
	struct sn_sched_edge_spec spec = {
		.bytes_per_sec = bytes_per_sec,
		.cap_bytes = cap_ops ? ENGINE_CAP_BYTES : 0,
		.cap_ops = cap_ops,
		.up = true,
	};
	int ret;

	spin_lock(&sn_dispatcher.lock);
	ret = sn_sched_edge_add(sn_dispatcher.sched, &spec, edge);
	spin_unlock(&sn_dispatcher.lock);
	return ret;
}

/**
 * sn_dispatcher_edge_del() - drop an edge
 * @edge: that no path uses
 *
 * Context: Process.
 */
void sn_dispatcher_edge_del(u32 edge)
{
	int ret;

	spin_lock(&sn_dispatcher.lock);
	ret = sn_sched_edge_del(sn_dispatcher.sched, edge);
	spin_unlock(&sn_dispatcher.lock);
	WARN_ON_ONCE(ret);
}

/**
 * __sn_dispatcher_edge_set_up() - open or close an edge
 * @edge: index
 * @up: new state
 *
 * Context: Under the dispatcher's lock. The caller pumps afterwards.
 */
void __sn_dispatcher_edge_set_up(u32 edge, bool up)
{
	struct sn_sched_edge_state state;

	lockdep_assert_held(&sn_dispatcher.lock);
	if (!sn_sched_edge_state(sn_dispatcher.sched, edge, &state)) {
		state.spec.up = up;
		sn_sched_edge_set(sn_dispatcher.sched, edge, &state.spec);
	}
}

/**
 * sn_dispatcher_edge_set_up() - open or close an edge
 * @edge: index
 * @up: new state; when it closes, what is in flight over it goes on
 *
 * Context: Process, may be under the topology mutex. A transfer that has no path
 * left ends with -EHOSTUNREACH, from a work.
 */
void sn_dispatcher_edge_set_up(u32 edge, bool up)
{
	spin_lock(&sn_dispatcher.lock);
	__sn_dispatcher_edge_set_up(edge, up);
	spin_unlock(&sn_dispatcher.lock);
	queue_work(sn_dispatcher.wq, &sn_dispatcher.kick);
}

/**
 * sn_dispatcher_get_stats() - a copy of the counters
 * @stats: filled
 *
 * Context: Process.
 */
void sn_dispatcher_get_stats(struct sn_dispatcher_stats *stats)
{
	spin_lock(&sn_dispatcher.lock);
	*stats = sn_dispatcher.stats;
	spin_unlock(&sn_dispatcher.lock);
}

/**
 * sn_dispatcher_init() - make the scheduler
 *
 * Context: Process, module load.
 * Return: 0, -EINVAL for a module parameter that makes no sense, -ENOMEM.
 */
int sn_dispatcher_init(void)
{
	struct sn_sched_limits limits = {
		.edges = edges_max,
		.flows = flows_max,
		.paths = 2 * flows_max,
		.slices = 16 * flows_max,
		.stage_edges = 16 * flows_max,
	};
	void *mem;
	int ret;

	BUILD_BUG_ON((int)SN_SCHED_CLASSES != (int)SN_CLASS_MAX + 1);
	BUILD_BUG_ON((int)SN_SCHED_LATENCY != (int)SN_CLASS_LATENCY);
	BUILD_BUG_ON((int)SN_SCHED_SCAVENGER != (int)SN_CLASS_SCAVENGER);
	if (edges_max < 2 || edges_max > 1 << 20 || flows_max < 2 || flows_max > 1 << 20)
		return -EINVAL;
	spin_lock_init(&sn_dispatcher.lock);
	INIT_LIST_HEAD(&sn_dispatcher.inflight);
	init_llist_head(&sn_dispatcher.done);
	init_waitqueue_head(&sn_dispatcher.idle);
	INIT_WORK(&sn_dispatcher.kick, sn_dispatcher_kick_work);
	INIT_DELAYED_WORK(&sn_dispatcher.overdue, sn_dispatcher_overdue_work);

	ret = -ENOMEM;
	sn_dispatcher.flows = kvcalloc(limits.flows, sizeof(*sn_dispatcher.flows), TABLE_GFP);
	if (!sn_dispatcher.flows)
		return ret;
	sn_dispatcher.lanes = kvcalloc(limits.paths, sizeof(*sn_dispatcher.lanes), TABLE_GFP);
	if (!sn_dispatcher.lanes)
		goto err_free_flows;
	mem = kvzalloc(sn_sched_bytes(&limits), TABLE_GFP);
	if (!mem)
		goto err_free_lanes;
	ret = sn_sched_init(mem, &limits, &sn_dispatcher.sched);
	if (ret)
		goto err_free_sched;
	ret = -ENOMEM;
	sn_dispatcher.wq = alloc_workqueue("supernode",
					   WQ_UNBOUND | WQ_HIGHPRI | WQ_MEM_RECLAIM, 0);
	if (!sn_dispatcher.wq)
		goto err_free_sched;
	return 0;

err_free_sched:
	kvfree(mem);
err_free_lanes:
	kvfree(sn_dispatcher.lanes);
err_free_flows:
	kvfree(sn_dispatcher.flows);
	return ret;
}

/**
 * sn_dispatcher_drain() - wait for works that look after slices
 *
 * They give up devices, so this comes before what stops devices is taken down.
 *
 * Context: Process, module unload; no transfer is left.
 */
void sn_dispatcher_drain(void)
{
	cancel_delayed_work_sync(&sn_dispatcher.overdue);
}

/**
 * sn_dispatcher_exit() - mirror of sn_dispatcher_init()
 *
 * Context: Process, module unload; no transfer and no edge is left.
 */
void sn_dispatcher_exit(void)
{
	destroy_workqueue(sn_dispatcher.wq);
	kvfree(sn_dispatcher.sched);
	kvfree(sn_dispatcher.lanes);
	kvfree(sn_dispatcher.flows);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dispatcher: asks core/sched what goes next, hands slices to engines, takes
 * their completions, aborts what must end. It knows flows and slices; when a
 * transfer has ended is transfer.c's.
 *
 * Locking: lock protects the scheduler, its tables and everything in struct
 * sn_slice that is not the backend's. It is taken in process context only and is
 * a leaf: backends are called without it. sn_copy_done() may come from any
 * context: it puts the slice on a lock-less list and pumps, itself where it may,
 * else by a work.
 *
 * A slice that submit() or abort() is running on is pinned: its completion is put
 * off until they return, so that the slot is not drawn again under them.
 *
 * Nothing here allocates once the module is loaded, since fences wait for it.
 */
#include <linux/dma-fence.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/math64.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include "device.h"
#include "dispatcher_state.h"
#include "event.h"
#include "flow.h"
#include "link.h"
#include "trace.h"
#include "transfer.h"

#define PUMP_BATCH	16
#define PUMP_TURNS	64
/* What one turn of the pump found out, for when the lock is dropped. */
struct turn {
	struct sn_slice *drawn[PUMP_BATCH];
	u32 ndrawn;
	struct list_head ended;		/* transfers whose last flow finished */
	struct list_head released;	/* orphans that came back */
};

static u64 now_ns(void)
{
	return ktime_get_ns();
}

static void count_hops(const struct sn_slice *slice, bool give, bool ok)
{
	const struct sn_path *path = slice->lane->path;
	const struct sn_stage *stage = &path->stages[slice->stage];
	s64 bytes = slice->copy.bytes;
	u32 i;

	lockdep_assert_held(&sn_dispatcher.lock);
	for (i = 0; i < stage->nhops; i++) {
		const struct sn_hop *hop = &path->hops[stage->first_hop + i];

		atomic64_add(give ? bytes : -bytes, &hop->link->inflight_bytes[hop->dir]);
		if (ok) {
			atomic64_add(bytes, &hop->link->bytes[hop->dir]);
			atomic64_inc(&hop->link->slices[hop->dir]);
		}
	}
}

/* The engine of @dev with most room; core/sched saw to it that there is some. */
static struct sn_engine *pick_engine(struct sn_device *dev)
{
	struct sn_engine *best = NULL;
	u64 best_load = U64_MAX;
	u32 i;

	lockdep_assert_held(&sn_dispatcher.lock);
	for (i = 0; i < dev->desc.nengines; i++) {
		struct sn_engine *engine = &dev->engines[i];
		u64 room = (u64)engine->desc.channels * engine->desc.depth;
		u64 load = div64_u64((u64)atomic_read(&engine->inflight) << 20, room);

		if (load < best_load) {
			best_load = load;
			best = engine;
		}
	}
	return best;
}

static void draw(const struct sn_sched_dispatch *dispatch, struct turn *turn)
{
	struct sn_lane *lane = sn_dispatcher.lanes[dispatch->path];
	struct sn_slice *slice = &lane->slices[dispatch->slot];
	struct sn_flow *flow = lane->flow;
	struct sn_transfer *t = flow->transfer;

	lockdep_assert_held(&sn_dispatcher.lock);
	if (dispatch->at_limit && flow->next_range + 1 < flow->nranges) {
		const struct sn_range *next = &flow->ranges[++flow->next_range];

		sn_sched_flow_limit(sn_dispatcher.sched, flow->index, next->start + next->bytes);
	}
	slice->handle = dispatch->slice;
	slice->stage = dispatch->stage;
	slice->engine = pick_engine(lane->engines[dispatch->stage]);
	slice->start_ns = now_ns();
	slice->pinned = true;
	slice->done_pending = false;
	slice->orphan = false;
	atomic_set(&slice->given, 1);
	sn_flow_fill_copy(lane, dispatch);
	atomic_inc(&slice->engine->inflight);
	atomic_inc(&slice->engine->dev->inflight);
	count_hops(slice, true, false);
	list_add_tail(&slice->inflight, &sn_dispatcher.inflight);
	sn_dispatcher.stats.slices++;
	if (!t->start_ns)
		WRITE_ONCE(t->start_ns, slice->start_ns);
	trace_sn_slice_dispatch(t->id, flow->number, lane - flow->lanes, slice->stage,
				dispatch->offset, dispatch->bytes, slice->engine->id);
	turn->drawn[turn->ndrawn++] = slice;
}

static void engine_return(struct sn_slice *slice, int status)
{
	struct sn_engine *engine = slice->engine;

	lockdep_assert_held(&sn_dispatcher.lock);
	if (status) {
		atomic64_inc(&engine->errors);
	} else {
		atomic64_add(slice->copy.bytes, &engine->bytes);
		atomic64_inc(&engine->copies);
	}
	atomic_dec(&engine->inflight);
	if (atomic_dec_and_test(&engine->dev->inflight))
		wake_up_all(&sn_dispatcher.idle);
}

static void reap(struct sn_slice *slice, struct turn *turn)
{
	struct sn_transfer *t = slice->lane->flow->transfer;
	int status = slice->status;
	bool retry;

	lockdep_assert_held(&sn_dispatcher.lock);
	/* No errno: core/sched would never let go of the slice, nor a fence take it. */
	if (WARN_ON_ONCE(status && !IS_ERR_VALUE((long)status)))
		status = -EIO;
	if (slice->pinned) {
		slice->done_pending = true;
		return;
	}
	engine_return(slice, status);
	if (slice->orphan) {
		sn_dispatcher.stats.quarantined_bytes -= slice->copy.bytes;
		list_add_tail(&slice->abort_node, &turn->released);
		return;
	}
	list_del_init(&slice->inflight);
	count_hops(slice, false, !status);
	trace_sn_slice_complete(t->id, slice->stage, slice->copy.bytes, slice->engine->id, status,
				now_ns() - slice->start_ns);
	retry = status && !READ_ONCE(t->cancel_status);
	if (retry)
		sn_dispatcher.stats.retries++;
	/* Its device goes, which matters only when there is no other way. */
	if (retry && (slice->copy.aborted || status == -ENODEV))
		status = -EHOSTUNREACH;
	sn_sched_complete(sn_dispatcher.sched, slice->handle, status, retry);
}

static void reap_all(struct turn *turn)
{
	struct llist_node *list = llist_reverse_order(llist_del_all(&sn_dispatcher.done));
	struct sn_slice *slice, *next;

	lockdep_assert_held(&sn_dispatcher.lock);
	llist_for_each_entry_safe(slice, next, list, done)
		reap(slice, turn);
}

static void collect_finished(struct turn *turn)
{
	struct sn_sched_flow_state state;
	struct sn_transfer *t;
	struct sn_flow *flow;
	int status;
	u32 index;

	lockdep_assert_held(&sn_dispatcher.lock);
	while (sn_sched_finished(sn_dispatcher.sched, &index, &status)) {
		flow = sn_dispatcher.flows[index];
		t = flow->transfer;
		sn_sched_flow_state(sn_dispatcher.sched, index, &state);
		WRITE_ONCE(t->done_bytes, t->done_bytes + state.done_bytes);
		__sn_dispatcher_forget(flow);
		if (status && !t->status) {
			t->status = status;
			/* What is left of it would only waste its links. */
			__sn_dispatcher_cancel_flows(t);
		}
		if (!--t->flows_left)
			list_add_tail(&t->ended, &turn->ended);
	}
}

static void call_abort(struct sn_slice *slice)
{
	struct sn_engine *engine = slice->engine;

	engine->dev->ops->abort(engine->dev->priv, engine->index, &slice->copy);
}

static void unpin(struct sn_slice *slice)
{
	lockdep_assert_held(&sn_dispatcher.lock);
	slice->pinned = false;
	if (!slice->done_pending)
		return;
	/* It may be pinned again before it is reaped: let nobody put it on the list twice. */
	slice->done_pending = false;
	llist_add(&slice->done, &sn_dispatcher.done);
}

/* Abort pinned slices, then let go of them. */
static void abort_pinned(struct list_head *aborts)
{
	struct sn_slice *slice, *next;

	list_for_each_entry(slice, aborts, abort_node)
		call_abort(slice);
	spin_lock(&sn_dispatcher.lock);
	list_for_each_entry_safe(slice, next, aborts, abort_node)
		unpin(slice);
	spin_unlock(&sn_dispatcher.lock);
}

static void submit(struct sn_slice *slice)
{
	struct sn_device *dev = slice->engine->dev;
	int ret;

	/*
	 * One that is being removed goes on until its edge is closed. One that is gone never copies
	 * again: close it first, or the slice uses up its attempts there before others take it.
	 */
	ret = test_bit(SN_DEVICE_LOST_BIT, &dev->flags) ? -ENODEV :
	      dev->ops->submit(dev->priv, slice->engine->index, &slice->copy);
	if (ret == -ENODEV) {
		/* Its backend may not have said so yet, and transfers that end now must know. */
		sn_device_lost(dev);
		sn_dispatcher_edge_set_up(dev->edge, false);
	}
	if (ret) {
		atomic_set(&slice->given, 0);
		slice->status = ret;
		llist_add(&slice->done, &sn_dispatcher.done);
	}
}

static void submit_all(struct turn *turn)
{
	LIST_HEAD(aborts);
	u32 i;

	if (!turn->ndrawn)
		return;
	for (i = 0; i < turn->ndrawn; i++)
		submit(turn->drawn[i]);
	spin_lock(&sn_dispatcher.lock);
	for (i = 0; i < turn->ndrawn; i++) {
		struct sn_slice *slice = turn->drawn[i];

		/* Who asked for an abort meanwhile found it pinned and left it to us. */
		if (slice->copy.aborted && !slice->done_pending)
			list_add_tail(&slice->abort_node, &aborts);
		else
			unpin(slice);
	}
	spin_unlock(&sn_dispatcher.lock);
	if (!list_empty(&aborts))
		abort_pinned(&aborts);
}

/* One turn: completions in, decisions out. True when there may be more to do. */
static bool pump_once(void)
{
	struct sn_sched_dispatch dispatch;
	struct turn turn = { .ndrawn = 0 };
	struct sn_slice *slice, *next;
	struct sn_transfer *t, *tnext;

	INIT_LIST_HEAD(&turn.ended);
	INIT_LIST_HEAD(&turn.released);
	spin_lock(&sn_dispatcher.lock);
	reap_all(&turn);
	while (turn.ndrawn < PUMP_BATCH && sn_sched_next(sn_dispatcher.sched, &dispatch))
		draw(&dispatch, &turn);
	collect_finished(&turn);
	spin_unlock(&sn_dispatcher.lock);

	submit_all(&turn);
	list_for_each_entry_safe(t, tnext, &turn.ended, ended)
		sn_transfer_end(t);
	list_for_each_entry_safe(slice, next, &turn.released, abort_node)
		sn_transfer_drop_resources(slice->lane->flow->transfer);
	return turn.ndrawn == PUMP_BATCH || !llist_empty(&sn_dispatcher.done);
}

/**
 * sn_dispatcher_pump() - take completions in and send slices out until nothing moves
 *
 * Or until it has gone on for long, and a work takes over.
 *
 * Context: Process, no lock held. Does not allocate.
 */
void sn_dispatcher_pump(void)
{
	bool cookie;
	u32 turns;

	might_sleep();
	lockdep_assert_not_held(&sn_dispatcher.lock);
	cookie = dma_fence_begin_signalling();
	for (turns = 0; pump_once(); turns++) {
		/* Others may bring work for ever, and the caller has something else to do. */
		if (turns < PUMP_TURNS)
			continue;
		queue_work(sn_dispatcher.wq, &sn_dispatcher.kick);
		break;
	}
	dma_fence_end_signalling(cookie);
}

/**
 * sn_dispatcher_kick_work() - pump for those who may not
 * @work: sn_dispatcher.kick
 *
 * Context: Workqueue.
 */
void sn_dispatcher_kick_work(struct work_struct *work)
{
	sn_dispatcher_pump();
}

/**
 * sn_copy_done() - a copy ended
 * @copy: that submit() accepted; the core's again from here on
 * @status: 0 when all its bytes are in place, -ECANCELED after an abort, or
 *	another negative errno
 *
 * Context: Any, with no lock held that submit() or abort() take. Exactly once per
 * accepted copy: a second time counts as an error of the engine and does nothing, as long as the
 * copy is still there and its slot has not been given out again.
 */
void sn_copy_done(struct sn_copy *copy, int status)
{
	struct sn_slice *slice = container_of(copy, struct sn_slice, copy);

	if (!atomic_xchg(&slice->given, 0)) {
		atomic64_inc(&slice->engine->errors);
		return;
	}
	slice->status = status;
	llist_add(&slice->done, &sn_dispatcher.done);
	/*
	 * submit() may sleep a little, so this must not pump under a spinlock of the backend's.
	 * That makes preemptible() false; on PREEMPT_RT it is a section of RCU's instead.
	 * Without a count of preemption preemptible() is false always, and the work does it.
	 */
	if (preemptible() && !rcu_preempt_depth())
		sn_dispatcher_pump();
	else
		queue_work(sn_dispatcher.wq, &sn_dispatcher.kick);
}
EXPORT_SYMBOL_GPL(sn_copy_done);

/* Ask engines to end slices early. Pinned ones are left to who pins them. */
static void abort_slices(struct sn_transfer *t, struct sn_device *dev)
{
	struct sn_slice *slice;
	LIST_HEAD(aborts);
	bool any = false;
	bool cookie;

	might_sleep();
	cookie = dma_fence_begin_signalling();
	spin_lock(&sn_dispatcher.lock);
	list_for_each_entry(slice, &sn_dispatcher.inflight, inflight) {
		if ((t && slice->lane->flow->transfer != t) ||
		    (dev && slice->engine->dev != dev) || slice->copy.aborted)
			continue;
		slice->abort_ns = now_ns();
		WRITE_ONCE(slice->copy.aborted, true);
		any = true;
		if (slice->pinned)
			continue;
		slice->pinned = true;
		list_add_tail(&slice->abort_node, &aborts);
	}
	spin_unlock(&sn_dispatcher.lock);

	abort_pinned(&aborts);
	if (any)
		queue_delayed_work(sn_dispatcher.wq, &sn_dispatcher.overdue,
				   nsecs_to_jiffies(SN_ABORT_LIMIT_NS) + 1);
	sn_dispatcher_pump();
	dma_fence_end_signalling(cookie);
}

/*
 * Give up an engine that did not confirm an abort in time: the transfer ends,
 * its buffers stay pinned until the engine lets go of the copy, if ever.
 */
static bool orphan(struct sn_slice *slice)
{
	lockdep_assert_held(&sn_dispatcher.lock);
	if (!slice->copy.aborted || slice->pinned ||
	    now_ns() - slice->abort_ns < SN_ABORT_LIMIT_NS)
		return false;
	slice->orphan = true;
	list_del_init(&slice->inflight);
	count_hops(slice, false, false);
	sn_dispatcher.stats.quarantined_bytes += slice->copy.bytes;
	sn_transfer_hold_resources(slice->lane->flow->transfer);
	sn_sched_complete(sn_dispatcher.sched, slice->handle, -EIO, false);
	/* Its place in the engine stays taken, which core/sched has just forgotten. */
	__sn_dispatcher_edge_set_up(slice->engine->dev->edge, false);
	return true;
}

/**
 * sn_dispatcher_overdue_work() - give up engines that did not confirm an abort
 * @work: sn_dispatcher.overdue
 *
 * Context: Workqueue.
 */
void sn_dispatcher_overdue_work(struct work_struct *work)
{
	struct sn_slice *slice, *next;
	struct sn_device *dev;
	bool waiting;
	u32 engine = 0;
	bool cookie;
	u64 id = 0;

	/* The fences of the later slices wait for all that is done here for the earlier ones. */
	cookie = dma_fence_begin_signalling();
	do {
		dev = NULL;
		waiting = false;
		spin_lock(&sn_dispatcher.lock);
		list_for_each_entry_safe(slice, next, &sn_dispatcher.inflight, inflight) {
			waiting |= slice->copy.aborted;
			if (!orphan(slice))
				continue;
			dev = sn_device_get(slice->engine->dev);
			engine = slice->engine->id;
			id = slice->lane->flow->transfer->id;
			break;
		}
		spin_unlock(&sn_dispatcher.lock);
		if (dev) {
			sn_dispatcher_pump();
			sn_event_fault(dev->id, engine, id, -EIO);
			sn_device_lost(dev);
			sn_device_put(dev);
		}
	} while (dev);
	if (waiting)
		queue_delayed_work(sn_dispatcher.wq, &sn_dispatcher.overdue, HZ / 10 + 1);
	dma_fence_end_signalling(cookie);
}

/**
 * sn_dispatcher_abort_transfer() - end early what engines have of a transfer in work
 * @t: held by the caller
 *
 * Context: Process. Does not wait.
 */
void sn_dispatcher_abort_transfer(struct sn_transfer *t)
{
	abort_slices(t, NULL);
}

/**
 * sn_dispatcher_abort_device() - end early what a device's engines have in work
 * @dev: held by the caller
 *
 * Context: Process. Does not wait.
 */
void sn_dispatcher_abort_device(struct sn_device *dev)
{
	abort_slices(NULL, dev);
}

/**
 * sn_dispatcher_wait_device() - wait until a device has no copy in its engines
 * @dev: held by the caller
 * @limit_ns: at most this long
 *
 * Context: Process, no lock held.
 * Return: true when it has none.
 */
bool sn_dispatcher_wait_device(struct sn_device *dev, u64 limit_ns)
{
	return wait_event_timeout(sn_dispatcher.idle, !atomic_read(&dev->inflight),
				  nsecs_to_jiffies(limit_ns) + 1);
}

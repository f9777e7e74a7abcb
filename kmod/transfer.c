// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a transfer that was accepted: waiting for its in-fences, running,
 * ending exactly once, giving its resources back. Building one is
 * transfer_build.c's, moving its bytes the dispatcher's.
 *
 * Locking: all_lock (a spinlock, leaf) protects the list of transfers that have
 * not released their resources. The flows' counters are under the dispatcher's
 * lock. A session's table has its own.
 *
 * References: the session's table and record hold one from submission until the
 * record is read; the resources hold one until they are released. Resources are
 * held by the run, and by every copy that an engine would not let go of.
 *
 * Between the publication of the out-fence and its signal nothing here allocates;
 * buffers are unpinned and flows freed by release_work, after the signal.
 */
#include <linux/dma-fence.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "buffer.h"
#include "device.h"
#include "dispatcher.h"
#include "event.h"
#include "flow.h"
#include "session.h"
#include "trace.h"
#include "transfer.h"

static unsigned int fence_limit_ms = 10000;
module_param(fence_limit_ms, uint, 0644);
MODULE_PARM_DESC(fence_limit_ms, "a published fence signals after this time at the latest");

struct sn_class_stats sn_class_stats[SN_CLASS_MAX + 1];

static DEFINE_SPINLOCK(all_lock);	/* protects all_transfers */
static LIST_HEAD(all_transfers);
static struct workqueue_struct *run_wq;		/* what fences wait for */
static struct workqueue_struct *release_wq;	/* what nobody waits for */

static void transfer_free(struct kref *ref)
{
	kfree(container_of(ref, struct sn_transfer, ref));
}

/**
 * sn_transfer_put() - drop a reference
 * @t: held by the caller
 *
 * Context: Process.
 */
void sn_transfer_put(struct sn_transfer *t)
{
	kref_put(&t->ref, transfer_free);
}

static void release_work(struct work_struct *work)
{
	struct sn_transfer *t = container_of(work, struct sn_transfer, release_work);
	struct sn_session *session = t->session;
	u32 i;

	for (i = 0; i < t->nin_fences; i++)
		if (t->in_fences[i].cb.func)
			dma_fence_remove_callback(t->in_fences[i].fence, &t->in_fences[i].cb);
	cancel_work_sync(&t->start_work);
	cancel_delayed_work_sync(&t->limit_work);
	sn_event_transfer(t->id, t->session_id, t->record.completion.status, t->done_bytes);

	spin_lock(&all_lock);
	list_del(&t->all);
	spin_unlock(&all_lock);
	sn_transfer_free_resources(t);
	atomic_dec(&session->live);
	wake_up(&session->wait);
	sn_session_put(session);
	sn_transfer_put(t);
}

static void resources_free(struct kref *resources)
{
	struct sn_transfer *t = container_of(resources, struct sn_transfer, resources);

	queue_work(release_wq, &t->release_work);
}

/**
 * sn_transfer_hold_resources() - keep buffers and flows past the end
 * @t: whose resources are held
 *
 * Context: Any.
 */
void sn_transfer_hold_resources(struct sn_transfer *t)
{
	kref_get(&t->resources);
}

/**
 * sn_transfer_drop_resources() - the mirror; the last drop releases them later
 * @t: whose resources the caller holds
 *
 * Context: Any.
 */
void sn_transfer_drop_resources(struct sn_transfer *t)
{
	kref_put(&t->resources, resources_free);
}

static void record_release(struct sn_record *record)
{
	struct sn_transfer *t = container_of(record, struct sn_transfer, record);

	xa_erase(t->table, t->id);
	sn_session_put(container_of(t->table, struct sn_session, transfers));
	sn_transfer_put(t);
}

static void count(const struct sn_transfer *t)
{
	struct sn_class_stats *stats = &sn_class_stats[t->class];

	if (t->record.completion.status)
		atomic64_inc(&stats->failed);
	else
		atomic64_inc(&stats->completed);
	atomic64_add(t->done_bytes, &stats->bytes);
	atomic64_add((t->start_ns ?: t->end_ns) - t->submit_ns, &stats->queue_ns);
	atomic64_add(t->end_ns - t->submit_ns, &stats->total_ns);
}

/* Is a device that it reads or writes gone? */
static bool lost_an_end(const struct sn_transfer *t)
{
	u32 i;

	for (i = 0; i < 2 * t->nsegments; i++) {
		const struct sn_device *dev = sn_buffer_device(t->ends[i].buffer);

		/* Lost comes first, and then the rest of it. */
		if (test_bit(SN_DEVICE_LOST_BIT, &dev->flags) ||
		    READ_ONCE(dev->state) == SN_DEVICE_STATE_DEAD)
			return true;
	}
	return false;
}

/**
 * sn_transfer_end() - the last flow finished
 * @t: on nobody's list any more
 *
 * Context: Process, in the fence signalling section. Exactly once per transfer.
 */
void sn_transfer_end(struct sn_transfer *t)
{
	struct sn_completion *c = &t->record.completion;
	int status = READ_ONCE(t->cancel_status) ?: t->status;

	/* All bytes arrived before the cancel took hold: then it did not. */
	if (t->done_bytes == t->bytes)
		status = 0;
	/* A dying device's edges close before sn_transfers_cancel_device() gets here. */
	if (status == -EHOSTUNREACH && lost_an_end(t))
		status = -ENODEV;
	t->end_ns = ktime_get_ns();
	c->type = SN_COMPLETION_TYPE_TRANSFER;
	c->id = t->id;
	c->bytes = t->done_bytes;
	c->submit_ns = t->submit_ns;
	c->start_ns = t->start_ns;
	c->end_ns = t->end_ns;
	c->status = status;
	count(t);
	trace_sn_transfer_complete(t->id, status, t->done_bytes,
				   (t->start_ns ?: t->end_ns) - t->submit_ns,
				   t->end_ns - t->submit_ns);
	/* Pairs with sn_transfer_state(): who sees it done sees how. */
	smp_store_release(&t->done, true);
	if (t->out_fence) {
		if (status)
			dma_fence_set_error(t->out_fence, status);
		dma_fence_signal(t->out_fence);
	}
	sn_session_post(t->session, &t->record);
	sn_transfer_drop_resources(t);
}

/**
 * sn_transfer_state() - where it stands
 * @t: held by the caller
 *
 * Context: Any.
 * Return: its state as of now.
 */
enum sn_transfer_state sn_transfer_state(const struct sn_transfer *t)
{
	/* Pairs with sn_transfer_end(): status and times stand. */
	if (smp_load_acquire(&t->done))
		return SN_TRANSFER_STATE_DONE;
	if (READ_ONCE(t->start_ns))
		return SN_TRANSFER_STATE_RUNNING;
	return READ_ONCE(t->started) ? SN_TRANSFER_STATE_QUEUED : SN_TRANSFER_STATE_WAITING;
}

/* A fence waits for it: called in a signalling section. */
static void start(struct sn_transfer *t)
{
	int status;
	u32 i;

	for (i = 0; i < t->nin_fences; i++) {
		status = dma_fence_get_status(t->in_fences[i].fence);
		if (status < 0) {
			sn_transfer_cancel(t, status);
			return;
		}
	}
	sn_dispatcher_start(t);
}

static void start_work(struct work_struct *work)
{
	bool cookie = dma_fence_begin_signalling();

	start(container_of(work, struct sn_transfer, start_work));
	dma_fence_end_signalling(cookie);
}

static void limit_work(struct work_struct *work)
{
	struct sn_transfer *t = container_of(to_delayed_work(work), struct sn_transfer, limit_work);
	bool cookie = dma_fence_begin_signalling();

	sn_transfer_cancel(t, -ETIMEDOUT);
	dma_fence_end_signalling(cookie);
}

static void in_fence_signalled(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	struct sn_in_fence *in = container_of(cb, struct sn_in_fence, cb);

	if (atomic_dec_and_test(&in->transfer->fences_left))
		queue_work(run_wq, &in->transfer->start_work);
}

/* True when all have signalled already. */
static bool arm_in_fences(struct sn_transfer *t)
{
	u32 i;

	atomic_set(&t->fences_left, t->nin_fences + 1);
	for (i = 0; i < t->nin_fences; i++)
		if (dma_fence_add_callback(t->in_fences[i].fence, &t->in_fences[i].cb,
					   in_fence_signalled))
			atomic_dec(&t->fences_left);
	return atomic_dec_and_test(&t->fences_left);
}

/**
 * sn_transfer_accept() - give a transfer its place; it can still be discarded
 * @t: from sn_transfer_new()
 * @extack: for the refusal's sentence
 *
 * Context: Process.
 * Return: 0, or -EAGAIN, -ESTALE, -ENOMEM with nothing changed.
 */
int sn_transfer_accept(struct sn_transfer *t, struct netlink_ext_ack *extack)
{
	struct sn_session *session = t->session;
	int ret;

	might_sleep();
	ret = sn_session_reserve(session, extack);
	if (ret)
		return ret;
	kref_init(&t->ref);
	kref_init(&t->resources);
	INIT_WORK(&t->start_work, start_work);
	INIT_WORK(&t->release_work, release_work);
	INIT_DELAYED_WORK(&t->limit_work, limit_work);
	t->record.release = record_release;
	t->table = &session->transfers;
	ret = xa_reserve(&session->transfers, t->id, GFP_KERNEL_ACCOUNT);
	if (ret)
		goto err_unreserve;
	ret = sn_dispatcher_add(t, extack);
	if (ret)
		goto err_release_id;
	return 0;

err_release_id:
	xa_release(&session->transfers, t->id);
err_unreserve:
	sn_session_unreserve(session);
	return ret;
}

/**
 * sn_transfer_discard() - undo sn_transfer_new() and, if it was, the accept
 * @t: never submitted
 * @accepted: sn_transfer_accept() succeeded
 *
 * Context: Process.
 */
void sn_transfer_discard(struct sn_transfer *t, bool accepted)
{
	if (accepted) {
		sn_dispatcher_remove(t);
		xa_release(&t->session->transfers, t->id);
		sn_session_unreserve(t->session);
	}
	sn_transfer_free_resources(t);
	kfree(t);
}

/**
 * sn_transfer_submit() - let it run; nothing can fail any more
 * @t: accepted
 *
 * Context: Process, the session's file held.
 */
void sn_transfer_submit(struct sn_transfer *t)
{
	struct sn_session *session = t->session;
	bool cookie;

	/* The fence is published: nothing allocates from here to its signal. */
	might_sleep();
	cookie = dma_fence_begin_signalling();
	t->submit_ns = ktime_get_ns();
	kref_get(&t->ref);		/* the caller's, for the length of this call */
	kref_get(&t->ref);		/* the resources' */
	/* From the next lines on a cancel finds it and may end it: they must outlive this call. */
	sn_transfer_hold_resources(t);
	sn_session_get(session);	/* the table's */
	sn_session_get(session);	/* the resources' */
	atomic_inc(&session->live);
	atomic64_inc(&sn_class_stats[t->class].submitted);
	xa_store(&session->transfers, t->id, t, 0);
	spin_lock(&all_lock);
	list_add_tail(&t->all, &all_transfers);
	spin_unlock(&all_lock);
	trace_sn_transfer_submit(t->id, t->session_id, t->class, t->bytes, t->nsegments,
				 t->nflows);
	if (t->out_fence)
		queue_delayed_work(run_wq, &t->limit_work, msecs_to_jiffies(fence_limit_ms));
	if (arm_in_fences(t))
		start(t);
	sn_transfer_drop_resources(t);
	sn_transfer_put(t);
	dma_fence_end_signalling(cookie);
}

/**
 * sn_transfer_find() - by id, within a session
 * @session: held by the caller
 * @id: of the transfer
 *
 * Context: Process.
 * Return: the transfer, referenced, or NULL when it is unknown or its completion was read.
 */
struct sn_transfer *sn_transfer_find(struct sn_session *session, u64 id)
{
	struct sn_transfer *t;

	xa_lock(&session->transfers);
	t = xa_load(&session->transfers, id);
	if (t)
		kref_get(&t->ref);
	xa_unlock(&session->transfers);
	return t;
}

/**
 * sn_transfer_next() - the unreleased transfer with the lowest id from @id on
 * @id: where to begin
 *
 * Context: Process.
 * Return: the transfer, referenced, or NULL.
 */
struct sn_transfer *sn_transfer_next(u64 id)
{
	struct sn_transfer *t, *best = NULL;

	spin_lock(&all_lock);
	list_for_each_entry(t, &all_transfers, all)
		if (t->id >= id && (!best || t->id < best->id))
			best = t;
	if (best)
		kref_get(&best->ref);
	spin_unlock(&all_lock);
	return best;
}

/**
 * sn_transfer_cancel() - end it early
 * @t: held by the caller; may have ended
 * @status: for the completion unless it has one; negative errno
 *
 * Context: Process. Does not wait.
 */
void sn_transfer_cancel(struct sn_transfer *t, int status)
{
	cmpxchg(&t->cancel_status, 0, status);
	sn_dispatcher_cancel(t);
}

static bool touches(const struct sn_transfer *t, const struct sn_device *dev)
{
	u32 i;

	for (i = 0; i < t->nflows; i++)
		if (t->flows[i]->src == dev->id || t->flows[i]->dst == dev->id)
			return true;
	return false;
}

/* An uncancelled one of @session or one that touches @dev; referenced. */
static struct sn_transfer *find_victim(const struct sn_session *session,
				       const struct sn_device *dev)
{
	struct sn_transfer *t;

	spin_lock(&all_lock);
	list_for_each_entry(t, &all_transfers, all) {
		if (READ_ONCE(t->cancel_status) || READ_ONCE(t->done))
			continue;
		if (session ? t->session == session : touches(t, dev)) {
			kref_get(&t->ref);
			spin_unlock(&all_lock);
			return t;
		}
	}
	spin_unlock(&all_lock);
	return NULL;
}

static void cancel_all(const struct sn_session *session, const struct sn_device *dev, int status)
{
	struct sn_transfer *t;

	while ((t = find_victim(session, dev))) {
		sn_transfer_cancel(t, status);
		sn_transfer_put(t);
	}
}

/**
 * sn_transfers_cancel_session() - cancel what a closing session has left
 * @session: held by the caller
 *
 * Context: Process. Does not wait.
 */
void sn_transfers_cancel_session(struct sn_session *session)
{
	cancel_all(session, NULL, -ECANCELED);
}

/**
 * sn_transfers_cancel_device() - end all that a dying device takes part in
 * @dev: DEAD already, so that nothing new begins
 *
 * Transfers from and to its memory end with -ENODEV; others that its engines work
 * for are sent another way. Waits for its engines, bounded by twice
 * SN_ABORT_LIMIT_NS: an engine that has not let go then never will.
 *
 * Context: Process, no lock held.
 */
void sn_transfers_cancel_device(struct sn_device *dev)
{
	might_sleep();
	cancel_all(NULL, dev, -ENODEV);
	sn_dispatcher_abort_device(dev);
	sn_dispatcher_wait_device(dev, 2 * SN_ABORT_LIMIT_NS);
	flush_workqueue(release_wq);
}

/**
 * sn_transfer_fence_limit_ns() - how long a published fence may take
 *
 * Context: Any.
 * Return: nanoseconds.
 */
u64 sn_transfer_fence_limit_ns(void)
{
	return (u64)READ_ONCE(fence_limit_ms) * NSEC_PER_MSEC;
}

/**
 * sn_transfer_init() - make the workqueues
 *
 * Context: Process, module load.
 * Return: 0 or -ENOMEM.
 */
int sn_transfer_init(void)
{
	run_wq = alloc_workqueue("supernode-run", WQ_UNBOUND | WQ_HIGHPRI | WQ_MEM_RECLAIM, 0);
	if (!run_wq)
		return -ENOMEM;
	release_wq = alloc_workqueue("supernode-release", WQ_UNBOUND, 0);
	if (!release_wq) {
		destroy_workqueue(run_wq);
		return -ENOMEM;
	}
	return 0;
}

/**
 * sn_transfer_exit() - mirror of sn_transfer_init()
 *
 * Context: Process, module unload. Every transfer held a file of the module's, so
 * none is left but for works that are about to return.
 */
void sn_transfer_exit(void)
{
	destroy_workqueue(run_wq);
	destroy_workqueue(release_wq);
}

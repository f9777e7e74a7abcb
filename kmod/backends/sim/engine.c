// SPDX-License-Identifier: GPL-2.0-only
/*
 * A modelled copy engine: real bytes, stated time.
 *
 * Responsible for the channels (one kernel thread each), for moving the bytes,
 * for ending each copy no earlier than the model says, and for the faults that
 * the knobs ask for. Not responsible for setting the knobs (knobs.c).
 *
 * The model, in CLOCK_MONOTONIC ns, for each channel by itself:
 *
 *	start = max(end of the channel's previous copy, submission)
 *	end   = start + bytes / bytes_per_sec * slow_percent / 100 + latency + late
 *
 * Both are model time, so that waking up late does not add up from copy to copy.
 * A machine whose memcpy is slower than the model ends copies later than that.
 *
 * Lock: sn_sim_engine.lock, a leaf, for the lists and each channel's copy.
 */
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "sim.h"

/* Slices last tens of microseconds; the default slack of 50 us would bury the model. */
#define SLACK_NS	1000
/* What late_nth adds to a copy. */
#define LATE_NS		(100ULL * NSEC_PER_MSEC)

/**
 * struct channel - a thread that does one copy at a time
 * @engine: that it is of
 * @task: the thread
 * @copy: in work, or NULL; under the engine's lock
 * @free_ns: model time at which its last copy ended; its own
 */
struct channel {
	struct sn_sim_engine *engine;
	struct task_struct *task;
	struct sn_copy *copy;
	u64 free_ns;
};

/**
 * struct sn_sim_engine - channels, and what waits for them
 * @sim: the device
 * @bytes_per_sec: of one channel
 * @latency_ns: of one copy
 * @lock: protects the lists and channel.copy; never held while copying or
 *	completing
 * @queued: copies to do, first in first out
 * @aborted: copies that nobody started and that only need to be ended
 * @work: channels with nothing to do, woken one per copy
 * @nchannels: started
 * @channels: the channels
 */
struct sn_sim_engine {
	struct sn_sim_device *sim;
	u64 bytes_per_sec;
	u64 latency_ns;
	spinlock_t lock;		/* a leaf */
	struct list_head queued;
	struct list_head aborted;
	wait_queue_head_t work;
	u32 nchannels;
	struct channel channels[];
};

enum fault { FAULT_NONE, FAULT_FAIL, FAULT_HANG, FAULT_LATE };

static u64 *submit_ns(struct sn_copy *copy)
{
	return &copy->backend_data[0];
}

static void end_copy(struct sn_sim_device *sim, struct sn_copy *copy, int status)
{
	atomic64_inc(&sim->copies);
	if (status)
		atomic64_inc(&sim->errors);
	else
		atomic64_add(copy->bytes, &sim->bytes);
	sn_copy_done(copy, status);
}

static struct sn_copy *take(struct list_head *list)
{
	struct sn_copy *copy = list_first_entry_or_null(list, struct sn_copy, node);

	if (copy)
		list_del_init(&copy->node);
	return copy;
}

/*
 * Ends what was aborted while queued. Every channel does it whenever it is
 * awake, a hanging one too: such a copy must not wait for those before it.
 */
static void end_aborted(struct sn_sim_engine *engine)
{
	struct sn_copy *copy;

	do {
		spin_lock(&engine->lock);
		copy = take(&engine->aborted);
		spin_unlock(&engine->lock);
		if (copy)
			end_copy(engine->sim, copy, -ECANCELED);
	} while (copy);
}

/* Counts down to 0 and is true on the step that gets there. */
static bool countdown(atomic_t *nth)
{
	return atomic_dec_if_positive(nth) == 0;
}

/* A device that is pulled out is so between two steps of a copy. */
static void step(struct sn_sim_device *sim)
{
	if (countdown(&sim->knobs.vanish_nth))
		sn_sim_vanish(sim);
}

static enum fault next_fault(struct sn_sim_device *sim)
{
	struct sn_sim_knobs *knobs = &sim->knobs;
	u64 number = atomic64_inc_return(&sim->started);
	u32 every = READ_ONCE(knobs->fail_every);

	if (countdown(&knobs->hang_nth))
		return FAULT_HANG;
	if (countdown(&knobs->late_nth))
		return FAULT_LATE;
	if (countdown(&knobs->fail_nth))
		return FAULT_FAIL;
	if (every && !(number % every))
		return FAULT_FAIL;
	return FAULT_NONE;
}

/* Both factors of each product are bounded, see SN_SIM_COPY_MAX_NS. */
static u64 duration_ns(const struct sn_sim_engine *engine, u32 bytes)
{
	const struct sn_sim_knobs *knobs = &engine->sim->knobs;
	u64 ns = mul_u64_u64_div_u64(bytes, NSEC_PER_SEC, engine->bytes_per_sec);

	ns = min(ns, SN_SIM_COPY_MAX_NS);
	ns = mul_u64_u64_div_u64(ns, READ_ONCE(knobs->slow_percent), 100);
	ns = min(ns, SN_SIM_COPY_MAX_NS);
	return ns + engine->latency_ns + READ_ONCE(knobs->late_ns);
}

/* Sleeps until @end_ns or an abort; true if it was the abort. */
static bool sleep_until(struct channel *channel, struct sn_copy *copy, u64 end_ns)
{
	ktime_t end = ns_to_ktime(end_ns);

	for (;;) {
		end_aborted(channel->engine);
		/* Asleep first, then the look: pairs with wake_up_process() after an abort. */
		set_current_state(TASK_IDLE);
		if (READ_ONCE(copy->aborted) || ktime_get_ns() >= end_ns)
			break;
		if (list_empty_careful(&channel->engine->aborted))
			schedule_hrtimeout_range(&end, SLACK_NS, HRTIMER_MODE_ABS);
		__set_current_state(TASK_RUNNING);
	}
	__set_current_state(TASK_RUNNING);
	return READ_ONCE(copy->aborted);
}

static void hang(struct channel *channel, struct sn_copy *copy)
{
	const struct sn_sim_knobs *knobs = &channel->engine->sim->knobs;

	for (;;) {
		end_aborted(channel->engine);
		set_current_state(TASK_IDLE);
		if (READ_ONCE(copy->aborted) && !READ_ONCE(knobs->ignore_abort))
			break;
		if (list_empty_careful(&channel->engine->aborted))
			schedule();
		__set_current_state(TASK_RUNNING);
	}
	__set_current_state(TASK_RUNNING);
}

/* Nothing is written to the destination once this has returned. */
static int do_copy(struct channel *channel, struct sn_copy *copy)
{
	struct sn_sim_engine *engine = channel->engine;
	struct sn_sim_device *sim = engine->sim;
	enum fault fault = next_fault(sim);
	int err = 0;

	if (fault == FAULT_HANG) {
		hang(channel, copy);
		channel->free_ns = ktime_get_ns();
		return -ECANCELED;
	}

	channel->free_ns = max(channel->free_ns, *submit_ns(copy)) +
			   duration_ns(engine, copy->bytes);
	if (fault == FAULT_LATE)
		channel->free_ns += LATE_NS;
	if (fault != FAULT_FAIL)
		err = sn_copy_by_cpu(copy);
	if (!err && sleep_until(channel, copy, channel->free_ns)) {
		channel->free_ns = ktime_get_ns();
		err = -ECANCELED;
	}
	if (!err && fault == FAULT_FAIL)
		err = READ_ONCE(sim->knobs.fail_status);
	return err;
}

static struct sn_copy *begin(struct channel *channel)
{
	struct sn_sim_engine *engine = channel->engine;

	spin_lock(&engine->lock);
	channel->copy = take(&engine->queued);
	spin_unlock(&engine->lock);
	return channel->copy;
}

/*
 * A channel signals the end of its copy. The copy is forgotten before it ends, since it may be gone
 * afterwards; a second signal finds none and goes no further.
 */
static void signal_end(struct channel *channel, int status)
{
	struct sn_sim_engine *engine = channel->engine;
	struct sn_copy *copy;

	spin_lock(&engine->lock);
	copy = channel->copy;
	channel->copy = NULL;
	spin_unlock(&engine->lock);
	if (copy)
		end_copy(engine->sim, copy, status);
	else
		atomic64_inc(&engine->sim->duplicates);
}

static void work_on(struct channel *channel, struct sn_copy *copy)
{
	struct sn_sim_device *sim = channel->engine->sim;
	int status;

	step(sim);
	status = do_copy(channel, copy);
	step(sim);
	signal_end(channel, status);
	if (countdown(&sim->knobs.duplicate_nth))
		signal_end(channel, status);
	step(sim);
}

/* Looks without the lock; begin() decides, and the wait queue orders the look. */
static bool have_work(const struct sn_sim_engine *engine)
{
	return !list_empty_careful(&engine->aborted) || !list_empty_careful(&engine->queued);
}

static int channel_main(void *data)
{
	struct channel *channel = data;
	struct sn_sim_engine *engine = channel->engine;
	struct sn_copy *copy;

	while (!kthread_should_stop()) {
		wait_event_idle_exclusive(engine->work,
					  have_work(engine) || kthread_should_stop());
		end_aborted(engine);
		while ((copy = begin(channel))) {
			work_on(channel, copy);
			end_aborted(engine);
			cond_resched();
		}
	}
	return 0;
}

static int sim_submit(void *priv, u32 index, struct sn_copy *copy)
{
	struct sn_sim_device *sim = priv;
	struct sn_sim_engine *engine = sim->engines[index];

	step(sim);
	if (READ_ONCE(sim->vanished))
		return -ENODEV;
	*submit_ns(copy) = ktime_get_ns();
	spin_lock(&engine->lock);
	list_add_tail(&copy->node, &engine->queued);
	spin_unlock(&engine->lock);
	wake_up(&engine->work);
	return 0;
}

/* The copy may have ended already, so it is compared with and not looked into. */
static void sim_abort(void *priv, u32 index, struct sn_copy *copy)
{
	struct sn_sim_device *sim = priv;
	struct sn_sim_engine *engine = sim->engines[index];
	struct sn_copy *queued;

	spin_lock(&engine->lock);
	list_for_each_entry(queued, &engine->queued, node) {
		if (queued == copy) {
			list_move_tail(&copy->node, &engine->aborted);
			break;
		}
	}
	spin_unlock(&engine->lock);
	sn_sim_engine_wake(engine);
}

const struct sn_device_ops sn_sim_ops = {
	.owner = THIS_MODULE,
	.submit = sim_submit,
	.abort = sim_abort,
};

/**
 * sn_sim_engine_wake - have all channels look at their copies and the lists again
 * @engine: of the device
 *
 * Context: Any context that may take a spinlock.
 */
void sn_sim_engine_wake(struct sn_sim_engine *engine)
{
	u32 i;

	wake_up_all(&engine->work);
	for (i = 0; i < engine->nchannels; i++)
		wake_up_process(engine->channels[i].task);
}

/**
 * sn_sim_engine_start - start a modelled engine
 * @sim: the device it is of
 * @index: in the description
 * @desc: checked by the backend's check()
 *
 * Context: Process context.
 * Return: the engine, or an ERR_PTR() with nothing started.
 */
struct sn_sim_engine *sn_sim_engine_start(struct sn_sim_device *sim, u32 index,
					  const struct sn_device_desc *desc)
{
	const struct sn_engine_desc *stated = &desc->engines[index];
	struct sn_sim_engine *engine;

	engine = kzalloc(struct_size(engine, channels, stated->channels), GFP_KERNEL);
	if (!engine)
		return ERR_PTR(-ENOMEM);
	engine->sim = sim;
	engine->bytes_per_sec = stated->bytes_per_sec;
	engine->latency_ns = stated->latency_ns;
	spin_lock_init(&engine->lock);
	INIT_LIST_HEAD(&engine->queued);
	INIT_LIST_HEAD(&engine->aborted);
	init_waitqueue_head(&engine->work);

	while (engine->nchannels < stated->channels) {
		struct channel *channel = &engine->channels[engine->nchannels];
		struct task_struct *task;

		channel->engine = engine;
		task = kthread_create_on_node(channel_main, channel, desc->node, "%s/%u.%u",
					      desc->name, index, engine->nchannels);
		if (IS_ERR(task)) {
			sn_sim_engine_stop(engine);
			return ERR_CAST(task);
		}
		channel->task = task;
		engine->nchannels++;
		wake_up_process(task);
	}
	return engine;
}

/**
 * sn_sim_engine_stop - stop an engine's channels and free it
 * @engine: no copy is left in it and none can come
 *
 * Context: Process context. Waits for the channels.
 */
void sn_sim_engine_stop(struct sn_sim_engine *engine)
{
	u32 i;

	for (i = 0; i < engine->nchannels; i++)
		kthread_stop(engine->channels[i].task);
	kfree(engine);
}

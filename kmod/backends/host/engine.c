// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine of a NUMA node: a queue, and CPU workers that take copies from it.
 *
 * Responsible for the workers and for every accepted copy ending in exactly one
 * sn_copy_done(), from a worker. Not responsible for moving the bytes
 * (sn_copy_by_cpu() does) or for what a device is.
 *
 * Lock: sn_host_engine.lock, a leaf, for the lists only.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/topology.h>

#include "host.h"

static struct sn_copy *take(struct list_head *list)
{
	struct sn_copy *copy = list_first_entry_or_null(list, struct sn_copy, node);

	if (copy)
		list_del_init(&copy->node);
	return copy;
}

/* The next copy to end (*@aborted) or to do, or NULL. */
static struct sn_copy *next_copy(struct sn_host_engine *engine, bool *aborted)
{
	struct sn_copy *copy;

	spin_lock(&engine->lock);
	copy = take(&engine->aborted);
	*aborted = copy;
	if (!copy)
		copy = take(&engine->queued);
	spin_unlock(&engine->lock);
	return copy;
}

/* Looks without the lock; next_copy() decides, and the wait queue orders the look. */
static bool have_work(const struct sn_host_engine *engine)
{
	return !list_empty_careful(&engine->aborted) || !list_empty_careful(&engine->queued);
}

static int worker(void *data)
{
	struct sn_host_engine *engine = data;
	struct sn_copy *copy;
	bool aborted;

	while (!kthread_should_stop()) {
		wait_event_idle_exclusive(engine->work,
					  have_work(engine) || kthread_should_stop());
		while ((copy = next_copy(engine, &aborted))) {
			sn_copy_done(copy, aborted ? -ECANCELED : sn_copy_by_cpu(copy));
			cond_resched();
		}
	}
	return 0;
}

static int host_submit(void *priv, u32 index, struct sn_copy *copy)
{
	struct sn_host_node *host = priv;
	struct sn_host_engine *engine = &host->engine;

	spin_lock(&engine->lock);
	list_add_tail(&copy->node, &engine->queued);
	spin_unlock(&engine->lock);
	wake_up(&engine->work);
	return 0;
}

/* A copy in work sees its flag by itself. One that waits is known by being in the list. */
static void host_abort(void *priv, u32 index, struct sn_copy *copy)
{
	struct sn_host_node *host = priv;
	struct sn_host_engine *engine = &host->engine;
	struct sn_copy *queued;

	spin_lock(&engine->lock);
	list_for_each_entry(queued, &engine->queued, node) {
		if (queued == copy) {
			list_move_tail(&copy->node, &engine->aborted);
			break;
		}
	}
	spin_unlock(&engine->lock);
	wake_up(&engine->work);
}

const struct sn_device_ops sn_host_ops = {
	.owner = THIS_MODULE,
	.submit = host_submit,
	.abort = host_abort,
};

/**
 * sn_host_engine_start - start an engine's workers
 * @engine: to initialise
 * @node: its node, for the workers' names
 * @worker_node: with CPUs, where the workers run
 * @channels: how many, 1 to SN_HOST_CHANNELS_MAX
 *
 * Context: Process context.
 * Return: 0, or a negative errno with nothing started.
 */
int sn_host_engine_start(struct sn_host_engine *engine, int node, int worker_node, u32 channels)
{
	spin_lock_init(&engine->lock);
	INIT_LIST_HEAD(&engine->queued);
	INIT_LIST_HEAD(&engine->aborted);
	init_waitqueue_head(&engine->work);
	engine->nworkers = 0;

	while (engine->nworkers < channels) {
		struct task_struct *task;

		task = kthread_create_on_node(worker, engine, worker_node, "sn_host/%d.%u",
					      node, engine->nworkers);
		if (IS_ERR(task)) {
			sn_host_engine_stop(engine);
			return PTR_ERR(task);
		}
		engine->workers[engine->nworkers++] = task;
		/* Fails only if the CPUs went away just now; then anywhere will do. */
		set_cpus_allowed_ptr(task, cpumask_of_node(worker_node));
		wake_up_process(task);
	}
	return 0;
}

/**
 * sn_host_engine_stop - stop an engine's workers
 * @engine: started; no copy is left in it and none can come
 *
 * Context: Process context. Waits for the workers.
 */
void sn_host_engine_stop(struct sn_host_engine *engine)
{
	while (engine->nworkers)
		kthread_stop(engine->workers[--engine->nworkers]);
}

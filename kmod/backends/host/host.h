/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SN_HOST_H
#define _SN_HOST_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/supernode.h>
#include <linux/wait.h>

struct task_struct;

#define SN_HOST_CHANNELS_MAX	16

/**
 * struct sn_host_engine - CPU workers that copy, and what waits for them
 * @lock: protects the two lists; never held while copying or completing
 * @queued: copies to do, first in first out
 * @aborted: copies that nobody started and that only need to be ended
 * @work: workers with nothing to do, woken one per copy
 * @nworkers: started
 * @workers: one per channel
 */
struct sn_host_engine {
	spinlock_t lock;		/* a leaf */
	struct list_head queued;
	struct list_head aborted;
	wait_queue_head_t work;
	u32 nworkers;
	struct task_struct *workers[SN_HOST_CHANNELS_MAX];
};

extern const struct sn_device_ops sn_host_ops;

int sn_host_engine_start(struct sn_host_engine *engine, int node, int worker_node, u32 channels);
void sn_host_engine_stop(struct sn_host_engine *engine);

/**
 * struct sn_host_node - a NUMA node as a device
 * @list: in the module's list
 * @node: its number
 * @dev: registered as
 * @engine: what copies for it
 */
struct sn_host_node {
	struct list_head list;
	int node;
	struct sn_device *dev;
	struct sn_host_engine engine;
};

struct sn_host_node *sn_host_node_add(int node);
void sn_host_node_remove(struct sn_host_node *host);
int sn_host_link(const struct sn_host_node *a, const struct sn_host_node *b);

#endif /* _SN_HOST_H */

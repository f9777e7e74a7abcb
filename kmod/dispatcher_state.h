/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The dispatcher's state, for its files alone: dispatcher.c (slices in flight)
 * and dispatcher_table.c (edges and flows).
 */
#ifndef _SN_DISPATCHER_STATE_H
#define _SN_DISPATCHER_STATE_H

#include <linux/list.h>
#include <linux/llist.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "core/sched.h"
#include "dispatcher.h"

struct sn_flow;
struct sn_lane;

/**
 * struct sn_dispatcher - the one dispatcher
 * @lock: protects all but @done, and what struct sn_slice says; taken in process
 *	context only, a leaf
 * @sched: core/sched
 * @flows: by core/sched's flow index
 * @lanes: by core/sched's path index
 * @inflight: slices given to engines
 * @done: slices that backends are done with; lock-less
 * @stats: counters
 * @idle: woken when a device has no copy left in its engines
 * @wq: runs @kick and @overdue
 * @kick: pumps for those who may not
 * @overdue: looks for aborts that were not confirmed
 */
struct sn_dispatcher {
	spinlock_t lock;		/* see @lock above */
	struct sn_sched *sched;
	struct sn_flow **flows;
	struct sn_lane **lanes;
	struct list_head inflight;
	struct llist_head done;
	struct sn_dispatcher_stats stats;
	wait_queue_head_t idle;
	struct workqueue_struct *wq;
	struct work_struct kick;
	struct delayed_work overdue;
};

extern struct sn_dispatcher sn_dispatcher;

void sn_dispatcher_pump(void);
void sn_dispatcher_abort_transfer(struct sn_transfer *transfer);
void sn_dispatcher_kick_work(struct work_struct *work);
void sn_dispatcher_overdue_work(struct work_struct *work);
void __sn_dispatcher_forget(struct sn_flow *flow);
void __sn_dispatcher_cancel_flows(struct sn_transfer *transfer);
void __sn_dispatcher_edge_set_up(u32 edge, bool up);

#endif /* _SN_DISPATCHER_STATE_H */

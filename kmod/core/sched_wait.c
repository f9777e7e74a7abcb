// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Who waits where: parks paths and slices on edges, and keeps the ready lists true.
 *
 * A waiter is parked on an edge that is full, or, when none of its stage's edges is, on the first
 * of them: that queue is then ready. It never holds room on one edge while it waits for another.
 * No lock: the caller serialises.
 */
#include "sched_state.h"

static u32 waiter_class(const struct sn_sched *s, u32 waiter)
{
	u32 flow;

	if (waiter < s->limits.paths)
		flow = sn_sched_path(s, waiter)->flow;
	else
		flow = sn_sched_piece(s, waiter - s->limits.paths)->flow;
	return sn_sched_flow(s, flow)->klass;
}

/**
 * sn_sched_edge_update() - put an edge's queues on the ready lists, or take them off
 * @s: the scheduler
 * @edge: its index
 *
 * To be called after anything that an edge's readiness depends on has changed.
 *
 * Context: Any; the caller serialises.
 */
void sn_sched_edge_update(struct sn_sched *s, u32 edge)
{
	struct sn_sched_edge *e = sn_sched_edge(s, edge);
	u32 c;

	for (c = 0; c < SN_SCHED_CLASSES; c++) {
		struct sn_sched_queue *q = &e->queue[c];
		u32 ready = q->count && sn_sched_edge_open(e, c);

		if (ready == q->is_ready)
			continue;
		q->is_ready = ready;
		if (ready)
			sn_sched_list_append(sn_sched_ready_links(s, c), &s->ready[c], edge);
		else
			sn_sched_list_remove(sn_sched_ready_links(s, c), &s->ready[c], edge);
	}
}

/**
 * sn_sched_park() - let a waiter that is nowhere wait on an edge
 * @s: the scheduler
 * @waiter: waiter index
 * @edge: one edge of the stage that it waits for
 *
 * Context: Any; the caller serialises.
 */
void sn_sched_park(struct sn_sched *s, u32 waiter, u32 edge)
{
	struct sn_sched_queue *q = &sn_sched_edge(s, edge)->queue[waiter_class(s, waiter)];

	sn_sched_list_append(sn_sched_waiter_links(s), &q->waiters, waiter);
	sn_sched_waiter(s, waiter)->edge = edge;
	q->count++;
	sn_sched_edge_update(s, edge);
}

/**
 * sn_sched_unpark() - take a waiter off its edge, if it is on one
 * @s: the scheduler
 * @waiter: waiter index
 *
 * Context: Any; the caller serialises.
 */
void sn_sched_unpark(struct sn_sched *s, u32 waiter)
{
	struct sn_sched_waiter *w = sn_sched_waiter(s, waiter);
	struct sn_sched_queue *q;
	struct sn_sched_edge *e;
	u32 edge = w->edge;
	u32 klass;

	if (edge == SN_NONE)
		return;

	klass = waiter_class(s, waiter);
	e = sn_sched_edge(s, edge);
	q = &e->queue[klass];
	/* The others held back for this one alone: they need not wait any longer. */
	if (e->stalled == klass && q->waiters.head == waiter)
		e->stalled = SN_SCHED_CLASSES;
	sn_sched_list_remove(sn_sched_waiter_links(s), &q->waiters, waiter);
	w->edge = SN_NONE;
	q->count--;
	sn_sched_edge_update(s, edge);
}

/**
 * sn_sched_first_full() - the first edge of a stage that does not take some bytes
 * @s: the scheduler
 * @head: first reference of the stage
 * @klass: class of the bytes
 * @bytes: how many; 0 asks for room in general
 *
 * Context: Any; the caller serialises.
 * Return: edge index, or SN_NONE when all of them take it.
 */
u32 sn_sched_first_full(const struct sn_sched *s, u32 head, u32 klass, u64 bytes)
{
	u32 r;

	for (r = head; r != SN_NONE; r = sn_sched_ref(s, r)->stage_next) {
		u32 edge = sn_sched_ref(s, r)->edge;

		if (!sn_sched_edge_takes(sn_sched_edge(s, edge), klass, bytes))
			return edge;
	}
	return SN_NONE;
}

/**
 * sn_sched_wait() - let a waiter that is nowhere wait for a stage
 * @s: the scheduler
 * @waiter: waiter index
 * @path: path index
 * @stage: stage of the path
 *
 * Context: Any; the caller serialises.
 */
void sn_sched_wait(struct sn_sched *s, u32 waiter, u32 path, u32 stage)
{
	u32 head = sn_sched_path(s, path)->stage_head[stage];
	u32 edge = sn_sched_first_full(s, head, waiter_class(s, waiter), 0);

	sn_sched_park(s, waiter, edge == SN_NONE ? sn_sched_ref(s, head)->edge : edge);
}

/**
 * sn_sched_kick() - let a path wait for its next slice, if it may draw one and does not wait yet
 * @s: the scheduler
 * @path: path index
 *
 * Context: Any; the caller serialises.
 */
void sn_sched_kick(struct sn_sched *s, u32 path)
{
	struct sn_sched_path *p = sn_sched_path(s, path);

	if (sn_sched_waiter(s, path)->edge == SN_NONE &&
	    sn_sched_can_draw(sn_sched_flow(s, p->flow), p))
		sn_sched_wait(s, path, path, 0);
}

/**
 * sn_sched_kick_flow() - kick all paths of a flow
 * @s: the scheduler
 * @flow: flow index
 * @last: path to be kicked after the others (one that has just failed), or SN_NONE
 *
 * Context: Any; the caller serialises.
 */
void sn_sched_kick_flow(struct sn_sched *s, u32 flow, u32 last)
{
	u32 path;

	for (path = sn_sched_flow(s, flow)->paths; path != SN_NONE;
	     path = sn_sched_path(s, path)->next) {
		if (path != last)
			sn_sched_kick(s, path);
	}
	if (last != SN_NONE)
		sn_sched_kick(s, last);
}

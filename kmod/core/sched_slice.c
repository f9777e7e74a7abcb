// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The life of slices: drawn, dispatched, passed on from stage to stage, sent again, dropped; and
 * with the last of them the end of their flow.
 *
 * Every byte below a flow's cursor is done, on a path, on the retry list, or dropped because the
 * flow was cancelled or failed. No lock: the caller serialises.
 */
#include "sched_state.h"

static u64 draw_bytes(const struct sn_sched *s, const struct sn_sched_flow *f,
		      const struct sn_sched_path *p)
{
	u64 bytes;

	if (f->retry.head != SN_NONE)
		return sn_sched_piece(s, f->retry.head)->bytes;
	bytes = sn_max_u64(p->min_cap_bytes >> 1, SN_SCHED_MIN_SLICE_BYTES);
	bytes = sn_min_u64(bytes, f->slice_max_bytes);
	return sn_min_u64(bytes, f->limit_bytes - f->drawn_bytes);
}

/* Draw a slice for a path: first what has to be sent again, then from the cursor. */
static u32 draw(struct sn_sched *s, u32 path)
{
	struct sn_sched_path *p = sn_sched_path(s, path);
	struct sn_sched_flow *f = sn_sched_flow(s, p->flow);
	struct sn_sched_piece *piece;
	u64 bytes = draw_bytes(s, f, p);
	u32 i = f->retry.head;

	if (i != SN_NONE) {
		sn_sched_list_remove(sn_sched_piece_links(s), &f->retry, i);
		piece = sn_sched_piece(s, i);
	} else {
		/* There is one: a path reserves its depth, and the retry list is empty. */
		i = s->free_piece;
		piece = sn_sched_piece(s, i);
		s->free_piece = piece->link.next;
		piece->offset = f->drawn_bytes;
		piece->bytes = bytes;
		piece->failures = 0;
		piece->flow = p->flow;
		f->drawn_bytes += bytes;
	}
	sn_sched_list_append(sn_sched_piece_links(s), &p->slices, i);
	piece->path = path;
	piece->stage = 0;
	piece->slot = (u32)__builtin_ctzll(~p->slots);
	p->slots |= (u64)1 << piece->slot;
	p->busy++;
	return i;
}

static void leave_path(struct sn_sched *s, u32 i)
{
	struct sn_sched_piece *piece = sn_sched_piece(s, i);
	struct sn_sched_path *p = sn_sched_path(s, piece->path);

	sn_sched_unpark(s, s->limits.paths + i);
	sn_sched_list_remove(sn_sched_piece_links(s), &p->slices, i);
	p->slots &= ~((u64)1 << piece->slot);
	p->busy--;
}

static void free_piece(struct sn_sched *s, u32 i)
{
	sn_sched_piece(s, i)->state = SN_SLICE_FREE;
	sn_sched_piece(s, i)->link.next = s->free_piece;
	s->free_piece = i;
}

static void drop(struct sn_sched *s, u32 i)
{
	struct sn_sched_piece *piece = sn_sched_piece(s, i);
	struct sn_sched_flow *f = sn_sched_flow(s, piece->flow);

	if (piece->state == SN_SLICE_RETRY)
		sn_sched_list_remove(sn_sched_piece_links(s), &f->retry, i);
	else
		leave_path(s, i);
	f->dropped_bytes += piece->bytes;
	free_piece(s, i);
}

/**
 * sn_sched_requeue() - take a slice that is not in flight off its path, to be drawn again
 * @s: the scheduler
 * @i: slice index
 *
 * The caller kicks the flow's paths afterwards.
 *
 * Context: Any; the caller serialises.
 */
void sn_sched_requeue(struct sn_sched *s, u32 i)
{
	struct sn_sched_piece *piece = sn_sched_piece(s, i);

	leave_path(s, i);
	piece->state = SN_SLICE_RETRY;
	piece->path = SN_NONE;
	piece->stage = 0;
	sn_sched_list_append(sn_sched_piece_links(s), &sn_sched_flow(s, piece->flow)->retry, i);
}

static void finish(struct sn_sched *s, u32 flow)
{
	struct sn_sched_flow *f = sn_sched_flow(s, flow);
	u32 path;

	for (path = f->paths; path != SN_NONE; path = sn_sched_path(s, path)->next)
		sn_sched_unpark(s, path);
	if (f->done_bytes == f->total_bytes)
		f->status = 0;
	f->phase = SN_FLOW_FINISHED;
	sn_sched_list_append(sn_sched_flow_links(s), &s->finished, flow);
}

/**
 * sn_sched_flow_end() - let a flow draw and pass on nothing more
 * @s: the scheduler
 * @flow: flow index, new or running
 * @status: what it ends with
 *
 * Context: Any; the caller serialises.
 */
void sn_sched_flow_end(struct sn_sched *s, u32 flow, int status)
{
	struct sn_sched_flow *f = sn_sched_flow(s, flow);
	u32 path, i, next;

	f->phase = SN_FLOW_ENDING;
	f->status = status;
	while (f->retry.head != SN_NONE)
		drop(s, f->retry.head);
	for (path = f->paths; path != SN_NONE; path = sn_sched_path(s, path)->next) {
		sn_sched_unpark(s, path);
		for (i = sn_sched_path(s, path)->slices.head; i != SN_NONE; i = next) {
			next = sn_sched_piece(s, i)->link.next;
			if (sn_sched_piece(s, i)->state == SN_SLICE_WAITING)
				drop(s, i);
		}
	}
	if (!f->inflight)
		finish(s, flow);
}

/**
 * sn_sched_flow_settle() - finish a flow if it is done, fail it if it has nowhere to go
 * @s: the scheduler
 * @flow: flow index
 *
 * Context: Any; the caller serialises.
 */
void sn_sched_flow_settle(struct sn_sched *s, u32 flow)
{
	struct sn_sched_flow *f = sn_sched_flow(s, flow);

	if (f->phase == SN_FLOW_RUNNING && f->done_bytes == f->total_bytes)
		finish(s, flow);
	else if (f->phase == SN_FLOW_RUNNING && !f->live_paths &&
		 (f->retry.head != SN_NONE || f->drawn_bytes < f->total_bytes))
		sn_sched_flow_end(s, flow, -EHOSTUNREACH);
	else if (f->phase == SN_FLOW_ENDING && !f->inflight)
		finish(s, flow);
}

static void dispatch_piece(struct sn_sched *s, u32 i, struct sn_sched_dispatch *out)
{
	struct sn_sched_piece *piece = sn_sched_piece(s, i);
	struct sn_sched_path *p = sn_sched_path(s, piece->path);
	struct sn_sched_flow *f = sn_sched_flow(s, piece->flow);
	u32 r;

	for (r = p->stage_head[piece->stage]; r != SN_NONE; r = sn_sched_ref(s, r)->stage_next) {
		u32 edge = sn_sched_ref(s, r)->edge;
		struct sn_sched_edge *e = sn_sched_edge(s, edge);

		e->inflight_bytes += piece->bytes;
		e->inflight_ops++;
		sn_sched_edge_update(s, edge);
	}
	p->inflight_bytes[piece->stage] += piece->bytes;
	p->inflight_ops[piece->stage]++;
	f->inflight++;
	piece->state = SN_SLICE_INFLIGHT;
	piece->generation++;

	out->slice.index = i;
	out->slice.generation = piece->generation;
	out->flow = piece->flow;
	out->path = piece->path;
	out->stage = piece->stage;
	out->slot = piece->slot;
	out->last_stage = piece->stage + 1 == p->stages;
	out->at_limit = f->drawn_bytes == f->limit_bytes && f->limit_bytes < f->total_bytes;
	out->offset = piece->offset;
	out->bytes = piece->bytes;
}

/* Try the first waiter of a ready queue. True: it was dispatched. False: it went elsewhere. */
static bool try_first(struct sn_sched *s, u32 edge, u32 klass, struct sn_sched_dispatch *out)
{
	struct sn_sched_edge *e = sn_sched_edge(s, edge);
	u32 waiter = e->queue[klass].waiters.head;
	u32 piece = SN_NONE, path = waiter, stage = 0, full;
	struct sn_sched_path *p;
	u64 bytes;

	if (waiter >= s->limits.paths) {
		piece = waiter - s->limits.paths;
		path = sn_sched_piece(s, piece)->path;
		stage = sn_sched_piece(s, piece)->stage;
		bytes = sn_sched_piece(s, piece)->bytes;
		p = sn_sched_path(s, path);
	} else {
		p = sn_sched_path(s, path);
		/* Another path has drawn the rest since this one was parked. */
		if (!sn_sched_can_draw(sn_sched_flow(s, p->flow), p)) {
			sn_sched_unpark(s, waiter);
			return false;
		}
		bytes = draw_bytes(s, sn_sched_flow(s, p->flow), p);
	}

	full = sn_sched_first_full(s, p->stage_head[stage], klass, bytes);
	if (full == edge) {
		/* Too long for the room left: hold that, against its class and lower. */
		e->stalled = klass;
		sn_sched_edge_update(s, edge);
		return false;
	}
	sn_sched_unpark(s, waiter);
	if (full != SN_NONE) {
		sn_sched_park(s, waiter, full);
		return false;
	}
	dispatch_piece(s, piece == SN_NONE ? draw(s, path) : piece, out);
	sn_sched_kick(s, path);
	return true;
}

/**
 * sn_sched_next() - what is to be copied next
 * @s: the scheduler
 * @dispatch: filled in
 *
 * Classes strictly in order; inside a class round robin among edges with room, and at each of them
 * among what waits there. A waiter that finds another edge of its stage full moves there and blocks
 * nobody here. Each round dispatches, moves a waiter to the edge that blocks it, or retires a queue
 * until the edge's next completion: O(edges of a path), amortised over the calls that parked.
 *
 * Context: Any; the caller serialises.
 * Return: true with a dispatch; false when there is none.
 */
bool sn_sched_next(struct sn_sched *s, struct sn_sched_dispatch *dispatch)
{
	u32 klass = 0;

	while (klass < SN_SCHED_CLASSES) {
		u32 edge = s->ready[klass].head;
		struct sn_sched_links links;

		if (edge == SN_NONE) {
			klass++;
			continue;
		}
		if (try_first(s, edge, klass, dispatch)) {
			links = sn_sched_ready_links(s, klass);
			if (sn_sched_edge(s, edge)->queue[klass].is_ready) {
				sn_sched_list_remove(links, &s->ready[klass], edge);
				sn_sched_list_append(links, &s->ready[klass], edge);
			}
			return true;
		}
	}
	return false;
}

static void release_edges(struct sn_sched *s, const struct sn_sched_piece *piece, int status)
{
	struct sn_sched_path *p = sn_sched_path(s, piece->path);
	u32 r;

	for (r = p->stage_head[piece->stage]; r != SN_NONE; r = sn_sched_ref(s, r)->stage_next) {
		u32 edge = sn_sched_ref(s, r)->edge;
		struct sn_sched_edge *e = sn_sched_edge(s, edge);

		e->inflight_bytes -= piece->bytes;
		e->inflight_ops--;
		e->excess_bytes = sn_min_u64(e->excess_bytes, e->inflight_bytes);
		if (e->excess_ops > e->inflight_ops)
			e->excess_ops = e->inflight_ops;
		e->stalled = SN_SCHED_CLASSES;
		if (status) {
			e->failed_ops++;
		} else {
			e->done_bytes += piece->bytes;
			e->done_ops++;
		}
		sn_sched_edge_update(s, edge);
	}
	p->inflight_bytes[piece->stage] -= piece->bytes;
	p->inflight_ops[piece->stage]--;
	sn_sched_flow(s, piece->flow)->inflight--;
}

static void stage_done(struct sn_sched *s, u32 i)
{
	struct sn_sched_piece *piece = sn_sched_piece(s, i);
	struct sn_sched_path *p = sn_sched_path(s, piece->path);
	struct sn_sched_flow *f = sn_sched_flow(s, piece->flow);

	if (piece->stage + 1 == p->stages) {
		f->done_bytes += piece->bytes;
		leave_path(s, i);
		free_piece(s, i);
	} else if (f->phase != SN_FLOW_RUNNING) {
		drop(s, i);
	} else if (p->down) {
		sn_sched_requeue(s, i);
	} else {
		piece->stage++;
		piece->state = SN_SLICE_WAITING;
		sn_sched_wait(s, s->limits.paths + i, piece->path, piece->stage);
	}
}

static void stage_failed(struct sn_sched *s, u32 i, int status, bool retry)
{
	struct sn_sched_piece *piece = sn_sched_piece(s, i);
	struct sn_sched_flow *f = sn_sched_flow(s, piece->flow);
	u32 flow = piece->flow;

	piece->failures++;
	if (retry && f->phase == SN_FLOW_RUNNING && f->live_paths &&
	    piece->failures < s->limits.attempts) {
		sn_sched_requeue(s, i);
		return;
	}
	drop(s, i);
	if (f->phase == SN_FLOW_RUNNING)
		sn_sched_flow_end(s, flow, status);
}

/**
 * sn_sched_complete() - a dispatch has ended
 * @s: the scheduler
 * @slice: as sn_sched_next() gave it
 * @status: 0, or -errno
 * @retry: with an error: these bytes may be sent again, from stage 0, over any path
 *
 * With @retry the flow goes on as long as it has a live path and the slice has failed fewer times
 * than the limit; another path is asked first. Else the flow fails with @status.
 *
 * Context: Any; the caller serialises.
 * Return: 0, or -EINVAL when the slice is not in flight (unknown, stale, repeated) or @status is
 * positive.
 */
int sn_sched_complete(struct sn_sched *s, struct sn_sched_slice slice, int status, bool retry)
{
	struct sn_sched_piece *piece;
	u32 flow, path;

	if (slice.index >= s->limits.slices || status > 0)
		return -EINVAL;
	piece = sn_sched_piece(s, slice.index);
	if (piece->state != SN_SLICE_INFLIGHT || piece->generation != slice.generation)
		return -EINVAL;

	flow = piece->flow;
	path = piece->path;
	release_edges(s, piece, status);
	if (status)
		stage_failed(s, slice.index, status, retry);
	else
		stage_done(s, slice.index);
	sn_sched_kick_flow(s, flow, path);
	sn_sched_flow_settle(s, flow);
	return 0;
}

/**
 * sn_sched_finished() - pop a flow that has finished
 * @s: the scheduler
 * @flow: its index; it may now be deleted
 * @status: 0, or -errno
 *
 * Context: Any; the caller serialises.
 * Return: true with a flow, each exactly once; false when there is none.
 */
bool sn_sched_finished(struct sn_sched *s, u32 *flow, int *status)
{
	u32 i = s->finished.head;

	if (i == SN_NONE)
		return false;

	sn_sched_list_remove(sn_sched_flow_links(s), &s->finished, i);
	sn_sched_flow(s, i)->phase = SN_FLOW_REPORTED;
	*flow = i;
	*status = sn_sched_flow(s, i)->status;
	return true;
}

// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The scheduler's flows and their paths: added, started, limited, cancelled, deleted.
 *
 * Not here: how a flow's slices move and how it ends (sched_slice.c). No lock: the caller
 * serialises.
 */
#include "sched_state.h"

#define MAX_DEPTH 64

/**
 * sn_sched_flow_add() - add a flow, not yet started
 * @s: the scheduler
 * @spec: what it is to move
 * @flow: its index
 *
 * Context: Any; the caller serialises.
 * Return: 0, -ENOSPC, or -EINVAL for an unknown class, a slice length of 0 or a limit beyond the
 * total.
 */
int sn_sched_flow_add(struct sn_sched *s, const struct sn_sched_flow_spec *spec, u32 *flow)
{
	u32 i = s->free_flow;
	struct sn_sched_flow *f;

	if (spec->klass >= SN_SCHED_CLASSES || !spec->slice_max_bytes ||
	    spec->limit_bytes > spec->total_bytes)
		return -EINVAL;
	if (i == SN_NONE)
		return -ENOSPC;

	f = sn_sched_flow(s, i);
	s->free_flow = f->link.next;
	memset(f, 0, sizeof(*f));
	f->total_bytes = spec->total_bytes;
	f->limit_bytes = spec->limit_bytes ? spec->limit_bytes : spec->total_bytes;
	f->slice_max_bytes = spec->slice_max_bytes;
	f->klass = spec->klass;
	f->phase = SN_FLOW_NEW;
	f->paths = SN_NONE;
	f->link.next = SN_NONE;
	f->link.prev = SN_NONE;
	sn_sched_list_init(&f->retry);
	*flow = i;
	return 0;
}

/**
 * sn_sched_find_min_cap() - note the smallest cap on a path
 * @s: the scheduler
 * @path: path index
 *
 * Slices are cut by it. To be called when a cap on the path has changed.
 *
 * Context: Any; the caller serialises.
 */
void sn_sched_find_min_cap(struct sn_sched *s, u32 path)
{
	struct sn_sched_path *p = sn_sched_path(s, path);
	u32 stage, r;

	p->min_cap_bytes = SN_U64_MAX;
	for (stage = 0; stage < p->stages; stage++) {
		for (r = p->stage_head[stage]; r != SN_NONE; r = sn_sched_ref(s, r)->stage_next) {
			u32 edge = sn_sched_ref(s, r)->edge;

			p->min_cap_bytes = sn_min_u64(p->min_cap_bytes,
						      sn_sched_edge(s, edge)->cap_bytes);
		}
	}
}

static int check_path_spec(const struct sn_sched *s, const struct sn_sched_path_spec *spec,
			   u64 *refs)
{
	u32 stage, i, j;

	if (!spec->stage_count || spec->stage_count > SN_SCHED_MAX_STAGES || !spec->depth ||
	    spec->depth > MAX_DEPTH)
		return -EINVAL;

	*refs = 0;
	for (stage = 0; stage < spec->stage_count; stage++) {
		const struct sn_sched_stage *st = &spec->stages[stage];

		if (!st->edge_count || st->edge_count > SN_SCHED_MAX_STAGE_EDGES)
			return -EINVAL;
		for (i = 0; i < st->edge_count; i++) {
			if (!sn_sched_edge_ok(s, st->edges[i]))
				return -EINVAL;
			for (j = 0; j < i; j++) {
				if (st->edges[j] == st->edges[i])
					return -EINVAL;
			}
		}
		*refs += st->edge_count;
	}
	return 0;
}

static bool refs_left(const struct sn_sched *s, u64 count)
{
	u32 r;

	for (r = s->free_ref; count && r != SN_NONE; r = sn_sched_ref(s, r)->stage_next)
		count--;
	return !count;
}

static void add_refs(struct sn_sched *s, u32 path, u32 stage, const struct sn_sched_stage *st)
{
	struct sn_sched_path *p = sn_sched_path(s, path);
	u32 i = st->edge_count;

	p->stage_head[stage] = SN_NONE;
	while (i--) {
		u32 r = s->free_ref;
		struct sn_sched_ref *ref = sn_sched_ref(s, r);
		struct sn_sched_edge *e = sn_sched_edge(s, st->edges[i]);

		s->free_ref = ref->stage_next;
		ref->edge = st->edges[i];
		ref->path = path;
		ref->stage = stage;
		ref->stage_next = p->stage_head[stage];
		p->stage_head[stage] = r;
		sn_sched_list_append(sn_sched_ref_links(s), &e->refs, r);
		if (!e->up)
			p->down++;
	}
}

/**
 * sn_sched_path_add() - give a flow one more way to go
 * @s: the scheduler
 * @flow: flow index
 * @spec: stages, edges and depth
 * @path: its index, valid until the flow is deleted
 *
 * Context: Any; the caller serialises.
 * Return: 0, -EINVAL, -E2BIG when the flow has SN_SCHED_MAX_FLOW_PATHS already, or -ENOSPC when
 * paths, slices or stage edges run out.
 */
int sn_sched_path_add(struct sn_sched *s, u32 flow, const struct sn_sched_path_spec *spec,
		      u32 *path)
{
	u32 i = s->free_path;
	struct sn_sched_flow *f;
	struct sn_sched_path *p;
	u32 stage;
	u64 refs;

	if (!sn_sched_flow_ok(s, flow) || check_path_spec(s, spec, &refs))
		return -EINVAL;
	f = sn_sched_flow(s, flow);
	if (f->phase != SN_FLOW_NEW && f->phase != SN_FLOW_RUNNING)
		return -EINVAL;
	if (f->path_count == SN_SCHED_MAX_FLOW_PATHS)
		return -E2BIG;
	if (i == SN_NONE || spec->depth > s->limits.slices - s->reserved_pieces ||
	    !refs_left(s, refs))
		return -ENOSPC;

	p = sn_sched_path(s, i);
	s->free_path = p->next;
	s->reserved_pieces += spec->depth;
	memset(p, 0, sizeof(*p));
	p->flow = flow;
	p->next = f->paths;
	p->stages = spec->stage_count;
	p->depth = spec->depth;
	sn_sched_list_init(&p->slices);
	for (stage = 0; stage < spec->stage_count; stage++)
		add_refs(s, i, stage, &spec->stages[stage]);
	sn_sched_find_min_cap(s, i);
	f->paths = i;
	f->path_count++;
	if (!p->down)
		f->live_paths++;
	sn_sched_kick(s, i);
	*path = i;
	return 0;
}

/**
 * sn_sched_flow_start() - let a flow draw
 * @s: the scheduler
 * @flow: flow index
 *
 * Context: Any; the caller serialises.
 * Return: 0, -EINVAL without a path, or -EALREADY.
 */
int sn_sched_flow_start(struct sn_sched *s, u32 flow)
{
	struct sn_sched_flow *f;

	if (!sn_sched_flow_ok(s, flow))
		return -EINVAL;
	f = sn_sched_flow(s, flow);
	if (f->phase != SN_FLOW_NEW)
		return -EALREADY;
	if (f->paths == SN_NONE)
		return -EINVAL;

	f->started = 1;
	f->phase = SN_FLOW_RUNNING;
	sn_sched_kick_flow(s, flow, SN_NONE);
	sn_sched_flow_settle(s, flow);
	return 0;
}

/**
 * sn_sched_flow_limit() - raise the mark that a flow's cursor stops at
 * @s: the scheduler
 * @flow: flow index
 * @limit_bytes: the new mark
 *
 * Context: Any; the caller serialises.
 * Return: 0, or -EINVAL when it is lower than before.
 */
int sn_sched_flow_limit(struct sn_sched *s, u32 flow, u64 limit_bytes)
{
	struct sn_sched_flow *f;

	if (!sn_sched_flow_ok(s, flow))
		return -EINVAL;
	f = sn_sched_flow(s, flow);
	limit_bytes = sn_min_u64(limit_bytes, f->total_bytes);
	if (limit_bytes < f->limit_bytes)
		return -EINVAL;

	f->limit_bytes = limit_bytes;
	sn_sched_kick_flow(s, flow, SN_NONE);
	return 0;
}

/**
 * sn_sched_flow_cancel() - dispatch nothing more of a flow
 * @s: the scheduler
 * @flow: flow index
 *
 * What is in flight ends by sn_sched_complete() as ever; then the flow finishes with -ECANCELED, or
 * with 0 when every byte has arrived all the same.
 *
 * Context: Any; the caller serialises.
 * Return: 0, -EINVAL, or -EALREADY when it ended or is ending.
 */
int sn_sched_flow_cancel(struct sn_sched *s, u32 flow)
{
	struct sn_sched_flow *f;

	if (!sn_sched_flow_ok(s, flow))
		return -EINVAL;
	f = sn_sched_flow(s, flow);
	if (f->phase != SN_FLOW_NEW && f->phase != SN_FLOW_RUNNING)
		return -EALREADY;

	sn_sched_flow_end(s, flow, -ECANCELED);
	return 0;
}

static void del_path(struct sn_sched *s, u32 path)
{
	struct sn_sched_path *p = sn_sched_path(s, path);
	u32 stage, r, next;

	for (stage = 0; stage < p->stages; stage++) {
		for (r = p->stage_head[stage]; r != SN_NONE; r = next) {
			struct sn_sched_ref *ref = sn_sched_ref(s, r);
			struct sn_sched_edge *e = sn_sched_edge(s, ref->edge);

			next = ref->stage_next;
			sn_sched_list_remove(sn_sched_ref_links(s), &e->refs, r);
			ref->edge = SN_NONE;
			ref->stage_next = s->free_ref;
			s->free_ref = r;
		}
	}
	s->reserved_pieces -= p->depth;
	p->flow = SN_NONE;
	p->next = s->free_path;
	s->free_path = path;
}

/**
 * sn_sched_flow_del() - remove a flow and its paths
 * @s: the scheduler
 * @flow: flow index
 *
 * Context: Any; the caller serialises.
 * Return: 0, -EINVAL, or -EBUSY when it runs or its end has not been popped yet.
 */
int sn_sched_flow_del(struct sn_sched *s, u32 flow)
{
	struct sn_sched_flow *f;
	u32 path, next;

	if (!sn_sched_flow_ok(s, flow))
		return -EINVAL;
	f = sn_sched_flow(s, flow);
	if (f->phase != SN_FLOW_NEW && f->phase != SN_FLOW_REPORTED)
		return -EBUSY;

	for (path = f->paths; path != SN_NONE; path = next) {
		next = sn_sched_path(s, path)->next;
		del_path(s, path);
	}
	f->phase = SN_FLOW_FREE;
	f->link.next = s->free_flow;
	s->free_flow = flow;
	return 0;
}

/**
 * sn_sched_flow_state() - a flow's progress
 * @s: the scheduler
 * @flow: flow index
 * @state: filled in
 *
 * Context: Any; the caller serialises.
 * Return: 0, or -EINVAL.
 */
int sn_sched_flow_state(const struct sn_sched *s, u32 flow, struct sn_sched_flow_state *state)
{
	const struct sn_sched_flow *f;

	if (!sn_sched_flow_ok(s, flow))
		return -EINVAL;

	f = sn_sched_flow(s, flow);
	memset(state, 0, sizeof(*state));
	state->total_bytes = f->total_bytes;
	state->limit_bytes = f->limit_bytes;
	state->drawn_bytes = f->drawn_bytes;
	state->done_bytes = f->done_bytes;
	state->inflight_slices = f->inflight;
	state->status = f->status;
	state->started = f->started;
	state->finished = f->phase == SN_FLOW_FINISHED || f->phase == SN_FLOW_REPORTED;
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The scheduler's memory, and its edges: they come, change and go.
 *
 * Not here: flows and paths (sched_flow.c), who waits where (sched_wait.c), what happens to slices
 * (sched_slice.c), the proof (sched_check.c). No lock: the caller serialises.
 */
#include "sched_state.h"

#define DEFAULT_ATTEMPTS 8

/* The cap: 20 us of the edge's rate and 3 % for completions noticed late (103 / 5,000,000 s). */
#define CAP_MUL 103
#define CAP_DIV 5000000
#define CAP_MIN (2 * (u64)SN_SCHED_MIN_SLICE_BYTES)

/**
 * sn_sched_layout() - where the parts of a scheduler lie
 * @l: how much it shall hold
 * @s: its at_* members are filled in
 *
 * Context: Any.
 * Return: bytes in all.
 */
size_t sn_sched_layout(const struct sn_sched_limits *l, struct sn_sched *s)
{
	size_t end = sizeof(*s);

	s->at_edges = sn_layout(&end, l->edges, sizeof(struct sn_sched_edge));
	s->at_flows = sn_layout(&end, l->flows, sizeof(struct sn_sched_flow));
	s->at_paths = sn_layout(&end, l->paths, sizeof(struct sn_sched_path));
	s->at_pieces = sn_layout(&end, l->slices, sizeof(struct sn_sched_piece));
	s->at_refs = sn_layout(&end, l->stage_edges, sizeof(struct sn_sched_ref));
	/* Waiter indices are u32: the paths', then the slices'. */
	s->at_waiters = sn_layout(&end, l->paths, sizeof(struct sn_sched_waiter));
	sn_layout(&end, l->slices, sizeof(struct sn_sched_waiter));
	return end;
}

/**
 * sn_sched_bytes() - memory that a scheduler needs
 * @limits: how much it shall hold
 *
 * Context: Any.
 * Return: bytes to give to sn_sched_init().
 */
size_t sn_sched_bytes(const struct sn_sched_limits *limits)
{
	struct sn_sched s;

	return sn_sched_layout(limits, &s);
}

/**
 * sn_sched_init() - make an empty scheduler
 * @mem: sn_sched_bytes(@limits) bytes, aligned to 8
 * @limits: how much it shall hold
 * @sched: the scheduler, which is @mem
 *
 * Context: Any.
 * Return: 0, or -EINVAL for memory that is not aligned or limits that are out of range.
 */
int sn_sched_init(void *mem, const struct sn_sched_limits *limits, struct sn_sched **sched)
{
	struct sn_sched *s = mem;
	size_t bytes;
	u32 i;

	if (!sn_is_aligned(mem) || limits->edges >= SN_NONE || limits->flows >= SN_NONE ||
	    limits->stage_edges >= SN_NONE || (u64)limits->paths + limits->slices >= SN_NONE)
		return -EINVAL;

	bytes = sn_sched_bytes(limits);
	memset(mem, 0, bytes);
	sn_sched_layout(limits, s);
	s->bytes = bytes;
	s->limits = *limits;
	if (!s->limits.attempts)
		s->limits.attempts = DEFAULT_ATTEMPTS;

	for (i = 0; i < limits->edges; i++)
		sn_sched_edge(s, i)->free_next = i + 1 < limits->edges ? i + 1 : SN_NONE;
	for (i = 0; i < limits->flows; i++)
		sn_sched_flow(s, i)->link.next = i + 1 < limits->flows ? i + 1 : SN_NONE;
	for (i = 0; i < limits->paths; i++) {
		sn_sched_path(s, i)->flow = SN_NONE;
		sn_sched_path(s, i)->next = i + 1 < limits->paths ? i + 1 : SN_NONE;
	}
	for (i = 0; i < limits->slices; i++)
		sn_sched_piece(s, i)->link.next = i + 1 < limits->slices ? i + 1 : SN_NONE;
	for (i = 0; i < limits->stage_edges; i++) {
		sn_sched_ref(s, i)->edge = SN_NONE;
		sn_sched_ref(s, i)->stage_next = i + 1 < limits->stage_edges ? i + 1 : SN_NONE;
	}
	for (i = 0; i < limits->paths + limits->slices; i++)
		sn_sched_waiter(s, i)->edge = SN_NONE;

	s->free_edge = limits->edges ? 0 : SN_NONE;
	s->free_flow = limits->flows ? 0 : SN_NONE;
	s->free_path = limits->paths ? 0 : SN_NONE;
	s->free_piece = limits->slices ? 0 : SN_NONE;
	s->free_ref = limits->stage_edges ? 0 : SN_NONE;
	sn_sched_list_init(&s->finished);
	for (i = 0; i < SN_SCHED_CLASSES; i++)
		sn_sched_list_init(&s->ready[i]);
	*sched = s;
	return 0;
}

/**
 * sn_sched_cap_bytes() - bytes in flight that keep an edge busy
 * @bytes_per_sec: its rate
 *
 * Work already given to hardware cannot be overtaken, so this, more than any policy, sets the tail.
 *
 * Context: Any.
 * Return: 20.6 us of the rate, at least two slices of 64 KiB.
 */
u64 sn_sched_cap_bytes(u64 bytes_per_sec)
{
	return sn_max_u64(CAP_MIN, sn_mul_div_u64(bytes_per_sec, CAP_MUL, CAP_DIV));
}

/**
 * sn_sched_edge_add() - add an edge
 * @s: the scheduler
 * @spec: its rate, caps and state
 * @edge: its index
 *
 * Context: Any; the caller serialises.
 * Return: 0, or -ENOSPC.
 */
int sn_sched_edge_add(struct sn_sched *s, const struct sn_sched_edge_spec *spec, u32 *edge)
{
	u32 i = s->free_edge;
	struct sn_sched_edge *e;
	u32 c;

	if (i == SN_NONE)
		return -ENOSPC;

	e = sn_sched_edge(s, i);
	s->free_edge = e->free_next;
	memset(e, 0, sizeof(*e));
	e->free_next = SN_NONE;
	sn_sched_list_init(&e->refs);
	e->used = 1;
	e->stalled = SN_SCHED_CLASSES;
	for (c = 0; c < SN_SCHED_CLASSES; c++) {
		sn_sched_list_init(&e->queue[c].waiters);
		e->queue[c].ready.next = SN_NONE;
		e->queue[c].ready.prev = SN_NONE;
	}
	e->bytes_per_sec = spec->bytes_per_sec;
	e->cap_bytes = spec->cap_bytes ? spec->cap_bytes : sn_sched_cap_bytes(spec->bytes_per_sec);
	e->cap_ops = spec->cap_ops;
	e->up = spec->up;
	*edge = i;
	return 0;
}

/* One more edge of the path is down. With the first of them its slices that wait go to others. */
static void path_down(struct sn_sched *s, u32 path)
{
	struct sn_sched_path *p = sn_sched_path(s, path);
	struct sn_sched_flow *f = sn_sched_flow(s, p->flow);
	u32 i, next;

	if (p->down++)
		return;

	f->live_paths--;
	sn_sched_unpark(s, path);
	for (i = p->slices.head; i != SN_NONE; i = next) {
		next = sn_sched_piece(s, i)->link.next;
		if (sn_sched_piece(s, i)->state == SN_SLICE_WAITING)
			sn_sched_requeue(s, i);
	}
	sn_sched_kick_flow(s, p->flow, SN_NONE);
}

static void path_up(struct sn_sched *s, u32 path)
{
	struct sn_sched_path *p = sn_sched_path(s, path);

	if (--p->down)
		return;

	sn_sched_flow(s, p->flow)->live_paths++;
	sn_sched_kick(s, path);
}

/**
 * sn_sched_edge_set() - change an edge's rate, caps or state
 * @s: the scheduler
 * @edge: its index
 * @spec: what it shall be
 *
 * Going down takes all that waits for paths through the edge off, and hands slices that were half
 * way to other paths; a flow with no live path and work left fails with -EHOSTUNREACH once its
 * slices in flight have ended. Coming up revives those paths. Caps may fall below what is in
 * flight: nothing new is taken until it has drained. Takes time in proportion to the paths through
 * the edge and what is on them.
 *
 * Context: Any; the caller serialises.
 * Return: 0, or -EINVAL.
 */
int sn_sched_edge_set(struct sn_sched *s, u32 edge, const struct sn_sched_edge_spec *spec)
{
	struct sn_sched_links links = sn_sched_ref_links(s);
	struct sn_sched_edge *e;
	u32 was_up, r;

	if (!sn_sched_edge_ok(s, edge))
		return -EINVAL;

	e = sn_sched_edge(s, edge);
	was_up = e->up;
	e->bytes_per_sec = spec->bytes_per_sec;
	e->cap_bytes = spec->cap_bytes ? spec->cap_bytes : sn_sched_cap_bytes(spec->bytes_per_sec);
	e->cap_ops = spec->cap_ops;
	e->up = spec->up;
	e->excess_bytes = e->inflight_bytes;
	e->excess_ops = e->inflight_ops;
	e->stalled = SN_SCHED_CLASSES;
	sn_sched_edge_update(s, edge);

	for (r = e->refs.head; r != SN_NONE; r = sn_sched_link(links, r)->next) {
		u32 path = sn_sched_ref(s, r)->path;

		sn_sched_find_min_cap(s, path);
		if (was_up && !e->up)
			path_down(s, path);
		else if (!was_up && e->up)
			path_up(s, path);
	}
	/* Only now: a flow may have several paths through the edge, and one of them may be left. */
	for (r = e->refs.head; r != SN_NONE; r = sn_sched_link(links, r)->next)
		sn_sched_flow_settle(s, sn_sched_path(s, sn_sched_ref(s, r)->path)->flow);
	return 0;
}

/**
 * sn_sched_edge_del() - remove an edge
 * @s: the scheduler
 * @edge: its index
 *
 * Context: Any; the caller serialises.
 * Return: 0, -EINVAL, or -EBUSY when a path runs over it.
 */
int sn_sched_edge_del(struct sn_sched *s, u32 edge)
{
	struct sn_sched_edge *e;

	if (!sn_sched_edge_ok(s, edge))
		return -EINVAL;
	e = sn_sched_edge(s, edge);
	if (e->refs.head != SN_NONE)
		return -EBUSY;

	e->used = 0;
	e->up = 0;
	e->free_next = s->free_edge;
	s->free_edge = edge;
	return 0;
}

/**
 * sn_sched_edge_state() - an edge as it is
 * @s: the scheduler
 * @edge: its index
 * @state: filled in
 *
 * Context: Any; the caller serialises.
 * Return: 0, or -EINVAL.
 */
int sn_sched_edge_state(const struct sn_sched *s, u32 edge, struct sn_sched_edge_state *state)
{
	const struct sn_sched_edge *e;
	u32 c;

	if (!sn_sched_edge_ok(s, edge))
		return -EINVAL;

	e = sn_sched_edge(s, edge);
	memset(state, 0, sizeof(*state));
	state->spec.bytes_per_sec = e->bytes_per_sec;
	state->spec.cap_bytes = e->cap_bytes;
	state->spec.cap_ops = e->cap_ops;
	state->spec.up = e->up;
	state->inflight_bytes = e->inflight_bytes;
	state->inflight_ops = e->inflight_ops;
	for (c = 0; c < SN_SCHED_CLASSES; c++)
		state->waiters += e->queue[c].count;
	state->done_bytes = e->done_bytes;
	state->done_ops = e->done_ops;
	state->failed_ops = e->failed_ops;
	return 0;
}

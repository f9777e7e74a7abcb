// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Proves that a scheduler's memory is what it should be. Trusts nothing in it but limits: whatever
 * a stray write has left there, this reads inside the scheduler's memory and ends.
 *
 * Takes time in proportion to all that is in it. Changes nothing. No lock: the caller serialises.
 */
#include "sched_state.h"

/* What the walks have seen, to be held against the limits at the end. */
struct seen {
	u64 refs;
	u64 parked; /* in the edges' queues */
	u64 paths;
	u64 pieces;
	u64 finished;
	u64 reserved;
	u64 flows;
	u64 edges;
	u64 ready[SN_SCHED_CLASSES];
};

/* A doubly linked list over indices below @limit: whole, and it ends where it says. */
static bool list_ok(struct sn_sched_links links, const struct sn_sched_list *list, u32 limit,
		    u64 *count)
{
	u32 prev = SN_NONE, i;

	*count = 0;
	for (i = list->head; i != SN_NONE; i = sn_sched_link(links, i)->next) {
		if (i >= limit || sn_sched_link(links, i)->prev != prev || ++*count > limit)
			return false;
		prev = i;
	}
	return list->tail == prev;
}

static bool header_ok(const struct sn_sched *s)
{
	struct sn_sched want;

	return sn_sched_layout(&s->limits, &want) == s->bytes && s->at_edges == want.at_edges &&
	       s->at_flows == want.at_flows && s->at_paths == want.at_paths &&
	       s->at_pieces == want.at_pieces && s->at_refs == want.at_refs &&
	       s->at_waiters == want.at_waiters && s->limits.attempts;
}

static bool free_lists_ok(const struct sn_sched *s, struct seen *seen)
{
	const struct sn_sched_limits *l = &s->limits;
	u64 n;
	u32 i;

	for (n = 0, i = s->free_edge; i != SN_NONE; i = sn_sched_edge(s, i)->free_next)
		if (i >= l->edges || sn_sched_edge(s, i)->used || ++n > l->edges)
			return false;
	seen->edges += n;
	for (n = 0, i = s->free_flow; i != SN_NONE; i = sn_sched_flow(s, i)->link.next)
		if (i >= l->flows || sn_sched_flow(s, i)->phase != SN_FLOW_FREE || ++n > l->flows)
			return false;
	seen->flows += n;
	for (n = 0, i = s->free_path; i != SN_NONE; i = sn_sched_path(s, i)->next)
		if (i >= l->paths || sn_sched_path(s, i)->flow != SN_NONE || ++n > l->paths)
			return false;
	seen->paths += n;
	for (n = 0, i = s->free_piece; i != SN_NONE; i = sn_sched_piece(s, i)->link.next)
		if (i >= l->slices || sn_sched_piece(s, i)->state != SN_SLICE_FREE ||
		    ++n > l->slices)
			return false;
	seen->pieces += n;
	for (n = 0, i = s->free_ref; i != SN_NONE; i = sn_sched_ref(s, i)->stage_next)
		if (i >= l->stage_edges || sn_sched_ref(s, i)->edge != SN_NONE ||
		    ++n > l->stage_edges)
			return false;
	seen->refs += n;
	return true;
}

/* The flow of a path in use whose indices can be followed, or NULL. */
static struct sn_sched_flow *flow_of(const struct sn_sched *s, u32 path)
{
	if (path >= s->limits.paths || !sn_sched_flow_ok(s, sn_sched_path(s, path)->flow) ||
	    sn_sched_path(s, path)->stages > SN_SCHED_MAX_STAGES)
		return NULL;
	return sn_sched_flow(s, sn_sched_path(s, path)->flow);
}

/* Is the edge one of the stage's? The stage list is checked with its path; here it is bounded. */
static bool stage_has(const struct sn_sched *s, u32 path, u32 stage, u32 edge)
{
	u32 left = SN_SCHED_MAX_STAGE_EDGES;
	u32 r;

	for (r = sn_sched_path(s, path)->stage_head[stage]; r < s->limits.stage_edges && left--;
	     r = sn_sched_ref(s, r)->stage_next) {
		if (sn_sched_ref(s, r)->edge == edge)
			return true;
	}
	return false;
}

/* A waiter on this edge in this class: it may wait, for a stage that the edge is part of. */
static bool waiter_ok(const struct sn_sched *s, u32 waiter, u32 edge, u32 klass)
{
	const struct sn_sched_flow *f;
	const struct sn_sched_piece *piece;
	u32 path = waiter, stage = 0;

	if (sn_sched_waiter(s, waiter)->edge != edge)
		return false;
	if (waiter >= s->limits.paths) {
		piece = sn_sched_piece(s, waiter - s->limits.paths);
		path = piece->path;
		stage = piece->stage;
		if (piece->state != SN_SLICE_WAITING || !stage || stage >= SN_SCHED_MAX_STAGES)
			return false;
	}
	f = flow_of(s, path);
	return f && f->klass == klass && f->phase == SN_FLOW_RUNNING &&
	       !sn_sched_path(s, path)->down && stage_has(s, path, stage, edge);
}

static bool queue_ok(const struct sn_sched *s, u32 edge, u32 klass, struct seen *seen)
{
	const struct sn_sched_edge *e = sn_sched_edge(s, edge);
	const struct sn_sched_queue *q = &e->queue[klass];
	struct sn_sched_links links = sn_sched_waiter_links(s);
	u64 n;
	u32 i;

	if (!list_ok(links, &q->waiters, s->limits.paths + s->limits.slices, &n) || n != q->count)
		return false;
	for (i = q->waiters.head; i != SN_NONE; i = sn_sched_link(links, i)->next) {
		if (!waiter_ok(s, i, edge, klass))
			return false;
	}
	seen->parked += n;
	seen->ready[klass] += q->is_ready;
	/* No wake-up is lost, and none is false. */
	return q->is_ready == (u32)(n && sn_sched_edge_open(e, klass));
}

static bool edge_ok(const struct sn_sched *s, u32 edge, struct seen *seen)
{
	const struct sn_sched_edge *e = sn_sched_edge(s, edge);
	struct sn_sched_links links = sn_sched_ref_links(s);
	u64 n, bytes = 0, ops = 0;
	u32 c, r;

	if (e->used != 1 || e->up > 1 || !e->cap_bytes || e->stalled > SN_SCHED_CLASSES ||
	    !list_ok(links, &e->refs, s->limits.stage_edges, &n))
		return false;
	seen->refs += n;
	for (r = e->refs.head; r != SN_NONE; r = sn_sched_link(links, r)->next) {
		const struct sn_sched_ref *ref = sn_sched_ref(s, r);
		const struct sn_sched_path *p;

		if (ref->edge != edge || !flow_of(s, ref->path))
			return false;
		p = sn_sched_path(s, ref->path);
		if (ref->stage >= p->stages || !stage_has(s, ref->path, ref->stage, edge))
			return false;
		bytes += p->inflight_bytes[ref->stage];
		ops += p->inflight_ops[ref->stage];
	}
	if (bytes != e->inflight_bytes || ops != e->inflight_ops)
		return false;
	/* Over a cap only by a single slice, or by what was there when the cap was set. */
	if (ops > 1 && (bytes > sn_max_u64(e->cap_bytes, e->excess_bytes) ||
			(e->cap_ops && ops > e->cap_ops && ops > e->excess_ops)))
		return false;
	if (e->excess_bytes > bytes || e->excess_ops > ops)
		return false;
	/* Who holds room back waits here, and is sure to be asked again by a completion. */
	if (e->stalled < SN_SCHED_CLASSES && (!ops || !e->queue[e->stalled].count))
		return false;
	for (c = 0; c < SN_SCHED_CLASSES; c++) {
		if (!queue_ok(s, edge, c, seen))
			return false;
	}
	seen->edges++;
	return true;
}

/* Stage lists against the edges: how many are down, and the smallest cap. */
static bool stages_ok(const struct sn_sched *s, u32 path)
{
	const struct sn_sched_path *p = sn_sched_path(s, path);
	u64 min_cap = SN_U64_MAX;
	u32 down = 0, stage, r, n;

	for (stage = 0; stage < p->stages; stage++) {
		for (n = 0, r = p->stage_head[stage]; r != SN_NONE; n++) {
			const struct sn_sched_ref *ref = sn_sched_ref(s, r);

			if (n == SN_SCHED_MAX_STAGE_EDGES || r >= s->limits.stage_edges ||
			    ref->path != path || ref->stage != stage ||
			    !sn_sched_edge_ok(s, ref->edge))
				return false;
			down += !sn_sched_edge(s, ref->edge)->up;
			min_cap = sn_min_u64(min_cap, sn_sched_edge(s, ref->edge)->cap_bytes);
			r = ref->stage_next;
		}
		if (!n)
			return false;
	}
	return down == p->down && min_cap == p->min_cap_bytes;
}

/* A path's slices against its sums; *bytes and *inflight grow by what is on it. */
static bool pieces_ok(const struct sn_sched *s, u32 path, u64 *bytes, u64 *inflight,
		      struct seen *seen)
{
	const struct sn_sched_path *p = sn_sched_path(s, path);
	struct sn_sched_links links = sn_sched_piece_links(s);
	u64 stage_bytes[SN_SCHED_MAX_STAGES] = { 0 };
	u64 stage_ops[SN_SCHED_MAX_STAGES] = { 0 };
	u64 slots = 0, n;
	u32 i;

	if (!list_ok(links, &p->slices, s->limits.slices, &n) || n != p->busy || n > p->depth)
		return false;
	seen->pieces += n;
	for (i = p->slices.head; i != SN_NONE; i = sn_sched_link(links, i)->next) {
		const struct sn_sched_piece *piece = sn_sched_piece(s, i);
		u32 parked = sn_sched_waiter(s, s->limits.paths + i)->edge;

		if (piece->path != path || piece->flow != p->flow || piece->stage >= p->stages ||
		    piece->slot >= p->depth || (slots >> piece->slot & 1) || !piece->bytes ||
		    piece->failures >= s->limits.attempts)
			return false;
		slots |= (u64)1 << piece->slot;
		*bytes += piece->bytes;
		if (piece->state == SN_SLICE_INFLIGHT && parked == SN_NONE) {
			stage_bytes[piece->stage] += piece->bytes;
			stage_ops[piece->stage]++;
			++*inflight;
		} else if (piece->state != SN_SLICE_WAITING || parked == SN_NONE) {
			return false;
		}
	}
	for (i = 0; i < SN_SCHED_MAX_STAGES; i++) {
		if (stage_bytes[i] != p->inflight_bytes[i] || stage_ops[i] != p->inflight_ops[i])
			return false;
	}
	return slots == p->slots;
}

static bool retry_ok(const struct sn_sched *s, u32 flow, u64 *bytes, struct seen *seen)
{
	const struct sn_sched_flow *f = sn_sched_flow(s, flow);
	struct sn_sched_links links = sn_sched_piece_links(s);
	u64 n;
	u32 i;

	if (!list_ok(links, &f->retry, s->limits.slices, &n) ||
	    (n && f->phase != SN_FLOW_RUNNING))
		return false;
	seen->pieces += n;
	for (i = f->retry.head; i != SN_NONE; i = sn_sched_link(links, i)->next) {
		const struct sn_sched_piece *piece = sn_sched_piece(s, i);

		if (piece->state != SN_SLICE_RETRY || piece->flow != flow || !piece->bytes ||
		    piece->failures >= s->limits.attempts ||
		    sn_sched_waiter(s, s->limits.paths + i)->edge != SN_NONE)
			return false;
		*bytes += piece->bytes;
	}
	return true;
}

static bool phase_ok(const struct sn_sched_flow *f, u64 on_the_way)
{
	switch (f->phase) {
	case SN_FLOW_NEW:
		return !f->started && !f->drawn_bytes && !f->inflight && !f->status;
	case SN_FLOW_RUNNING:
		return f->started && !f->dropped_bytes && !f->status &&
		       f->done_bytes < f->total_bytes &&
		       (f->live_paths ||
			(f->retry.head == SN_NONE && f->drawn_bytes == f->total_bytes));
	case SN_FLOW_ENDING:
		return f->inflight && f->status < 0;
	case SN_FLOW_FINISHED:
	case SN_FLOW_REPORTED:
		return !f->inflight && !on_the_way &&
		       (f->status < 0) == (f->done_bytes < f->total_bytes);
	default:
		return false;
	}
}

static bool flow_ok(const struct sn_sched *s, u32 flow, struct seen *seen)
{
	const struct sn_sched_flow *f = sn_sched_flow(s, flow);
	u64 bytes = 0, inflight = 0;
	u32 live = 0, n = 0, path;

	if (f->klass >= SN_SCHED_CLASSES || !f->slice_max_bytes || f->started > 1 ||
	    f->limit_bytes > f->total_bytes || f->drawn_bytes > f->limit_bytes)
		return false;
	for (path = f->paths; path != SN_NONE; path = sn_sched_path(s, path)->next) {
		const struct sn_sched_path *p = sn_sched_path(s, path);

		if (path >= s->limits.paths || n++ == SN_SCHED_MAX_FLOW_PATHS || p->flow != flow ||
		    !p->stages || p->stages > SN_SCHED_MAX_STAGES || !p->depth || p->depth > 64 ||
		    !stages_ok(s, path) || !pieces_ok(s, path, &bytes, &inflight, seen))
			return false;
		/* Who may draw waits. (Who waits and may not is found out when asked.) */
		if (sn_sched_can_draw(f, p) && sn_sched_waiter(s, path)->edge == SN_NONE)
			return false;
		live += !p->down;
		seen->reserved += p->depth;
	}
	seen->paths += n;
	if (n != f->path_count || live != f->live_paths || inflight != f->inflight ||
	    !retry_ok(s, flow, &bytes, seen) || !phase_ok(f, bytes))
		return false;
	seen->finished += f->phase == SN_FLOW_FINISHED;
	seen->flows++;
	/* Every byte below the cursor, once. */
	return f->drawn_bytes == f->done_bytes + bytes + f->dropped_bytes;
}

static bool lists_ok(const struct sn_sched *s, const struct seen *seen)
{
	struct sn_sched_links links = sn_sched_flow_links(s);
	u64 n;
	u32 c, i;

	if (!list_ok(links, &s->finished, s->limits.flows, &n) || n != seen->finished)
		return false;
	for (i = s->finished.head; i != SN_NONE; i = sn_sched_link(links, i)->next) {
		if (sn_sched_flow(s, i)->phase != SN_FLOW_FINISHED)
			return false;
	}
	for (c = 0; c < SN_SCHED_CLASSES; c++) {
		links = sn_sched_ready_links(s, c);
		if (!list_ok(links, &s->ready[c], s->limits.edges, &n) || n != seen->ready[c])
			return false;
		for (i = s->ready[c].head; i != SN_NONE; i = sn_sched_link(links, i)->next) {
			if (!sn_sched_edge(s, i)->used || !sn_sched_edge(s, i)->queue[c].is_ready)
				return false;
		}
	}
	return true;
}

/**
 * sn_sched_check() - prove every invariant
 * @s: the scheduler
 *
 * Every element is used or free and on exactly the list it belongs to; what is in flight on an edge
 * is the sum of its slices and under the caps; every byte of a flow is in one place; whoever may go
 * on is queued, and every queue that can be served is on its ready list.
 *
 * Context: Any; the caller serialises.
 * Return: 0, or -EINVAL.
 */
int sn_sched_check(const struct sn_sched *s)
{
	struct seen seen = { 0 };
	u64 parked = 0;
	u32 i;

	if (!header_ok(s) || !free_lists_ok(s, &seen))
		return -EINVAL;
	for (i = 0; i < s->limits.edges; i++) {
		if (sn_sched_edge(s, i)->used && !edge_ok(s, i, &seen))
			return -EINVAL;
	}
	for (i = 0; i < s->limits.flows; i++) {
		if (sn_sched_flow(s, i)->phase != SN_FLOW_FREE && !flow_ok(s, i, &seen))
			return -EINVAL;
	}
	/* As many say that they wait as were seen in the queues of the edges. */
	for (i = 0; i < s->limits.paths + s->limits.slices; i++)
		parked += sn_sched_waiter(s, i)->edge != SN_NONE;
	if (parked != seen.parked || seen.edges != s->limits.edges ||
	    seen.flows != s->limits.flows || seen.paths != s->limits.paths ||
	    seen.pieces != s->limits.slices || seen.refs != s->limits.stage_edges ||
	    seen.reserved != s->reserved_pieces || !lists_ok(s, &seen))
		return -EINVAL;
	return 0;
}

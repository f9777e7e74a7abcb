/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The scheduler's memory, for the three files that work on it and for the test that breaks it.
 *
 * Waiter: a path that wants to draw a slice for its stage 0 (waiter index = path index), or a
 * slice in the middle of its path (waiter index = limits.paths + slice index). It is parked on
 * exactly one edge of the stage it waits for, in the queue of its class.
 *
 * An edge's queue of class c is on ready list c exactly when the edge is up, the queue is not
 * empty, and the edge might take something of that class. Each call keeps that true for the edges
 * it touches.
 */
#ifndef SN_CORE_SCHED_STATE_H
#define SN_CORE_SCHED_STATE_H

#include "sched.h"

SN_C_BEGIN

enum sn_sched_slice_state {
	SN_SLICE_FREE,
	SN_SLICE_WAITING, /* stage > 0 is to be dispatched; on its path's list and parked */
	SN_SLICE_INFLIGHT, /* on its path's list */
	SN_SLICE_RETRY, /* on its flow's retry list, to be drawn again from stage 0 */
};

enum sn_sched_flow_phase {
	SN_FLOW_FREE,
	SN_FLOW_NEW,
	SN_FLOW_RUNNING,
	SN_FLOW_ENDING, /* cancelled or failed: draws nothing, something is in flight */
	SN_FLOW_FINISHED, /* on the finished list */
	SN_FLOW_REPORTED, /* given by sn_sched_finished() */
};

/* A doubly linked list of indices; next and prev stand in the members. */
struct sn_sched_list {
	u32 head;
	u32 tail;
};

struct sn_sched_link {
	u32 next;
	u32 prev;
};

/* One class of one edge. Ready list c links edges through queue[c].ready. */
struct sn_sched_queue {
	struct sn_sched_list waiters;
	struct sn_sched_link ready;
	u32 is_ready;
	u32 count;
};

struct sn_sched_edge {
	u64 bytes_per_sec;
	u64 cap_bytes;
	u64 inflight_bytes;
	u64 excess_bytes; /* in flight since the caps were set: may be over the cap */
	u64 done_bytes;
	u64 done_ops;
	u64 failed_ops;
	u32 cap_ops;
	u32 inflight_ops;
	u32 excess_ops;
	u32 used;
	u32 up;
	u32 stalled; /* classes >= this one wait for a completion: their first did not fit */
	struct sn_sched_list refs; /* the stages that run over it */
	u32 free_next;
	struct sn_sched_queue queue[SN_SCHED_CLASSES];
};

/* "Stage `stage` of path `path` runs over edge `edge`." */
struct sn_sched_ref {
	u32 edge;
	u32 path;
	u32 stage;
	u32 stage_next; /* next edge of the same stage; also the free list */
	struct sn_sched_link on_edge;
};

struct sn_sched_waiter {
	struct sn_sched_link link;
	u32 edge; /* where it is parked, or SN_NONE */
	u32 pad;
};

struct sn_sched_path {
	u64 slots; /* bit i: slot i is taken */
	u64 min_cap_bytes;
	u64 inflight_bytes[SN_SCHED_MAX_STAGES];
	u32 inflight_ops[SN_SCHED_MAX_STAGES];
	u32 stage_head[SN_SCHED_MAX_STAGES];
	struct sn_sched_list slices;
	u32 flow; /* SN_NONE: free */
	u32 next; /* next path of the flow; also the free list */
	u32 stages;
	u32 depth;
	u32 busy; /* slices on it */
	u32 down; /* references to edges that are down; live = 0 */
};

struct sn_sched_piece {
	u64 offset;
	u64 bytes;
	struct sn_sched_link link; /* path's, flow's retry, or the free list */
	u32 generation;
	u32 state;
	u32 flow;
	u32 path;
	u32 stage;
	u32 slot;
	u32 failures;
	u32 pad;
};

struct sn_sched_flow {
	u64 total_bytes;
	u64 limit_bytes;
	u64 slice_max_bytes;
	u64 drawn_bytes;
	u64 done_bytes;
	u64 dropped_bytes;
	struct sn_sched_list retry;
	struct sn_sched_link link; /* finished list; next also the free list */
	u32 paths;
	u32 path_count;
	u32 live_paths;
	u32 inflight;
	u32 klass;
	u32 phase;
	u32 started;
	int status;
};

struct sn_sched {
	struct sn_sched_limits limits;
	u64 bytes;
	u64 at_edges;
	u64 at_flows;
	u64 at_paths;
	u64 at_pieces;
	u64 at_refs;
	u64 at_waiters;
	u32 free_edge;
	u32 free_flow;
	u32 free_path;
	u32 free_piece;
	u32 free_ref;
	u32 reserved_pieces; /* sum of all paths' depths */
	struct sn_sched_list finished;
	struct sn_sched_list ready[SN_SCHED_CLASSES];
};

static inline void *sn_sched_at(const struct sn_sched *s, u64 at)
{
	return (char *)s + at;
}

static inline struct sn_sched_edge *sn_sched_edge(const struct sn_sched *s, u32 i)
{
	return (struct sn_sched_edge *)sn_sched_at(s, s->at_edges) + i;
}

static inline struct sn_sched_flow *sn_sched_flow(const struct sn_sched *s, u32 i)
{
	return (struct sn_sched_flow *)sn_sched_at(s, s->at_flows) + i;
}

static inline struct sn_sched_path *sn_sched_path(const struct sn_sched *s, u32 i)
{
	return (struct sn_sched_path *)sn_sched_at(s, s->at_paths) + i;
}

static inline struct sn_sched_piece *sn_sched_piece(const struct sn_sched *s, u32 i)
{
	return (struct sn_sched_piece *)sn_sched_at(s, s->at_pieces) + i;
}

static inline struct sn_sched_ref *sn_sched_ref(const struct sn_sched *s, u32 i)
{
	return (struct sn_sched_ref *)sn_sched_at(s, s->at_refs) + i;
}

static inline struct sn_sched_waiter *sn_sched_waiter(const struct sn_sched *s, u32 i)
{
	return (struct sn_sched_waiter *)sn_sched_at(s, s->at_waiters) + i;
}

/* Where the links of a kind of element are: list operations take indices. */
struct sn_sched_links {
	char *first;
	size_t stride;
};

static inline struct sn_sched_link *sn_sched_link(struct sn_sched_links links, u32 i)
{
	return (struct sn_sched_link *)(links.first + links.stride * i);
}

static inline struct sn_sched_links sn_sched_ready_links(const struct sn_sched *s, u32 klass)
{
	return (struct sn_sched_links){ (char *)&sn_sched_edge(s, 0)->queue[klass].ready,
					sizeof(struct sn_sched_edge) };
}

static inline struct sn_sched_links sn_sched_ref_links(const struct sn_sched *s)
{
	return (struct sn_sched_links){ (char *)&sn_sched_ref(s, 0)->on_edge,
					sizeof(struct sn_sched_ref) };
}

static inline struct sn_sched_links sn_sched_waiter_links(const struct sn_sched *s)
{
	return (struct sn_sched_links){ (char *)&sn_sched_waiter(s, 0)->link,
					sizeof(struct sn_sched_waiter) };
}

static inline struct sn_sched_links sn_sched_piece_links(const struct sn_sched *s)
{
	return (struct sn_sched_links){ (char *)&sn_sched_piece(s, 0)->link,
					sizeof(struct sn_sched_piece) };
}

static inline struct sn_sched_links sn_sched_flow_links(const struct sn_sched *s)
{
	return (struct sn_sched_links){ (char *)&sn_sched_flow(s, 0)->link,
					sizeof(struct sn_sched_flow) };
}

static inline void sn_sched_list_init(struct sn_sched_list *list)
{
	list->head = SN_NONE;
	list->tail = SN_NONE;
}

static inline void sn_sched_list_append(struct sn_sched_links links, struct sn_sched_list *list,
					u32 i)
{
	struct sn_sched_link *link = sn_sched_link(links, i);

	link->next = SN_NONE;
	link->prev = list->tail;
	if (list->tail == SN_NONE)
		list->head = i;
	else
		sn_sched_link(links, list->tail)->next = i;
	list->tail = i;
}

static inline void sn_sched_list_remove(struct sn_sched_links links, struct sn_sched_list *list,
					u32 i)
{
	struct sn_sched_link *link = sn_sched_link(links, i);

	if (link->prev == SN_NONE)
		list->head = link->next;
	else
		sn_sched_link(links, link->prev)->next = link->next;
	if (link->next == SN_NONE)
		list->tail = link->prev;
	else
		sn_sched_link(links, link->next)->prev = link->prev;
	link->next = SN_NONE;
	link->prev = SN_NONE;
}

static inline bool sn_sched_edge_ok(const struct sn_sched *s, u32 i)
{
	return i < s->limits.edges && sn_sched_edge(s, i)->used;
}

static inline bool sn_sched_flow_ok(const struct sn_sched *s, u32 i)
{
	return i < s->limits.flows && sn_sched_flow(s, i)->phase != SN_FLOW_FREE;
}

/* Might the edge take something of this class, if it is short enough? */
static inline bool sn_sched_edge_open(const struct sn_sched_edge *e, u32 klass)
{
	if (!e->up)
		return false;
	if (!e->inflight_ops)
		return true;
	return klass < e->stalled && e->inflight_bytes < e->cap_bytes &&
	       (!e->cap_ops || e->inflight_ops < e->cap_ops);
}

/* Does it take these bytes of this class now? */
static inline bool sn_sched_edge_takes(const struct sn_sched_edge *e, u32 klass, u64 bytes)
{
	return sn_sched_edge_open(e, klass) &&
	       (!e->inflight_ops || bytes <= e->cap_bytes - e->inflight_bytes);
}

/* May this path draw a slice, as far as flow and path go? */
static inline bool sn_sched_can_draw(const struct sn_sched_flow *f, const struct sn_sched_path *p)
{
	return f->phase == SN_FLOW_RUNNING && !p->down && p->busy < p->depth &&
	       (f->retry.head != SN_NONE || f->drawn_bytes < f->limit_bytes);
}

/* sched.c */
size_t sn_sched_layout(const struct sn_sched_limits *l, struct sn_sched *s);

/* sched_wait.c: who waits where. */
void sn_sched_edge_update(struct sn_sched *s, u32 edge);
void sn_sched_park(struct sn_sched *s, u32 waiter, u32 edge);
void sn_sched_wait(struct sn_sched *s, u32 waiter, u32 path, u32 stage);
void sn_sched_unpark(struct sn_sched *s, u32 waiter);
u32 sn_sched_first_full(const struct sn_sched *s, u32 head, u32 klass, u64 bytes);
void sn_sched_kick(struct sn_sched *s, u32 path);
void sn_sched_kick_flow(struct sn_sched *s, u32 flow, u32 last);

/* sched_flow.c */
void sn_sched_find_min_cap(struct sn_sched *s, u32 path);

/* sched_slice.c: the life of slices and the end of flows. */
void sn_sched_requeue(struct sn_sched *s, u32 piece);
void sn_sched_flow_settle(struct sn_sched *s, u32 flow);
void sn_sched_flow_end(struct sn_sched *s, u32 flow, int status);

SN_C_END

#endif

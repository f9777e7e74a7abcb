/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Which slice of which flow goes next, over which path.
 *
 * Edge:  something that carries or copies bytes: a link's direction, or an engine (cap_ops =
 *        channels * depth). It takes a slice only while its bytes and operations in flight are
 *        under its caps; one with nothing in flight takes any one slice.
 * Flow:  total_bytes to move between two devices, in a class. One cursor for all its paths: a path
 *        draws its next slice from the cursor when its edges have room, so a slow path draws less.
 * Path:  1 to 4 stages, each a set of edges that a slice holds all at once while it is copied.
 * Slice: [offset, offset + bytes) of a flow on its way through a path, stage by stage.
 *
 * Pull: call sn_sched_next() until it says false, after every call that may have made room or work
 * (flow_start, flow_limit, path_add, complete, edge_set, flow_cancel); carry out what it gives, and
 * report each with sn_sched_complete(); then pop sn_sched_finished() until it says false.
 *
 * No call allocates, locks or reads a clock. One caller at a time.
 */
#ifndef SN_CORE_SCHED_H
#define SN_CORE_SCHED_H

#include "base.h"

SN_C_BEGIN

struct sn_sched;

#define SN_SCHED_MAX_STAGES 4
#define SN_SCHED_MAX_STAGE_EDGES 18
#define SN_SCHED_MAX_FLOW_PATHS 8
#define SN_SCHED_MIN_SLICE_BYTES (64u << 10)

/* Classes, high to low: a lower one is served when no higher one can be. */
enum sn_sched_class {
	SN_SCHED_DEADLINE,
	SN_SCHED_LATENCY,
	SN_SCHED_NORMAL,
	SN_SCHED_BULK,
	SN_SCHED_SCAVENGER,
	SN_SCHED_CLASSES,
};

/**
 * struct sn_sched_limits - how much a scheduler can hold
 * @edges: edges
 * @flows: flows, finished ones not yet deleted included
 * @paths: paths of all flows
 * @slices: sum of the depths of all paths (each path owns that many from path_add to flow_del)
 * @stage_edges: sum over all paths of the edges of all their stages
 * @attempts: how often one slice may fail before its flow does; 0 means 8
 */
struct sn_sched_limits {
	u32 edges;
	u32 flows;
	u32 paths;
	u32 slices;
	u32 stage_edges;
	u32 attempts;
};

/**
 * struct sn_sched_edge_spec - what an edge can take
 * @bytes_per_sec: its rate
 * @cap_bytes: most bytes in flight; 0 means sn_sched_cap_bytes(bytes_per_sec)
 * @cap_ops: most slices in flight; 0 = no limit
 * @up: carries traffic
 */
struct sn_sched_edge_spec {
	u64 bytes_per_sec;
	u64 cap_bytes;
	u32 cap_ops;
	bool up;
};

/**
 * struct sn_sched_edge_state - an edge and its counters
 * @spec: as in force (cap_bytes is never 0)
 * @inflight_bytes: bytes in flight
 * @inflight_ops: slices in flight
 * @waiters: paths and slices parked on it
 * @done_bytes: bytes carried without error
 * @done_ops: slices carried without error
 * @failed_ops: slices that ended with an error
 */
struct sn_sched_edge_state {
	struct sn_sched_edge_spec spec;
	u64 inflight_bytes;
	u32 inflight_ops;
	u32 waiters;
	u64 done_bytes;
	u64 done_ops;
	u64 failed_ops;
};

/**
 * struct sn_sched_flow_spec - work to be done
 * @total_bytes: how much; 0 finishes as soon as it is started
 * @limit_bytes: the cursor stops here until sn_sched_flow_limit() raises it; 0 means total_bytes.
 *	A slice never crosses a limit.
 * @slice_max_bytes: longest slice, not 0
 * @klass: enum sn_sched_class
 */
struct sn_sched_flow_spec {
	u64 total_bytes;
	u64 limit_bytes;
	u64 slice_max_bytes;
	u32 klass;
};

/**
 * struct sn_sched_flow_state - a flow's progress
 * @total_bytes: as given
 * @limit_bytes: as in force, at most total_bytes
 * @drawn_bytes: the cursor; equal to limit_bytes = paths idle until the limit rises
 * @done_bytes: bytes that passed their last stage
 * @inflight_slices: dispatched and not completed
 * @status: 0, or the first error (-ECANCELED after a cancel)
 * @started: flow_start was called
 * @finished: nothing more will be dispatched, nothing is in flight
 */
struct sn_sched_flow_state {
	u64 total_bytes;
	u64 limit_bytes;
	u64 drawn_bytes;
	u64 done_bytes;
	u32 inflight_slices;
	int status;
	bool started;
	bool finished;
};

/**
 * struct sn_sched_stage - one DMA stage of a path
 * @edge_count: 1 to SN_SCHED_MAX_STAGE_EDGES
 * @edges: all different
 */
struct sn_sched_stage {
	u32 edge_count;
	u32 edges[SN_SCHED_MAX_STAGE_EDGES];
};

/**
 * struct sn_sched_path_spec - a way that a flow may take
 * @stage_count: 1 to SN_SCHED_MAX_STAGES
 * @depth: slices that may be on this path at once, 1 to 64 (scratch slots, for several stages)
 * @stages: the stages in order
 */
struct sn_sched_path_spec {
	u32 stage_count;
	u32 depth;
	struct sn_sched_stage stages[SN_SCHED_MAX_STAGES];
};

/**
 * struct sn_sched_slice - names one dispatch; a stale or repeated one is recognised
 * @index: slot
 * @generation: changes with each dispatch of the slot
 */
struct sn_sched_slice {
	u32 index;
	u32 generation;
};

/**
 * struct sn_sched_dispatch - copy these bytes over this stage now
 * @slice: to be handed to sn_sched_complete()
 * @flow: flow index
 * @path: path index
 * @stage: stage of that path, from 0
 * @slot: which of the path's depth slots it holds, 0 to depth - 1, the same through all stages
 * @last_stage: it ends at the flow's destination
 * @at_limit: the flow's cursor now stands at a limit below total_bytes: raise it for more
 * @offset: first byte, relative to the flow
 * @bytes: length
 */
struct sn_sched_dispatch {
	struct sn_sched_slice slice;
	u32 flow;
	u32 path;
	u32 stage;
	u32 slot;
	bool last_stage;
	bool at_limit;
	u64 offset;
	u64 bytes;
};

size_t sn_sched_bytes(const struct sn_sched_limits *limits);
int sn_sched_init(void *mem, const struct sn_sched_limits *limits, struct sn_sched **sched);

/* 1.03 * 20 us of the rate, at least two slices of 64 KiB. */
u64 sn_sched_cap_bytes(u64 bytes_per_sec);

/*
 * Edges. Unknown index: -EINVAL. Full: -ENOSPC. edge_del of one that a path uses: -EBUSY.
 * edge_set with up = false ends the waiting on every path through it; what is in flight goes on.
 */
int sn_sched_edge_add(struct sn_sched *sched, const struct sn_sched_edge_spec *spec, u32 *edge);
int sn_sched_edge_set(struct sn_sched *sched, u32 edge, const struct sn_sched_edge_spec *spec);
int sn_sched_edge_del(struct sn_sched *sched, u32 edge);
int sn_sched_edge_state(const struct sn_sched *sched, u32 edge, struct sn_sched_edge_state *state);

/*
 * Flows. Unknown index: -EINVAL. Full: -ENOSPC. Life: flow_add, path_add (also while it runs, at
 * most SN_SCHED_MAX_FLOW_PATHS: -E2BIG), flow_start, sn_sched_finished(), flow_del.
 * flow_start: -EALREADY when started, -EINVAL without a path. With no live path it starts, and
 * finishes with -EHOSTUNREACH. path_add on a flow that ended or is ending: -EINVAL.
 * flow_limit: -EINVAL when lower than before; higher than total_bytes means total_bytes.
 * flow_cancel: -EALREADY when it ended or is ending. One that was never started finishes as well.
 * flow_del: -EBUSY unless sn_sched_finished() has given it or it was never started nor cancelled.
 */
int sn_sched_flow_add(struct sn_sched *sched, const struct sn_sched_flow_spec *spec, u32 *flow);
int sn_sched_path_add(struct sn_sched *sched, u32 flow, const struct sn_sched_path_spec *spec,
		      u32 *path);
int sn_sched_flow_start(struct sn_sched *sched, u32 flow);
int sn_sched_flow_limit(struct sn_sched *sched, u32 flow, u64 limit_bytes);
int sn_sched_flow_cancel(struct sn_sched *sched, u32 flow);
int sn_sched_flow_del(struct sn_sched *sched, u32 flow);
int sn_sched_flow_state(const struct sn_sched *sched, u32 flow, struct sn_sched_flow_state *state);

/* The next dispatch; false when there is none until something changes. */
bool sn_sched_next(struct sn_sched *sched, struct sn_sched_dispatch *dispatch);

/*
 * A dispatch ended. status: 0 or -errno. retry: with an error, may these bytes be sent again?
 * -EINVAL: not in flight (unknown, repeated, stale).
 */
int sn_sched_complete(struct sn_sched *sched, struct sn_sched_slice slice, int status, bool retry);

/* A flow that finished, each exactly once; false when there is none. */
bool sn_sched_finished(struct sn_sched *sched, u32 *flow, int *status);

int sn_sched_check(const struct sn_sched *sched);

SN_C_END

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Which ways bytes can take from one device's memory to another's, best first.
 *
 * A path is a chain of DMA stages. A stage runs from a device with memory, through zero or more
 * switches, to the next device with memory; the device at one of its two ends must be an initiator.
 * A device in the middle, where one stage ends and the next begins, must be a relay.
 *
 * Paths are loop-free: no device twice. One exception keeps two passive devices behind one switch
 * reachable through the host: two stages may cross the same switch when they could not be one,
 * because neither the device before the first nor the one after the second is an initiator.
 */
#ifndef SN_CORE_ROUTE_H
#define SN_CORE_ROUTE_H

#include "base.h"
#include "graph.h"

SN_C_BEGIN

#define SN_ROUTE_MAX_PATHS 8
#define SN_ROUTE_MAX_STAGES 4
#define SN_ROUTE_MAX_LINKS 16

/**
 * enum sn_route_reason - why there is no path
 * @SN_ROUTE_OK: there is one
 * @SN_ROUTE_NO_SRC: no such source device
 * @SN_ROUTE_NO_DST: no such destination device
 * @SN_ROUTE_SRC_SWITCH: the source is a switch; culprit is that device
 * @SN_ROUTE_DST_SWITCH: the destination is a switch; culprit is that device
 * @SN_ROUTE_NO_LINK: nothing connects them, even with every link up
 * @SN_ROUTE_LINK_DOWN: there would be a path if links that are down were up; culprit is such a link
 * @SN_ROUTE_TOO_MANY_STAGES: every way needs more stages or links than allowed; culprit is the
 *	device where the shortest one exceeds them
 * @SN_ROUTE_NO_ENGINE: a stage has no initiator at either end; culprit is the device it starts from
 * @SN_ROUTE_NO_RELAY: a device on the way may not hold staged bytes; culprit is that device
 * @SN_ROUTE_BUDGET: there is a path, but the search budget ended before it was found
 */
enum sn_route_reason {
	SN_ROUTE_OK,
	SN_ROUTE_NO_SRC,
	SN_ROUTE_NO_DST,
	SN_ROUTE_SRC_SWITCH,
	SN_ROUTE_DST_SWITCH,
	SN_ROUTE_NO_LINK,
	SN_ROUTE_LINK_DOWN,
	SN_ROUTE_TOO_MANY_STAGES,
	SN_ROUTE_NO_ENGINE,
	SN_ROUTE_NO_RELAY,
	SN_ROUTE_BUDGET,
};

/**
 * struct sn_route_path - one way from source to destination
 * @bytes_per_sec: rate of its narrowest edge; SN_U64_MAX when it has no edge
 * @latency_ns: sum over its edges
 * @edges: edge indices in order
 * @edge_count: how many of them
 * @stages: how many DMA stages, 1 to SN_ROUTE_MAX_STAGES
 * @stage_end: stage i runs over edges[i ? stage_end[i - 1] : 0] to edges[stage_end[i] - 1]
 */
struct sn_route_path {
	u64 bytes_per_sec;
	u64 latency_ns;
	u32 edges[SN_ROUTE_MAX_LINKS];
	u8 edge_count;
	u8 stages;
	u8 stage_end[SN_ROUTE_MAX_STAGES];
};

/**
 * struct sn_route_set - the answer
 * @count: paths found, best first: widest, then fewest stages, then lowest latency, then fewest
 *	links, then lowest edge indices
 * @reason: why there is none; SN_ROUTE_OK when there is one
 * @culprit: index of the device or link that shows the reason, or SN_NONE; which of the two it is
 *	follows from the reason
 * @exact: 1 when these are provably the best; 0 when the search budget ended early
 * @paths: the paths
 */
struct sn_route_set {
	u32 count;
	u32 reason;
	u32 culprit;
	u32 exact;
	struct sn_route_path paths[SN_ROUTE_MAX_PATHS];
};

/* Scratch memory for sn_route_find() on any graph within these limits (about 1 MiB and up). */
size_t sn_route_bytes(const struct sn_graph_limits *limits);

/*
 * Up to k (1 to SN_ROUTE_MAX_PATHS) best paths. 0 also when there is none: see set->reason.
 * -EINVAL: k out of range, the graph is not sealed, or scratch is not aligned.
 */
int sn_route_find(const struct sn_graph *graph, u32 src, u32 dst, u32 k, void *scratch,
		  struct sn_route_set *set);

/* Device i of a path: 0 is the source, stages is the destination; others hold staged bytes. */
u32 sn_route_stage_device(const struct sn_graph *graph, const struct sn_route_path *path, u32 src,
			  u32 i);

/* Proves that a path is legal from src to dst on the graph as it is now; -EINVAL when not. */
int sn_route_check(const struct sn_graph *graph, u32 src, u32 dst,
		   const struct sn_route_path *path);

SN_C_END

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the search for paths and the search for the reason share: the state graph.
 *
 * A search state is (device, mode), index 2 * device + mode. Mode 1 exists for switches only: the
 * stage that is being crossed starts at an initiator. A step over an edge leads to one state or is
 * against the rules, so that any walk through states is a chain of legal stages; only loops, and
 * the limits on stages and links, are not in it.
 */
#ifndef SN_CORE_ROUTE_STATE_H
#define SN_CORE_ROUTE_STATE_H

#include "route.h"

/* Rules to be left aside while the reason is sought. */
#define SN_ROUTE_ANY_STATE (1u << 0) /* links that are down too */
#define SN_ROUTE_ANY_ENGINE (1u << 1) /* stages without an initiator too */
#define SN_ROUTE_ANY_RELAY (1u << 2) /* devices that may not relay too */

/* Layer t of the table: t stages are still to end. */
#define SN_ROUTE_LAYERS (SN_ROUTE_MAX_STAGES + 1)

/* A partial path in the search: its last edge, and what it comes to at best. */
struct sn_route_node {
	u64 latency_ns;
	u64 best_latency_ns;
	u32 parent;
	u32 edge;
	u32 state;
	u8 stages;
	u8 links;
	u8 best_stages;
	u8 best_links;
};

/* The rest of a walk to the destination, at best. */
struct sn_route_rest {
	u64 latency_ns;
	u32 stages; /* SN_NONE: there is no way */
	u32 links;
};

struct sn_route_search {
	const struct sn_graph *graph;
	u32 src;
	u32 dst;
	u32 states;
	u32 rules; /* SN_ROUTE_ANY_* */
	u64 floor; /* edges with lower rates do not count */
	u64 work; /* edges looked at */
	u64 *widest; /* per layer and state: the best bottleneck to the destination; 0 = no way */
	struct sn_route_rest *rest; /* per state, above the floor */
	u32 *links; /* per layer and state: fewest links to the destination, or SN_NONE */
	u32 *queue; /* SN_ROUTE_LAYERS * states */
	u32 *heap;
	u32 *place; /* in the heap, or SN_NONE; per layer and state */
	u32 heap_count;
	struct sn_route_node *nodes;
	u32 node_count;
};

static inline bool sn_route_is(const struct sn_route_search *r, u32 device, u32 flag)
{
	return sn_graph_device(r->graph, device)->flags & flag;
}

static inline bool sn_route_usable(const struct sn_route_search *r, u32 edge)
{
	u64 rate = sn_graph_edge_rate(r->graph, edge);

	return rate && rate >= r->floor &&
	       (sn_graph_link(r->graph, edge >> 1)->up || r->rules & SN_ROUTE_ANY_STATE);
}

/* Where an edge leads from a state other than the destination's, and whether it ends a stage. */
static inline bool sn_route_step(const struct sn_route_search *r, u32 state, u32 edge, u32 *next,
				 bool *ends)
{
	u32 from = state >> 1, to = sn_graph_edge_to(r->graph, edge);
	bool engine = sn_route_is(r, from, SN_GRAPH_SWITCH) ?
			      state & 1 :
			      sn_route_is(r, from, SN_GRAPH_INITIATOR);

	if (to == r->src)
		return false;
	if (sn_route_is(r, to, SN_GRAPH_SWITCH)) {
		*next = 2 * to + engine;
		*ends = false;
		return true;
	}
	if (!engine && !sn_route_is(r, to, SN_GRAPH_INITIATOR) && !(r->rules & SN_ROUTE_ANY_ENGINE))
		return false;
	if (to != r->dst && !sn_route_is(r, to, SN_GRAPH_RELAY) && !(r->rules & SN_ROUTE_ANY_RELAY))
		return false;
	*next = 2 * to;
	*ends = true;
	return true;
}

/* route_reason.c */
u32 sn_route_count_links(struct sn_route_search *r, bool capped, u32 *layer);
void sn_route_explain(struct sn_route_search *r, struct sn_route_set *set);

#endif

// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Proves that a path is legal, from the definition and not from the search.
 *
 * No lock: the caller serialises.
 */
#include "route.h"

static bool has(const struct sn_graph *g, u32 device, u32 flag)
{
	return sn_graph_device(g, device)->flags & flag;
}

/* The stage that edge i of the path is in. */
static u32 stage_of(const struct sn_route_path *path, u32 i)
{
	u32 stage = 0;

	while (i >= path->stage_end[stage])
		stage++;
	return stage;
}

/* Edges exist, are up, form a chain from src to dst, and add up. */
static bool chain_ok(const struct sn_graph *g, u32 src, u32 dst, const struct sn_route_path *path)
{
	u64 rate = SN_U64_MAX, latency_ns = 0;
	struct sn_graph_limits count;
	u32 at = src, i;

	sn_graph_counts(g, &count);
	for (i = 0; i < path->edge_count; i++) {
		u32 edge = path->edges[i];

		if (edge >= 2 * count.links || sn_graph_edge_from(g, edge) != at ||
		    !sn_graph_edge_rate(g, edge) || !sn_graph_link(g, edge >> 1)->up)
			return false;
		rate = sn_min_u64(rate, sn_graph_edge_rate(g, edge));
		latency_ns = sn_add_sat_u64(latency_ns, sn_graph_edge_latency(g, edge));
		at = sn_graph_edge_to(g, edge);
	}
	return at == dst && rate == path->bytes_per_sec && latency_ns == path->latency_ns;
}

/* Stages end at every device with memory and nowhere else, each has an engine, relays join them. */
static bool stages_ok(const struct sn_graph *g, u32 src, const struct sn_route_path *path)
{
	u32 stage = 0, start = src, i;

	for (i = 0; i < path->edge_count; i++) {
		u32 to = sn_graph_edge_to(g, path->edges[i]);

		if (has(g, to, SN_GRAPH_SWITCH))
			continue;
		if (stage == path->stages || path->stage_end[stage] != i + 1)
			return false;
		if (!has(g, start, SN_GRAPH_INITIATOR) && !has(g, to, SN_GRAPH_INITIATOR))
			return false;
		if (i + 1 < path->edge_count && !has(g, to, SN_GRAPH_RELAY))
			return false;
		start = to;
		stage++;
	}
	return stage == path->stages;
}

static bool loop_free(const struct sn_graph *g, u32 src, const struct sn_route_path *path)
{
	u32 i, j;

	for (i = 0; i < path->edge_count; i++) {
		u32 device = sn_graph_edge_to(g, path->edges[i]);

		if (device == src)
			return false;
		for (j = 0; j < i; j++) {
			u32 first = stage_of(path, j), second = stage_of(path, i);

			if (sn_graph_edge_to(g, path->edges[j]) != device)
				continue;
			if (!has(g, device, SN_GRAPH_SWITCH) || first == second ||
			    has(g, sn_route_stage_device(g, path, src, first),
				SN_GRAPH_INITIATOR) ||
			    has(g, sn_route_stage_device(g, path, src, second + 1),
				SN_GRAPH_INITIATOR))
				return false;
		}
	}
	return true;
}

/**
 * sn_route_check() - prove that a path is legal
 * @g: a sealed graph, as it is now
 * @src: device index
 * @dst: device index
 * @path: the path
 *
 * Context: Any; the caller serialises.
 * Return: 0, or -EINVAL.
 */
int sn_route_check(const struct sn_graph *g, u32 src, u32 dst, const struct sn_route_path *path)
{
	struct sn_graph_limits count;

	sn_graph_counts(g, &count);
	if (!sn_graph_is_sealed(g) || src >= count.devices || dst >= count.devices ||
	    has(g, src, SN_GRAPH_SWITCH) || has(g, dst, SN_GRAPH_SWITCH) || !path->stages ||
	    path->stages > SN_ROUTE_MAX_STAGES || path->edge_count > SN_ROUTE_MAX_LINKS)
		return -EINVAL;
	if (src == dst)
		return path->stages == 1 && !path->edge_count && has(g, src, SN_GRAPH_INITIATOR) ?
			       0 :
			       -EINVAL;
	if (!chain_ok(g, src, dst, path) || !stages_ok(g, src, path) || !loop_free(g, src, path))
		return -EINVAL;
	return 0;
}

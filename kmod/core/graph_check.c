// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Proves that a graph's memory is what it should be. Trusts nothing in it but limits.
 *
 * Changes nothing. No lock: the caller serialises.
 */
#include "graph_state.h"

static bool ids_ok(const struct sn_graph *g, u64 at_ids, u32 count,
		   u64 (*key_of)(const struct sn_graph *g, u32 i))
{
	const u32 *ids = sn_graph_indices(g, at_ids);
	u32 i;

	/* Strictly ascending keys of existing elements: as many different ones as there are. */
	for (i = 0; i < count; i++) {
		if (ids[i] >= count || (i && key_of(g, ids[i - 1]) >= key_of(g, ids[i])))
			return false;
	}
	return true;
}

static bool header_ok(const struct sn_graph *g)
{
	struct sn_graph want;

	return g->limits.links <= SN_GRAPH_MAX_LINKS &&
	       sn_graph_layout(&g->limits, &want) == g->bytes &&
	       g->at_devices == want.at_devices && g->at_ports == want.at_ports &&
	       g->at_links == want.at_links && g->at_device_ids == want.at_device_ids &&
	       g->at_port_ids == want.at_port_ids && g->at_link_ids == want.at_link_ids &&
	       g->at_first == want.at_first && g->at_out == want.at_out && g->sealed <= 1 &&
	       g->count.devices <= g->limits.devices && g->count.ports <= g->limits.ports &&
	       g->count.links <= g->limits.links;
}

static bool elements_ok(const struct sn_graph *g)
{
	const struct sn_graph_port *ports = sn_graph_ports(g);
	const struct sn_graph_link *links = sn_graph_links(g);
	u32 i, end;

	for (i = 0; i < g->count.devices; i++) {
		if (!sn_graph_flags_ok(sn_graph_devices(g)[i].flags))
			return false;
	}
	/* A port and its link name each other, so no port has two. */
	for (i = 0; i < g->count.ports; i++) {
		const struct sn_graph_port *p = &ports[i];

		if (p->device >= g->count.devices)
			return false;
		if (p->link != SN_NONE &&
		    (p->link >= g->count.links ||
		     (links[p->link].port[0] != i && links[p->link].port[1] != i)))
			return false;
	}
	for (i = 0; i < g->count.links; i++) {
		const struct sn_graph_link *l = &links[i];

		for (end = 0; end < 2; end++) {
			if (l->port[end] >= g->count.ports || ports[l->port[end]].link != i)
				return false;
		}
		if (l->up > 1 || ports[l->port[0]].device == ports[l->port[1]].device)
			return false;
	}
	return true;
}

static bool adjacency_ok(const struct sn_graph *g)
{
	const u32 *first = sn_graph_indices(g, g->at_first);
	const u32 *out = sn_graph_indices(g, g->at_out);
	u32 edges = 2 * g->count.links;
	u32 d, i;

	if (first[0] || first[g->count.devices] != edges)
		return false;
	for (d = 0; d < g->count.devices; d++) {
		if (first[d] > first[d + 1] || first[d + 1] > edges)
			return false;
		for (i = first[d]; i < first[d + 1]; i++) {
			if (out[i] >= edges || sn_graph_edge_from(g, out[i]) != d ||
			    (i > first[d] && out[i - 1] >= out[i]))
				return false;
		}
	}
	return true;
}

/**
 * sn_graph_check() - prove every invariant
 * @g: the graph
 *
 * Links and ports name each other, ids are unique and found, every edge is listed once at the
 * device it leaves. Reads inside the graph's memory whatever it holds, as long as its limits are
 * right.
 *
 * Context: Any; the caller serialises.
 * Return: 0, or -EINVAL.
 */
int sn_graph_check(const struct sn_graph *g)
{
	if (!header_ok(g) || !elements_ok(g) ||
	    !ids_ok(g, g->at_device_ids, g->count.devices, sn_graph_device_key) ||
	    !ids_ok(g, g->at_port_ids, g->count.ports, sn_graph_port_key) ||
	    !ids_ok(g, g->at_link_ids, g->count.links, sn_graph_link_key) ||
	    (g->sealed && !adjacency_ok(g)))
		return -EINVAL;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A graph's memory, for the two files that work on it and for the test that breaks it.
 */
#ifndef SN_CORE_GRAPH_STATE_H
#define SN_CORE_GRAPH_STATE_H

#include "graph.h"

SN_C_BEGIN

/* An edge index is 2 * link index + direction, and SN_NONE is none. */
#define SN_GRAPH_MAX_LINKS (1u << 30)

struct sn_graph {
	struct sn_graph_limits limits;
	struct sn_graph_limits count;
	u64 bytes;
	u64 at_devices;
	u64 at_ports;
	u64 at_links;
	u64 at_device_ids; /* device indices, ascending by id */
	u64 at_port_ids; /* port indices, ascending by (device, number) */
	u64 at_link_ids; /* link indices, ascending by id */
	u64 at_first; /* CSR: edges that leave device d: out[first[d]] to out[first[d + 1] - 1] */
	u64 at_out;
	u64 sealed;
};

size_t sn_graph_layout(const struct sn_graph_limits *limits, struct sn_graph *graph);

static inline u32 *sn_graph_indices(const struct sn_graph *g, u64 at)
{
	return (u32 *)((char *)g + at);
}

static inline struct sn_graph_device *sn_graph_devices(const struct sn_graph *g)
{
	return (struct sn_graph_device *)((char *)g + g->at_devices);
}

static inline struct sn_graph_port *sn_graph_ports(const struct sn_graph *g)
{
	return (struct sn_graph_port *)((char *)g + g->at_ports);
}

static inline struct sn_graph_link *sn_graph_links(const struct sn_graph *g)
{
	return (struct sn_graph_link *)((char *)g + g->at_links);
}

/* What the index arrays ascend by. */
static inline u64 sn_graph_device_key(const struct sn_graph *g, u32 i)
{
	return sn_graph_devices(g)[i].id;
}

static inline u64 sn_graph_port_key(const struct sn_graph *g, u32 i)
{
	return (u64)sn_graph_ports(g)[i].device << 32 | sn_graph_ports(g)[i].number;
}

static inline u64 sn_graph_link_key(const struct sn_graph *g, u32 i)
{
	return sn_graph_links(g)[i].id;
}

static inline bool sn_graph_flags_ok(u32 flags)
{
	return !(flags & ~(SN_GRAPH_SWITCH | SN_GRAPH_INITIATOR | SN_GRAPH_RELAY)) &&
	       (!(flags & SN_GRAPH_SWITCH) || flags == SN_GRAPH_SWITCH);
}

SN_C_END

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The structure of a super-node: devices, their ports, and links from port to port.
 *
 * A link is two directed edges. Edge index = 2 * link index + direction; direction 0 runs from
 * port[0]'s device to port[1]'s, direction 1 back; edge ^ 1 is the opposite direction. A direction
 * whose rate is 0 does not exist. Parallel links are allowed, links from a device to itself are
 * not, and a port carries at most one link.
 *
 * Life: init, add_*, seal. After seal the structure stands; only a link's state and rates change.
 */
#ifndef SN_CORE_GRAPH_H
#define SN_CORE_GRAPH_H

#include "base.h"

SN_C_BEGIN

struct sn_graph;

/* Device flags. A switch has no memory and no engine: it combines with no other flag. */
#define SN_GRAPH_SWITCH (1u << 0) /* bytes pass through */
#define SN_GRAPH_INITIATOR (1u << 1) /* has a copy engine */
#define SN_GRAPH_RELAY (1u << 2) /* may hold staged bytes of others */

/**
 * struct sn_graph_limits - how much a graph can hold
 * @devices: devices
 * @ports: ports of all devices
 * @links: links; at most 2^30
 */
struct sn_graph_limits {
	u32 devices;
	u32 ports;
	u32 links;
};

/**
 * struct sn_graph_device - a device as stored
 * @id: the caller's stable id
 * @flags: SN_GRAPH_*
 */
struct sn_graph_device {
	u32 id;
	u32 flags;
};

/**
 * struct sn_graph_port - a port as stored
 * @device: device index
 * @number: port number on that device
 * @link: index of its link, or SN_NONE
 */
struct sn_graph_port {
	u32 device;
	u32 number;
	u32 link;
};

/**
 * struct sn_graph_link - a link as given and as stored
 * @id: the caller's stable id
 * @port: port indices of its two ends
 * @up: carries traffic (0 or 1)
 * @bytes_per_sec: rate per direction; 0 = the direction does not exist
 * @latency_ns: latency per direction
 */
struct sn_graph_link {
	u32 id;
	u32 port[2];
	u32 up;
	u64 bytes_per_sec[2];
	u64 latency_ns[2];
};

/* Life. seal: -EALREADY when sealed. add_* after seal: -EROFS. Full: -ENOSPC. Same id: -EEXIST. */
size_t sn_graph_bytes(const struct sn_graph_limits *limits);
int sn_graph_init(void *mem, const struct sn_graph_limits *limits, struct sn_graph **graph);
int sn_graph_add_device(struct sn_graph *graph, u32 id, u32 flags, u32 *device);
int sn_graph_add_port(struct sn_graph *graph, u32 device, u32 number, u32 *port);
int sn_graph_add_link(struct sn_graph *graph, const struct sn_graph_link *spec, u32 *link);
int sn_graph_seal(struct sn_graph *graph);
bool sn_graph_is_sealed(const struct sn_graph *graph);

/* State and rates, at any time. Bad index: -EINVAL. */
int sn_graph_link_set_up(struct sn_graph *graph, u32 link, bool up);
int sn_graph_link_set_rate(struct sn_graph *graph, u32 link, const u64 bytes_per_sec[2]);
int sn_graph_link_set_latency(struct sn_graph *graph, u32 link, const u64 latency_ns[2]);

/* Id to index, O(log n), at any time. Unknown: -ENOENT. */
int sn_graph_find_device(const struct sn_graph *graph, u32 id, u32 *device);
int sn_graph_find_port(const struct sn_graph *graph, u32 device, u32 number, u32 *port);
int sn_graph_find_link(const struct sn_graph *graph, u32 id, u32 *link);

/* Reading. The index must be below the count. */
void sn_graph_counts(const struct sn_graph *graph, struct sn_graph_limits *counts);
const struct sn_graph_device *sn_graph_device(const struct sn_graph *graph, u32 device);
const struct sn_graph_port *sn_graph_port(const struct sn_graph *graph, u32 port);
const struct sn_graph_link *sn_graph_link(const struct sn_graph *graph, u32 link);
u32 sn_graph_edge_from(const struct sn_graph *graph, u32 edge);
u32 sn_graph_edge_to(const struct sn_graph *graph, u32 edge);
u64 sn_graph_edge_rate(const struct sn_graph *graph, u32 edge);
u64 sn_graph_edge_latency(const struct sn_graph *graph, u32 edge);

/* The edges that leave a device, ascending; with rate 0 or down too. Sealed graphs only. */
const u32 *sn_graph_out_edges(const struct sn_graph *graph, u32 device, u32 *count);

int sn_graph_check(const struct sn_graph *graph);

static inline u32 sn_graph_edge_link(u32 edge)
{
	return edge >> 1;
}

SN_C_END

#endif

// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Devices, ports and links, their ids, and who is next to whom.
 *
 * Not here: the proof (graph_check.c), the ways from one device to another (route.c). No lock: the
 * caller serialises.
 */
#include "graph_state.h"

/**
 * sn_graph_layout() - where the parts of a graph lie
 * @l: how much it shall hold
 * @g: its at_* members are filled in
 *
 * Context: Any.
 * Return: bytes in all.
 */
size_t sn_graph_layout(const struct sn_graph_limits *l, struct sn_graph *g)
{
	size_t end = sizeof(*g);

	g->at_devices = sn_layout(&end, l->devices, sizeof(struct sn_graph_device));
	g->at_ports = sn_layout(&end, l->ports, sizeof(struct sn_graph_port));
	g->at_links = sn_layout(&end, l->links, sizeof(struct sn_graph_link));
	g->at_device_ids = sn_layout(&end, l->devices, sizeof(u32));
	g->at_port_ids = sn_layout(&end, l->ports, sizeof(u32));
	g->at_link_ids = sn_layout(&end, l->links, sizeof(u32));
	g->at_first = sn_layout(&end, l->devices, sizeof(u32));
	end += sizeof(u32);
	g->at_out = sn_layout(&end, l->links, 2 * sizeof(u32));
	return (end + 7) & ~(size_t)7;
}

/**
 * sn_graph_bytes() - memory that a graph needs
 * @limits: how much it shall hold
 *
 * Context: Any.
 * Return: bytes to give to sn_graph_init().
 */
size_t sn_graph_bytes(const struct sn_graph_limits *limits)
{
	struct sn_graph g;

	return sn_graph_layout(limits, &g);
}

/**
 * sn_graph_init() - make an empty graph
 * @mem: sn_graph_bytes(@limits) bytes, aligned to 8
 * @limits: how much it shall hold
 * @graph: the graph, which is @mem
 *
 * Context: Any.
 * Return: 0, or -EINVAL for memory that is not aligned or limits that are out of range.
 */
int sn_graph_init(void *mem, const struct sn_graph_limits *limits, struct sn_graph **graph)
{
	struct sn_graph *g = mem;
	size_t bytes;

	if (!sn_is_aligned(mem) || limits->links > SN_GRAPH_MAX_LINKS ||
	    limits->devices >= SN_NONE / 2 || limits->ports >= SN_NONE)
		return -EINVAL;

	bytes = sn_graph_bytes(limits);
	memset(mem, 0, bytes);
	sn_graph_layout(limits, g);
	g->bytes = bytes;
	g->limits = *limits;
	*graph = g;
	return 0;
}

/* Where a key stands, or belongs, in @count indices that ascend by it. */
static u32 lower_bound(const struct sn_graph *g, u64 at_ids, u32 count,
		       u64 (*key_of)(const struct sn_graph *g, u32 i), u64 key)
{
	const u32 *ids = sn_graph_indices(g, at_ids);
	u32 low = 0, high = count;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (key_of(g, ids[middle]) < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int find(const struct sn_graph *g, u64 at_ids, u32 count,
		u64 (*key_of)(const struct sn_graph *g, u32 i), u64 key, u32 *index)
{
	const u32 *ids = sn_graph_indices(g, at_ids);
	u32 place = lower_bound(g, at_ids, count, key_of, key);

	if (place == count || key_of(g, ids[place]) != key)
		return -ENOENT;
	*index = ids[place];
	return 0;
}

/* Put index @count (the newest) where its key belongs. */
static void insert(struct sn_graph *g, u64 at_ids, u32 count, u32 place)
{
	u32 *ids = sn_graph_indices(g, at_ids);

	memmove(ids + place + 1, ids + place, (size_t)(count - place) * sizeof(*ids));
	ids[place] = count;
}

/* May one more be added? */
static int room(const struct sn_graph *g, u32 count, u32 limit)
{
	if (g->sealed)
		return -EROFS;
	return count < limit ? 0 : -ENOSPC;
}

/**
 * sn_graph_add_device() - add a device
 * @g: the graph
 * @id: its id, unique among devices
 * @flags: SN_GRAPH_*
 * @device: its index; they ascend from 0
 *
 * Context: Any; the caller serialises.
 * Return: 0, -EROFS, -EINVAL for unknown flags or a switch that is something else too, -EEXIST, or
 * -ENOSPC.
 */
int sn_graph_add_device(struct sn_graph *g, u32 id, u32 flags, u32 *device)
{
	u32 i = g->count.devices, found, place;
	int err = room(g, i, g->limits.devices);

	if (!sn_graph_flags_ok(flags))
		return -EINVAL;
	if (!sn_graph_find_device(g, id, &found))
		return -EEXIST;
	if (err)
		return err;

	place = lower_bound(g, g->at_device_ids, i, sn_graph_device_key, id);
	sn_graph_devices(g)[i] = (struct sn_graph_device){ .id = id, .flags = flags };
	insert(g, g->at_device_ids, i, place);
	g->count.devices++;
	*device = i;
	return 0;
}

/**
 * sn_graph_add_port() - add a port to a device
 * @g: the graph
 * @device: device index
 * @number: its number, unique on that device
 * @port: its index; they ascend from 0
 *
 * Context: Any; the caller serialises.
 * Return: 0, -EROFS, -EINVAL for an unknown device, -EEXIST, or -ENOSPC.
 */
int sn_graph_add_port(struct sn_graph *g, u32 device, u32 number, u32 *port)
{
	u32 i = g->count.ports, found, place;
	int err = room(g, i, g->limits.ports);

	if (device >= g->count.devices)
		return -EINVAL;
	if (!sn_graph_find_port(g, device, number, &found))
		return -EEXIST;
	if (err)
		return err;

	place = lower_bound(g, g->at_port_ids, i, sn_graph_port_key, (u64)device << 32 | number);
	sn_graph_ports(g)[i] = (struct sn_graph_port){
		.device = device,
		.number = number,
		.link = SN_NONE,
	};
	insert(g, g->at_port_ids, i, place);
	g->count.ports++;
	*port = i;
	return 0;
}

/**
 * sn_graph_add_link() - join two ports
 * @g: the graph
 * @spec: the link
 * @link: its index; they ascend from 0
 *
 * Context: Any; the caller serialises.
 * Return: 0, -EROFS, -EINVAL for an unknown port, two ports of one device, or no rate in either
 * direction; -EEXIST for a known id, -EBUSY when a port has a link, or -ENOSPC.
 */
int sn_graph_add_link(struct sn_graph *g, const struct sn_graph_link *spec, u32 *link)
{
	struct sn_graph_port *ports = sn_graph_ports(g);
	u32 i = g->count.links, found, place;
	int err = room(g, i, g->limits.links);

	if (spec->port[0] >= g->count.ports || spec->port[1] >= g->count.ports || spec->up > 1 ||
	    ports[spec->port[0]].device == ports[spec->port[1]].device ||
	    (!spec->bytes_per_sec[0] && !spec->bytes_per_sec[1]))
		return -EINVAL;
	if (!sn_graph_find_link(g, spec->id, &found))
		return -EEXIST;
	if (ports[spec->port[0]].link != SN_NONE || ports[spec->port[1]].link != SN_NONE)
		return -EBUSY;
	if (err)
		return err;

	place = lower_bound(g, g->at_link_ids, i, sn_graph_link_key, spec->id);
	sn_graph_links(g)[i] = *spec;
	ports[spec->port[0]].link = i;
	ports[spec->port[1]].link = i;
	insert(g, g->at_link_ids, i, place);
	g->count.links++;
	*link = i;
	return 0;
}

/**
 * sn_graph_seal() - end construction and index the edges by the device they leave
 * @g: the graph
 *
 * Context: Any; the caller serialises.
 * Return: 0, or -EALREADY.
 */
int sn_graph_seal(struct sn_graph *g)
{
	u32 *first = sn_graph_indices(g, g->at_first);
	u32 *out = sn_graph_indices(g, g->at_out);
	u32 edges = 2 * g->count.links;
	u32 d, e;

	if (g->sealed)
		return -EALREADY;

	/* Count into first[d + 1], sum up, place at first[d]++, shift back: still ascending. */
	for (e = 0; e < edges; e++)
		first[sn_graph_edge_from(g, e) + 1]++;
	for (d = 0; d < g->count.devices; d++)
		first[d + 1] += first[d];
	for (e = 0; e < edges; e++)
		out[first[sn_graph_edge_from(g, e)]++] = e;
	for (d = g->count.devices; d > 0; d--)
		first[d] = first[d - 1];
	first[0] = 0;
	g->sealed = 1;
	return 0;
}

/**
 * sn_graph_is_sealed() - has its construction ended?
 * @g: the graph
 *
 * Context: Any; the caller serialises.
 * Return: true after sn_graph_seal().
 */
bool sn_graph_is_sealed(const struct sn_graph *g)
{
	return g->sealed;
}

/**
 * sn_graph_link_set_up() - a link comes up or goes down
 * @g: the graph
 * @link: link index
 * @up: which
 *
 * Context: Any; the caller serialises.
 * Return: 0, or -EINVAL.
 */
int sn_graph_link_set_up(struct sn_graph *g, u32 link, bool up)
{
	if (link >= g->count.links)
		return -EINVAL;

	sn_graph_links(g)[link].up = up;
	return 0;
}

/**
 * sn_graph_link_set_rate() - a link gets faster or slower
 * @g: the graph
 * @link: link index
 * @bytes_per_sec: rate per direction; 0 removes the direction
 *
 * Context: Any; the caller serialises.
 * Return: 0, or -EINVAL.
 */
int sn_graph_link_set_rate(struct sn_graph *g, u32 link, const u64 bytes_per_sec[2])
{
	if (link >= g->count.links)
		return -EINVAL;

	sn_graph_links(g)[link].bytes_per_sec[0] = bytes_per_sec[0];
	sn_graph_links(g)[link].bytes_per_sec[1] = bytes_per_sec[1];
	return 0;
}

/**
 * sn_graph_link_set_latency() - a link's latency is found to be another
 * @g: the graph
 * @link: link index
 * @latency_ns: latency per direction
 *
 * Context: Any; the caller serialises.
 * Return: 0, or -EINVAL.
 */
int sn_graph_link_set_latency(struct sn_graph *g, u32 link, const u64 latency_ns[2])
{
	if (link >= g->count.links)
		return -EINVAL;

	sn_graph_links(g)[link].latency_ns[0] = latency_ns[0];
	sn_graph_links(g)[link].latency_ns[1] = latency_ns[1];
	return 0;
}

/**
 * sn_graph_find_device() - device by id
 * @g: the graph
 * @id: its id
 * @device: its index
 *
 * Context: Any; the caller serialises.
 * Return: 0, or -ENOENT.
 */
int sn_graph_find_device(const struct sn_graph *g, u32 id, u32 *device)
{
	return find(g, g->at_device_ids, g->count.devices, sn_graph_device_key, id, device);
}

/**
 * sn_graph_find_port() - port by its number on a device
 * @g: the graph
 * @device: device index
 * @number: its number
 * @port: its index
 *
 * Context: Any; the caller serialises.
 * Return: 0, or -ENOENT.
 */
int sn_graph_find_port(const struct sn_graph *g, u32 device, u32 number, u32 *port)
{
	return find(g, g->at_port_ids, g->count.ports, sn_graph_port_key,
		    (u64)device << 32 | number, port);
}

/**
 * sn_graph_find_link() - link by id
 * @g: the graph
 * @id: its id
 * @link: its index
 *
 * Context: Any; the caller serialises.
 * Return: 0, or -ENOENT.
 */
int sn_graph_find_link(const struct sn_graph *g, u32 id, u32 *link)
{
	return find(g, g->at_link_ids, g->count.links, sn_graph_link_key, id, link);
}

/**
 * sn_graph_counts() - how many devices, ports and links there are
 * @g: the graph
 * @counts: filled in
 *
 * Context: Any; the caller serialises.
 */
void sn_graph_counts(const struct sn_graph *g, struct sn_graph_limits *counts)
{
	*counts = g->count;
}

/**
 * sn_graph_device() - a device by index
 * @g: the graph
 * @device: index below the count
 *
 * Context: Any; the caller serialises.
 * Return: the device, inside the graph.
 */
const struct sn_graph_device *sn_graph_device(const struct sn_graph *g, u32 device)
{
	return sn_graph_devices(g) + device;
}

/**
 * sn_graph_port() - a port by index
 * @g: the graph
 * @port: index below the count
 *
 * Context: Any; the caller serialises.
 * Return: the port, inside the graph.
 */
const struct sn_graph_port *sn_graph_port(const struct sn_graph *g, u32 port)
{
	return sn_graph_ports(g) + port;
}

/**
 * sn_graph_link() - a link by index
 * @g: the graph
 * @link: index below the count
 *
 * Context: Any; the caller serialises.
 * Return: the link, inside the graph.
 */
const struct sn_graph_link *sn_graph_link(const struct sn_graph *g, u32 link)
{
	return sn_graph_links(g) + link;
}

/**
 * sn_graph_edge_from() - the device that an edge leaves
 * @g: the graph
 * @edge: edge index below twice the links
 *
 * Context: Any; the caller serialises.
 * Return: device index.
 */
u32 sn_graph_edge_from(const struct sn_graph *g, u32 edge)
{
	return sn_graph_ports(g)[sn_graph_links(g)[edge >> 1].port[edge & 1]].device;
}

/**
 * sn_graph_edge_to() - the device that an edge reaches
 * @g: the graph
 * @edge: edge index below twice the links
 *
 * Context: Any; the caller serialises.
 * Return: device index.
 */
u32 sn_graph_edge_to(const struct sn_graph *g, u32 edge)
{
	return sn_graph_edge_from(g, edge ^ 1);
}

/**
 * sn_graph_edge_rate() - an edge's rate
 * @g: the graph
 * @edge: edge index below twice the links
 *
 * Context: Any; the caller serialises.
 * Return: bytes per second, whether the link is up or not; 0 = there is no such direction.
 */
u64 sn_graph_edge_rate(const struct sn_graph *g, u32 edge)
{
	return sn_graph_links(g)[edge >> 1].bytes_per_sec[edge & 1];
}

/**
 * sn_graph_edge_latency() - an edge's latency
 * @g: the graph
 * @edge: edge index below twice the links
 *
 * Context: Any; the caller serialises.
 * Return: nanoseconds.
 */
u64 sn_graph_edge_latency(const struct sn_graph *g, u32 edge)
{
	return sn_graph_links(g)[edge >> 1].latency_ns[edge & 1];
}

/**
 * sn_graph_out_edges() - the edges that leave a device
 * @g: the graph, sealed
 * @device: index below the count
 * @count: how many; 0 when the graph is not sealed
 *
 * Context: Any; the caller serialises.
 * Return: edge indices, ascending, inside the graph.
 */
const u32 *sn_graph_out_edges(const struct sn_graph *g, u32 device, u32 *count)
{
	const u32 *first = sn_graph_indices(g, g->at_first);

	*count = g->sealed ? first[device + 1] - first[device] : 0;
	return sn_graph_indices(g, g->at_out) + (g->sealed ? first[device] : 0);
}

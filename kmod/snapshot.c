// SPDX-License-Identifier: GPL-2.0-only
/*
 * Snapshots: one generation of the structure, built from the last one and a transaction, looked up
 * in, and freed. Which one is current, and how the next becomes it, is topology.c's business.
 *
 * Lock: none. A snapshot never changes after it was built, and who looks holds a reference; it is
 * built from a transaction under that one's lock and the topology mutex.
 */
#include <linux/mm.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "core/graph.h"
#include "device.h"
#include "link.h"
#include "topology.h"
#include "txn.h"

/* A large topology asks for much, and what there is no memory for is refused in silence. */
#define SNAPSHOT_GFP (GFP_KERNEL_ACCOUNT | __GFP_NOWARN)

static void snapshot_free(struct sn_topology *topo)
{
	u32 i;

	for (i = 0; i < topo->nlinks; i++)
		sn_link_put(topo->links[i]);
	for (i = 0; i < topo->ndevices; i++)
		sn_device_put(topo->devices[i]);
	kvfree(topo->graph);
	kvfree(topo->by_name);
	kvfree(topo->links);
	kvfree(topo->devices);
	kfree_rcu(topo, rcu);
}

static void snapshot_release(struct kref *ref)
{
	snapshot_free(container_of(ref, struct sn_topology, ref));
}

/**
 * sn_topology_put() - drop a reference to a snapshot
 * @topo: snapshot, or NULL
 *
 * Only the struct itself may be looked at without a reference, under RCU; so only it waits for a
 * grace period.
 *
 * Context: Process context.
 */
void sn_topology_put(struct sn_topology *topo)
{
	might_sleep();
	if (topo)
		kref_put(&topo->ref, snapshot_release);
}

static struct sn_topology *snapshot_alloc(u32 ndevices, u32 nlinks)
{
	struct sn_topology *topo = kzalloc(sizeof(*topo), GFP_KERNEL_ACCOUNT);

	if (!topo)
		return NULL;
	kref_init(&topo->ref);
	topo->devices = kvcalloc(max(ndevices, 1U), sizeof(*topo->devices), SNAPSHOT_GFP);
	topo->links = kvcalloc(max(nlinks, 1U), sizeof(*topo->links), SNAPSHOT_GFP);
	topo->by_name = kvcalloc(max(ndevices, 1U), sizeof(*topo->by_name), SNAPSHOT_GFP);
	if (!topo->devices || !topo->links || !topo->by_name) {
		snapshot_free(topo);
		return NULL;
	}
	return topo;
}

static u32 graph_flags(const struct sn_device *dev)
{
	bool registered = test_bit(SN_DEVICE_REGISTERED_BIT, &dev->flags);
	u32 flags = 0;

	if (dev->desc.kind == SN_DEVICE_KIND_SWITCH)
		return SN_GRAPH_SWITCH;
	if (READ_ONCE(dev->state) == SN_DEVICE_STATE_DEAD)
		return 0;
	/* A staged device is not live yet, but it is when this snapshot is seen. */
	if (dev->ops && dev->desc.nengines)
		flags |= SN_GRAPH_INITIATOR;
	/* Staged bytes of others rest in the host's memory only. */
	if (registered && dev->desc.nregions &&
	    (dev->desc.kind == SN_DEVICE_KIND_CPU || dev->desc.nengines))
		flags |= SN_GRAPH_RELAY;
	return flags;
}

static int add_link(struct sn_graph *graph, const struct sn_link *link)
{
	struct sn_graph_link spec = {
		.id = link->id,
		.up = READ_ONCE(link->admin) == SN_LINK_STATE_UP,
		.bytes_per_sec = { link->desc.bytes_per_sec[0], link->desc.bytes_per_sec[1] },
		.latency_ns = { link->desc.latency_ns[0], link->desc.latency_ns[1] },
	};
	u32 device, index;
	int end, ret;

	for (end = 0; end < 2; end++) {
		ret = sn_graph_find_device(graph, link->device[end], &device);
		if (ret)
			return ret;
		ret = sn_graph_add_port(graph, device, link->port[end], &spec.port[end]);
		if (ret)
			return ret;
	}
	return sn_graph_add_link(graph, &spec, &index);
}

/* Only ports that carry a link are in the graph: a port that is not there is free. */
static int build_graph(struct sn_topology *topo, struct netlink_ext_ack *extack)
{
	struct sn_graph_limits limits = {
		.devices = topo->ndevices,
		.ports = topo->nlinks * 2,
		.links = topo->nlinks,
	};
	u32 i, index;
	void *mem;
	int ret;

	topo->graph_bytes = sn_graph_bytes(&limits);
	mem = kvzalloc(topo->graph_bytes, SNAPSHOT_GFP);
	if (!mem)
		return -ENOMEM;
	ret = sn_graph_init(mem, &limits, &topo->graph);
	if (ret) {
		kvfree(mem);
		return ret;
	}
	for (i = 0; i < topo->ndevices; i++) {
		ret = sn_graph_add_device(topo->graph, topo->devices[i]->id,
					  graph_flags(topo->devices[i]), &index);
		if (ret) {
			NL_SET_ERR_MSG_FMT(extack, "the graph refuses device %u: error %d",
					   topo->devices[i]->id, ret);
			return ret;
		}
	}
	for (i = 0; i < topo->nlinks; i++) {
		ret = add_link(topo->graph, topo->links[i]);
		if (ret) {
			NL_SET_ERR_MSG_FMT(extack, "the graph refuses link %u: error %d",
					   topo->links[i]->id, ret);
			return ret;
		}
	}
	return sn_graph_seal(topo->graph);
}

static int compare_device_ids(const void *a, const void *b)
{
	const struct sn_device *const *x = a, *const *y = b;

	return (*x)->id < (*y)->id ? -1 : (*x)->id > (*y)->id;
}

static int compare_link_ids(const void *a, const void *b)
{
	const struct sn_link *const *x = a, *const *y = b;

	return (*x)->id < (*y)->id ? -1 : (*x)->id > (*y)->id;
}

static int compare_names(const void *a, const void *b)
{
	const struct sn_device *const *x = a, *const *y = b;

	return strcmp((*x)->desc.name, (*y)->desc.name);
}

/**
 * sn_snapshot_empty() - the structure before anybody stated one
 *
 * Context: Process context, may sleep.
 * Return: generation 1 with one reference, or ERR_PTR().
 */
struct sn_topology *sn_snapshot_empty(void)
{
	struct sn_topology *topo = snapshot_alloc(0, 0);
	int ret;

	if (!topo)
		return ERR_PTR(-ENOMEM);
	topo->generation = 1;
	ret = build_graph(topo, NULL);
	if (ret) {
		snapshot_free(topo);
		return ERR_PTR(ret);
	}
	return topo;
}

/**
 * sn_snapshot_build() - what a transaction would make of its base
 * @txn: locked, not ended
 * @extack: gets the sentence of a refusal; may be NULL
 *
 * Context: Process context, may sleep.
 * Return: the next generation with one reference, or ERR_PTR().
 */
struct sn_topology *sn_snapshot_build(struct sn_txn *txn, struct netlink_ext_ack *extack)
{
	const struct sn_topology *base = txn->base;
	struct sn_topology *topo;
	struct sn_device *dev;
	struct sn_link *link;
	unsigned long id;
	u32 i;
	int ret;

	lockdep_assert_held(&txn->lock);
	sn_topology_assert_held();
	topo = snapshot_alloc(base->ndevices + txn->ndevices, base->nlinks + txn->nlinks);
	if (!topo)
		return ERR_PTR(-ENOMEM);
	topo->generation = base->generation + 1;
	strscpy(topo->name, txn->named ? txn->name : base->name, sizeof(topo->name));

	for (i = 0; i < base->ndevices; i++)
		if (!xa_load(&txn->gone_devices, base->devices[i]->id))
			topo->devices[topo->ndevices++] = sn_device_get(base->devices[i]);
	xa_for_each(&txn->devices, id, dev)
		topo->devices[topo->ndevices++] = sn_device_get(dev);
	for (i = 0; i < base->nlinks; i++)
		if (!xa_load(&txn->gone_links, base->links[i]->id))
			topo->links[topo->nlinks++] = sn_link_get(base->links[i]);
	xa_for_each(&txn->links, id, link)
		topo->links[topo->nlinks++] = sn_link_get(link);

	/* A device that its backend registers got its id before others that were faster. */
	sort(topo->devices, topo->ndevices, sizeof(*topo->devices), compare_device_ids, NULL);
	sort(topo->links, topo->nlinks, sizeof(*topo->links), compare_link_ids, NULL);
	memcpy(topo->by_name, topo->devices, topo->ndevices * sizeof(*topo->by_name));
	sort(topo->by_name, topo->ndevices, sizeof(*topo->by_name), compare_names, NULL);

	ret = build_graph(topo, extack);
	if (ret) {
		snapshot_free(topo);
		return ERR_PTR(ret);
	}
	return topo;
}

static u64 device_end(const struct sn_device *dev)
{
	return (u64)dev->id + 1;
}

static u64 region_end(const struct sn_device *dev)
{
	return (u64)dev->regions[0].id + dev->desc.nregions;
}

static u64 engine_end(const struct sn_device *dev)
{
	return (u64)dev->engines[0].id + dev->desc.nengines;
}

/* The first device that ends after @id; see take_ids() in device.c for why all three ascend. */
static u32 device_from(const struct sn_topology *topo, u64 id,
		       u64 (*end)(const struct sn_device *dev))
{
	u32 low = 0, high = topo->ndevices;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (end(topo->devices[mid]) > id)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

/**
 * sn_topology_device_from() - where to go on listing devices
 * @topo: snapshot, held
 * @id: lowest device id of interest
 *
 * Context: Any.
 * Return: index of the first device with at least that id; @topo->ndevices when there is none.
 */
u32 sn_topology_device_from(const struct sn_topology *topo, u64 id)
{
	return device_from(topo, id, device_end);
}

/**
 * sn_topology_device_from_region() - where to go on listing regions
 * @topo: snapshot, held
 * @id: lowest region id of interest
 *
 * Context: Any.
 * Return: index of the first device that has such a region; @topo->ndevices when none has.
 */
u32 sn_topology_device_from_region(const struct sn_topology *topo, u64 id)
{
	return device_from(topo, id, region_end);
}

/**
 * sn_topology_device_from_engine() - where to go on listing engines
 * @topo: snapshot, held
 * @id: lowest engine id of interest
 *
 * Context: Any.
 * Return: index of the first device that has such an engine; @topo->ndevices when none has.
 */
u32 sn_topology_device_from_engine(const struct sn_topology *topo, u64 id)
{
	return device_from(topo, id, engine_end);
}

/**
 * sn_topology_link_from() - where to go on listing links
 * @topo: snapshot, held
 * @id: lowest link id of interest
 *
 * Context: Any.
 * Return: index of the first link with at least that id; @topo->nlinks when there is none.
 */
u32 sn_topology_link_from(const struct sn_topology *topo, u64 id)
{
	u32 low = 0, high = topo->nlinks;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (topo->links[mid]->id >= id)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

/**
 * sn_topology_device() - find a device
 * @topo: snapshot, held
 * @id: stable id
 *
 * Context: Any.
 * Return: the device, valid while @topo is held, or NULL.
 */
struct sn_device *sn_topology_device(const struct sn_topology *topo, u32 id)
{
	u32 i = sn_topology_device_from(topo, id);

	return i < topo->ndevices && topo->devices[i]->id == id ? topo->devices[i] : NULL;
}

/**
 * sn_topology_device_named() - find a device by name
 * @topo: snapshot, held
 * @name: 0-terminated
 *
 * Context: Any.
 * Return: the device, valid while @topo is held, or NULL.
 */
struct sn_device *sn_topology_device_named(const struct sn_topology *topo, const char *name)
{
	u32 low = 0, high = topo->ndevices;

	while (low < high) {
		u32 mid = low + (high - low) / 2;
		int order = strcmp(topo->by_name[mid]->desc.name, name);

		if (!order)
			return topo->by_name[mid];
		if (order > 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

/**
 * sn_topology_link() - find a link
 * @topo: snapshot, held
 * @id: stable id
 *
 * Context: Any.
 * Return: the link, valid while @topo is held, or NULL.
 */
struct sn_link *sn_topology_link(const struct sn_topology *topo, u32 id)
{
	u32 i = sn_topology_link_from(topo, id);

	return i < topo->nlinks && topo->links[i]->id == id ? topo->links[i] : NULL;
}

/**
 * sn_topology_region() - find a region
 * @topo: snapshot, held
 * @id: stable id
 *
 * Context: Any.
 * Return: the region, valid while @topo or its device is held, or NULL.
 */
struct sn_region *sn_topology_region(const struct sn_topology *topo, u32 id)
{
	u32 i = sn_topology_device_from_region(topo, id);

	if (i == topo->ndevices || topo->devices[i]->regions[0].id > id)
		return NULL;
	return &topo->devices[i]->regions[id - topo->devices[i]->regions[0].id];
}

/**
 * sn_topology_engine() - find an engine
 * @topo: snapshot, held
 * @id: stable id
 *
 * Context: Any.
 * Return: the engine, valid while @topo or its device is held, or NULL.
 */
struct sn_engine *sn_topology_engine(const struct sn_topology *topo, u32 id)
{
	u32 i = sn_topology_device_from_engine(topo, id);

	if (i == topo->ndevices || topo->devices[i]->engines[0].id > id)
		return NULL;
	return &topo->devices[i]->engines[id - topo->devices[i]->engines[0].id];
}

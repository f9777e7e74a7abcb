// SPDX-License-Identifier: GPL-2.0-only
/*
 * A NUMA node as a device: its memory, its CPUs as a copy engine, its distances.
 *
 * Responsible for describing a node truthfully and for undoing what it
 * registered. Not responsible for which nodes there are (main.c) or how copies
 * are done (engine.c).
 *
 * Firmware states distances as ratios only (ACPI SLIT: 10 is local), so rates
 * are this far a guess, made by one formula from two module parameters:
 *
 *	bytes_per_sec = local_mbps * 10^6 * 10 / distance
 *	latency_ns    = local_ns * distance / 10
 *
 * No lock: everything here runs at load and unload.
 */
#include <linux/err.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/nodemask.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "host.h"

static unsigned int local_mbps = 20000;
module_param(local_mbps, uint, 0444);
MODULE_PARM_DESC(local_mbps, "MB/s a link would have at the local distance, 10 (default 20000)");

static unsigned int local_ns = 100;
module_param(local_ns, uint, 0444);
MODULE_PARM_DESC(local_ns, "Latency in ns a link would have at the local distance, 10 (default 100)");

#define DEPTH			2
#define MEMORY_CHANNELS_MAX	2	/* borrowed from another node's CPUs */
#define PORTS			256	/* for its peers and what a topology plugs in */

/* SLIT values: below 10 is reserved, 255 is "cannot be reached". */
#define DISTANCE_LOCAL		10
#define DISTANCE_NONE		255

/* Pages that the allocator manages: not the firmware's, not the kernel image's. */
static u64 managed_bytes(int node)
{
	struct pglist_data *pgdat = NODE_DATA(node);
	u64 pages = 0;
	int i;

	for (i = 0; i < MAX_NR_ZONES; i++)
		pages += zone_managed_pages(&pgdat->node_zones[i]);
	return pages << PAGE_SHIFT;
}

static u32 online_cpus(int node)
{
	unsigned int cpu;
	u32 count = 0;

	for_each_cpu_and(cpu, cpumask_of_node(node), cpu_online_mask)
		count++;
	return count;
}

/* The node itself if it has CPUs, else the nearest that has. */
static int nearest_with_cpus(int node)
{
	int best = NUMA_NO_NODE, other;

	if (online_cpus(node))
		return node;
	for_each_online_node(other) {
		if (!online_cpus(other))
			continue;
		if (best == NUMA_NO_NODE || node_distance(node, other) < node_distance(node, best))
			best = other;
	}
	return best;
}

static void describe(struct sn_device_desc *desc, int node, u32 channels)
{
	bool cpus = online_cpus(node);
	u64 bytes = managed_bytes(node);

	snprintf(desc->name, sizeof(desc->name), cpus ? "cpu%d" : "mem%d", node);
	desc->kind = cpus ? SN_DEVICE_KIND_CPU : SN_DEVICE_KIND_MEMORY;
	desc->node = node;
	desc->ports = PORTS;
	desc->nengines = 1;
	desc->engines[0] = (struct sn_engine_desc) {
		.channels = channels,
		.depth = DEPTH,
	};
	if (!bytes)
		return;
	desc->nregions = 1;
	desc->regions[0] = (struct sn_region_desc) {
		.kind = SN_REGION_KIND_DRAM,
		.bytes = bytes,
		.page_bytes = PAGE_SIZE,
		.node = node,
	};
}

/**
 * sn_host_node_add - start a node's engine and register it as a device
 * @node: online
 *
 * Context: Process context.
 * Return: the node, or an ERR_PTR() with everything undone.
 */
struct sn_host_node *sn_host_node_add(int node)
{
	struct sn_device_desc desc = {};
	int worker_node = nearest_with_cpus(node);
	struct sn_host_node *host;
	u32 channels;
	int err;

	if (worker_node == NUMA_NO_NODE)
		return ERR_PTR(-ENODEV);
	channels = clamp_t(u32, online_cpus(worker_node), 1,
			   worker_node == node ? SN_HOST_CHANNELS_MAX : MEMORY_CHANNELS_MAX);

	host = kzalloc_node(sizeof(*host), GFP_KERNEL, worker_node);
	if (!host)
		return ERR_PTR(-ENOMEM);
	host->node = node;

	err = sn_host_engine_start(&host->engine, node, worker_node, channels);
	if (err)
		goto err_free_host;

	describe(&desc, node, channels);
	host->dev = sn_device_register("host", &desc, &sn_host_ops, host);
	if (IS_ERR(host->dev)) {
		err = PTR_ERR(host->dev);
		goto err_stop_engine;
	}
	return host;

err_stop_engine:
	sn_host_engine_stop(&host->engine);
err_free_host:
	kfree(host);
	return ERR_PTR(err);
}

/**
 * sn_host_node_remove - undo sn_host_node_add()
 * @host: of a node; freed
 *
 * Context: Process context. Waits for the last copy and the last buffer.
 */
void sn_host_node_remove(struct sn_host_node *host)
{
	sn_device_unregister(host->dev);
	sn_host_engine_stop(&host->engine);
	kfree(host);
}

static u64 bytes_per_sec(int distance)
{
	return div_u64((u64)max(local_mbps, 1U) * 1000000 * DISTANCE_LOCAL, distance);
}

static u64 latency_ns(int distance)
{
	return div_u64((u64)local_ns * distance, DISTANCE_LOCAL);
}

/**
 * sn_host_link - link two nodes as far apart as the firmware says
 * @a: first
 * @b: second
 *
 * Two nodes that cannot reach each other are left without a link.
 *
 * Context: Process context.
 * Return: 0 or a negative errno.
 */
int sn_host_link(const struct sn_host_node *a, const struct sn_host_node *b)
{
	int there = max(node_distance(a->node, b->node), DISTANCE_LOCAL);
	int back = max(node_distance(b->node, a->node), DISTANCE_LOCAL);
	struct sn_link_desc desc = {
		.type = SN_LINK_TYPE_SOCKET,
		.bytes_per_sec = { bytes_per_sec(there), bytes_per_sec(back) },
		.latency_ns = { latency_ns(there), latency_ns(back) },
	};

	if (there >= DISTANCE_NONE || back >= DISTANCE_NONE)
		return 0;
	return sn_device_link(a->dev, b->dev, &desc);
}

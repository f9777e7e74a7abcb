// SPDX-License-Identifier: GPL-2.0-only
/*
 * Candidate paths: a search on a copy of the graph with the link states of now, resolved to links
 * and devices that the answer holds, and a cache of answers. Which path a slice takes is the
 * dispatcher's business.
 *
 * Lock: cache_lock for the cache and its stamp; a leaf, and nothing is freed under it. The search
 * runs under no lock.
 */
#include <linux/jhash.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "core/graph.h"
#include "core/route.h"
#include "device.h"
#include "link.h"
#include "path.h"
#include "topology.h"

static_assert(SN_PATHS_MAX == SN_ROUTE_MAX_PATHS);
static_assert(SN_STAGES_MAX == SN_ROUTE_MAX_STAGES);
static_assert(SN_HOPS_MAX == SN_ROUTE_MAX_LINKS);
static_assert((int)SN_PATH_REASON_NO_RELAY == (int)SN_ROUTE_NO_RELAY);
static_assert((int)SN_PATH_REASON_SEARCH_LIMIT == (int)SN_ROUTE_BUDGET);

/* Direct-mapped: a pair that meets another in its slot pushes it out. */
#define CACHE_SLOTS	512
/* Answers that one hold of the lock takes out of the cache. */
#define CACHE_BATCH	16

struct cache_slot {
	u32 src;
	u32 dst;
	u32 k;
	struct sn_path_set *set;
};

static DEFINE_SPINLOCK(cache_lock);
static struct cache_slot *cache;
/* Grows when answers may have become wrong; one found before that is not kept after it. */
static u64 cache_stamp;

static struct cache_slot *slot_of(u32 src, u32 dst, u32 k)
{
	return &cache[jhash_3words(src, dst, k, 0) % CACHE_SLOTS];
}

/* Also says which stamp an answer that is found from now on belongs to. */
static struct sn_path_set *cache_find(u32 src, u32 dst, u32 k, u64 *stamp)
{
	struct cache_slot *slot = slot_of(src, dst, k);
	struct sn_path_set *set = NULL;

	spin_lock(&cache_lock);
	*stamp = cache_stamp;
	if (slot->set && slot->src == src && slot->dst == dst && slot->k == k) {
		set = slot->set;
		kref_get(&set->ref);
	}
	spin_unlock(&cache_lock);
	return set;
}

static void cache_add(u32 src, u32 dst, u32 k, u64 stamp, struct sn_path_set *set)
{
	struct cache_slot *slot = slot_of(src, dst, k);
	struct sn_path_set *last = NULL;

	spin_lock(&cache_lock);
	if (stamp == cache_stamp) {
		last = slot->set;
		kref_get(&set->ref);
		*slot = (struct cache_slot){ .src = src, .dst = dst, .k = k, .set = set };
	}
	spin_unlock(&cache_lock);
	if (last)
		sn_path_put(last);
}

/**
 * sn_path_invalidate() - what was found may be wrong now
 *
 * Call it after the change can be seen. It also lets go of the links and devices that cached
 * answers hold.
 *
 * Context: Process context; any mutex may be held.
 */
void sn_path_invalidate(void)
{
	struct sn_path_set *batch[CACHE_BATCH];
	u32 i = 0, n;

	spin_lock(&cache_lock);
	cache_stamp++;
	spin_unlock(&cache_lock);
	do {
		n = 0;
		spin_lock(&cache_lock);
		while (i < CACHE_SLOTS && n < CACHE_BATCH) {
			if (cache[i].set)
				batch[n++] = cache[i].set;
			cache[i++].set = NULL;
		}
		spin_unlock(&cache_lock);
		while (n)
			sn_path_put(batch[--n]);
	} while (i < CACHE_SLOTS);
}

static void path_set_release(struct kref *ref)
{
	struct sn_path_set *set = container_of(ref, struct sn_path_set, ref);
	u32 i, j;

	for (i = 0; i < set->npaths; i++) {
		const struct sn_path *path = &set->paths[i];

		for (j = 0; j < path->nhops; j++)
			sn_link_put(path->hops[j].link);
		for (j = 0; j < path->nstages; j++) {
			sn_device_put(path->stages[j].from);
			sn_device_put(path->stages[j].to);
		}
	}
	kfree(set);
}

/**
 * sn_path_put() - let go of an answer
 * @set: from sn_path_find()
 *
 * Context: Process context.
 */
void sn_path_put(struct sn_path_set *set)
{
	might_sleep();
	kref_put(&set->ref, path_set_release);
}

/**
 * sn_path_reason_text() - why there is no path, in words
 * @reason: of a struct sn_path_set
 *
 * Context: Any.
 * Return: a phrase that begins in lower case.
 */
const char *sn_path_reason_text(enum sn_path_reason reason)
{
	static const char * const texts[] = {
		[SN_PATH_REASON_OK] = "there is a path",
		[SN_PATH_REASON_NO_SRC] = "there is no such source device",
		[SN_PATH_REASON_NO_DST] = "there is no such destination device",
		[SN_PATH_REASON_SRC_SWITCH] = "the source is a switch",
		[SN_PATH_REASON_DST_SWITCH] = "the destination is a switch",
		[SN_PATH_REASON_NO_LINK] = "no links connect them",
		[SN_PATH_REASON_LINK_DOWN] = "a link on the way is down",
		[SN_PATH_REASON_TOO_MANY_STAGES] = "every way is too long",
		[SN_PATH_REASON_NO_ENGINE] = "no engine can copy on the way",
		[SN_PATH_REASON_NO_RELAY] = "a device on the way cannot hold staged bytes",
		[SN_PATH_REASON_SEARCH_LIMIT] = "the search ended at its limit",
	};

	return (unsigned int)reason < ARRAY_SIZE(texts) ? texts[reason] : "for no known reason";
}

static bool link_up(const struct sn_topology *topo, const struct sn_graph *graph, u32 index)
{
	const struct sn_graph_link *link = sn_graph_link(graph, index);
	int end;

	if (READ_ONCE(topo->links[index]->admin) != SN_LINK_STATE_UP)
		return false;
	for (end = 0; end < 2; end++) {
		u32 device = sn_graph_port(graph, link->port[end])->device;

		if (READ_ONCE(topo->devices[device]->state) == SN_DEVICE_STATE_DEAD)
			return false;
	}
	return true;
}

/* The graph with the link states of now. */
static struct sn_graph *copy_graph(const struct sn_topology *topo)
{
	struct sn_graph *graph = kvmalloc(topo->graph_bytes, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	u32 i;

	if (!graph)
		return NULL;
	memcpy(graph, topo->graph, topo->graph_bytes);
	for (i = 0; i < topo->nlinks; i++)
		sn_graph_link_set_up(graph, i, link_up(topo, graph, i));
	return graph;
}

static void resolve_path(struct sn_path *path, const struct sn_route_path *route,
			 const struct sn_topology *topo, const struct sn_graph *graph, u32 src)
{
	u32 i, first = 0;

	path->bytes_per_sec = route->edge_count ? route->bytes_per_sec : 0;
	path->latency_ns = route->latency_ns;
	path->nhops = route->edge_count;
	path->nstages = route->stages;
	for (i = 0; i < route->edge_count; i++) {
		path->hops[i].link = sn_link_get(topo->links[sn_graph_edge_link(route->edges[i])]);
		path->hops[i].dir = route->edges[i] & 1;
	}
	for (i = 0; i < route->stages; i++) {
		struct sn_stage *stage = &path->stages[i];
		u32 from = sn_route_stage_device(graph, route, src, i);
		u32 to = sn_route_stage_device(graph, route, src, i + 1);

		stage->from = sn_device_get(topo->devices[from]);
		stage->to = sn_device_get(topo->devices[to]);
		stage->first_hop = first;
		stage->nhops = route->stage_end[i] - first;
		first = route->stage_end[i];
	}
}

static u32 culprit_id(const struct sn_topology *topo, const struct sn_route_set *routes)
{
	if (routes->reason == SN_ROUTE_OK || routes->culprit == SN_NONE)
		return 0;
	if (routes->reason == SN_ROUTE_LINK_DOWN)
		return topo->links[routes->culprit]->id;
	return topo->devices[routes->culprit]->id;
}

static int search(struct sn_path_set *set, const struct sn_topology *topo, u32 src, u32 dst, u32 k)
{
	struct sn_graph_limits limits;
	struct sn_route_set *routes;
	struct sn_graph *graph;
	void *scratch;
	int ret = -ENOMEM;
	u32 i;

	graph = copy_graph(topo);
	if (!graph)
		return -ENOMEM;
	sn_graph_counts(graph, &limits);
	routes = kmalloc(sizeof(*routes), GFP_KERNEL_ACCOUNT);
	scratch = kvmalloc(sn_route_bytes(&limits), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!routes || !scratch)
		goto out_free;
	ret = sn_route_find(graph, src, dst, k, scratch, routes);
	if (ret)
		goto out_free;
	set->reason = (enum sn_path_reason)routes->reason;
	set->culprit = culprit_id(topo, routes);
	set->npaths = routes->count;
	for (i = 0; i < routes->count; i++)
		resolve_path(&set->paths[i], &routes->paths[i], topo, graph, src);
out_free:
	kvfree(scratch);
	kfree(routes);
	kvfree(graph);
	return ret;
}

/* A dead device is as good as none. */
static bool find_end(const struct sn_topology *topo, u32 id, u32 *index)
{
	*index = sn_topology_device_from(topo, id);
	return *index < topo->ndevices && topo->devices[*index]->id == id &&
	       READ_ONCE(topo->devices[*index]->state) != SN_DEVICE_STATE_DEAD;
}

/**
 * sn_path_find() - which ways bytes can take from one device to another, best first
 * @src_device: id of the source
 * @dst_device: id of the destination; may be the same
 * @k: how many paths at most, 1 to SN_PATHS_MAX
 *
 * Context: Process context, may sleep, no lock held.
 * Return: the answer, also when there is no path, to be let go with sn_path_put(); ERR_PTR() when
 * there is no memory or @k is out of range.
 */
struct sn_path_set *sn_path_find(u32 src_device, u32 dst_device, u32 k)
{
	struct sn_topology *topo;
	struct sn_path_set *set;
	u32 src, dst;
	u64 stamp;
	int ret = 0;

	if (!k || k > SN_PATHS_MAX)
		return ERR_PTR(-EINVAL);
	set = cache_find(src_device, dst_device, k, &stamp);
	if (set)
		return set;
	set = kzalloc(sizeof(*set), GFP_KERNEL_ACCOUNT);
	if (!set)
		return ERR_PTR(-ENOMEM);
	kref_init(&set->ref);
	topo = sn_topology_get();
	set->generation = topo->generation;
	if (!find_end(topo, src_device, &src)) {
		set->reason = SN_PATH_REASON_NO_SRC;
		set->culprit = src_device;
	} else if (!find_end(topo, dst_device, &dst)) {
		set->reason = SN_PATH_REASON_NO_DST;
		set->culprit = dst_device;
	} else {
		ret = search(set, topo, src, dst, k);
	}
	sn_topology_put(topo);
	if (ret) {
		sn_path_put(set);
		return ERR_PTR(ret);
	}
	/* Ids that lead nowhere are without number: they do not push out real answers. */
	if (set->npaths)
		cache_add(src_device, dst_device, k, stamp, set);
	return set;
}

/**
 * sn_path_init() - begin with an empty cache
 *
 * Context: Module init.
 * Return: 0 or -ENOMEM.
 */
int sn_path_init(void)
{
	cache = kvcalloc(CACHE_SLOTS, sizeof(*cache), GFP_KERNEL | __GFP_NOWARN);
	return cache ? 0 : -ENOMEM;
}

/**
 * sn_path_exit() - empty the cache for good
 *
 * Context: Module exit; nobody looks for paths any more.
 */
void sn_path_exit(void)
{
	sn_path_invalidate();
	kvfree(cache);
}

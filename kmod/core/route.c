// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The k best paths between two devices.
 *
 * Bottleneck by bottleneck, widest first: among the edges at least that wide, partial paths are
 * extended best first, judged by what the rest of the way takes at best (a shortest walk backwards
 * from the destination). The estimate never exceeds the truth, so whole paths come out in order.
 *
 * Not here: why there is none (route_reason.c). No lock: the caller serialises.
 */
#include "route_state.h"

/*
 * The search ends early, and says so, after this many partial paths, or when it has looked at this
 * many edges and would go on to the next bottleneck. Each takes some 10 to 20 ns.
 */
#define NODES 16384u
#define WORK (160u << 10)

/* What the heap is ordered by. */
enum order { BY_WIDEST, BY_REST, BY_NODE };

static size_t place_arrays(const struct sn_graph_limits *l, char *mem, struct sn_route_search *r)
{
	u32 states = 2 * l->devices, layered = states * SN_ROUTE_LAYERS;
	size_t end = 0;
	size_t widest = sn_layout(&end, states, SN_ROUTE_LAYERS * sizeof(*r->widest));
	size_t rest = sn_layout(&end, states, sizeof(*r->rest));
	size_t links = sn_layout(&end, states, SN_ROUTE_LAYERS * sizeof(*r->links));
	size_t queue = sn_layout(&end, states, SN_ROUTE_LAYERS * sizeof(*r->queue));
	size_t heap = sn_layout(&end, layered > NODES ? layered : NODES, sizeof(*r->heap));
	size_t place = sn_layout(&end, layered, sizeof(*r->place));
	size_t nodes = sn_layout(&end, NODES, sizeof(*r->nodes));

	if (mem) {
		r->widest = (u64 *)(mem + widest);
		r->rest = (struct sn_route_rest *)(mem + rest);
		r->links = (u32 *)(mem + links);
		r->queue = (u32 *)(mem + queue);
		r->heap = (u32 *)(mem + heap);
		r->place = (u32 *)(mem + place);
		r->nodes = (struct sn_route_node *)(mem + nodes);
	}
	return end;
}

/**
 * sn_route_bytes() - scratch memory for a search
 * @limits: limits of the graph
 *
 * Context: Any.
 * Return: bytes to give to sn_route_find().
 */
size_t sn_route_bytes(const struct sn_graph_limits *limits)
{
	return place_arrays(limits, NULL, NULL);
}

/* The edges of a partial path, from the source on. */
static u32 edges_of(const struct sn_route_search *r, u32 n, u32 edges[SN_ROUTE_MAX_LINKS])
{
	u32 count = r->nodes[n].links, i = count;

	while (i--) {
		edges[i] = r->nodes[n].edge;
		n = r->nodes[n].parent;
	}
	return count;
}

static bool node_before(const struct sn_route_search *r, u32 a, u32 b)
{
	const struct sn_route_node *x = &r->nodes[a], *y = &r->nodes[b];
	u32 one[SN_ROUTE_MAX_LINKS], other[SN_ROUTE_MAX_LINKS], n, m, i;

	if (x->best_stages != y->best_stages)
		return x->best_stages < y->best_stages;
	if (x->best_latency_ns != y->best_latency_ns)
		return x->best_latency_ns < y->best_latency_ns;
	if (x->best_links != y->best_links)
		return x->best_links < y->best_links;
	n = edges_of(r, a, one);
	m = edges_of(r, b, other);
	for (i = 0; i < n && i < m; i++) {
		if (one[i] != other[i])
			return one[i] < other[i];
	}
	return n < m;
}

static bool rest_before(const struct sn_route_rest *x, const struct sn_route_rest *y)
{
	if (x->stages != y->stages)
		return x->stages < y->stages;
	if (x->latency_ns != y->latency_ns)
		return x->latency_ns < y->latency_ns;
	return x->links < y->links;
}

static bool before(const struct sn_route_search *r, enum order order, u32 a, u32 b)
{
	if (order == BY_WIDEST)
		return r->widest[a] > r->widest[b];
	if (order == BY_REST)
		return rest_before(&r->rest[a], &r->rest[b]);
	return node_before(r, a, b);
}

static void heap_put(struct sn_route_search *r, enum order order, u32 i, u32 what)
{
	r->heap[i] = what;
	if (order != BY_NODE)
		r->place[what] = i;
}

static void heap_up(struct sn_route_search *r, enum order order, u32 i)
{
	u32 what = r->heap[i];

	while (i && before(r, order, what, r->heap[(i - 1) / 2])) {
		heap_put(r, order, i, r->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	heap_put(r, order, i, what);
}

static u32 heap_pop(struct sn_route_search *r, enum order order)
{
	u32 top = r->heap[0], what = r->heap[--r->heap_count], i = 0, child;

	for (child = 1; child < r->heap_count; child = 2 * i + 1) {
		if (child + 1 < r->heap_count &&
		    before(r, order, r->heap[child + 1], r->heap[child]))
			child++;
		if (!before(r, order, r->heap[child], what))
			break;
		heap_put(r, order, i, r->heap[child]);
		i = child;
	}
	if (r->heap_count)
		heap_put(r, order, i, what);
	if (order != BY_NODE)
		r->place[top] = SN_NONE;
	return top;
}

/* A state got better: it moves up, or comes in. */
static void heap_improve(struct sn_route_search *r, enum order order, u32 state)
{
	if (r->place[state] == SN_NONE)
		heap_put(r, order, r->heap_count++, state);
	heap_up(r, order, r->place[state]);
}

/*
 * One step of Dijkstra backwards: can the way on from @to, reached over @edge, improve what is
 * known of @from? Then note it, and where to look on.
 */
static void relax(struct sn_route_search *r, enum order order, u32 from, u32 edge, u32 to)
{
	if (order == BY_WIDEST) {
		u64 wide = sn_min_u64(r->widest[to], sn_graph_edge_rate(r->graph, edge));

		if (wide <= r->widest[from])
			return;
		r->widest[from] = wide;
	} else {
		struct sn_route_rest want = r->rest[to];

		want.latency_ns = sn_add_sat_u64(want.latency_ns,
						 sn_graph_edge_latency(r->graph, edge));
		want.stages += !sn_route_is(r, to >> 1, SN_GRAPH_SWITCH);
		want.links++;
		if (!rest_before(&want, &r->rest[from]))
			return;
		r->rest[from] = want;
	}
	heap_improve(r, order, from);
}

/* All steps that lead to a state; the widest are kept per layer (stages to end) and state. */
static void relax_into(struct sn_route_search *r, enum order order, u32 to, u32 layer)
{
	u32 count, i, m;
	const u32 *out = sn_graph_out_edges(r->graph, to >> 1, &count);

	r->work += count;
	for (i = 0; i < count; i++) {
		u32 edge = out[i] ^ 1, from = sn_graph_edge_from(r->graph, edge);
		u32 modes = sn_route_is(r, from, SN_GRAPH_SWITCH) ? 2 : 1;

		if (from == r->dst || !sn_route_usable(r, edge))
			continue;
		for (m = 0; m < modes; m++) {
			bool ends;
			u32 next;

			if (!sn_route_step(r, 2 * from + m, edge, &next, &ends) || next != to ||
			    layer + ends >= SN_ROUTE_LAYERS)
				continue;
			if (order == BY_WIDEST)
				relax(r, order, (layer + ends) * r->states + 2 * from + m, edge,
				      layer * r->states + to);
			else
				relax(r, order, 2 * from + m, edge, to);
		}
	}
}

/* The widest way from every state to the destination with so many stages to end. */
static void measure_widest(struct sn_route_search *r)
{
	u32 i, t;

	for (i = 0; i < r->states * SN_ROUTE_LAYERS; i++) {
		r->widest[i] = 0;
		r->place[i] = SN_NONE;
	}
	r->widest[2 * r->dst] = SN_U64_MAX;
	r->heap_count = 0;
	heap_improve(r, BY_WIDEST, 2 * r->dst);
	while (r->heap_count) {
		u32 place = heap_pop(r, BY_WIDEST), to = place % r->states;

		/* As wide with fewer stages: then this is of no use to anybody. */
		for (t = 0; t < place / r->states; t++) {
			if (r->widest[t * r->states + to] >= r->widest[place])
				break;
		}
		if (t == place / r->states)
			relax_into(r, BY_WIDEST, to, t);
	}
}

/* What the rest of the way takes at best from every state, above the floor. */
static void measure_rest(struct sn_route_search *r)
{
	u32 i;

	for (i = 0; i < r->states; i++) {
		r->place[i] = SN_NONE;
		r->rest[i] = (struct sn_route_rest){ SN_U64_MAX, SN_NONE, SN_NONE };
	}
	r->rest[2 * r->dst] = (struct sn_route_rest){ 0, 0, 0 };
	r->heap_count = 0;
	heap_improve(r, BY_REST, 2 * r->dst);
	while (r->heap_count) {
		u32 to = heap_pop(r, BY_REST);

		if (r->rest[to].stages <= SN_ROUTE_MAX_STAGES)
			relax_into(r, BY_REST, to, 0);
	}
}

/* The widest way from a state to the destination with at most so many stages to end. */
static u64 widest_within(const struct sn_route_search *r, u32 state, u32 stages)
{
	u64 best = 0;
	u32 t;

	for (t = 0; t <= stages; t++)
		best = sn_max_u64(best, r->widest[t * r->states + state]);
	return best;
}

/*
 * Would this step make a loop? No device twice; but a switch again in a later stage, if the earlier
 * stage starts and the later one ends at a device that is no initiator.
 */
static bool makes_loop(const struct sn_route_search *r, u32 n, u32 next, bool ends)
{
	u32 device = next >> 1, stages = r->nodes[n].stages, i, j;

	for (i = n; i != SN_NONE; i = r->nodes[i].parent) {
		const struct sn_route_node *a = &r->nodes[i];

		if (a->state >> 1 != device)
			continue;
		if (ends || a->stages == stages || a->state & 1 || !(next & 1))
			return true;
	}
	if (!ends || !sn_route_is(r, device, SN_GRAPH_INITIATOR))
		return false;
	/* The stage ends at an initiator: it must not share a switch with an earlier one. */
	for (i = n; i != SN_NONE && r->nodes[i].stages == stages; i = r->nodes[i].parent) {
		if (!sn_route_is(r, r->nodes[i].state >> 1, SN_GRAPH_SWITCH))
			break;
		for (j = r->nodes[i].parent; j != SN_NONE; j = r->nodes[j].parent) {
			if (r->nodes[j].state >> 1 == r->nodes[i].state >> 1)
				return true;
		}
	}
	return false;
}

/* Fewest links from a state with so many stages left; more than allowed when there is no way. */
static u32 links_left(const struct sn_route_search *r, u32 state, u32 stages)
{
	u32 best = SN_NONE, t;

	for (t = 0; t <= stages; t++) {
		if (r->links[t * r->states + state] < best)
			best = r->links[t * r->states + state];
	}
	return best > SN_ROUTE_MAX_LINKS ? SN_ROUTE_MAX_LINKS + 1 : best;
}

static bool push(struct sn_route_search *r, u32 parent, u32 edge, u32 state, bool ends)
{
	const struct sn_route_rest *rest = &r->rest[state];
	const struct sn_route_node *from = &r->nodes[parent];
	u32 stages = from->stages + ends, links = from->links + 1u;
	struct sn_route_node *n;

	if (rest->stages == SN_NONE || stages + rest->stages > SN_ROUTE_MAX_STAGES ||
	    links + links_left(r, state, SN_ROUTE_MAX_STAGES - stages) > SN_ROUTE_MAX_LINKS ||
	    makes_loop(r, parent, state, ends))
		return true;
	if (r->node_count == NODES)
		return false;

	n = &r->nodes[r->node_count];
	n->parent = parent;
	n->edge = edge;
	n->state = state;
	n->stages = (u8)stages;
	n->links = (u8)links;
	n->latency_ns =
		sn_add_sat_u64(from->latency_ns, sn_graph_edge_latency(r->graph, edge));
	n->best_latency_ns = sn_add_sat_u64(n->latency_ns, rest->latency_ns);
	n->best_stages = (u8)(stages + rest->stages);
	/* The lowest latency may take more links than a byte holds: 255 and more are last. */
	n->best_links = (u8)sn_min_u64(links + rest->links, 255);
	r->heap[r->heap_count++] = r->node_count++;
	heap_up(r, BY_NODE, r->heap_count - 1);
	return true;
}

/* A whole path whose bottleneck is the floor goes to the set; wider ones are there already. */
static void take(const struct sn_route_search *r, u32 n, struct sn_route_set *set)
{
	struct sn_route_path *path = &set->paths[set->count];
	u32 i;

	memset(path, 0, sizeof(*path));
	path->edge_count = (u8)edges_of(r, n, path->edges);
	path->latency_ns = r->nodes[n].latency_ns;
	path->bytes_per_sec = SN_U64_MAX;
	for (i = 0; i < path->edge_count; i++) {
		path->bytes_per_sec = sn_min_u64(path->bytes_per_sec,
						 sn_graph_edge_rate(r->graph, path->edges[i]));
		if (!sn_route_is(r, sn_graph_edge_to(r->graph, path->edges[i]), SN_GRAPH_SWITCH))
			path->stage_end[path->stages++] = (u8)(i + 1);
	}
	if (path->bytes_per_sec == r->floor)
		set->count++;
}

/* All paths above the floor, in order, until there are k. False: the budget ended first. */
static bool enumerate(struct sn_route_search *r, u32 k, struct sn_route_set *set)
{
	struct sn_route_node *root;
	u32 first = r->node_count, i;

	/* Thresholds share the pool; the nodes of earlier ones are done with, but count. */
	if (first == NODES)
		return false;
	root = &r->nodes[r->node_count++];
	memset(root, 0, sizeof(*root));
	root->parent = SN_NONE;
	root->edge = SN_NONE;
	root->state = 2 * r->src;
	r->heap[0] = first;
	r->heap_count = 1;

	while (r->heap_count && set->count < k) {
		u32 n = heap_pop(r, BY_NODE), state = r->nodes[n].state, count;
		const u32 *out = sn_graph_out_edges(r->graph, state >> 1, &count);

		if (state >> 1 == r->dst) {
			take(r, n, set);
			continue;
		}
		r->work += count;
		for (i = 0; i < count; i++) {
			bool ends;
			u32 next;

			if (sn_route_usable(r, out[i]) &&
			    sn_route_step(r, state, out[i], &next, &ends) &&
			    !push(r, n, out[i], next, ends))
				return false;
		}
	}
	return true;
}

/*
 * The next lower bottleneck that a path may have. Its first edge below the floor leaves a state
 * that
 * can be reached above it; the stages that takes are not there for the rest. 0: there is none.
 */
static u64 next_floor(struct sn_route_search *r)
{
	u32 tail[SN_ROUTE_LAYERS] = { 1 }, i, t, head;
	u64 floor = r->floor, best = 0;

	/* place: the fewest stages that end before a state. */
	for (i = 0; i < r->states; i++)
		r->place[i] = SN_NONE;
	r->place[2 * r->src] = 0;
	r->queue[0] = 2 * r->src;
	r->floor = 0;
	for (t = 0; t < SN_ROUTE_MAX_STAGES; t++) {
		for (head = 0; head < tail[t]; head++) {
			u32 state = r->queue[t * r->states + head], count;
			const u32 *out = sn_graph_out_edges(r->graph, state >> 1, &count);

			if (r->place[state] < t || state >> 1 == r->dst)
				continue;
			r->work += count;
			for (i = 0; i < count; i++) {
				u64 rate = sn_graph_edge_rate(r->graph, out[i]);
				u32 next, after;
				u64 wide;
				bool ends;

				if (!sn_route_usable(r, out[i]) ||
				    !sn_route_step(r, state, out[i], &next, &ends))
					continue;
				after = t + ends;
				if (rate < floor) {
					wide = widest_within(r, next, SN_ROUTE_MAX_STAGES - after);
					best = sn_max_u64(best, sn_min_u64(rate, wide));
				} else if (r->place[next] > after) {
					r->place[next] = after;
					r->queue[after * r->states + tail[after]++] = next;
				}
			}
		}
	}
	r->floor = floor;
	return best;
}

static void search(struct sn_route_search *r, u32 k, struct sn_route_set *set)
{
	u32 layer;

	if (sn_route_count_links(r, true, &layer) == SN_NONE) {
		sn_route_explain(r, set);
		return;
	}
	measure_widest(r);
	for (r->floor = widest_within(r, 2 * r->src, SN_ROUTE_MAX_STAGES); r->floor;
	     r->floor = next_floor(r)) {
		measure_rest(r);
		if (!enumerate(r, k, set)) {
			set->exact = 0;
			break;
		}
		if (set->count == k)
			break;
		if (r->work > WORK) {
			set->exact = 0;
			break;
		}
	}
	set->reason = set->count ? SN_ROUTE_OK : SN_ROUTE_BUDGET;
}

/* What can be said without a search; true when that is the answer. */
static bool answer_at_once(const struct sn_graph *g, u32 src, u32 dst, struct sn_route_set *set)
{
	struct sn_graph_limits count;

	sn_graph_counts(g, &count);
	set->culprit = src;
	if (src >= count.devices || dst >= count.devices) {
		set->reason = src >= count.devices ? SN_ROUTE_NO_SRC : SN_ROUTE_NO_DST;
		set->culprit = SN_NONE;
	} else if (sn_graph_device(g, src)->flags & SN_GRAPH_SWITCH) {
		set->reason = SN_ROUTE_SRC_SWITCH;
	} else if (sn_graph_device(g, dst)->flags & SN_GRAPH_SWITCH) {
		set->reason = SN_ROUTE_DST_SWITCH;
		set->culprit = dst;
	} else if (src == dst && !(sn_graph_device(g, src)->flags & SN_GRAPH_INITIATOR)) {
		set->reason = SN_ROUTE_NO_ENGINE;
	} else if (src == dst) {
		set->culprit = SN_NONE;
		set->count = 1;
		set->paths[0].bytes_per_sec = SN_U64_MAX;
		set->paths[0].stages = 1;
	} else {
		set->culprit = SN_NONE;
		return false;
	}
	return true;
}

/**
 * sn_route_find() - the k best paths from one device to another
 * @graph: a sealed graph
 * @src: device index
 * @dst: device index
 * @k: how many at most, 1 to SN_ROUTE_MAX_PATHS
 * @scratch: sn_route_bytes(limits of @graph) bytes, aligned to 8
 * @set: the paths, or the reason why there is none
 *
 * Best is: widest bottleneck, then fewest stages, lowest latency, fewest links, lowest edge
 * indices.
 * @src equal to @dst gives one path of one stage with no edge, if the device is an initiator.
 * The work is bounded (a graph of 1,000 devices takes a few milliseconds). When that ends the
 * search
 * the set's exact is 0: the paths are legal and in order, but better or further ones may exist.
 *
 * Context: Any; the caller serialises changes to the graph.
 * Return: 0, or -EINVAL.
 */
int sn_route_find(const struct sn_graph *graph, u32 src, u32 dst, u32 k, void *scratch,
		  struct sn_route_set *set)
{
	struct sn_route_search r = { .graph = graph, .src = src, .dst = dst };
	struct sn_graph_limits count;

	if (!k || k > SN_ROUTE_MAX_PATHS || !sn_is_aligned(scratch) || !sn_graph_is_sealed(graph))
		return -EINVAL;

	memset(set, 0, sizeof(*set));
	set->exact = 1;
	if (answer_at_once(graph, src, dst, set))
		return 0;
	sn_graph_counts(graph, &count);
	place_arrays(&count, scratch, &r);
	r.states = 2 * count.devices;
	search(&r, k, set);
	return 0;
}

/**
 * sn_route_stage_device() - a device where a stage starts or ends
 * @graph: the graph
 * @path: a path on it
 * @src: its source
 * @i: 0 for the source, the number of stages for the destination
 *
 * Context: Any; the caller serialises.
 * Return: device index.
 */
u32 sn_route_stage_device(const struct sn_graph *graph, const struct sn_route_path *path, u32 src,
			  u32 i)
{
	if (!i || !path->edge_count)
		return src;
	return sn_graph_edge_to(graph, path->edges[path->stage_end[i - 1] - 1]);
}

// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Is there any way at all, and if not, why: searches again with one rule after the other left
 * aside.
 *
 * A shortest walk has no loop, so whether a walk exists says whether a path does.
 * Not here: which paths are best (route.c). No lock: the caller serialises.
 */
#include "route_state.h"

static void reach(struct sn_route_search *r, u32 place, u32 links, u32 *tail)
{
	if (r->links[place] != SN_NONE)
		return;
	r->links[place] = links;
	r->queue[(*tail)++] = place;
}

/**
 * sn_route_count_links() - the fewest links from every state to the destination
 * @r: the search; @r->links is filled in, per layer (stages to end) and state
 * @capped: with the limits on stages and links; else everything is in layer 0
 * @layer: the source's layer with the fewest
 *
 * Breadth first, backwards from the destination, under the rules and the floor in force.
 *
 * Context: Any; the caller serialises.
 * Return: the fewest from the source, or SN_NONE when there is no way.
 */
u32 sn_route_count_links(struct sn_route_search *r, bool capped, u32 *layer)
{
	u32 head = 0, tail = 0, best = SN_NONE, i, m, t;

	memset(r->links, 0xff, (size_t)r->states * SN_ROUTE_LAYERS * sizeof(*r->links));
	reach(r, 2 * r->dst, 0, &tail);
	while (head < tail) {
		u32 place = r->queue[head++], to = place % r->states, stages = place / r->states;
		u32 links = r->links[place] + 1, count;
		const u32 *out = sn_graph_out_edges(r->graph, to >> 1, &count);

		if (capped && links > SN_ROUTE_MAX_LINKS)
			break;
		r->work += count;
		for (i = 0; i < count; i++) {
			u32 edge = out[i] ^ 1, from = sn_graph_edge_from(r->graph, edge);
			u32 modes = sn_route_is(r, from, SN_GRAPH_SWITCH) ? 2 : 1;

			if (from == r->dst || !sn_route_usable(r, edge))
				continue;
			for (m = 0; m < modes; m++) {
				bool ends;
				u32 next;

				if (!sn_route_step(r, 2 * from + m, edge, &next, &ends) ||
				    next != to)
					continue;
				t = stages + (capped && ends);
				if (t < SN_ROUTE_LAYERS)
					reach(r, t * r->states + 2 * from + m, links, &tail);
			}
		}
	}
	for (t = 0; t < SN_ROUTE_LAYERS; t++) {
		if (r->links[t * r->states + 2 * r->src] < best) {
			best = r->links[t * r->states + 2 * r->src];
			*layer = t;
		}
	}
	return best;
}

/* The next edge of a shortest walk, by the table. */
static u32 follow(const struct sn_route_search *r, bool capped, u32 *state, u32 *layer)
{
	u32 want = r->links[*layer * r->states + *state] - 1, count, i;
	const u32 *out = sn_graph_out_edges(r->graph, *state >> 1, &count);

	for (i = 0; i < count; i++) {
		bool ends;
		u32 next, t;

		if (!sn_route_usable(r, out[i]) || !sn_route_step(r, *state, out[i], &next, &ends))
			continue;
		if (capped && ends && !*layer)
			continue;
		t = *layer - (capped && ends);
		if (r->links[t * r->states + next] == want) {
			*state = next;
			*layer = t;
			return out[i];
		}
	}
	return SN_NONE;
}

/* What on a shortest walk shows the reason. */
static u32 find_culprit(const struct sn_route_search *r, bool capped, u32 layer, u32 reason)
{
	u32 state = 2 * r->src, start = r->src, stages = 0, links = 0, edge, device;

	while (state != 2 * r->dst) {
		edge = follow(r, capped, &state, &layer);
		if (edge == SN_NONE)
			break;
		links++;
		if (reason == SN_ROUTE_LINK_DOWN && !sn_graph_link(r->graph, edge >> 1)->up)
			return sn_graph_edge_link(edge);
		device = state >> 1;
		if (!sn_route_is(r, device, SN_GRAPH_SWITCH)) {
			stages++;
			if (reason == SN_ROUTE_NO_ENGINE &&
			    !sn_route_is(r, start, SN_GRAPH_INITIATOR) &&
			    !sn_route_is(r, device, SN_GRAPH_INITIATOR))
				return start;
			if (reason == SN_ROUTE_NO_RELAY && device != r->dst &&
			    !sn_route_is(r, device, SN_GRAPH_RELAY))
				return device;
			start = device;
		}
		if (reason == SN_ROUTE_TOO_MANY_STAGES && device != r->dst &&
		    (stages == SN_ROUTE_MAX_STAGES || links == SN_ROUTE_MAX_LINKS))
			return device;
	}
	return SN_NONE;
}

/**
 * sn_route_explain() - why there is no path
 * @r: a search that found none, with no floor
 * @set: its reason and culprit are filled in
 *
 * From here on a link that is down counts as up: if that alone makes a path it is the reason, else
 * it is not. Then the rule whose absence alone makes a path.
 *
 * Context: Any; the caller serialises.
 */
void sn_route_explain(struct sn_route_search *r, struct sn_route_set *set)
{
	static const struct {
		u32 rules;
		u32 reason;
		bool capped;
	} steps[] = {
		{ 0, SN_ROUTE_LINK_DOWN, true },
		{ 0, SN_ROUTE_TOO_MANY_STAGES, false },
		{ SN_ROUTE_ANY_ENGINE, SN_ROUTE_NO_ENGINE, true },
		{ SN_ROUTE_ANY_RELAY, SN_ROUTE_NO_RELAY, true },
		/* Engines and relays are missing: the relay is named. */
		{ SN_ROUTE_ANY_ENGINE | SN_ROUTE_ANY_RELAY, SN_ROUTE_NO_RELAY, true },
		{ SN_ROUTE_ANY_ENGINE | SN_ROUTE_ANY_RELAY, SN_ROUTE_TOO_MANY_STAGES, false },
	};
	u32 layer = 0, i;

	set->reason = SN_ROUTE_NO_LINK;
	set->culprit = SN_NONE;
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		r->rules = SN_ROUTE_ANY_STATE | steps[i].rules;
		if (sn_route_count_links(r, steps[i].capped, &layer) == SN_NONE)
			continue;
		set->reason = steps[i].reason;
		set->culprit = find_culprit(r, steps[i].capped, layer, steps[i].reason);
		return;
	}
}

// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Proves that a space's memory is what it should be. Trusts nothing in it but limits.
 *
 * Changes nothing. No lock: the caller serialises.
 */
#include "extent_state.h"

/* Is the node where the tree's order would look for it, below nodes of higher priority only? */
static bool in_tree(const struct sn_extent *x, enum tree t, u32 i)
{
	u32 at = x->root[t], steps = 0, above = 0;

	while (at < x->limits.ranges && at != i) {
		if (steps++ == x->limits.ranges || (above && priority(at) >= above))
			return false;
		above = priority(at);
		at = node(x, at)->child[t][before(node(x, at), node(x, i), t)];
	}
	return at == i && (!above || priority(i) < above);
}

/* Links out of a node lead to nodes of the same tree; with in_tree() for all that makes it one. */
static bool children_ok(const struct sn_extent *x, enum tree t, u32 i, u32 *links)
{
	u32 side;

	for (side = 0; side < 2; side++) {
		u32 c = node(x, i)->child[t][side];

		if (c == SN_NONE)
			continue;
		if (c >= x->limits.ranges || node(x, c)->state == NODE_SPARE ||
		    (t == BY_SIZE && node(x, c)->state != NODE_FREE))
			return false;
		++*links;
	}
	return true;
}

/**
 * sn_extent_check() - prove every invariant
 * @x: the space
 *
 * The ranges cover the space once, no two free ones touch, both trees hold exactly what they should
 * in order, and the figures are true. O(n log n). Reads inside the memory whatever it holds, as
 * long as the limits are right.
 *
 * Context: Any; the caller serialises.
 * Return: 0, or -EINVAL.
 */
int sn_extent_check(const struct sn_extent *x)
{
	u32 links[TREES] = { 0 }, members[TREES] = { 0 };
	u32 i, prev = SN_NONE, spares = 0, allocated = 0, ranges = 0;
	u64 end = 0, free_bytes = 0;

	if (x->bytes != sn_extent_bytes(&x->limits))
		return -EINVAL;

	for (i = x->first; i != SN_NONE; i = node(x, i)->next) {
		const struct node *n;

		if (i >= x->limits.ranges || ranges++ == x->limits.ranges)
			return -EINVAL;
		n = node(x, i);
		if (n->start != end || !n->bytes || n->bytes > x->limits.bytes - end ||
		    n->prev != prev || !in_tree(x, BY_START, i) ||
		    !children_ok(x, BY_START, i, &links[BY_START]))
			return -EINVAL;
		members[BY_START]++;
		if (n->state == NODE_FREE) {
			if ((prev != SN_NONE && node(x, prev)->state == NODE_FREE) ||
			    !in_tree(x, BY_SIZE, i) ||
			    !children_ok(x, BY_SIZE, i, &links[BY_SIZE]))
				return -EINVAL;
			members[BY_SIZE]++;
			free_bytes += n->bytes;
		} else if (n->state == NODE_ALLOCATED) {
			allocated++;
		} else {
			return -EINVAL;
		}
		end += n->bytes;
		prev = i;
	}
	for (i = x->spare; i != SN_NONE; i = node(x, i)->next) {
		if (i >= x->limits.ranges || node(x, i)->state != NODE_SPARE ||
		    spares++ == x->limits.ranges)
			return -EINVAL;
	}
	/* A tree of n nodes has n - 1 links: so no node hangs in two places. */
	if (links[BY_START] + 1 != members[BY_START] ||
	    (members[BY_SIZE] ? links[BY_SIZE] + 1 != members[BY_SIZE] :
				x->root[BY_SIZE] != SN_NONE))
		return -EINVAL;
	if (end != x->limits.bytes || free_bytes != x->free_bytes || allocated != x->allocated ||
	    ranges != x->ranges || ranges + spares != x->limits.ranges)
		return -EINVAL;
	return 0;
}

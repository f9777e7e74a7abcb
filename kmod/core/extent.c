// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Which ranges of a space are allocated and which are free.
 *
 * Every range, allocated or free, is a node. Two treaps by index over the same nodes: all of
 * them by address, the free ones by (length, address). A node's priority is a hash of its index,
 * so equal histories make equal trees. Neighbours in address order are linked, for coalescing.
 * Not here: what the bytes are used for. No lock: the caller serialises.
 */
#include "extent_state.h"

static void tree_insert(struct sn_extent *x, enum tree t, u32 i)
{
	struct node *n = node(x, i);
	u32 *slot = &x->root[t];
	u32 *low = &n->child[t][0], *high = &n->child[t][1];
	u32 at;

	while (*slot != SN_NONE && priority(*slot) > priority(i))
		slot = &node(x, *slot)->child[t][before(node(x, *slot), n, t)];
	/* What was here goes below the new node, split by it. */
	at = *slot;
	*slot = i;
	while (at != SN_NONE) {
		struct node *a = node(x, at);

		if (before(a, n, t)) {
			*low = at;
			low = &a->child[t][1];
			at = *low;
		} else {
			*high = at;
			high = &a->child[t][0];
			at = *high;
		}
	}
	*low = SN_NONE;
	*high = SN_NONE;
}

static void tree_remove(struct sn_extent *x, enum tree t, u32 i)
{
	const struct node *n = node(x, i);
	u32 *slot = &x->root[t];
	u32 low = n->child[t][0], high = n->child[t][1];

	while (*slot != i)
		slot = &node(x, *slot)->child[t][before(node(x, *slot), n, t)];
	/* Merge what was below it into its place. */
	while (low != SN_NONE && high != SN_NONE) {
		if (priority(low) > priority(high)) {
			*slot = low;
			slot = &node(x, low)->child[t][1];
			low = *slot;
		} else {
			*slot = high;
			slot = &node(x, high)->child[t][0];
			high = *slot;
		}
	}
	*slot = low != SN_NONE ? low : high;
}

/* The first free range of at least (bytes, start), or SN_NONE. */
static u32 first_free(const struct sn_extent *x, u64 bytes, u64 start)
{
	struct node want = { .start = start, .bytes = bytes };
	u32 best = SN_NONE, at = x->root[BY_SIZE];

	while (at != SN_NONE) {
		bool less = before(node(x, at), &want, BY_SIZE);

		if (!less)
			best = at;
		at = node(x, at)->child[BY_SIZE][less];
	}
	return best;
}

/* The range that holds an offset below limits.bytes. */
static u32 holding(const struct sn_extent *x, u64 offset)
{
	u32 best = SN_NONE, at = x->root[BY_START];

	while (at != SN_NONE) {
		bool right = node(x, at)->start <= offset;

		if (right)
			best = at;
		at = node(x, at)->child[BY_START][right];
	}
	return best;
}

/* A new range before @next, which may be SN_NONE: then it is the last. */
static u32 range_add(struct sn_extent *x, u64 start, u64 bytes, u32 state, u32 prev, u32 next)
{
	u32 i = x->spare;
	struct node *n = node(x, i);

	x->spare = n->next;
	n->start = start;
	n->bytes = bytes;
	n->state = state;
	n->prev = prev;
	n->next = next;
	if (prev != SN_NONE)
		node(x, prev)->next = i;
	else
		x->first = i;
	if (next != SN_NONE)
		node(x, next)->prev = i;
	tree_insert(x, BY_START, i);
	if (state == NODE_FREE)
		tree_insert(x, BY_SIZE, i);
	x->ranges++;
	return i;
}

/* Merge a range into the one below it. Neither is in the tree by size. */
static void range_absorb(struct sn_extent *x, u32 low, u32 high)
{
	struct node *l = node(x, low), *h = node(x, high);

	tree_remove(x, BY_START, high);
	l->bytes += h->bytes;
	l->next = h->next;
	if (l->next != SN_NONE)
		node(x, l->next)->prev = low;
	h->state = NODE_SPARE;
	h->next = x->spare;
	x->spare = high;
	x->ranges--;
}

/**
 * sn_extent_bytes() - memory that the ranges need
 * @limits: size of the space and number of nodes
 *
 * Context: Any.
 * Return: bytes to give to sn_extent_init().
 */
size_t sn_extent_bytes(const struct sn_extent_limits *limits)
{
	return sizeof(struct sn_extent) + (size_t)limits->ranges * sizeof(struct node);
}

static void add_spares(struct sn_extent *x, u32 from, u32 to)
{
	while (to-- > from) {
		node(x, to)->state = NODE_SPARE;
		node(x, to)->next = x->spare;
		x->spare = to;
	}
}

/**
 * sn_extent_init() - make a space that is free from end to end
 * @mem: sn_extent_bytes(@limits) bytes, aligned to 8
 * @limits: size of the space and number of nodes, neither 0
 * @extent: the space, which is @mem
 *
 * Context: Any.
 * Return: 0, or -EINVAL.
 */
int sn_extent_init(void *mem, const struct sn_extent_limits *limits, struct sn_extent **extent)
{
	struct sn_extent *x = mem;

	if (!sn_is_aligned(mem) || !limits->bytes || !limits->ranges || limits->ranges == SN_NONE)
		return -EINVAL;

	memset(mem, 0, sn_extent_bytes(limits));
	x->limits = *limits;
	x->bytes = sn_extent_bytes(limits);
	x->root[BY_START] = SN_NONE;
	x->root[BY_SIZE] = SN_NONE;
	x->first = SN_NONE;
	x->spare = SN_NONE;
	add_spares(x, 0, limits->ranges);
	range_add(x, 0, limits->bytes, NODE_FREE, SN_NONE, SN_NONE);
	x->free_bytes = limits->bytes;
	*extent = x;
	return 0;
}

/**
 * sn_extent_grow() - the same space with more nodes, in other memory
 * @mem: sn_extent_bytes(@limits) bytes, aligned to 8, not overlapping @old
 * @limits: the same bytes, at least as many ranges
 * @old: what there is; it is only read
 * @extent: the space, which is @mem
 *
 * Context: Any; the caller serialises.
 * Return: 0, or -EINVAL.
 */
int sn_extent_grow(void *mem, const struct sn_extent_limits *limits, const struct sn_extent *old,
		   struct sn_extent **extent)
{
	struct sn_extent *x = mem;

	if (!sn_is_aligned(mem) || limits->bytes != old->limits.bytes ||
	    limits->ranges < old->limits.ranges || limits->ranges == SN_NONE)
		return -EINVAL;

	memcpy(mem, old, old->bytes);
	x->bytes = sn_extent_bytes(limits);
	memset((char *)mem + old->bytes, 0, x->bytes - old->bytes);
	x->limits = *limits;
	add_spares(x, old->limits.ranges, limits->ranges);
	*extent = x;
	return 0;
}

/* Bytes to skip in a free range for the alignment; false when the rest is too short. */
static bool fits(const struct node *n, u64 bytes, u64 align, u64 *skip)
{
	*skip = -n->start & (align - 1);
	return *skip <= n->bytes && n->bytes - *skip >= bytes;
}

/*
 * The shortest free range that fits. Each one that is long enough but lies badly costs a step, so
 * after SN_EXTENT_TRIES of them take the shortest that fits wherever it lies.
 */
static u32 best_fit(const struct sn_extent *x, u64 bytes, u64 align, u64 *skip)
{
	u32 i = first_free(x, bytes, 0);
	u32 tries;

	for (tries = 0; i != SN_NONE && tries < SN_EXTENT_TRIES; tries++) {
		if (fits(node(x, i), bytes, align, skip))
			return i;
		i = first_free(x, node(x, i)->bytes, node(x, i)->start + 1);
	}
	if (i == SN_NONE || bytes > SN_U64_MAX - (align - 1))
		return SN_NONE;
	i = first_free(x, sn_max_u64(bytes + align - 1, node(x, i)->bytes), 0);
	return i != SN_NONE && fits(node(x, i), bytes, align, skip) ? i : SN_NONE;
}

/**
 * sn_extent_alloc() - allocate the best fitting range
 * @x: the space
 * @bytes: how much
 * @align: power of two that its offset is to be a multiple of
 * @offset: where it begins
 *
 * Takes the shortest free range that can hold the request where it has to lie; among equals the
 * lowest. It looks at no more than SN_EXTENT_TRIES ranges that are long enough but lie badly, each
 * O(log n); then only at those of @bytes + @align - 1 and more. So a request with an alignment
 * above the usual one may be refused, or placed less tightly, in a space with many such ranges.
 *
 * Context: Any; the caller serialises.
 * Return: 0; -EINVAL; -ENOSPC when nothing fits; -E2BIG when nodes run out: see sn_extent_grow().
 */
int sn_extent_alloc(struct sn_extent *x, u64 bytes, u64 align, u64 *offset)
{
	u32 i, spares = x->limits.ranges - x->ranges;
	struct node *n;
	u64 skip, rest;

	if (!bytes || !align || align & (align - 1))
		return -EINVAL;
	i = best_fit(x, bytes, align, &skip);
	if (i == SN_NONE)
		return -ENOSPC;
	n = node(x, i);
	rest = n->bytes - skip - bytes;
	if (spares < (u32)!!skip + !!rest)
		return -E2BIG;

	/* The node becomes the allocation; what is left below and above gets nodes of its own. */
	tree_remove(x, BY_SIZE, i);
	if (skip) {
		/* Its place in address order stays, so it may be moved inside the tree as it is. */
		u64 start = n->start;

		n->start += skip;
		n->bytes -= skip;
		range_add(x, start, skip, NODE_FREE, n->prev, i);
	}
	if (rest) {
		n->bytes = bytes;
		range_add(x, n->start + bytes, rest, NODE_FREE, i, n->next);
	}
	n->state = NODE_ALLOCATED;
	x->allocated++;
	x->free_bytes -= bytes;
	*offset = n->start;
	return 0;
}

/**
 * sn_extent_free() - free an allocation, whole
 * @x: the space
 * @offset: where it begins
 * @bytes: how long it was; may be NULL
 *
 * Context: Any; the caller serialises.
 * Return: 0, or -ENOENT when no allocation begins there.
 */
int sn_extent_free(struct sn_extent *x, u64 offset, u64 *bytes)
{
	u32 i = offset < x->limits.bytes ? holding(x, offset) : SN_NONE;
	struct node *n;

	if (i == SN_NONE)
		return -ENOENT;
	n = node(x, i);
	if (n->start != offset || n->state != NODE_ALLOCATED)
		return -ENOENT;

	if (bytes)
		*bytes = n->bytes;
	x->allocated--;
	x->free_bytes += n->bytes;
	n->state = NODE_FREE;
	if (n->next != SN_NONE && node(x, n->next)->state == NODE_FREE) {
		tree_remove(x, BY_SIZE, n->next);
		range_absorb(x, i, n->next);
	}
	if (n->prev != SN_NONE && node(x, n->prev)->state == NODE_FREE) {
		u32 prev = n->prev;

		tree_remove(x, BY_SIZE, prev);
		range_absorb(x, prev, i);
		i = prev;
	}
	tree_insert(x, BY_SIZE, i);
	return 0;
}

/**
 * sn_extent_find() - the allocation that holds an offset
 * @x: the space
 * @offset: any offset
 * @start: where the allocation begins
 * @bytes: how long it is
 *
 * Context: Any; the caller serialises.
 * Return: 0, or -ENOENT when the offset is free or outside.
 */
int sn_extent_find(const struct sn_extent *x, u64 offset, u64 *start, u64 *bytes)
{
	u32 i = offset < x->limits.bytes ? holding(x, offset) : SN_NONE;

	if (i == SN_NONE || node(x, i)->state != NODE_ALLOCATED)
		return -ENOENT;

	*start = node(x, i)->start;
	*bytes = node(x, i)->bytes;
	return 0;
}

/**
 * sn_extent_state() - the figures
 * @x: the space
 * @state: filled in
 *
 * Context: Any; the caller serialises.
 */
void sn_extent_state(const struct sn_extent *x, struct sn_extent_state *state)
{
	u32 i = x->root[BY_SIZE];

	while (i != SN_NONE && node(x, i)->child[BY_SIZE][1] != SN_NONE)
		i = node(x, i)->child[BY_SIZE][1];
	memset(state, 0, sizeof(*state));
	state->bytes = x->limits.bytes;
	state->free_bytes = x->free_bytes;
	state->largest_free_bytes = i == SN_NONE ? 0 : node(x, i)->bytes;
	state->allocated = x->allocated;
	state->ranges = x->ranges;
}

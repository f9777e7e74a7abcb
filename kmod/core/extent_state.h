/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A space's memory, for the file that works on it and the one that proves it right.
 */
#ifndef SN_CORE_EXTENT_STATE_H
#define SN_CORE_EXTENT_STATE_H

#include "extent.h"

SN_C_BEGIN

enum tree { BY_START, BY_SIZE, TREES };

enum node_state { NODE_SPARE, NODE_FREE, NODE_ALLOCATED };

struct node {
	u64 start;
	u64 bytes;
	u32 child[TREES][2];
	u32 prev; /* neighbour below, or SN_NONE */
	u32 next; /* neighbour above, or SN_NONE; for spare nodes the next spare one */
	u32 state;
	u32 pad;
};

struct sn_extent {
	struct sn_extent_limits limits;
	u64 bytes;
	u64 free_bytes;
	u32 root[TREES];
	u32 first; /* the range at 0 */
	u32 spare;
	u32 ranges;
	u32 allocated;
};

static inline struct node *node(const struct sn_extent *x, u32 i)
{
	return (struct node *)((char *)x + sizeof(*x)) + i;
}

/* A multiplicative hash, mixed so that its low bits count too. Injective: no two are equal. */
static inline u32 priority(u32 i)
{
	u32 h = (i + 1) * 2654435761u;

	h ^= h >> 15;
	h *= 2246822519u;
	return h ^ h >> 13;
}

/* Does a come before b? */
static inline bool before(const struct node *a, const struct node *b, enum tree t)
{
	if (t == BY_SIZE && a->bytes != b->bytes)
		return a->bytes < b->bytes;
	return a->start < b->start;
}

SN_C_END

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Ranges of a region: best fit with alignment inside [0, bytes), O(log n), coalescing on free.
 */
#ifndef SN_CORE_EXTENT_H
#define SN_CORE_EXTENT_H

#include "base.h"

SN_C_BEGIN

struct sn_extent;

/* How many free ranges too badly aligned an allocation looks at: see sn_extent_alloc(). */
#define SN_EXTENT_TRIES 64

/**
 * struct sn_extent_limits - what is managed, and with how many nodes
 * @bytes: size of the space, at least 1
 * @ranges: ranges, allocated and free together; 2 * allocations + 1 never runs out
 */
struct sn_extent_limits {
	u64 bytes;
	u32 ranges;
};

/**
 * struct sn_extent_state - the figures
 * @bytes: size of the space
 * @free_bytes: bytes not allocated
 * @largest_free_bytes: the longest free range
 * @allocated: number of allocations
 * @ranges: nodes in use
 */
struct sn_extent_state {
	u64 bytes;
	u64 free_bytes;
	u64 largest_free_bytes;
	u32 allocated;
	u32 ranges;
};

size_t sn_extent_bytes(const struct sn_extent_limits *limits);
int sn_extent_init(void *mem, const struct sn_extent_limits *limits, struct sn_extent **extent);

/* Same space, more nodes, other memory; the old one stays. -EINVAL: fewer or other bytes. */
int sn_extent_grow(void *mem, const struct sn_extent_limits *limits, const struct sn_extent *old,
		   struct sn_extent **extent);

/*
 * align: a power of two. -ENOSPC: no range fits; -E2BIG: no node left (grow, then try again);
 * -EINVAL: bytes is 0 or align is no power of two.
 */
int sn_extent_alloc(struct sn_extent *extent, u64 bytes, u64 align, u64 *offset);

/* offset: as sn_extent_alloc() gave it, else -ENOENT. bytes (may be NULL): how many came free. */
int sn_extent_free(struct sn_extent *extent, u64 offset, u64 *bytes);

/* The allocation that holds this offset; -ENOENT when it is free. */
int sn_extent_find(const struct sn_extent *extent, u64 offset, u64 *start, u64 *bytes);

void sn_extent_state(const struct sn_extent *extent, struct sn_extent_state *state);
int sn_extent_check(const struct sn_extent *extent);

SN_C_END

#endif

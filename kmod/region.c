// SPDX-License-Identifier: GPL-2.0-only
/*
 * Room in a region: a contiguous range in one that is ranged, a count of bytes
 * in any other. Knows nothing of pages or of who holds them.
 *
 * Everything is under the region's lock. It is taken in process context with no
 * lock of a buffer held, never under mmap_lock or dma_resv and never by
 * reclaim, so memory may be allocated under it.
 */
#include "region.h"

#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "core/extent.h"
#include "device.h"
#include "netlink.h"

/* Ranges that a region can describe at first; doubled whenever they run out. */
#define EXTENT_RANGES_FIRST 64

static int extent_replace(struct sn_region *region, u32 ranges)
{
	struct sn_extent_limits limits = { .bytes = region->desc.bytes, .ranges = ranges };
	struct sn_extent *extent;
	void *mem;
	int ret;

	lockdep_assert_held(&region->lock);

	mem = kvmalloc(sn_extent_bytes(&limits), GFP_KERNEL | __GFP_NOWARN);
	if (!mem)
		return -ENOMEM;
	if (region->extent)
		ret = sn_extent_grow(mem, &limits, region->extent, &extent);
	else
		ret = sn_extent_init(mem, &limits, &extent);
	if (ret) {
		kvfree(mem);
		return ret;
	}
	/* The object lies at the start of its memory, so it is what to free. */
	kvfree(region->extent);
	region->extent = extent;
	region->extent_ranges = ranges;
	return 0;
}

static int take_range(struct sn_region *region, u64 bytes, u64 *offset)
{
	int ret;

	lockdep_assert_held(&region->lock);
	if (!region->extent) {
		ret = extent_replace(region, EXTENT_RANGES_FIRST);
		if (ret)
			return ret;
	}
	ret = sn_extent_alloc(region->extent, bytes, region->desc.page_bytes, offset);
	if (ret != -E2BIG)
		return ret;
	if (region->extent_ranges > U32_MAX / 4)
		return -ENOMEM;
	ret = extent_replace(region, region->extent_ranges * 2);
	if (ret)
		return ret;
	return sn_extent_alloc(region->extent, bytes, region->desc.page_bytes, offset);
}

static void space_locked(const struct sn_region *region, u64 *free_bytes, u64 *largest_free_bytes)
{
	struct sn_extent_state state;

	lockdep_assert_held(&region->lock);

	*free_bytes = region->desc.bytes - region->used_bytes;
	*largest_free_bytes = *free_bytes;
	if (region->extent) {
		sn_extent_state(region->extent, &state);
		*largest_free_bytes = state.largest_free_bytes;
	}
}

/**
 * sn_region_take() - take room for a buffer
 * @region: to take it from; the caller holds a reference to its device
 * @bytes: how much, a multiple of the region's page_bytes
 * @offset: where it is; 0 in a region that only counts
 * @extack: gets the figures when there is no room
 *
 * Context: Process context, takes the region's lock.
 * Return: 0, -ENOSPC or -ENOMEM.
 */
int sn_region_take(struct sn_region *region, u64 bytes, u64 *offset,
		   struct netlink_ext_ack *extack)
{
	u64 free_bytes, largest;
	int ret = 0;

	mutex_lock(&region->lock);
	*offset = 0;
	if (bytes > region->desc.bytes - region->used_bytes)
		ret = -ENOSPC;
	else if (region->desc.ranged)
		ret = take_range(region, bytes, offset);
	if (!ret)
		region->used_bytes += bytes;
	space_locked(region, &free_bytes, &largest);
	mutex_unlock(&region->lock);

	/* In KiB, which is exact, so that three large numbers fit in a sentence. */
	if (ret == -ENOSPC)
		sn_extack(extack, "region has no room",
			  "%llu KiB asked, %llu free, largest %llu",
			  bytes >> 10, free_bytes >> 10, largest >> 10);
	else if (ret)
		NL_SET_ERR_MSG(extack, "no kernel memory to account for the buffer");
	return ret;
}

/**
 * sn_region_give() - give room back
 * @region: as in sn_region_take()
 * @bytes: as in sn_region_take()
 * @offset: as it answered
 *
 * Context: Process context, takes the region's lock. Cannot fail.
 */
void sn_region_give(struct sn_region *region, u64 bytes, u64 offset)
{
	mutex_lock(&region->lock);
	if (region->desc.ranged)
		WARN_ON_ONCE(sn_extent_free(region->extent, offset, NULL));
	region->used_bytes -= bytes;
	/* What a crowd of buffers made grow does not outlive it. */
	if (!region->used_bytes && region->extent_ranges > EXTENT_RANGES_FIRST) {
		kvfree(region->extent);
		region->extent = NULL;
		region->extent_ranges = 0;
	}
	mutex_unlock(&region->lock);
}

/**
 * sn_region_space() - what is left
 * @region: the caller holds a reference to its device
 * @free_bytes: not allocated
 * @largest_free_bytes: most that one buffer can have
 *
 * Context: Process context, takes the region's lock.
 */
void sn_region_space(struct sn_region *region, u64 *free_bytes, u64 *largest_free_bytes)
{
	mutex_lock(&region->lock);
	space_locked(region, free_bytes, largest_free_bytes);
	mutex_unlock(&region->lock);
}

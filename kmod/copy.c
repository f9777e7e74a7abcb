// SPDX-License-Identifier: GPL-2.0-only
/*
 * One copy by the CPU, for every backend that has no copy engine to ask.
 *
 * Responsible for moving the bytes between two page arrays at the speed of one
 * memcpy, for noticing an abort in time and for leaving the CPU to others. Not
 * responsible for the pages' lifetime, which the core guarantees until
 * sn_copy_done(), nor for memory that only I/O accessors may touch.
 *
 * No lock: the copy is its caller's alone, apart from its aborted flag.
 */
#include <linux/export.h>
#include <linux/highmem.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/supernode.h>

/* Between two looks at the aborted flag. Without it an abort waits for the whole copy. */
#define GRAIN_BYTES	SZ_64K

/* A read or write position in a page array. */
struct cursor {
	struct page **page;
	size_t offset;		/* within *page, less than PAGE_SIZE */
};

static bool inside(const struct sn_mem *mem, u64 offset, u32 bytes)
{
	u64 size = (u64)mem->npages << PAGE_SHIFT;

	return bytes <= size && offset <= size - bytes;
}

static struct cursor cursor_at(const struct sn_mem *mem, u64 offset)
{
	return (struct cursor) {
		.page = mem->pages + (offset >> PAGE_SHIFT),
		.offset = offset_in_page(offset),
	};
}

/*
 * How many of the next @bytes lie in one piece of the kernel's address space.
 * Pages that follow each other in memory do so there too, as long as all of it
 * is mapped. The last page looked at holds the last byte, so the look never
 * leaves the array.
 */
static size_t run_bytes(const struct cursor *at, size_t bytes)
{
	struct page **page = at->page;
	size_t run = PAGE_SIZE - at->offset;

	if (IS_ENABLED(CONFIG_HIGHMEM))
		return min(run, bytes);
	for (; run < bytes; run += PAGE_SIZE, page++)
		if (page_to_pfn(page[1]) != page_to_pfn(page[0]) + 1)
			break;
	return min(run, bytes);
}

static void advance(struct cursor *at, size_t bytes)
{
	at->offset += bytes;
	at->page += at->offset >> PAGE_SHIFT;
	at->offset = offset_in_page(at->offset);
}

static void copy_grain(struct cursor *dst, struct cursor *src, size_t bytes)
{
	while (bytes) {
		size_t run = run_bytes(dst, run_bytes(src, bytes));
		void *to = kmap_local_page(*dst->page);
		void *from = kmap_local_page(*src->page);

		memcpy(to + dst->offset, from + src->offset, run);
		kunmap_local(from);
		kunmap_local(to);
		advance(dst, run);
		advance(src, run);
		bytes -= run;
	}
}

/**
 * sn_copy_by_cpu - do a copy here and now
 * @copy: one that submit() accepted; both of its ends are memory the CPU maps
 *
 * The caller still owes sn_copy_done(). After an abort, the bytes up to some
 * multiple of 64 KiB have arrived and no others.
 *
 * Context: Process context, no spinlock held. May reschedule.
 * Return: 0, -ECANCELED when the copy was aborted on the way, -EINVAL when it
 * leaves one of its ends.
 */
int sn_copy_by_cpu(struct sn_copy *copy)
{
	struct cursor src, dst;
	u32 left = copy->bytes;

	might_sleep();
	if (!left || !inside(copy->src, copy->src_offset, left) ||
	    !inside(copy->dst, copy->dst_offset, left))
		return -EINVAL;

	src = cursor_at(copy->src, copy->src_offset);
	dst = cursor_at(copy->dst, copy->dst_offset);
	while (left) {
		u32 bytes = min_t(u32, left, GRAIN_BYTES);

		if (READ_ONCE(copy->aborted))
			return -ECANCELED;
		copy_grain(&dst, &src, bytes);
		left -= bytes;
		cond_resched();
	}
	return 0;
}
EXPORT_SYMBOL_GPL(sn_copy_by_cpu);

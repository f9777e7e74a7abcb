// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages, in the largest pieces there are, each page owned by itself: a buffer
 * hands them out one by one, to page tables, scatterlists and engines.
 *
 * Knows nothing of regions (where the bytes are counted) or of dma-bufs, and has
 * no lock: a struct sn_mem belongs to one caller until that one publishes it.
 */
#include "buffer_mem.h"

#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "buffer.h"

/* 2 MiB: what a page table maps at once, and what a doit may zero. */
#define MEM_ORDER_MAX 9
/* How often to look up from the work. */
#define MEM_LOOK_PAGES 4096UL
/* One part in so many of all memory stays available to everybody else. */
#define MEM_MARGIN 32

/**
 * sn_mem_has_room() - would the host still be well with so much less memory?
 * @bytes: to be taken
 *
 * Pages of buffers cannot be reclaimed. Without this, the allocator would find
 * them by pushing everybody else to the edge, and the next small allocation of
 * an innocent would wake the OOM killer.
 *
 * Context: Any.
 * Return: true when there is.
 */
bool sn_mem_has_room(u64 bytes)
{
	long available = si_mem_available() - (long)(totalram_pages() / MEM_MARGIN);

	return available > 0 && bytes >> PAGE_SHIFT < (unsigned long)available;
}

/* Pages of a folio of several cannot be given away one by one; these can, once they are split. */
static struct page *alloc_large(const struct sn_mem_source *source, int node, gfp_t gfp,
				unsigned int order)
{
	struct page *page = NULL;
	int other;

	if (!source->nodes)
		return alloc_pages_node(node, gfp, order);

	if (node_isset(node, *source->nodes))
		page = alloc_pages_node(node, gfp | __GFP_THISNODE, order);
	if (gfp & __GFP_THISNODE)
		return page;
	for_each_node_state(other, N_MEMORY) {
		if (page)
			break;
		if (other != node && node_isset(other, *source->nodes))
			page = alloc_pages_node(other, gfp | __GFP_THISNODE, order);
	}
	return page;
}

static struct page *alloc_piece(const struct sn_mem_source *source, int node, gfp_t gfp,
				unsigned int order)
{
	struct folio *folio;
	struct page *page;

	if (!order) {
		folio = __folio_alloc(gfp, 0, node, (nodemask_t *)source->nodes);
		return folio ? folio_page(folio, 0) : NULL;
	}

	/* A large piece must be at hand; only single pages are worth reclaim. */
	gfp = (gfp & ~(__GFP_DIRECT_RECLAIM | __GFP_RETRY_MAYFAIL)) | __GFP_NORETRY;
	page = alloc_large(source, node, gfp, order);
	if (page)
		split_page(page, order);
	return page;
}

static int look_up(const struct sn_mem_source *source, unsigned long npages_left)
{
	cond_resched();
	if (source->stop && source->stop(source->arg))
		return -ECANCELED;
	if (source->user && !sn_mem_has_room((u64)npages_left << PAGE_SHIFT))
		return -ENOMEM;
	return 0;
}

/**
 * sn_mem_alloc() - allocate pages
 * @mem: gets them
 * @bytes: a multiple of PAGE_SIZE
 * @source: where from and for whom
 *
 * Context: Process context, may reclaim; never wakes an OOM killer.
 * Return: 0; -ENOMEM or -ECANCELED, and nothing is allocated.
 */
int sn_mem_alloc(struct sn_mem *mem, u64 bytes, const struct sn_mem_source *source)
{
	gfp_t gfp = __GFP_NOWARN | __GFP_RETRY_MAYFAIL;
	unsigned long npages = bytes >> PAGE_SHIFT;
	unsigned long looked = 0;
	unsigned int order = MEM_ORDER_MAX;
	int node = source->node;
	int ret = 0;

	if (node < 0 || node >= MAX_NUMNODES || !node_state(node, N_MEMORY)) {
		if (source->strict)
			return -ENOMEM;
		node = numa_mem_id();
	}

	gfp |= source->user ? GFP_USER | __GFP_ACCOUNT : GFP_KERNEL;
	mem->npages = 0;
	mem->pages = kvmalloc_array(npages, sizeof(*mem->pages), gfp);
	if (!mem->pages)
		return -ENOMEM;
	if (source->user)
		gfp |= __GFP_ZERO;
	if (source->strict)
		gfp |= __GFP_THISNODE;

	while (mem->npages < npages) {
		unsigned long left = npages - mem->npages;
		struct page *page;
		unsigned long i;

		if (mem->npages - looked >= MEM_LOOK_PAGES) {
			looked = mem->npages;
			ret = look_up(source, left);
			if (ret)
				break;
		}
		order = min_t(unsigned int, order, ilog2(left));
		page = alloc_piece(source, node, gfp, order);
		if (!page && order) {
			order--;
			continue;
		}
		if (!page) {
			ret = -ENOMEM;
			break;
		}
		for (i = 0; i < 1UL << order; i++)
			mem->pages[mem->npages++] = page + i;
	}
	if (ret)
		sn_mem_free(mem);
	return ret;
}

/**
 * sn_mem_free() - free what sn_mem_alloc() gave
 * @mem: also after it failed, or zeroed
 *
 * Context: Process context.
 */
void sn_mem_free(struct sn_mem *mem)
{
	unsigned long i;

	for (i = 0; i < mem->npages; i++) {
		__free_page(mem->pages[i]);
		if (i % MEM_LOOK_PAGES == MEM_LOOK_PAGES - 1)
			cond_resched();
	}
	kvfree(mem->pages);
	mem->pages = NULL;
	mem->npages = 0;
}

/**
 * sn_scratch_alloc() - pages that only engines see
 * @node: NUMA node they should be near, or NUMA_NO_NODE
 * @bytes: rounded up to whole pages
 *
 * Context: Process context, may reclaim.
 * Return: the pages, with whatever was in them; NULL when there is no memory.
 */
struct sn_mem *sn_scratch_alloc(int node, u64 bytes)
{
	struct sn_mem_source source = { .node = node };
	struct sn_mem *mem;

	mem = kzalloc(sizeof(*mem), GFP_KERNEL);
	if (!mem)
		return NULL;
	if (sn_mem_alloc(mem, PAGE_ALIGN(bytes), &source)) {
		kfree(mem);
		return NULL;
	}
	return mem;
}

/**
 * sn_scratch_free() - free scratch
 * @mem: of sn_scratch_alloc(), or NULL
 *
 * Context: Process context.
 */
void sn_scratch_free(struct sn_mem *mem)
{
	if (!mem)
		return;
	sn_mem_free(mem);
	kfree(mem);
}

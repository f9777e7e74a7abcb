// SPDX-License-Identifier: GPL-2.0-only
/*
 * Out-fences of transfers. Each is a timeline of its own, since transfers end in
 * any order. A fence holds the module until its memory is freed after a grace
 * period; module exit waits for that with rcu_barrier().
 */
#include <linux/dma-fence.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "transfer.h"

struct sn_fence {
	struct dma_fence base;
	spinlock_t lock;	/* protects base, given to dma_fence_init() */
};

static const char *fence_driver_name(struct dma_fence *fence)
{
	return "supernode";
}

static const char *fence_timeline_name(struct dma_fence *fence)
{
	return "transfer";
}

static void fence_free(struct rcu_head *rcu)
{
	struct dma_fence *base = container_of(rcu, struct dma_fence, rcu);

	kfree(container_of(base, struct sn_fence, base));
	module_put(THIS_MODULE);
}

static void fence_release(struct dma_fence *base)
{
	call_rcu(&base->rcu, fence_free);
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name = fence_driver_name,
	.get_timeline_name = fence_timeline_name,
	.release = fence_release,
};

/**
 * sn_fence_new() - make a fence
 *
 * Context: Process, with a file of the module held.
 * Return: an unsignalled fence with one reference, or NULL when there is no memory.
 */
struct dma_fence *sn_fence_new(void)
{
	struct sn_fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL_ACCOUNT);

	if (!fence)
		return NULL;
	__module_get(THIS_MODULE);
	spin_lock_init(&fence->lock);
	dma_fence_init(&fence->base, &fence_ops, &fence->lock, dma_fence_context_alloc(1), 1);
	return &fence->base;
}

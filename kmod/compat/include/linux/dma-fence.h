/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SN_COMPAT_LINUX_DMA_FENCE_H
#define SN_COMPAT_LINUX_DMA_FENCE_H

#include_next <linux/dma-fence.h>

/*
 * 64-bit sequence numbers are asked for by dma_fence_init64(), before that by a member of the ops:
 * an ops table says SN_DMA_FENCE_OPS_64BIT and its fences are initialised with dma_fence_init64().
 */
#ifdef HAVE_DMA_FENCE_64BIT_FLAG
#define SN_DMA_FENCE_OPS_64BIT .use_64bit_seqno = true,
#else
#define SN_DMA_FENCE_OPS_64BIT
#endif

#ifndef HAVE_DMA_FENCE_INIT64
#define dma_fence_init64(fence, ops, lock, context, seqno) \
	dma_fence_init(fence, ops, lock, context, seqno)
#endif

#endif

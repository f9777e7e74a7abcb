/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SN_COMPAT_LINUX_DMA_BUF_H
#define SN_COMPAT_LINUX_DMA_BUF_H

#include_next <linux/dma-buf.h>

/* Before the convention that all mapping calls hold the reservation, none of these took it. */
#ifndef HAVE_DMABUF_VMAP_UNLOCKED
#define dma_buf_vmap_unlocked(dmabuf, map) dma_buf_vmap(dmabuf, map)
#define dma_buf_vunmap_unlocked(dmabuf, map) dma_buf_vunmap(dmabuf, map)
#endif

#ifndef HAVE_DMABUF_MAP_UNLOCKED
#define dma_buf_map_attachment_unlocked(attach, dir) dma_buf_map_attachment(attach, dir)
#define dma_buf_unmap_attachment_unlocked(attach, sgt, dir) \
	dma_buf_unmap_attachment(attach, sgt, dir)
#endif

#endif

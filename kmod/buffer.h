/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Buffers: bytes in a region, owned by a dma-buf. The last reference to the
 * dma-buf frees them.
 */
#ifndef _SN_BUFFER_H
#define _SN_BUFFER_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/supernode.h>

struct dma_buf;
struct netlink_ext_ack;
struct sk_buff;
struct sn_device;
struct sn_region;
struct sn_session;

struct sn_buffer;

/**
 * struct sn_buffer_spec - what BUFFER_ALLOC asks for
 * @name: may be empty
 * @bytes: at least 1; rounded up to the region's pages
 * @fd_flags: O_RDONLY, O_WRONLY or O_RDWR
 * @user_data: for the completion record of a large buffer
 */
struct sn_buffer_spec {
	char name[SN_NAME_MAX + 1];
	u64 bytes;
	u32 fd_flags;
	u64 user_data;
};

int sn_buffer_init(void);
void sn_buffer_exit(void);

/*
 * Small buffers are ready on return; larger ones are PENDING, a worker makes
 * them and posts a record to the session. Returns a referenced dma-buf.
 */
struct dma_buf *sn_buffer_alloc(struct sn_session *session, struct sn_region *region,
				const struct sn_buffer_spec *spec,
				struct netlink_ext_ack *extack);

/* NULL when it is somebody else's. Valid while the dma-buf is held. */
struct sn_buffer *sn_buffer_from_dmabuf(struct dma_buf *dmabuf);
struct dma_buf *sn_buffer_dmabuf(struct sn_buffer *buffer);

u64 sn_buffer_id(const struct sn_buffer *buffer);
u64 sn_buffer_bytes(const struct sn_buffer *buffer);
enum sn_buffer_state sn_buffer_state(const struct sn_buffer *buffer);
struct sn_device *sn_buffer_device(const struct sn_buffer *buffer);

/*
 * A transfer uses the pages between pin and unpin; the caller also holds the
 * dma-buf. -EAGAIN while pending, -ENOMEM when failed, -ENODEV when lost, each
 * with its sentence. Neither sleeps.
 */
int sn_buffer_pin(struct sn_buffer *buffer, struct netlink_ext_ack *extack);
void sn_buffer_unpin(struct sn_buffer *buffer);
const struct sn_mem *sn_buffer_mem(const struct sn_buffer *buffer);

/* Turn all buffers of @dev to LOST. Process context, no lock held. */
void sn_buffers_lost(struct sn_device *dev);

/* Scratch for staged copies: zeroed on free is not needed, never mapped. */
struct sn_mem *sn_scratch_alloc(int node, u64 bytes);
void sn_scratch_free(struct sn_mem *mem);

#endif /* _SN_BUFFER_H */

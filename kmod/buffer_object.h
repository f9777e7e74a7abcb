/* SPDX-License-Identifier: GPL-2.0-only */
/* struct sn_buffer from inside: for buffer*.c, and for netlink_buffer.c to show. */
#ifndef _SN_BUFFER_OBJECT_H
#define _SN_BUFFER_OBJECT_H

#include <linux/dma-buf.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include "buffer.h"

struct mem_cgroup;
struct pid;
struct sn_buffer_job;
struct sn_mem_source;
struct sn_tenant;

/**
 * struct sn_buffer - a dma-buf's bytes
 * @ref: one of the dma-buf, one of each dump that shows it; keeps this struct
 *	alone. Everything behind it lives as long as the dma-buf
 * @id: stable, never reused
 * @bytes: whole pages of the region
 * @offset: in its region
 * @dmabuf: whose priv this is
 * @region: where it is
 * @dev: whose region that is, referenced
 * @owner: module of the backend, referenced
 * @tenant: who pays
 * @memcg: of the creator, referenced; charged for every page
 * @pid: of the creator
 * @region_id: for dumps, which may look after @region is gone
 * @device_id: likewise
 * @tenant_id: likewise
 * @user_data: as given
 * @state: enum sn_buffer_state; written under @state_lock, read anywhere
 * @state_lock: see buffer.c
 * @mem: the pages; set once, before READY
 * @pins: unfinished transfers that name it
 * @map_lock: protects @mappings
 * @mappings: CPU mappings, each of which holds the dma-buf's file
 * @lost_page: what CPU mappings show once it is LOST; set once, by the first mmap
 * @importer_lock: protects @importers and @dma_mappings
 * @importers: struct sn_importer
 * @dma_mappings: struct sn_dma_mapping
 * @name: as given
 * @comm: of the creator
 */
struct sn_buffer {
	struct kref ref;
	u64 id;
	u64 bytes;
	u64 offset;
	struct dma_buf *dmabuf;
	struct sn_region *region;
	struct sn_device *dev;
	struct module *owner;
	struct sn_tenant *tenant;
	struct mem_cgroup *memcg;
	struct pid *pid;
	u64 user_data;
	u32 region_id;
	u32 device_id;
	u32 tenant_id;
	int state;
	struct rw_semaphore state_lock;
	struct sn_mem mem;
	atomic_t pins;
	spinlock_t map_lock;		/* the count of mappings */
	u32 mappings;
	struct page *lost_page;
	struct mutex importer_lock;	/* both lists */
	struct list_head importers;
	struct list_head dma_mappings;
	char name[SN_NAME_MAX + 1];
	char comm[TASK_COMM_LEN];
};

/**
 * struct sn_importer - somebody else's driver that is attached
 * @node: on sn_buffer.importers
 * @dev: its device, which the attachment keeps
 */
struct sn_importer {
	struct list_head node;
	struct device *dev;
};

extern const struct dma_buf_ops sn_buffer_dmabuf_ops;

int sn_buffer_usable(const struct sn_buffer *buffer, struct netlink_ext_ack *extack);
int sn_buffer_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma);
void sn_buffer_release(struct dma_buf *dmabuf);

/* PENDING to READY or FAILED, unless it is LOST by now; takes over @mem. */
int sn_buffer_publish(struct sn_buffer *buffer, struct sn_mem *mem, int status);
/* How its pages are allocated, but for whom; see struct sn_mem_source. */
struct sn_mem_source sn_buffer_source(const struct sn_buffer *buffer);

int sn_buffer_pending_init(void);
void sn_buffer_pending_exit(void);
struct sn_buffer_job *sn_buffer_job_new(struct sn_buffer *buffer, struct sn_session *session,
					u64 user_data, struct netlink_ext_ack *extack);
void sn_buffer_job_drop(struct sn_buffer_job *job);
/* Takes over @job and a reference to the dma-buf. */
void sn_buffer_job_start(struct sn_buffer_job *job);

/* For dumps: the buffer with that id or the next one, referenced; NULL after the last. */
struct sn_buffer *sn_buffer_get_next(u64 id);
struct sn_buffer *sn_buffer_get_by_id(u64 id);
void sn_buffer_put(struct sn_buffer *buffer);

#endif /* _SN_BUFFER_OBJECT_H */

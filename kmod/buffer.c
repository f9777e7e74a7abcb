// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers: what one is, who pays for it, its beginning and its end. Room in the
 * region is region.c's, pages buffer_mem.c's, states buffer_state.c's; large ones are
 * made by buffer_pending.c; what other drivers and processes do with one is in
 * buffer_dmabuf.c and buffer_mmap.c.
 *
 * Locks of a buffer, none of them under another of these:
 *   state_lock     (rwsem)    state and its use by faults, buffer_state.c
 *   importer_lock  (mutex)    attachments and their mappings, buffer_dmabuf.c
 *   map_lock       (spinlock) the count of CPU mappings
 * and of all buffers: the xarray's own lock, for their index. Order: mmap_lock,
 * dma_resv, then state_lock or importer_lock, then fs_reclaim, then map_lock.
 */
#include "buffer.h"

#include <linux/cpuset.h>
#include <linux/err.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "buffer_mem.h"
#include "buffer_object.h"
#include "device.h"
#include "lock_order.h"
#include "netlink.h"
#include "region.h"
#include "session.h"
#include "tenant.h"

/* What a netlink handler may zero by itself. */
#define BUFFER_NOW_BYTES (2ULL << 20)

static DEFINE_XARRAY(buffers);
static atomic64_t buffer_last_id = ATOMIC64_INIT(0);

static void buffer_free(struct kref *ref)
{
	struct sn_buffer *buffer = container_of(ref, struct sn_buffer, ref);

	put_pid(buffer->pid);
	kfree(buffer);
}

/**
 * sn_buffer_put() - end a dump's use
 * @buffer: of sn_buffer_get_next() or sn_buffer_get_by_id()
 *
 * Context: Any.
 */
void sn_buffer_put(struct sn_buffer *buffer)
{
	kref_put(&buffer->ref, buffer_free);
}

static struct sn_buffer *buffer_find(u64 id, u64 last)
{
	unsigned long index = id;
	struct sn_buffer *buffer;

	/* What is in the index has its dma-buf's reference: it leaves first. */
	xa_lock(&buffers);
	buffer = xa_find(&buffers, &index, last, XA_PRESENT);
	if (buffer)
		kref_get(&buffer->ref);
	xa_unlock(&buffers);
	return buffer;
}

/**
 * sn_buffer_get_next() - walk all buffers
 * @id: lowest wanted
 *
 * Context: Any.
 * Return: the buffer with the lowest id from @id on, referenced; or NULL.
 */
struct sn_buffer *sn_buffer_get_next(u64 id)
{
	return buffer_find(id, ULONG_MAX);
}

/**
 * sn_buffer_get_by_id() - find a buffer
 * @id: whose
 *
 * Context: Any.
 * Return: the buffer, referenced; or NULL.
 */
struct sn_buffer *sn_buffer_get_by_id(u64 id)
{
	return buffer_find(id, id);
}

/**
 * sn_buffer_source() - where the pages of a buffer come from
 * @buffer: whose
 *
 * Context: Any.
 * Return: the source, to be completed with who asks.
 */
struct sn_mem_source sn_buffer_source(const struct sn_buffer *buffer)
{
	int node = buffer->region->desc.node;

	return (struct sn_mem_source){
		.node = node,
		.strict = node != NUMA_NO_NODE,
		.user = true,
	};
}

/* Tenant, device and region know of it from here on, and the index. */
static int buffer_enter(struct sn_buffer *buffer, struct netlink_ext_ack *extack)
{
	struct sn_tenant *tenant = buffer->tenant;
	struct sn_device *dev = buffer->dev;
	int ret;

	if (atomic_inc_return(&tenant->buffers) > READ_ONCE(sn_buffers_max)) {
		sn_extack(extack, "tenant has too many buffers", "limit is %u",
			  READ_ONCE(sn_buffers_max));
		ret = -EDQUOT;
		goto err_uncount_tenant;
	}
	atomic64_add(buffer->bytes, &tenant->buffer_bytes);
	atomic_inc(&buffer->region->buffers);
	atomic_inc(&dev->buffers);
	ret = xa_err(xa_store(&buffers, buffer->id, buffer, GFP_KERNEL));
	if (ret)
		goto err_uncount_device;
	/* Pairs with sn_buffers_lost(), and with who looks at dev->buffers to remove it. */
	smp_mb();
	if (!sn_device_live(dev)) {
		sn_extack(extack, "device is gone", "'%s'", dev->desc.name);
		ret = -ENODEV;
		goto err_erase;
	}
	return 0;

err_erase:
	xa_erase(&buffers, buffer->id);
err_uncount_device:
	atomic_dec(&dev->buffers);
	atomic_dec(&buffer->region->buffers);
	atomic64_sub(buffer->bytes, &tenant->buffer_bytes);
err_uncount_tenant:
	atomic_dec(&tenant->buffers);
	return ret;
}

static void buffer_leave(struct sn_buffer *buffer)
{
	xa_erase(&buffers, buffer->id);
	atomic_dec(&buffer->dev->buffers);
	atomic_dec(&buffer->region->buffers);
	atomic64_sub(buffer->bytes, &buffer->tenant->buffer_bytes);
	atomic_dec(&buffer->tenant->buffers);
}

static struct sn_buffer *buffer_new(struct sn_session *session, struct sn_region *region,
				    const struct sn_buffer_spec *spec)
{
	struct sn_buffer *buffer;

	buffer = kzalloc(sizeof(*buffer), GFP_KERNEL_ACCOUNT);
	if (!buffer)
		return NULL;
	kref_init(&buffer->ref);
	buffer->id = atomic64_inc_return(&buffer_last_id);
	buffer->bytes = ALIGN(spec->bytes, (u64)region->desc.page_bytes);
	buffer->region = region;
	buffer->dev = region->dev;
	buffer->tenant = session->tenant;
	buffer->pid = get_pid(task_tgid(current));
	buffer->region_id = region->id;
	buffer->device_id = region->dev->id;
	buffer->tenant_id = session->tenant->id;
	buffer->user_data = spec->user_data;
	buffer->state = SN_BUFFER_STATE_PENDING;
	init_rwsem(&buffer->state_lock);
	sn_lock_is_for_faults(&buffer->state_lock);
	spin_lock_init(&buffer->map_lock);
	mutex_init(&buffer->importer_lock);
	INIT_LIST_HEAD(&buffer->importers);
	INIT_LIST_HEAD(&buffer->dma_mappings);
	strscpy(buffer->name, spec->name, sizeof(buffer->name));
	get_task_comm(buffer->comm, current);
	return buffer;
}

static int check_request(const struct sn_region *region, const struct sn_buffer_spec *spec,
			 struct netlink_ext_ack *extack)
{
	const struct sn_device *dev = region->dev;
	int node = region->desc.node;

	if (!sn_device_live(dev)) {
		if (READ_ONCE(dev->state) == SN_DEVICE_STATE_KNOWN)
			sn_extack(extack, "device is not driven", "'%s'", dev->desc.name);
		else
			sn_extack(extack, "device is gone", "'%s'", dev->desc.name);
		return -ENODEV;
	}
	if (!spec->bytes) {
		NL_SET_ERR_MSG(extack, "a buffer has at least one byte");
		return -EINVAL;
	}
	if (spec->bytes > region->desc.bytes) {
		sn_extack(extack, "region is smaller than the buffer", "it has %llu bytes",
			  region->desc.bytes);
		return -ENOSPC;
	}
	if (node != NUMA_NO_NODE && !node_isset(node, cpuset_current_mems_allowed)) {
		sn_extack(extack, "cpuset forbids the region's memory", "NUMA node %d", node);
		return -EACCES;
	}
	if (!sn_mem_has_room(ALIGN(spec->bytes, (u64)region->desc.page_bytes))) {
		sn_extack(extack, "host has too little memory", "%llu KiB asked, %ld available",
			  spec->bytes >> 10, si_mem_available() << (PAGE_SHIFT - 10));
		return -ENOMEM;
	}
	return 0;
}

/*
 * The ops are in the backend's module. A device that is live has it loaded, and
 * what is unloaded after that is freed a grace period later.
 */
static int hold_backend(struct sn_buffer *buffer, struct netlink_ext_ack *extack)
{
	struct sn_device *dev = buffer->dev;
	bool held = false;

	rcu_read_lock();
	if (sn_device_live(dev)) {
		if (dev->ops)
			buffer->owner = dev->ops->owner;
		held = try_module_get(buffer->owner);
	}
	rcu_read_unlock();
	if (held)
		return 0;
	sn_extack(extack, "device is gone", "'%s'", dev->desc.name);
	return -ENODEV;
}

static struct dma_buf *buffer_export(struct sn_buffer *buffer, u32 fd_flags)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);

	info.exp_name = "supernode";
	info.ops = &sn_buffer_dmabuf_ops;
	info.size = buffer->bytes;
	info.flags = O_CLOEXEC | (fd_flags & O_ACCMODE);
	info.priv = buffer;
	return dma_buf_export(&info);
}

/**
 * sn_buffer_alloc() - allocate a buffer
 * @session: who asks; its tenant pays
 * @region: where; the caller holds a reference to its device
 * @spec: what
 * @extack: the reason of a refusal
 *
 * Context: Process context of the creator, whose memcg and cpuset it takes.
 * Return: its dma-buf, referenced, or an error and nothing has changed.
 */
struct dma_buf *sn_buffer_alloc(struct sn_session *session, struct sn_region *region,
				const struct sn_buffer_spec *spec,
				struct netlink_ext_ack *extack)
{
	struct sn_buffer_job *job = NULL;
	struct sn_mem_source source;
	struct sn_buffer *buffer;
	struct dma_buf *dmabuf;
	struct sn_mem mem = {};
	int ret;

	ret = check_request(region, spec, extack);
	if (ret)
		return ERR_PTR(ret);
	buffer = buffer_new(session, region, spec);
	if (!buffer)
		return ERR_PTR(-ENOMEM);
	ret = hold_backend(buffer, extack);
	if (ret)
		goto err_put_buffer;
	sn_device_get(region->dev);
	buffer->memcg = get_mem_cgroup_from_mm(current->mm);
	ret = sn_region_take(region, buffer->bytes, &buffer->offset, extack);
	if (ret)
		goto err_put_device;

	if (buffer->bytes > BUFFER_NOW_BYTES) {
		job = sn_buffer_job_new(buffer, session, spec->user_data, extack);
		ret = PTR_ERR_OR_ZERO(job);
	} else {
		source = sn_buffer_source(buffer);
		ret = sn_mem_alloc(&mem, buffer->bytes, &source);
		if (ret)
			NL_SET_ERR_MSG(extack, "no memory for the buffer's pages");
	}
	if (ret)
		goto err_give_region;
	ret = buffer_enter(buffer, extack);
	if (ret)
		goto err_free_mem;

	dmabuf = buffer_export(buffer, spec->fd_flags);
	if (IS_ERR(dmabuf)) {
		ret = PTR_ERR(dmabuf);
		goto err_leave;
	}
	buffer->dmabuf = dmabuf;
	if (job)
		sn_buffer_job_start(job);
	else
		sn_buffer_publish(buffer, &mem, 0);
	return dmabuf;

err_leave:
	buffer_leave(buffer);
err_free_mem:
	sn_buffer_job_drop(job);
	sn_mem_free(&mem);
err_give_region:
	sn_region_give(region, buffer->bytes, buffer->offset);
err_put_device:
	mem_cgroup_put(buffer->memcg);
	sn_device_put(region->dev);
	module_put(buffer->owner);
err_put_buffer:
	sn_buffer_put(buffer);
	return ERR_PTR(ret);
}

/**
 * sn_buffer_release() - dma_buf_ops.release
 * @dmabuf: nobody holds it, it is not attached, mapped or pinned
 *
 * Context: Process context, no lock held.
 */
void sn_buffer_release(struct dma_buf *dmabuf)
{
	struct sn_buffer *buffer = dmabuf->priv;
	struct sn_device *dev = buffer->dev;
	struct module *owner = buffer->owner;

	might_sleep();
	WARN_ON_ONCE(atomic_read(&buffer->pins));

	/* 1: no new dump finds it. */
	buffer_leave(buffer);
	/* 2: what it consists of; the region needs the device. */
	if (buffer->lost_page)
		__free_page(buffer->lost_page);
	mem_cgroup_put(buffer->memcg);
	sn_mem_free(&buffer->mem);
	sn_region_give(buffer->region, buffer->bytes, buffer->offset);
	sn_buffer_put(buffer);
	/* 3: the device, and last the module that drives it. */
	sn_device_put(dev);
	module_put(owner);
}

/**
 * sn_buffer_from_dmabuf() - is it one of ours?
 * @dmabuf: any
 *
 * Context: Any.
 * Return: the buffer, valid while @dmabuf is held, or NULL.
 */
struct sn_buffer *sn_buffer_from_dmabuf(struct dma_buf *dmabuf)
{
	return dmabuf->ops == &sn_buffer_dmabuf_ops ? dmabuf->priv : NULL;
}

/**
 * sn_buffer_dmabuf() - the dma-buf of a buffer
 * @buffer: whose
 *
 * Context: Any.
 * Return: it, not referenced.
 */
struct dma_buf *sn_buffer_dmabuf(struct sn_buffer *buffer)
{
	return buffer->dmabuf;
}

/**
 * sn_buffer_id() - the id of a buffer
 * @buffer: whose
 *
 * Context: Any.
 * Return: it.
 */
u64 sn_buffer_id(const struct sn_buffer *buffer)
{
	return buffer->id;
}

/**
 * sn_buffer_bytes() - the size of a buffer
 * @buffer: whose
 *
 * Context: Any.
 * Return: bytes, whole pages of its region.
 */
u64 sn_buffer_bytes(const struct sn_buffer *buffer)
{
	return buffer->bytes;
}

/**
 * sn_buffer_device() - where a buffer lives
 * @buffer: whose dma-buf is held
 *
 * Context: Any.
 * Return: the device, not referenced.
 */
struct sn_device *sn_buffer_device(const struct sn_buffer *buffer)
{
	return buffer->dev;
}

/**
 * sn_buffer_init() - start
 *
 * Context: Module init.
 * Return: 0 or -ENOMEM.
 */
int sn_buffer_init(void)
{
	return sn_buffer_pending_init();
}

/**
 * sn_buffer_exit() - the mirror of sn_buffer_init(): buffers hold the module, so there are none
 *
 * Context: Module exit.
 */
void sn_buffer_exit(void)
{
	sn_buffer_pending_exit();
	WARN_ON_ONCE(!xa_empty(&buffers));
}

MODULE_IMPORT_NS("DMA_BUF");

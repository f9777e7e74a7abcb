// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices: what a description may say, the ids of devices, regions and engines, and a device's life
 * from staged to live to dead. Which devices there are is topology.c's business, what creates them
 * backend.c's, what is in their memory buffer.c's.
 *
 * Locks: id_lock for the next ids; a device's stop_lock so that it is stopped once. Both are leaves
 * but for what stopping calls: transfers, buffers and the backend.
 */
#include <linux/ctype.h>
#include <linux/delay.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/nodemask.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "buffer.h"
#include "device.h"
#include "dispatcher.h"
#include "event.h"
#include "lock_order.h"
#include "topology.h"
#include "transfer.h"

/* Largest page_bytes, channels and depth that make sense; they keep products far from overflow. */
#define SN_PAGE_BYTES_MAX	((u32)SZ_1G)
#define SN_CHANNELS_MAX		1024
#define SN_DEPTH_MAX		1024

static struct workqueue_struct *device_wq;

static DEFINE_MUTEX(id_lock);
static u64 next_device_id = 1;
static u64 next_region_id = 1;
static u64 next_engine_id = 1;

static bool name_char(char c)
{
	return isascii(c) && (isalnum(c) || c == '.' || c == '_' || c == '-');
}

/**
 * sn_name_ok() - may a device be called that?
 * @name: 0-terminated
 *
 * Context: Any.
 * Return: true when it is not empty, not too long, and all of it is in [A-Za-z0-9._-].
 */
bool sn_name_ok(const char *name)
{
	size_t len;

	for (len = 0; name[len]; len++)
		if (len == SN_NAME_MAX || !name_char(name[len]))
			return false;
	return len;
}

static bool node_ok(int node)
{
	return node == NUMA_NO_NODE || (node >= 0 && node < MAX_NUMNODES && node_online(node));
}

static int check_region(const struct sn_device_desc *desc, u32 i, struct netlink_ext_ack *extack)
{
	const struct sn_region_desc *region = &desc->regions[i];

	if ((unsigned int)region->kind > SN_REGION_KIND_MAX) {
		NL_SET_ERR_MSG_FMT(extack, "device '%s': region %u is of no known kind",
				   desc->name, i);
		return -EINVAL;
	}
	if (!is_power_of_2(region->page_bytes) || region->page_bytes < PAGE_SIZE ||
	    region->page_bytes > SN_PAGE_BYTES_MAX) {
		NL_SET_ERR_MSG_FMT(extack, "device '%s': page is no power of 2 from %luK to 1G",
				   desc->name, PAGE_SIZE >> 10);
		return -EINVAL;
	}
	if (!region->bytes || region->bytes & (region->page_bytes - 1)) {
		NL_SET_ERR_MSG_FMT(extack, "device '%s': region %u is not 1 or more pages",
				   desc->name, i);
		return -EINVAL;
	}
	if (!node_ok(region->node)) {
		NL_SET_ERR_MSG_FMT(extack, "device '%s': there is no NUMA node %d",
				   desc->name, region->node);
		return -EINVAL;
	}
	return 0;
}

static int check_engine(const struct sn_device_desc *desc, u32 i, struct netlink_ext_ack *extack)
{
	const struct sn_engine_desc *engine = &desc->engines[i];

	if (!engine->channels || engine->channels > SN_CHANNELS_MAX) {
		NL_SET_ERR_MSG_FMT(extack, "device '%s': engine channels are not 1 to %u",
				   desc->name, SN_CHANNELS_MAX);
		return -EINVAL;
	}
	if (!engine->depth || engine->depth > SN_DEPTH_MAX) {
		NL_SET_ERR_MSG_FMT(extack, "device '%s': engine depth is not 1 to %u",
				   desc->name, SN_DEPTH_MAX);
		return -EINVAL;
	}
	return 0;
}

static int check_desc(const struct sn_device_desc *desc, const char *backend,
		      struct netlink_ext_ack *extack)
{
	u32 i;
	int ret;

	if (strnlen(desc->name, sizeof(desc->name)) > SN_NAME_MAX || !sn_name_ok(desc->name)) {
		NL_SET_ERR_MSG_FMT(extack, "a device name is 1 to %u characters of [A-Za-z0-9._-]",
				   SN_NAME_MAX);
		return -EINVAL;
	}
	if (!*backend || strnlen(backend, SN_NAME_MAX + 1) > SN_NAME_MAX) {
		NL_SET_ERR_MSG_FMT(extack, "a backend name is 1 to %u characters", SN_NAME_MAX);
		return -EINVAL;
	}
	if ((unsigned int)desc->kind > SN_DEVICE_KIND_MAX) {
		NL_SET_ERR_MSG_FMT(extack, "device '%s' is of no known kind", desc->name);
		return -EINVAL;
	}
	if (desc->ports > SN_DEVICE_PORTS_MAX) {
		NL_SET_ERR_MSG_FMT(extack, "device '%s' has more than %u ports", desc->name,
				   SN_DEVICE_PORTS_MAX);
		return -EINVAL;
	}
	if (desc->nregions > SN_DEVICE_REGIONS_MAX) {
		NL_SET_ERR_MSG_FMT(extack, "device '%s' has more than %u regions", desc->name,
				   SN_DEVICE_REGIONS_MAX);
		return -EINVAL;
	}
	if (desc->nengines > SN_DEVICE_ENGINES_MAX) {
		NL_SET_ERR_MSG_FMT(extack, "device '%s' has more than %u engines", desc->name,
				   SN_DEVICE_ENGINES_MAX);
		return -EINVAL;
	}
	if (desc->kind == SN_DEVICE_KIND_SWITCH && (desc->nregions || desc->nengines)) {
		NL_SET_ERR_MSG_FMT(extack, "switch '%s' has regions or engines", desc->name);
		return -EINVAL;
	}
	if (!strcmp(backend, "none") && desc->nengines) {
		NL_SET_ERR_MSG_FMT(extack, "device '%s' has engines but no backend", desc->name);
		return -EINVAL;
	}
	if (!node_ok(desc->node)) {
		NL_SET_ERR_MSG_FMT(extack, "device '%s': there is no NUMA node %d", desc->name,
				   desc->node);
		return -EINVAL;
	}
	for (i = 0; i < desc->nregions; i++) {
		ret = check_region(desc, i, extack);
		if (ret)
			return ret;
	}
	for (i = 0; i < desc->nengines; i++) {
		ret = check_engine(desc, i, extack);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * The ids of a device's regions and engines ascend with the ids of the devices, so that one finds
 * its device by binary search. For that, slot 0 has its number even when nothing is in it.
 */
static int take_ids(struct sn_device *dev, struct netlink_ext_ack *extack)
{
	int ret = 0;
	u32 i;

	mutex_lock(&id_lock);
	if (next_device_id >= U32_MAX || next_region_id + dev->desc.nregions >= U32_MAX ||
	    next_engine_id + dev->desc.nengines >= U32_MAX) {
		NL_SET_ERR_MSG(extack, "all 2^32 device, region or engine ids have been used");
		ret = -ENOSPC;
		goto out_unlock;
	}
	dev->id = next_device_id++;
	for (i = 0; i < SN_DEVICE_REGIONS_MAX; i++)
		dev->regions[i].id = next_region_id + i;
	for (i = 0; i < SN_DEVICE_ENGINES_MAX; i++)
		dev->engines[i].id = next_engine_id + i;
	next_region_id += dev->desc.nregions;
	next_engine_id += dev->desc.nengines;
out_unlock:
	mutex_unlock(&id_lock);
	return ret;
}

/* Remove and stop: for a lost device, and for one removed while it was in use. */
static void lost_work_fn(struct work_struct *work)
{
	struct sn_device *dev = from_work(dev, work, lost_work);

	WRITE_ONCE(dev->state, SN_DEVICE_STATE_DEAD);
	if (test_bit(SN_DEVICE_LOST_BIT, &dev->flags))
		sn_event_fault(dev->id, 0, 0, -ENODEV);
	sn_topology_withdraw(dev);
	sn_device_stop(dev);
	sn_device_put(dev);
}

/**
 * sn_device_alloc() - make a device that is not started and nowhere listed
 * @desc: what it is; checked here
 * @backend: name of what drives it, "none" when nothing does
 * @extack: gets the sentence of a refusal; may be NULL
 *
 * Context: Process context, may sleep.
 * Return: the device with one reference, or ERR_PTR().
 */
struct sn_device *sn_device_alloc(const struct sn_device_desc *desc, const char *backend,
				  struct netlink_ext_ack *extack)
{
	struct sn_device *dev;
	u32 i;
	int ret;

	ret = check_desc(desc, backend, extack);
	if (ret)
		return ERR_PTR(ret);
	dev = kzalloc(sizeof(*dev), GFP_KERNEL_ACCOUNT);
	if (!dev)
		return ERR_PTR(-ENOMEM);
	kref_init(&dev->ref);
	dev->desc = *desc;
	strscpy(dev->backend, backend, sizeof(dev->backend));
	ret = take_ids(dev, extack);
	if (ret) {
		kfree(dev);
		return ERR_PTR(ret);
	}
	dev->state = SN_DEVICE_STATE_KNOWN;
	dev->edge = U32_MAX;
	INIT_WORK(&dev->lost_work, lost_work_fn);
	mutex_init(&dev->stop_lock);
	sn_lock_is_outer(&dev->stop_lock);
	INIT_HLIST_NODE(&dev->name_node);
	for (i = 0; i < desc->nregions; i++) {
		dev->regions[i].dev = dev;
		dev->regions[i].index = i;
		dev->regions[i].desc = desc->regions[i];
		mutex_init(&dev->regions[i].lock);
		sn_lock_is_outer(&dev->regions[i].lock);
	}
	for (i = 0; i < desc->nengines; i++) {
		dev->engines[i].dev = dev;
		dev->engines[i].index = i;
		dev->engines[i].desc = desc->engines[i];
	}
	return dev;
}

/* All engines together, as the dispatcher sees them. */
static int add_edge(struct sn_device *dev)
{
	u64 bytes_per_sec = 0;
	bool stated = true;
	u32 cap_ops = 0;
	u32 i;

	for (i = 0; i < dev->desc.nengines; i++) {
		const struct sn_engine_desc *engine = &dev->desc.engines[i];
		u64 rate;

		cap_ops += engine->channels * engine->depth;
		if (!engine->bytes_per_sec ||
		    check_mul_overflow(engine->bytes_per_sec, (u64)engine->channels, &rate) ||
		    check_add_overflow(bytes_per_sec, rate, &bytes_per_sec))
			stated = false;
	}
	return sn_dispatcher_edge_add(stated ? bytes_per_sec : 0, cap_ops, &dev->edge);
}

/**
 * sn_device_start() - have its backend drive a device
 * @dev: staged, not started
 * @extack: gets the sentence of a refusal; may be NULL
 *
 * A device of backend "none" stays KNOWN. On error the caller puts the device.
 *
 * Context: Process context, under the topology mutex.
 * Return: 0 or a negative errno.
 */
int sn_device_start(struct sn_device *dev, struct netlink_ext_ack *extack)
{
	int ret;

	sn_topology_assert_held();
	if (!dev->factory && !test_bit(SN_DEVICE_REGISTERED_BIT, &dev->flags))
		return 0;
	if (dev->desc.nengines) {
		ret = add_edge(dev);
		if (ret) {
			NL_SET_ERR_MSG_FMT(extack, "device '%s': no room for its engines: error %d",
					   dev->desc.name, ret);
			return ret;
		}
	}
	if (dev->factory) {
		ret = dev->factory->create(dev, &dev->desc, &dev->priv);
		if (ret) {
			NL_SET_ERR_MSG_FMT(extack, "device '%s': its backend fails with error %d",
					   dev->desc.name, ret);
			return ret;
		}
	}
	set_bit(SN_DEVICE_STARTED_BIT, &dev->flags);
	WRITE_ONCE(dev->state, SN_DEVICE_STATE_LIVE);
	return 0;
}

/**
 * sn_device_close() - give a device's engines nothing more to copy
 * @dev: no longer, or never, in the topology
 *
 * Context: Process context; of our locks, a transaction's at most. Does not wait.
 */
void sn_device_close(struct sn_device *dev)
{
	WRITE_ONCE(dev->state, SN_DEVICE_STATE_DEAD);
	if (dev->edge != U32_MAX)
		sn_dispatcher_edge_set_up(dev->edge, false);
}

/**
 * sn_device_stop() - end all work of a device and take it from its backend
 * @dev: no longer, or never, in the topology
 *
 * Stops once, whoever calls first; the others wait until it is done.
 *
 * Context: Process context; of our locks, a transaction's at most. Waits for the device's engines.
 */
void sn_device_stop(struct sn_device *dev)
{
	might_sleep();
	sn_topology_assert_not_held();
	lockdep_assert_not_held(&dev->stop_lock);
	mutex_lock(&dev->stop_lock);
	if (test_bit(SN_DEVICE_STOPPED_BIT, &dev->flags))
		goto out_unlock;
	/* 1. No new work. */
	sn_device_close(dev);
	/* 2. End the work there is, then take the memory away. */
	sn_transfers_cancel_device(dev);
	sn_buffers_lost(dev);
	/*
	 * 3. An engine that broke its promise may still write: the backend's code and data must
	 * stay until it is done, for ever if it never is.
	 */
	while (atomic_read(&dev->inflight))
		msleep(20);
	/* 4. Nothing calls the backend from here on. */
	if (dev->factory) {
		if (test_bit(SN_DEVICE_STARTED_BIT, &dev->flags))
			dev->factory->destroy(dev, dev->priv);
		sn_backend_put(dev->factory);
		dev->factory = NULL;
	}
	set_bit(SN_DEVICE_STOPPED_BIT, &dev->flags);
out_unlock:
	mutex_unlock(&dev->stop_lock);
}

/**
 * sn_device_stop_later() - sn_device_stop() where one must not wait
 * @dev: no longer in the topology, or lost
 *
 * Context: Process context.
 */
void sn_device_stop_later(struct sn_device *dev)
{
	sn_device_get(dev);
	if (!queue_work(device_wq, &dev->lost_work))
		sn_device_put(dev);
}

/**
 * sn_device_flush() - wait until all that sn_device_stop_later() began is done
 *
 * Context: Process context, no lock held.
 */
void sn_device_flush(void)
{
	flush_workqueue(device_wq);
}

/**
 * sn_device_get() - take a reference
 * @dev: device that somebody holds
 *
 * Context: Any.
 * Return: @dev.
 */
struct sn_device *sn_device_get(struct sn_device *dev)
{
	kref_get(&dev->ref);
	return dev;
}

static void device_release(struct kref *ref)
{
	struct sn_device *dev = container_of(ref, struct sn_device, ref);
	u32 i;

	if (dev->edge != U32_MAX)
		sn_dispatcher_edge_del(dev->edge);
	if (dev->factory)
		sn_backend_put(dev->factory);
	for (i = 0; i < dev->desc.nregions; i++) {
		kvfree(dev->regions[i].extent);
		mutex_destroy(&dev->regions[i].lock);
	}
	mutex_destroy(&dev->stop_lock);
	kfree_rcu(dev, rcu);
}

/**
 * sn_device_put() - drop a reference
 * @dev: device, or NULL
 *
 * Context: Process context.
 */
void sn_device_put(struct sn_device *dev)
{
	might_sleep();
	if (dev)
		kref_put(&dev->ref, device_release);
}

/**
 * sn_device_name() - what a device is called
 * @dev: device
 *
 * Context: Any.
 * Return: its name, as long as @dev is held.
 */
const char *sn_device_name(const struct sn_device *dev)
{
	return dev->desc.name;
}
EXPORT_SYMBOL_GPL(sn_device_name);

/**
 * sn_device_init() - get ready to stop devices
 *
 * Context: Module init.
 * Return: 0 or -ENOMEM.
 */
int sn_device_init(void)
{
	device_wq = alloc_workqueue("sn_device", WQ_UNBOUND, 0);
	return device_wq ? 0 : -ENOMEM;
}

/**
 * sn_device_exit() - undo sn_device_init()
 *
 * Context: Module exit; no device is left in the topology.
 */
void sn_device_exit(void)
{
	destroy_workqueue(device_wq);
}

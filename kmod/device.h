/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SN_DEVICE_H
#define _SN_DEVICE_H

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/supernode.h>
#include <linux/workqueue.h>

struct netlink_ext_ack;
struct sn_extent;

/* Bits of sn_device.flags. */
#define SN_DEVICE_REGISTERED_BIT	0	/* by its backend, which alone unregisters it */
#define SN_DEVICE_STARTED_BIT		1	/* its backend drives it */
#define SN_DEVICE_STOPPED_BIT		2	/* for good; written under stop_lock */
#define SN_DEVICE_LOST_BIT		3	/* its backend said so, once */

/**
 * struct sn_engine - a copy engine of a device
 * @dev: its device, not a reference
 * @id: stable id
 * @index: within its device, what ops->submit() takes
 * @desc: as stated
 * @inflight: copies given to it
 * @bytes: copied without error
 * @copies: ended without error
 * @errors: ended with an error
 */
struct sn_engine {
	struct sn_device *dev;
	u32 id;
	u32 index;
	struct sn_engine_desc desc;
	atomic_t inflight;
	atomic64_t bytes;
	atomic64_t copies;
	atomic64_t errors;
};

/**
 * struct sn_region - memory of a device
 * @dev: its device, not a reference
 * @id: stable id
 * @index: within its device
 * @desc: as stated
 * @lock: protects @extent, @extent_ranges and @used_bytes
 * @extent: core/extent state of a ranged region, else NULL; grown by doubling
 * @extent_ranges: ranges that @extent has nodes for
 * @used_bytes: allocated
 * @buffers: live buffers
 */
struct sn_region {
	struct sn_device *dev;
	u32 id;
	u32 index;
	struct sn_region_desc desc;
	struct mutex lock;	/* see @lock above */
	struct sn_extent *extent;
	u32 extent_ranges;
	u64 used_bytes;
	atomic_t buffers;
};

/**
 * struct sn_device - a device of the super-node
 * @ref: held by snapshots, transactions, buffers, transfers' paths and, for one
 *	that its backend registered, by the backend
 * @rcu: for readers of a snapshot
 * @id: stable id
 * @desc: as stated; immutable
 * @backend: name of what drives it, "none" when nothing does
 * @factory: what created it, NULL when the backend registered it or none
 * @ops: of its backend, NULL when not driven
 * @priv: of its backend
 * @flags: SN_DEVICE_*_BIT
 * @state: enum sn_device_state, read anywhere; DEAD is where it ends. Who adds a
 *	buffer counts it in @buffers first and looks at the state then: a commit
 *	that removes the device does it the other way round
 * @edge: the dispatcher's edge that stands for its engines together; U32_MAX
 *	when it has none
 * @inflight: copies given to its engines
 * @buffers: live buffers in its regions
 * @lost_work: removes and stops the device in process context; holds a reference
 * @stop_lock: only one stops it, the others wait for that
 * @name_node: in the name table of the transaction that states it
 * @regions: desc.nregions of them
 * @engines: desc.nengines of them
 */
struct sn_device {
	struct kref ref;
	struct rcu_head rcu;
	u32 id;
	struct sn_device_desc desc;
	char backend[SN_NAME_MAX + 1];
	struct sn_backend *factory;
	const struct sn_device_ops *ops;
	void *priv;
	unsigned long flags;
	int state;
	u32 edge;
	atomic_t inflight;
	atomic_t buffers;
	struct work_struct lost_work;
	struct mutex stop_lock;	/* see @stop_lock above */
	struct hlist_node name_node;
	struct sn_region regions[SN_DEVICE_REGIONS_MAX];
	struct sn_engine engines[SN_DEVICE_ENGINES_MAX];
};

static inline bool sn_device_live(const struct sn_device *dev)
{
	return READ_ONCE(dev->state) == SN_DEVICE_STATE_LIVE;
}

int sn_device_init(void);
void sn_device_exit(void);
bool sn_name_ok(const char *name);
struct sn_device *sn_device_alloc(const struct sn_device_desc *desc, const char *backend,
				  struct netlink_ext_ack *extack);
int sn_device_start(struct sn_device *dev, struct netlink_ext_ack *extack);
void sn_device_close(struct sn_device *dev);
void sn_device_stop(struct sn_device *dev);
void sn_device_stop_later(struct sn_device *dev);
void sn_device_flush(void);
struct sn_device *sn_device_get(struct sn_device *dev);
void sn_device_put(struct sn_device *dev);

struct sn_backend *sn_backend_get(const char *name);
void sn_backend_put(struct sn_backend *backend);
/* Name of the @pos-th backend that creates devices; false when there are no more. */
bool sn_backend_name(u32 pos, char name[SN_NAME_MAX + 1]);

#endif /* _SN_DEVICE_H */

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SN_DEVICE_H
#define _SN_DEVICE_H

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/supernode.h>

struct netlink_ext_ack;

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
 * @lock: protects @extent and @used_bytes
 * @extent: core/extent state of a ranged region, else NULL; grown by doubling
 * @used_bytes: allocated
 * @buffers: live buffers
 */
struct sn_region {
	struct sn_device *dev;
	u32 id;
	u32 index;
	struct sn_region_desc desc;
	struct mutex lock;
	struct sn_extent *extent;
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
 * @state: enum sn_device_state; written under the topology mutex, read anywhere
 * @edge: the dispatcher's edge that stands for its engines together; U32_MAX
 *	when it has none
 * @inflight: copies given to its engines
 * @buffers: live buffers in its regions
 * @lost_work: runs the loss path in process context
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
	int state;
	u32 edge;
	atomic_t inflight;
	atomic_t buffers;
	struct work_struct lost_work;
	struct sn_region regions[SN_DEVICE_REGIONS_MAX];
	struct sn_engine engines[SN_DEVICE_ENGINES_MAX];
};

static inline bool sn_device_live(const struct sn_device *dev)
{
	return READ_ONCE(dev->state) == SN_DEVICE_STATE_LIVE;
}

int sn_device_init(void);
void sn_device_exit(void);
struct sn_device *sn_device_alloc(const struct sn_device_desc *desc, const char *backend,
				  struct netlink_ext_ack *extack);
int sn_device_start(struct sn_device *dev, struct netlink_ext_ack *extack);
void sn_device_stop(struct sn_device *dev);
struct sn_device *sn_device_get(struct sn_device *dev);
void sn_device_put(struct sn_device *dev);

struct sn_backend *sn_backend_get(const char *name);
void sn_backend_put(struct sn_backend *backend);
const char *sn_backend_next(u32 *pos);

#endif /* _SN_DEVICE_H */

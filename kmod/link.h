/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SN_LINK_H
#define _SN_LINK_H

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/supernode.h>

struct netlink_ext_ack;

/**
 * struct sn_link - a link and the state of its two directions
 * @ref: held by snapshots, transactions and transfers' paths
 * @rcu: for readers of a snapshot
 * @id: stable id
 * @device: ids of the devices at its ends; 0 is "a", 1 is "b"
 * @port: port numbers at its ends
 * @desc: as stated; immutable
 * @admin: enum sn_link_state that the administrator wants; read anywhere
 * @edge: the dispatcher's edges, [0] a to b, [1] b to a; U32_MAX where the rate is 0
 * @bytes: carried per direction, counted at completion of a slice's stage
 * @slices: the same, stages
 * @inflight_bytes: given to engines and not completed
 * @registered: by a backend, so a topology file need not state it
 * @stopped: left the topology; protected by the lock of @admin
 */
struct sn_link {
	struct kref ref;
	struct rcu_head rcu;
	u32 id;
	u32 device[2];
	u32 port[2];
	struct sn_link_desc desc;
	int admin;
	u32 edge[2];
	atomic64_t bytes[2];
	atomic64_t slices[2];
	atomic64_t inflight_bytes[2];
	bool registered;
	bool stopped;
};

struct sn_link *sn_link_alloc(const struct sn_link_desc *desc, struct netlink_ext_ack *extack);
int sn_link_start(struct sn_link *link);
void sn_link_stop(struct sn_link *link);
struct sn_link *sn_link_get(struct sn_link *link);
void sn_link_put(struct sn_link *link);
int sn_link_set_admin(struct sn_link *link, enum sn_link_state state);

#endif /* _SN_LINK_H */

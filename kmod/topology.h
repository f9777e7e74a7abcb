/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The structure: an immutable snapshot of devices and links with a generation
 * number, and transactions that build the next one.
 */
#ifndef _SN_TOPOLOGY_H
#define _SN_TOPOLOGY_H

#include <linux/kref.h>
#include <linux/supernode.h>

struct netlink_ext_ack;
struct sn_device;
struct sn_engine;
struct sn_graph;
struct sn_link;
struct sn_region;
struct sn_txn;
struct file;

/**
 * struct sn_topology - one generation of the structure
 * @ref: held by the current pointer and by readers that outlive an RCU section
 * @rcu: frees after a grace period
 * @generation: grows by one with each commit, starts at 1
 * @name: as last stated, may be empty
 * @ndevices: entries in @devices
 * @nlinks: entries in @links
 * @devices: referenced, ascending id; the index is the device index of @graph
 * @links: referenced, ascending id; the index is the link index of @graph
 * @by_name: the devices again, ascending name
 * @graph: core/graph of this generation; link states in it are as of the commit,
 *	so a search runs on a copy with the states of now
 * @graph_bytes: size of @graph, to copy it
 */
struct sn_topology {
	struct kref ref;
	struct rcu_head rcu;
	u64 generation;
	char name[SN_NAME_MAX + 1];
	u32 ndevices;
	u32 nlinks;
	struct sn_device **devices;
	struct sn_link **links;
	struct sn_device **by_name;
	struct sn_graph *graph;
	size_t graph_bytes;
};

int sn_topology_init(void);
void sn_topology_exit(void);
struct sn_topology *sn_topology_get(void);
void sn_topology_put(struct sn_topology *topo);
u64 sn_topology_generation(void);
/* Nothing without lockdep. */
void sn_topology_assert_held(void);
void sn_topology_assert_not_held(void);
struct sn_device *sn_topology_device(const struct sn_topology *topo, u32 id);
struct sn_device *sn_topology_device_named(const struct sn_topology *topo, const char *name);
struct sn_link *sn_topology_link(const struct sn_topology *topo, u32 id);
struct sn_region *sn_topology_region(const struct sn_topology *topo, u32 id);
struct sn_engine *sn_topology_engine(const struct sn_topology *topo, u32 id);

/* Where a dump goes on: index of the first device, or link, that ends after @id. */
u32 sn_topology_device_from(const struct sn_topology *topo, u64 id);
u32 sn_topology_device_from_region(const struct sn_topology *topo, u64 id);
u32 sn_topology_device_from_engine(const struct sn_topology *topo, u64 id);
u32 sn_topology_link_from(const struct sn_topology *topo, u64 id);

/* Remove @dev and its links, if they are still there, and stop it. Cannot fail. */
void sn_topology_withdraw(struct sn_device *dev);

/*
 * Transactions. A txn is owned by its file; who uses sn_txn_from_file() holds the file. Without a
 * file, sn_txn_run() begins one, stages and commits, and again if another commit came between.
 */
struct file *sn_txn_open(const char *name, u64 *generation);
struct sn_txn *sn_txn_from_file(struct file *file);
/* Staging; called with the transaction locked, by sn_txn_stage() or sn_txn_run(). */
typedef int (*sn_txn_stage_fn)(struct sn_txn *txn, void *arg, struct netlink_ext_ack *extack);

int sn_txn_stage(struct sn_txn *txn, sn_txn_stage_fn stage, void *arg,
		 struct netlink_ext_ack *extack);
int sn_txn_run(sn_txn_stage_fn stage, void *arg, struct netlink_ext_ack *extack);
int __sn_txn_device_new(struct sn_txn *txn, const struct sn_device_desc *desc, const char *backend,
			struct netlink_ext_ack *extack, u32 *id);
int __sn_txn_device_del(struct sn_txn *txn, u32 id, bool force, bool registered,
			struct netlink_ext_ack *extack);
int __sn_txn_link_new(struct sn_txn *txn, u32 dev_a, u32 port_a, u32 dev_b, u32 port_b,
		      const struct sn_link_desc *desc, bool registered,
		      struct netlink_ext_ack *extack, u32 *id);
int __sn_txn_link_del(struct sn_txn *txn, u32 id, struct netlink_ext_ack *extack);
int sn_txn_commit(struct sn_txn *txn, bool dry_run, struct netlink_ext_ack *extack);
void sn_txn_abort(struct sn_txn *txn);

#endif /* _SN_TOPOLOGY_H */

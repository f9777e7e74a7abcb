/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside of a transaction, for those that stage (txn.c, backend.c) and commit (topology.c).
 */
#ifndef _SN_TXN_H
#define _SN_TXN_H

#include <linux/hashtable.h>
#include <linux/mutex.h>
#include <linux/supernode.h>
#include <linux/xarray.h>

struct netlink_ext_ack;
struct sn_device;
struct sn_topology;

/**
 * struct sn_txn - what shall change in the structure
 * @lock: protects everything below; outside the topology mutex
 * @base: referenced; the structure it began with, NULL when it has ended
 * @named: @name is the structure's new name
 * @retried: its owner tries again when another commit came between: no sentence for that
 * @may_wait: its committer may wait for engines
 * @name: see @named
 * @devices: new devices by id, referenced
 * @links: new links by id, referenced
 * @ndevices: entries in @devices
 * @nlinks: entries in @links
 * @names: the new devices by name
 * @ports: ports that new links take: device id and port number to link id
 * @gone_devices: ids of devices that go; the value says whether by force
 * @gone_links: ids of links that go
 * @ngone_devices: entries in @gone_devices
 * @ngone_links: entries in @gone_links
 */
struct sn_txn {
	struct mutex lock;	/* see @lock above */
	struct sn_topology *base;
	bool named;
	bool retried;
	bool may_wait;
	char name[SN_NAME_MAX + 1];
	struct xarray devices;
	struct xarray links;
	u32 ndevices;
	u32 nlinks;
	DECLARE_HASHTABLE(names, 9);
	struct xarray ports;
	struct xarray gone_devices;
	struct xarray gone_links;
	u32 ngone_devices;
	u32 ngone_links;
};

struct sn_txn *sn_txn_new(void);
void sn_txn_free(struct sn_txn *txn);

/* For a device that exists already. */
int __sn_txn_device_add(struct sn_txn *txn, struct sn_device *dev, struct netlink_ext_ack *extack);

/* topology.c: the verdict and, unless it is a dry run, the deed. */
int sn_topology_commit(struct sn_txn *txn, bool dry_run, struct netlink_ext_ack *extack);

/* snapshot.c */
struct sn_topology *sn_snapshot_empty(void);
struct sn_topology *sn_snapshot_build(struct sn_txn *txn, struct netlink_ext_ack *extack);

#endif /* _SN_TXN_H */

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transactions: what shall change in the structure, staged one by one over the structure they began
 * with, and owned by a file whose release aborts. Each stage operation is checked at once, and one
 * that is refused leaves the transaction as it was. The commit is topology.c's business.
 *
 * Lock: a transaction's own, outside topology_mutex.
 */
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <linux/stringhash.h>

#include "core/graph.h"
#include "device.h"
#include "link.h"
#include "lock_order.h"
#include "topology.h"
#include "txn.h"

static unsigned int devices_max = 16384;
module_param(devices_max, uint, 0644);
MODULE_PARM_DESC(devices_max, "Devices in the topology");

static unsigned int links_max = 65536;
module_param(links_max, uint, 0644);
MODULE_PARM_DESC(links_max, "Links in the topology");

static unsigned long port_key(u32 device, u32 port)
{
	return (unsigned long)device * SN_DEVICE_PORTS_MAX + port;
}

static u32 name_hash(const char *name)
{
	return full_name_hash(NULL, name, strlen(name));
}

/**
 * sn_txn_new() - begin a transaction over the current structure
 *
 * Context: Process context, may sleep.
 * Return: the transaction, or NULL when there is no memory.
 */
struct sn_txn *sn_txn_new(void)
{
	struct sn_txn *txn = kvzalloc(sizeof(*txn), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);

	if (!txn)
		return NULL;
	mutex_init(&txn->lock);
	sn_lock_is_outer(&txn->lock);
	xa_init(&txn->devices);
	xa_init(&txn->links);
	xa_init(&txn->ports);
	xa_init(&txn->gone_devices);
	xa_init(&txn->gone_links);
	hash_init(txn->names);
	txn->base = sn_topology_get();
	return txn;
}

/* Let go of everything; what was committed is held by the structure. */
static void __end(struct sn_txn *txn)
{
	struct sn_device *dev;
	struct sn_link *link;
	unsigned long id;

	xa_for_each(&txn->links, id, link)
		sn_link_put(link);
	xa_for_each(&txn->devices, id, dev) {
		hash_del(&dev->name_node);
		sn_device_put(dev);
	}
	xa_destroy(&txn->devices);
	xa_destroy(&txn->links);
	xa_destroy(&txn->ports);
	xa_destroy(&txn->gone_devices);
	xa_destroy(&txn->gone_links);
	sn_topology_put(txn->base);
	txn->base = NULL;
}

/**
 * sn_txn_free() - abort a transaction, unless it has ended, and free it
 * @txn: not locked; nobody else uses it
 *
 * Context: Process context, may sleep.
 */
void sn_txn_free(struct sn_txn *txn)
{
	if (txn->base)
		__end(txn);
	mutex_destroy(&txn->lock);
	kvfree(txn);
}

static int check_open(struct sn_txn *txn, struct netlink_ext_ack *extack)
{
	lockdep_assert_held(&txn->lock);
	if (txn->base)
		return 0;
	NL_SET_ERR_MSG(extack, "the transaction has ended");
	return -EINVAL;
}

/* A device as the structure would have it after a commit. */
static struct sn_device *find_device(struct sn_txn *txn, u32 id,
				     struct netlink_ext_ack *extack)
{
	struct sn_device *dev = xa_load(&txn->devices, id);

	lockdep_assert_held(&txn->lock);
	if (!dev)
		dev = sn_topology_device(txn->base, id);
	if (dev && !xa_load(&txn->gone_devices, id))
		return dev;
	if (dev)
		NL_SET_ERR_MSG_FMT(extack, "device %u is removed by this transaction", id);
	else
		NL_SET_ERR_MSG_FMT(extack, "there is no device %u", id);
	return ERR_PTR(-ENOENT);
}

static bool name_taken(struct sn_txn *txn, const char *name)
{
	struct sn_device *dev;

	lockdep_assert_held(&txn->lock);
	hash_for_each_possible(txn->names, dev, name_node, name_hash(name))
		if (!strcmp(dev->desc.name, name))
			return true;
	dev = sn_topology_device_named(txn->base, name);
	return dev && !xa_load(&txn->gone_devices, dev->id);
}

/**
 * __sn_txn_device_add() - stage a device that exists already
 * @txn: locked
 * @dev: not staged elsewhere; a reference is taken
 * @extack: gets the sentence of a refusal; may be NULL
 *
 * Context: Process context, may sleep.
 * Return: 0 or a negative errno.
 */
int __sn_txn_device_add(struct sn_txn *txn, struct sn_device *dev, struct netlink_ext_ack *extack)
{
	u32 count;
	int ret;

	ret = check_open(txn, extack);
	if (ret)
		return ret;
	if (name_taken(txn, dev->desc.name)) {
		NL_SET_ERR_MSG_FMT(extack, "there is a device '%s' already", dev->desc.name);
		return -EEXIST;
	}
	count = txn->base->ndevices - txn->ngone_devices + txn->ndevices;
	if (count >= READ_ONCE(devices_max)) {
		NL_SET_ERR_MSG_FMT(extack, "more than %u devices (parameter devices_max)",
				   READ_ONCE(devices_max));
		return -ENOSPC;
	}
	ret = xa_insert(&txn->devices, dev->id, dev, GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;
	sn_device_get(dev);
	hash_add(txn->names, &dev->name_node, name_hash(dev->desc.name));
	txn->ndevices++;
	return 0;
}

/* Find who would create it, and ask. */
static int set_factory(struct sn_device *dev, struct netlink_ext_ack *extack)
{
	const char *why = "its backend cannot create it";
	int ret;

	if (!strcmp(dev->backend, "none"))
		return 0;
	dev->factory = sn_backend_get(dev->backend);
	if (!dev->factory) {
		NL_SET_ERR_MSG_FMT(extack, "no backend '%s' is registered", dev->backend);
		return -ENOENT;
	}
	dev->ops = dev->factory->ops;
	ret = dev->factory->check ? dev->factory->check(&dev->desc, &why) : 0;
	if (ret)
		NL_SET_ERR_MSG_FMT(extack, "%.79s", why);
	return ret;
}

/**
 * __sn_txn_device_new() - stage a new device
 * @txn: locked
 * @desc: what it is
 * @backend: who shall create it, "none" for nobody
 * @extack: gets the sentence of a refusal; may be NULL
 * @id: gets its stable id
 *
 * Context: Process context, may sleep.
 * Return: 0 or a negative errno.
 */
int __sn_txn_device_new(struct sn_txn *txn, const struct sn_device_desc *desc, const char *backend,
			struct netlink_ext_ack *extack, u32 *id)
{
	struct sn_device *dev;
	int ret;

	ret = check_open(txn, extack);
	if (ret)
		return ret;
	dev = sn_device_alloc(desc, backend, extack);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	ret = set_factory(dev, extack);
	if (!ret)
		ret = __sn_txn_device_add(txn, dev, extack);
	if (!ret)
		*id = dev->id;
	sn_device_put(dev);
	return ret;
}

static int unstage_device(struct sn_txn *txn, struct sn_device *dev,
			  struct netlink_ext_ack *extack)
{
	struct sn_link *link;
	unsigned long id;

	lockdep_assert_held(&txn->lock);
	xa_for_each(&txn->links, id, link) {
		if (link->device[0] != dev->id && link->device[1] != dev->id)
			continue;
		NL_SET_ERR_MSG_FMT(extack, "device '%s' still has link %u", dev->desc.name,
				   link->id);
		return -EBUSY;
	}
	hash_del(&dev->name_node);
	xa_erase(&txn->devices, dev->id);
	txn->ndevices--;
	sn_device_put(dev);
	return 0;
}

/**
 * __sn_txn_device_del() - stage the removal of a device
 * @txn: locked
 * @id: stable id
 * @force: even when it has buffers
 * @registered: even when its backend registered it
 * @extack: gets the sentence of a refusal; may be NULL
 *
 * Whether its links go too is looked at when the transaction is committed: their order is free.
 *
 * Context: Process context, may sleep.
 * Return: 0 or a negative errno.
 */
int __sn_txn_device_del(struct sn_txn *txn, u32 id, bool force, bool registered,
			struct netlink_ext_ack *extack)
{
	struct sn_device *dev;
	u32 buffers;
	int ret;

	ret = check_open(txn, extack);
	if (ret)
		return ret;
	dev = find_device(txn, id, extack);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	if (xa_load(&txn->devices, id))
		return unstage_device(txn, dev, extack);
	if (!registered && test_bit(SN_DEVICE_REGISTERED_BIT, &dev->flags)) {
		NL_SET_ERR_MSG_FMT(extack, "device '%s' belongs to backend '%.16s'",
				   dev->desc.name, dev->backend);
		return -EPERM;
	}
	buffers = atomic_read(&dev->buffers);
	if (buffers && !force) {
		NL_SET_ERR_MSG_FMT(extack, "device '%s' has %u live buffers", dev->desc.name,
				   buffers);
		return -EBUSY;
	}
	ret = xa_insert(&txn->gone_devices, id, xa_mk_value(force), GFP_KERNEL_ACCOUNT);
	if (!ret)
		txn->ngone_devices++;
	return ret;
}

/* 0 when free, else the id of the link that is in it. */
static u32 port_link(struct sn_txn *txn, u32 device, u32 port)
{
	const struct sn_graph *graph = txn->base->graph;
	void *staged = xa_load(&txn->ports, port_key(device, port));
	u32 device_index, port_index, link;

	lockdep_assert_held(&txn->lock);
	if (staged)
		return xa_to_value(staged);
	if (sn_graph_find_device(graph, device, &device_index) ||
	    sn_graph_find_port(graph, device_index, port, &port_index))
		return 0;
	link = sn_graph_port(graph, port_index)->link;
	link = sn_graph_link(graph, link)->id;
	return xa_load(&txn->gone_links, link) ? 0 : link;
}

static int pick_port(struct sn_txn *txn, const struct sn_device *dev, u32 *port,
		     struct netlink_ext_ack *extack)
{
	u32 link;

	if (*port == SN_PORT_ANY) {
		for (*port = 0; *port < dev->desc.ports; (*port)++)
			if (!port_link(txn, dev->id, *port))
				return 0;
		NL_SET_ERR_MSG_FMT(extack, "device '%s' has no free port, all %u are taken",
				   dev->desc.name, dev->desc.ports);
		return -ENOSPC;
	}
	if (*port >= dev->desc.ports) {
		NL_SET_ERR_MSG_FMT(extack, "device '%s' has no port %u, it has %u",
				   dev->desc.name, *port, dev->desc.ports);
		return -ERANGE;
	}
	link = port_link(txn, dev->id, *port);
	if (link) {
		NL_SET_ERR_MSG_FMT(extack, "port %u of device '%s' is taken by link %u", *port,
				   dev->desc.name, link);
		return -EADDRINUSE;
	}
	return 0;
}

static int stage_ports(struct sn_txn *txn, const struct sn_link *link)
{
	int end, ret;

	lockdep_assert_held(&txn->lock);
	for (end = 0; end < 2; end++) {
		ret = xa_insert(&txn->ports, port_key(link->device[end], link->port[end]),
				xa_mk_value(link->id), GFP_KERNEL_ACCOUNT);
		if (ret)
			goto err_erase;
	}
	return 0;

err_erase:
	while (end--)
		xa_erase(&txn->ports, port_key(link->device[end], link->port[end]));
	return ret;
}

/**
 * __sn_txn_link_new() - stage a new link
 * @txn: locked
 * @dev_a: id of one end
 * @port_a: its port, or SN_PORT_ANY
 * @dev_b: id of the other end
 * @port_b: its port, or SN_PORT_ANY
 * @desc: what it is
 * @registered: a backend states it
 * @extack: gets the sentence of a refusal; may be NULL
 * @id: gets its stable id
 *
 * Context: Process context, may sleep.
 * Return: 0 or a negative errno.
 */
int __sn_txn_link_new(struct sn_txn *txn, u32 dev_a, u32 port_a, u32 dev_b, u32 port_b,
		      const struct sn_link_desc *desc, bool registered,
		      struct netlink_ext_ack *extack, u32 *id)
{
	struct sn_device *a, *b;
	struct sn_link *link;
	u32 count;
	int ret;

	ret = check_open(txn, extack);
	if (ret)
		return ret;
	a = find_device(txn, dev_a, extack);
	if (IS_ERR(a))
		return PTR_ERR(a);
	b = find_device(txn, dev_b, extack);
	if (IS_ERR(b))
		return PTR_ERR(b);
	if (a == b) {
		NL_SET_ERR_MSG_FMT(extack, "a link would join device '%s' to itself",
				   a->desc.name);
		return -EINVAL;
	}
	count = txn->base->nlinks - txn->ngone_links + txn->nlinks;
	if (count >= READ_ONCE(links_max)) {
		NL_SET_ERR_MSG_FMT(extack, "more than %u links (parameter links_max)",
				   READ_ONCE(links_max));
		return -ENOSPC;
	}
	ret = pick_port(txn, a, &port_a, extack);
	if (!ret)
		ret = pick_port(txn, b, &port_b, extack);
	if (ret)
		return ret;
	link = sn_link_alloc(desc, extack);
	if (IS_ERR(link))
		return PTR_ERR(link);
	link->device[0] = dev_a;
	link->device[1] = dev_b;
	link->port[0] = port_a;
	link->port[1] = port_b;
	link->registered = registered;
	ret = stage_ports(txn, link);
	if (ret)
		goto err_put_link;
	ret = xa_insert(&txn->links, link->id, link, GFP_KERNEL_ACCOUNT);
	if (ret)
		goto err_erase_ports;
	txn->nlinks++;
	*id = link->id;
	return 0;

err_erase_ports:
	xa_erase(&txn->ports, port_key(dev_a, port_a));
	xa_erase(&txn->ports, port_key(dev_b, port_b));
err_put_link:
	sn_link_put(link);
	return ret;
}

/**
 * __sn_txn_link_del() - stage the removal of a link
 * @txn: locked
 * @id: stable id
 * @extack: gets the sentence of a refusal; may be NULL
 *
 * Context: Process context, may sleep.
 * Return: 0 or a negative errno.
 */
int __sn_txn_link_del(struct sn_txn *txn, u32 id, struct netlink_ext_ack *extack)
{
	struct sn_link *link;
	int end, ret;

	ret = check_open(txn, extack);
	if (ret)
		return ret;
	link = xa_erase(&txn->links, id);
	if (link) {
		for (end = 0; end < 2; end++)
			xa_erase(&txn->ports, port_key(link->device[end], link->port[end]));
		txn->nlinks--;
		sn_link_put(link);
		return 0;
	}
	if (!sn_topology_link(txn->base, id)) {
		NL_SET_ERR_MSG_FMT(extack, "there is no link %u", id);
		return -ENOENT;
	}
	ret = xa_insert(&txn->gone_links, id, xa_mk_value(1), GFP_KERNEL_ACCOUNT);
	if (ret == -EBUSY) {
		NL_SET_ERR_MSG_FMT(extack, "link %u is removed by this transaction already", id);
		return -ENOENT;
	}
	if (!ret)
		txn->ngone_links++;
	return ret;
}

/**
 * sn_txn_stage() - stage something in a transaction that others may use too
 * @txn: transaction
 * @stage: stages; called with the transaction locked
 * @arg: its argument
 * @extack: gets the sentence of a refusal; may be NULL
 *
 * Context: Process context, no lock held.
 * Return: what @stage returned.
 */
int sn_txn_stage(struct sn_txn *txn, sn_txn_stage_fn stage, void *arg,
		 struct netlink_ext_ack *extack)
{
	int ret;

	sn_topology_assert_not_held();
	mutex_lock(&txn->lock);
	ret = stage(txn, arg, extack);
	mutex_unlock(&txn->lock);
	return ret;
}

/**
 * sn_txn_commit() - commit, or see whether one could
 * @txn: transaction; it ends here unless this is a dry run
 * @dry_run: give the verdict and change nothing
 * @extack: gets the sentence of a refusal; may be NULL
 *
 * Context: Process context, may sleep.
 * Return: 0 or a negative errno; -ESTALE when another commit came between.
 */
int sn_txn_commit(struct sn_txn *txn, bool dry_run, struct netlink_ext_ack *extack)
{
	int ret;

	mutex_lock(&txn->lock);
	ret = check_open(txn, extack);
	if (!ret) {
		ret = sn_topology_commit(txn, dry_run, extack);
		if (!dry_run)
			__end(txn);
	}
	mutex_unlock(&txn->lock);
	return ret;
}

/**
 * sn_txn_abort() - forget what was staged
 * @txn: transaction; it ends here
 *
 * Context: Process context, may sleep.
 */
void sn_txn_abort(struct sn_txn *txn)
{
	mutex_lock(&txn->lock);
	if (txn->base)
		__end(txn);
	mutex_unlock(&txn->lock);
}

/**
 * sn_txn_run() - a whole transaction without a file
 * @stage: stages; called with the transaction locked, again when another commit came between
 * @arg: its argument
 * @extack: gets the sentence of a refusal; may be NULL
 *
 * Context: Process context, no lock held.
 * Return: 0, or what @stage or the commit returned.
 */
int sn_txn_run(sn_txn_stage_fn stage, void *arg, struct netlink_ext_ack *extack)
{
	struct sn_txn *txn;
	int ret;

	sn_topology_assert_not_held();
	/* Each -ESTALE is somebody else's success: this ends. */
	do {
		txn = sn_txn_new();
		if (!txn)
			return -ENOMEM;
		txn->retried = true;
		mutex_lock(&txn->lock);
		ret = stage(txn, arg, extack);
		if (!ret)
			ret = sn_topology_commit(txn, false, extack);
		mutex_unlock(&txn->lock);
		sn_txn_free(txn);
	} while (ret == -ESTALE);
	return ret;
}

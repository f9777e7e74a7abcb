// SPDX-License-Identifier: GPL-2.0-only
/*
 * Backends: those that create devices for a topology, and the calls of the vendor header by which
 * others bring devices of their own. What a device is and how it stops is device.c's business.
 *
 * Lock: backends_lock for the list; a leaf. A backend's module cannot go while sn_backend_get()
 * holds it, and unregisters on its way out.
 */
#include <linux/list.h>
#include <linux/module.h>
#include <linux/netlink.h>

#include "device.h"
#include "dispatcher.h"
#include "event.h"
#include "link.h"
#include "topology.h"
#include "txn.h"

static DEFINE_MUTEX(backends_lock);
static LIST_HEAD(backends);

static bool ops_ok(const struct sn_device_ops *ops)
{
	return ops && ops->owner && ops->submit && ops->abort;
}

static struct sn_backend *__backend_find(const char *name)
{
	struct sn_backend *backend;

	lockdep_assert_held(&backends_lock);
	list_for_each_entry(backend, &backends, node)
		if (!strcmp(backend->name, name))
			return backend;
	return NULL;
}

/**
 * sn_backend_register() - offer to create the devices that a topology states
 * @backend: stays the caller's; everything but @node filled in
 *
 * Context: Process context, may sleep.
 * Return: 0; -EINVAL when something is missing; -EEXIST when the name is taken.
 */
int sn_backend_register(struct sn_backend *backend)
{
	int ret = 0;

	if (!backend->name || !sn_name_ok(backend->name) || !strcmp(backend->name, "none") ||
	    !backend->owner || !ops_ok(backend->ops) || !backend->create || !backend->destroy)
		return -EINVAL;
	mutex_lock(&backends_lock);
	if (__backend_find(backend->name))
		ret = -EEXIST;
	else
		list_add_tail(&backend->node, &backends);
	mutex_unlock(&backends_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(sn_backend_register);

/**
 * sn_backend_unregister() - withdraw the offer
 * @backend: as registered
 *
 * No device of it is left: each holds the backend's module.
 *
 * Context: Process context, may sleep.
 */
void sn_backend_unregister(struct sn_backend *backend)
{
	mutex_lock(&backends_lock);
	list_del(&backend->node);
	mutex_unlock(&backends_lock);
}
EXPORT_SYMBOL_GPL(sn_backend_unregister);

/**
 * sn_backend_get() - find a backend that creates devices, and hold its module
 * @name: the word after "backend:"
 *
 * Context: Process context, may sleep.
 * Return: the backend, or NULL when there is none of that name.
 */
struct sn_backend *sn_backend_get(const char *name)
{
	struct sn_backend *backend;

	mutex_lock(&backends_lock);
	backend = __backend_find(name);
	if (backend && !try_module_get(backend->owner))
		backend = NULL;
	mutex_unlock(&backends_lock);
	return backend;
}

/**
 * sn_backend_put() - let go of a backend
 * @backend: from sn_backend_get()
 *
 * Context: Any.
 */
void sn_backend_put(struct sn_backend *backend)
{
	module_put(backend->owner);
}

/**
 * sn_backend_name() - list the backends that create devices
 * @pos: 0, 1, ...
 * @name: where to put the name
 *
 * Context: Process context, may sleep.
 * Return: false when there are no more.
 */
bool sn_backend_name(u32 pos, char name[SN_NAME_MAX + 1])
{
	struct sn_backend *backend;
	bool found = false;

	mutex_lock(&backends_lock);
	list_for_each_entry(backend, &backends, node) {
		if (pos--)
			continue;
		strscpy(name, backend->name, SN_NAME_MAX + 1);
		found = true;
		break;
	}
	mutex_unlock(&backends_lock);
	return found;
}

static int stage_device(struct sn_txn *txn, void *arg, struct netlink_ext_ack *extack)
{
	return __sn_txn_device_add(txn, arg, extack);
}

/**
 * sn_device_register() - bring a device
 * @backend: who drives it, as the administrator shall read it
 * @desc: what it is; copied
 * @ops: how to make it copy; may be NULL when it has no engine
 * @priv: first argument of @ops
 *
 * Context: Process context, no lock held that @ops take. Copies may be submitted before it returns.
 * Return: the device, to be unregistered by the caller, or ERR_PTR().
 */
struct sn_device *sn_device_register(const char *backend, const struct sn_device_desc *desc,
				     const struct sn_device_ops *ops, void *priv)
{
	struct sn_device *dev;
	int ret;

	if (desc->nengines ? !ops_ok(ops) : ops && !ops->owner)
		return ERR_PTR(-EINVAL);
	dev = sn_device_alloc(desc, backend, NULL);
	if (IS_ERR(dev))
		return dev;
	dev->ops = ops;
	dev->priv = priv;
	set_bit(SN_DEVICE_REGISTERED_BIT, &dev->flags);
	ret = sn_txn_run(stage_device, dev, NULL);
	if (ret) {
		sn_device_put(dev);
		return ERR_PTR(ret);
	}
	return dev;
}
EXPORT_SYMBOL_GPL(sn_device_register);

/**
 * sn_device_unregister() - take a device back
 * @dev: from sn_device_register(); not to be used any more
 *
 * Its links go with it, transfers that read or write it end with -ENODEV, its buffers are lost.
 *
 * Context: Process context, no lock held that its ops take. Waits for the last copy.
 */
void sn_device_unregister(struct sn_device *dev)
{
	WRITE_ONCE(dev->state, SN_DEVICE_STATE_DEAD);
	if (atomic_read(&dev->buffers) && !test_and_set_bit(SN_DEVICE_LOST_BIT, &dev->flags))
		sn_event_fault(dev->id, 0, 0, -ENODEV);
	sn_topology_withdraw(dev);
	sn_device_stop(dev);
	/* It may be lost just now: nothing of it may run when the caller's module goes. */
	flush_work(&dev->lost_work);
	sn_device_put(dev);
}
EXPORT_SYMBOL_GPL(sn_device_unregister);

/**
 * sn_device_lost() - say that a device is gone
 * @dev: registered or created; stays the caller's as it was
 *
 * Everything about it ends soon after, as in sn_device_unregister(). A registered device must still
 * be unregistered, a created one gets its destroy().
 *
 * Context: Process context; may be called from the device's own ops.
 */
void sn_device_lost(struct sn_device *dev)
{
	if (test_and_set_bit(SN_DEVICE_LOST_BIT, &dev->flags))
		return;
	WRITE_ONCE(dev->state, SN_DEVICE_STATE_DEAD);
	if (dev->edge != U32_MAX)
		sn_dispatcher_edge_set_up(dev->edge, false);
	sn_device_stop_later(dev);
}
EXPORT_SYMBOL_GPL(sn_device_lost);

struct link_ends {
	struct sn_device *dev[2];
	const struct sn_link_desc *desc;
};

static int stage_link(struct sn_txn *txn, void *arg, struct netlink_ext_ack *extack)
{
	const struct link_ends *ends = arg;
	u32 id;

	return __sn_txn_link_new(txn, ends->dev[0]->id, SN_PORT_ANY, ends->dev[1]->id, SN_PORT_ANY,
				 ends->desc, true, extack, &id);
}

/**
 * sn_device_link() - state a cable between two devices
 * @a: one end
 * @b: the other
 * @desc: the cable; copied
 *
 * It takes a free port at each end, and goes when one of the devices does.
 *
 * Context: Process context, no lock held that the devices' ops take.
 * Return: 0 or a negative errno.
 */
int sn_device_link(struct sn_device *a, struct sn_device *b, const struct sn_link_desc *desc)
{
	struct link_ends ends = { .dev = { a, b }, .desc = desc };

	return sn_txn_run(stage_link, &ends, NULL);
}
EXPORT_SYMBOL_GPL(sn_device_link);

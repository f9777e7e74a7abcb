// SPDX-License-Identifier: GPL-2.0-only
/*
 * The current structure, and how the next one becomes it: verdict, start of what is new, swap, stop
 * of what is gone. What a snapshot holds is snapshot.c's business, what is staged txn.c's.
 *
 * Lock order: a transaction's lock, topology_mutex, then the locks of the dispatcher, the paths and
 * a backend. topology_mutex protects the writing of the current pointer; nothing under it waits for
 * an engine or takes mmap_lock. Readers of the pointer are under RCU.
 */
#include <linux/delay.h>
#include <linux/mutex.h>
#include <linux/netlink.h>
#include <linux/rcupdate.h>

#include "device.h"
#include "event.h"
#include "link.h"
#include "lock_order.h"
#include "netlink.h"
#include "path.h"
#include "topology.h"
#include "txn.h"

static DEFINE_MUTEX(topology_mutex);
static struct sn_topology __rcu *current_topology;

static struct sn_topology *__current(void)
{
	return rcu_dereference_protected(current_topology, lockdep_is_held(&topology_mutex));
}

/**
 * sn_topology_assert_held() - have lockdep check that a commit is under way
 *
 * Context: Under the topology mutex.
 */
void sn_topology_assert_held(void)
{
	lockdep_assert_held(&topology_mutex);
}

/**
 * sn_topology_assert_not_held() - have lockdep check that the caller may wait for a commit
 *
 * Context: Not under the topology mutex.
 */
void sn_topology_assert_not_held(void)
{
	lockdep_assert_not_held(&topology_mutex);
}

/**
 * sn_topology_get() - hold the current structure
 *
 * Context: Any.
 * Return: a referenced snapshot.
 */
struct sn_topology *sn_topology_get(void)
{
	struct sn_topology *topo;

	rcu_read_lock();
	do {
		topo = rcu_dereference(current_topology);
	} while (!kref_get_unless_zero(&topo->ref));
	rcu_read_unlock();
	return topo;
}

/**
 * sn_topology_generation() - number of the current structure
 *
 * Context: Any.
 * Return: its generation.
 */
u64 sn_topology_generation(void)
{
	u64 generation;

	rcu_read_lock();
	generation = rcu_dereference(current_topology)->generation;
	rcu_read_unlock();
	return generation;
}

static int check_generation(struct sn_txn *txn, struct netlink_ext_ack *extack)
{
	u64 now = __current()->generation;

	if (txn->base->generation == now)
		return 0;
	if (!txn->retried)
		sn_extack(extack, "topology changed since the transaction began",
			  "generation %llu, now %llu", txn->base->generation, now);
	return -ESTALE;
}

static int check_link_ends(struct sn_txn *txn, const struct sn_link *link,
			   struct netlink_ext_ack *extack)
{
	int end;

	for (end = 0; end < 2; end++) {
		const struct sn_device *dev;

		if (!xa_load(&txn->gone_devices, link->device[end]))
			continue;
		dev = sn_topology_device(txn->base, link->device[end]);
		NL_SET_ERR_MSG_FMT(extack, "device '%s' still has link %u", dev->desc.name,
				   link->id);
		return -EBUSY;
	}
	return 0;
}

/* What goes: no link may stay at a removed device, and no buffer unless by force. */
static int check_gone(struct sn_txn *txn, struct netlink_ext_ack *extack)
{
	const struct sn_topology *base = txn->base;
	struct sn_link *link;
	unsigned long id;
	void *force;
	u32 i;
	int ret;

	lockdep_assert_held(&txn->lock);
	lockdep_assert_held(&topology_mutex);
	if (!txn->ngone_devices)
		return 0;
	for (i = 0; i < base->nlinks; i++) {
		if (xa_load(&txn->gone_links, base->links[i]->id))
			continue;
		ret = check_link_ends(txn, base->links[i], extack);
		if (ret)
			return ret;
	}
	xa_for_each(&txn->links, id, link) {
		ret = check_link_ends(txn, link, extack);
		if (ret)
			return ret;
	}
	xa_for_each(&txn->gone_devices, id, force) {
		const struct sn_device *dev = sn_topology_device(base, id);
		u32 buffers = atomic_read(&dev->buffers);

		if (buffers && !xa_to_value(force)) {
			NL_SET_ERR_MSG_FMT(extack, "device '%s' has %u live buffers",
					   dev->desc.name, buffers);
			return -EBUSY;
		}
	}
	return 0;
}

/* A backend may have become unable since the device was staged. */
static int check_new(struct sn_txn *txn, struct netlink_ext_ack *extack)
{
	const char *why = "its backend cannot create it";
	struct sn_device *dev;
	unsigned long id;
	int ret;

	lockdep_assert_held(&txn->lock);
	lockdep_assert_held(&topology_mutex);
	xa_for_each(&txn->devices, id, dev) {
		if (!dev->factory || !dev->factory->check)
			continue;
		ret = dev->factory->check(&dev->desc, &why);
		if (ret) {
			NL_SET_ERR_MSG_FMT(extack, "%.79s", why);
			return ret;
		}
	}
	return 0;
}

static int start_new(struct sn_txn *txn, struct netlink_ext_ack *extack)
{
	struct sn_device *dev;
	struct sn_link *link;
	unsigned long id;
	int ret;

	lockdep_assert_held(&txn->lock);
	lockdep_assert_held(&topology_mutex);
	xa_for_each(&txn->devices, id, dev) {
		ret = sn_device_start(dev, extack);
		if (ret)
			return ret;
	}
	xa_for_each(&txn->links, id, link) {
		ret = sn_link_start(link);
		if (ret) {
			NL_SET_ERR_MSG_FMT(extack, "no room for link %u: error %d", link->id, ret);
			return ret;
		}
	}
	return 0;
}

/*
 * From here on nobody adds a buffer to what goes. An allocation counts its buffer first, then looks
 * at the state; this writes the state first, then looks at the count. One of them sees the
 * other. All states or none are written.
 */
static int mark_gone(struct sn_txn *txn, struct netlink_ext_ack *extack)
{
	struct sn_device *dev;
	unsigned long id;
	void *force;
	int ret;

	lockdep_assert_held(&txn->lock);
	lockdep_assert_held(&topology_mutex);
	xa_for_each(&txn->gone_devices, id, force) {
		dev = sn_topology_device(txn->base, id);
		WRITE_ONCE(dev->state, SN_DEVICE_STATE_DEAD);
	}
	/* Pairs with the full barrier of the count in buffer.c. */
	smp_mb();
	ret = check_gone(txn, extack);
	if (!ret)
		return 0;
	xa_for_each(&txn->gone_devices, id, force) {
		dev = sn_topology_device(txn->base, id);
		if (!test_bit(SN_DEVICE_LOST_BIT, &dev->flags))
			WRITE_ONCE(dev->state, test_bit(SN_DEVICE_STARTED_BIT, &dev->flags) ?
				   SN_DEVICE_STATE_LIVE : SN_DEVICE_STATE_KNOWN);
	}
	return ret;
}

/* Nothing refers to what went but who still uses it. */
static void stop_gone(struct sn_txn *txn)
{
	unsigned long id;
	void *force;

	lockdep_assert_held(&txn->lock);
	lockdep_assert_not_held(&topology_mutex);
	xa_for_each(&txn->gone_links, id, force)
		sn_link_stop(sn_topology_link(txn->base, id));
	/* A path may have been found between the swap and the links' edges going down. */
	if (txn->ngone_links)
		sn_path_invalidate();
	xa_for_each(&txn->gone_devices, id, force) {
		struct sn_device *dev = sn_topology_device(txn->base, id);

		/* Closed first: what has nothing in flight gets nothing, and is not waited for. */
		sn_device_close(dev);
		if (txn->may_wait ||
		    (!atomic_read(&dev->inflight) && !atomic_read(&dev->buffers)))
			sn_device_stop(dev);
		else
			sn_device_stop_later(dev);
	}
}

/* What was started and never seen by anybody. */
static void stop_new(struct sn_txn *txn)
{
	struct sn_device *dev;
	unsigned long id;

	lockdep_assert_held(&txn->lock);
	lockdep_assert_not_held(&topology_mutex);
	xa_for_each(&txn->devices, id, dev)
		if (test_bit(SN_DEVICE_STARTED_BIT, &dev->flags))
			sn_device_stop(dev);
}

/**
 * sn_topology_commit() - make a transaction's outcome the structure, whole or not at all
 * @txn: locked, not ended
 * @dry_run: give the verdict and change nothing
 * @extack: gets the sentence of a refusal; may be NULL
 *
 * Context: Process context, under the transaction's lock and no other.
 * Return: 0 or a negative errno; -ESTALE when another commit came between.
 */
int sn_topology_commit(struct sn_txn *txn, bool dry_run, struct netlink_ext_ack *extack)
{
	struct sn_topology *next, *last;
	int ret;

	lockdep_assert_held(&txn->lock);
	lockdep_assert_not_held(&topology_mutex);
	mutex_lock(&topology_mutex);
	/* 1. The verdict, the same for a dry run. */
	ret = check_generation(txn, extack);
	if (!ret)
		ret = check_gone(txn, extack);
	if (!ret)
		ret = check_new(txn, extack);
	if (ret)
		goto out_unlock;
	next = sn_snapshot_build(txn, extack);
	if (IS_ERR(next)) {
		ret = PTR_ERR(next);
		goto out_unlock;
	}
	if (dry_run)
		goto out_put_next;
	/* 2. All that can fail. */
	ret = start_new(txn, extack);
	if (!ret)
		ret = mark_gone(txn, extack);
	if (ret)
		goto out_put_next;
	/* 3. The swap. */
	last = __current();
	rcu_assign_pointer(current_topology, next);
	sn_path_invalidate();
	mutex_unlock(&topology_mutex);
	/* 4. Tell, and take down what went: its holders are waited for outside the mutex. */
	sn_event_topology(next->generation);
	stop_gone(txn);
	sn_topology_put(last);
	return 0;

out_put_next:
	mutex_unlock(&topology_mutex);
	sn_topology_put(next);
	if (!dry_run)
		stop_new(txn);
	return ret;

out_unlock:
	mutex_unlock(&topology_mutex);
	return ret;
}

static int stage_withdrawal(struct sn_txn *txn, void *arg, struct netlink_ext_ack *extack)
{
	const struct sn_device *dev = arg;
	u32 i;
	int ret;

	if (sn_topology_device(txn->base, dev->id) != dev)
		return -ENOENT;
	txn->may_wait = true;
	for (i = 0; i < txn->base->nlinks; i++) {
		const struct sn_link *link = txn->base->links[i];

		if (link->device[0] != dev->id && link->device[1] != dev->id)
			continue;
		ret = __sn_txn_link_del(txn, link->id, extack);
		if (ret)
			return ret;
	}
	return __sn_txn_device_del(txn, dev->id, true, true, extack);
}

/**
 * sn_topology_withdraw() - take a device and its links out of the structure and stop it
 * @dev: device, held; it may have left already
 *
 * This cannot be refused, so lack of memory is waited out.
 *
 * Context: Process context, no lock held. Waits for the device's engines.
 */
void sn_topology_withdraw(struct sn_device *dev)
{
	might_sleep();
	lockdep_assert_not_held(&topology_mutex);
	/*
	 * A device may be lost while the commit that brings it is under way, even from create():
	 * not in the structure yet, it would be stopped now and come afterwards.
	 */
	mutex_lock(&topology_mutex);
	mutex_unlock(&topology_mutex);
	while (sn_txn_run(stage_withdrawal, dev, NULL) == -ENOMEM)
		msleep(20);
}

/**
 * sn_topology_init() - begin with an empty structure
 *
 * Context: Module init.
 * Return: 0 or a negative errno.
 */
int sn_topology_init(void)
{
	struct sn_topology *topo = sn_snapshot_empty();

	if (IS_ERR(topo))
		return PTR_ERR(topo);
	sn_lock_is_outer(&topology_mutex);
	RCU_INIT_POINTER(current_topology, topo);
	return 0;
}

/**
 * sn_topology_exit() - let go of the structure
 *
 * Only devices that nothing drives can be left: the others hold their backend's module, which
 * holds this one.
 *
 * Context: Module exit.
 */
void sn_topology_exit(void)
{
	sn_device_flush();
	sn_topology_put(rcu_dereference_protected(current_topology, true));
	RCU_INIT_POINTER(current_topology, NULL);
}

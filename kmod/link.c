// SPDX-License-Identifier: GPL-2.0-only
/*
 * Links: one cable with the state and the counters of its two directions. Which links there are is
 * topology.c's business, what crosses them the dispatcher's.
 *
 * Lock: admin_lock, so that the state that is wanted and the dispatcher's edges agree. Outside the
 * dispatcher's locks, inside nothing.
 */
#include <linux/mutex.h>
#include <linux/netlink.h>
#include <linux/slab.h>

#include "dispatcher.h"
#include "link.h"
#include "path.h"
#include "topology.h"

static DEFINE_MUTEX(admin_lock);
static atomic64_t next_link_id = ATOMIC64_INIT(1);

/**
 * sn_link_alloc() - make a link that is nowhere listed
 * @desc: what it is; checked here
 * @extack: gets the sentence of a refusal; may be NULL
 *
 * Context: Process context, may sleep.
 * Return: the link with one reference, or ERR_PTR().
 */
struct sn_link *sn_link_alloc(const struct sn_link_desc *desc, struct netlink_ext_ack *extack)
{
	struct sn_link *link;
	u64 id;

	if ((unsigned int)desc->type > SN_LINK_TYPE_MAX) {
		NL_SET_ERR_MSG(extack, "a link is of no known type");
		return ERR_PTR(-EINVAL);
	}
	if (!desc->bytes_per_sec[0] && !desc->bytes_per_sec[1]) {
		NL_SET_ERR_MSG(extack, "a link has a rate of 0 in both directions");
		return ERR_PTR(-EINVAL);
	}
	link = kzalloc(sizeof(*link), GFP_KERNEL_ACCOUNT);
	if (!link)
		return ERR_PTR(-ENOMEM);
	id = atomic64_fetch_inc(&next_link_id);
	if (id >= U32_MAX) {
		NL_SET_ERR_MSG(extack, "all 2^32 link ids have been used");
		kfree(link);
		return ERR_PTR(-ENOSPC);
	}
	kref_init(&link->ref);
	link->id = id;
	link->desc = *desc;
	link->admin = SN_LINK_STATE_UP;
	link->edge[0] = U32_MAX;
	link->edge[1] = U32_MAX;
	return link;
}

/**
 * sn_link_start() - give a link its edges
 * @link: staged, not started
 *
 * On error the caller puts the link, which takes back what it has.
 *
 * Context: Process context, under the topology mutex.
 * Return: 0 or a negative errno.
 */
int sn_link_start(struct sn_link *link)
{
	int dir, ret;

	sn_topology_assert_held();
	for (dir = 0; dir < 2; dir++) {
		if (!link->desc.bytes_per_sec[dir])
			continue;
		ret = sn_dispatcher_edge_add(link->desc.bytes_per_sec[dir], 0, &link->edge[dir]);
		if (ret)
			return ret;
	}
	return 0;
}

static void set_edges(const struct sn_link *link, bool up)
{
	int dir;

	lockdep_assert_held(&admin_lock);
	for (dir = 0; dir < 2; dir++)
		if (link->edge[dir] != U32_MAX)
			sn_dispatcher_edge_set_up(link->edge[dir], up);
}

/**
 * sn_link_stop() - nothing crosses a link that left the topology
 * @link: started
 *
 * Context: Process context.
 */
void sn_link_stop(struct sn_link *link)
{
	sn_topology_assert_not_held();
	mutex_lock(&admin_lock);
	WRITE_ONCE(link->admin, SN_LINK_STATE_DOWN);
	set_edges(link, false);
	link->stopped = true;
	mutex_unlock(&admin_lock);
}

/**
 * sn_link_set_admin() - take a link up or down
 * @link: in the topology a moment ago
 * @state: what is wanted
 *
 * Context: Process context, no lock held.
 * Return: 0, 1 when that was its state already, -ENOENT when it left the topology.
 */
int sn_link_set_admin(struct sn_link *link, enum sn_link_state state)
{
	int ret = 0;

	mutex_lock(&admin_lock);
	if (link->stopped) {
		ret = -ENOENT;
	} else if (link->admin == (int)state) {
		ret = 1;
	} else {
		WRITE_ONCE(link->admin, state);
		set_edges(link, state == SN_LINK_STATE_UP);
	}
	mutex_unlock(&admin_lock);
	if (!ret)
		sn_path_invalidate();
	return ret;
}

/**
 * sn_link_get() - take a reference
 * @link: link that somebody holds
 *
 * Context: Any.
 * Return: @link.
 */
struct sn_link *sn_link_get(struct sn_link *link)
{
	kref_get(&link->ref);
	return link;
}

static void link_release(struct kref *ref)
{
	struct sn_link *link = container_of(ref, struct sn_link, ref);
	int dir;

	for (dir = 0; dir < 2; dir++)
		if (link->edge[dir] != U32_MAX)
			sn_dispatcher_edge_del(link->edge[dir]);
	kfree_rcu(link, rcu);
}

/**
 * sn_link_put() - drop a reference
 * @link: link, or NULL
 *
 * Context: Process context.
 */
void sn_link_put(struct sn_link *link)
{
	might_sleep();
	if (link)
		kref_put(&link->ref, link_release);
}

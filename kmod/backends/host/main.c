// SPDX-License-Identifier: GPL-2.0-only
/*
 * sn_host: the machine itself as a backend, one device per online NUMA node.
 *
 * Responsible for what happens at load and unload, in order. A node that comes
 * online later is not added: load the module after it.
 *
 * No lock: the list changes at load and unload only.
 */
#include <linux/err.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/nodemask.h>

#include "host.h"

static LIST_HEAD(nodes);

static void remove_all(void)
{
	struct sn_host_node *host, *next;

	list_for_each_entry_safe_reverse(host, next, &nodes, list) {
		list_del(&host->list);
		sn_host_node_remove(host);
	}
}

/* Registers @node and links it to all before it. */
static int add(int node)
{
	struct sn_host_node *host = sn_host_node_add(node);
	struct sn_host_node *other;
	int err;

	if (IS_ERR(host))
		return PTR_ERR(host);
	list_for_each_entry(other, &nodes, list) {
		err = sn_host_link(other, host);
		if (err) {
			sn_host_node_remove(host);
			return err;
		}
	}
	list_add_tail(&host->list, &nodes);
	return 0;
}

static int __init host_init(void)
{
	int node, err;

	for_each_online_node(node) {
		err = add(node);
		if (err) {
			remove_all();
			return err;
		}
	}
	return 0;
}

static void __exit host_exit(void)
{
	remove_all();
}

module_init(host_init);
module_exit(host_exit);
MODULE_DESCRIPTION("supernode backend: NUMA nodes and CPU copies");
MODULE_LICENSE("GPL");

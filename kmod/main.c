// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading and unloading: the init ladder and its mirror, nothing else.
 */
#include <linux/module.h>

#include "buffer.h"
#include "device.h"
#include "dispatcher.h"
#include "netlink.h"
#include "path.h"
#include "topology.h"
#include "transfer.h"

static int __init sn_init(void)
{
	int ret;

	ret = sn_dispatcher_init();
	if (ret)
		return ret;
	ret = sn_device_init();
	if (ret)
		goto err_dispatcher;
	ret = sn_path_init();
	if (ret)
		goto err_device;
	ret = sn_topology_init();
	if (ret)
		goto err_path;
	ret = sn_buffer_init();
	if (ret)
		goto err_topology;
	ret = sn_transfer_init();
	if (ret)
		goto err_buffer;
	ret = sn_netlink_init();
	if (ret)
		goto err_transfer;
	return 0;

err_transfer:
	sn_transfer_exit();
err_buffer:
	sn_buffer_exit();
err_topology:
	sn_topology_exit();
err_path:
	sn_path_exit();
err_device:
	sn_device_exit();
err_dispatcher:
	sn_dispatcher_exit();
	return ret;
}

static void __exit sn_exit(void)
{
	sn_netlink_exit();
	/* Works that are about to return may still need what is taken down next. */
	sn_dispatcher_drain();
	sn_device_flush();
	sn_transfer_exit();
	sn_buffer_exit();
	sn_topology_exit();
	sn_path_exit();
	sn_device_exit();
	sn_dispatcher_exit();
	/* Snapshots, devices, links and fences are freed by RCU callbacks of ours. */
	rcu_barrier();
}

module_init(sn_init);
module_exit(sn_exit);

MODULE_DESCRIPTION("The transmission of an AI super-node: topology, memory, DMA");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");

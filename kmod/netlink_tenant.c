// SPDX-License-Identifier: GPL-2.0-only
/*
 * PARTITION_GET and TENANT_GET. There is one partition, with every device in it.
 */
#include "netlink.h"
#include "tenant.h"
#include "topology.h"

/**
 * sn_nl_partition_dump() - dumpit of PARTITION_GET
 * @skb: to fill
 * @cb: cb->args[0] is the id to go on from
 *
 * Context: Process of the reader.
 * Return: bytes filled or a negative errno.
 */
int sn_nl_partition_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct sn_topology *topo;
	void *hdr;
	int ret;

	if (cb->args[0])
		return 0;
	topo = sn_topology_get();
	cb->seq = topo->generation;
	hdr = sn_nl_dump_put(skb, cb, SN_CMD_PARTITION_GET);
	ret = !hdr || nla_put_u32(skb, SN_A_PARTITION_ID, 0) ||
	      nla_put_string(skb, SN_A_PARTITION_NAME, "all") ||
	      nla_put_u32(skb, SN_A_PARTITION_DEVICES, topo->ndevices) ? -EMSGSIZE : 0;
	sn_topology_put(topo);
	if (ret) {
		genlmsg_cancel(skb, hdr);
		return ret;
	}
	genlmsg_end(skb, hdr);
	cb->args[0] = 1;
	return skb->len;
}

static int fill_tenant(struct sk_buff *skb, const struct sn_tenant *tenant)
{
	if (nla_put_u32(skb, SN_A_TENANT_ID, tenant->id) ||
	    nla_put_string(skb, SN_A_TENANT_NAME, tenant->name) ||
	    nla_put_u32(skb, SN_A_TENANT_PARTITION, tenant->partition) ||
	    nla_put_u32(skb, SN_A_TENANT_SESSIONS, atomic_read(&tenant->sessions)) ||
	    nla_put_u32(skb, SN_A_TENANT_BUFFERS, atomic_read(&tenant->buffers)) ||
	    sn_put_u64(skb, SN_A_TENANT_BUFFER_BYTES, atomic64_read(&tenant->buffer_bytes)))
		return -EMSGSIZE;
	return 0;
}

/**
 * sn_nl_tenant_dump() - dumpit of TENANT_GET, by id
 * @skb: to fill
 * @cb: cb->args[0] is the id to go on from
 *
 * Context: Process of the reader.
 * Return: bytes filled or a negative errno.
 */
int sn_nl_tenant_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct sn_tenant *tenant;
	int ret = 0;

	cb->seq = sn_topology_generation();
	while (cb->args[0] < U32_MAX && (tenant = sn_tenant_from(cb->args[0]))) {
		void *hdr = sn_nl_dump_put(skb, cb, SN_CMD_TENANT_GET);

		ret = hdr ? fill_tenant(skb, tenant) : -EMSGSIZE;
		if (ret) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
		cb->args[0] = (u64)tenant->id + 1;
	}
	return skb->len ? skb->len : ret;
}

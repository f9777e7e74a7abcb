// SPDX-License-Identifier: GPL-2.0-only
/*
 * REGION_GET.
 */
#include "device.h"
#include "netlink.h"
#include "region.h"
#include "topology.h"

const struct nla_policy sn_region_get_policy[SN_A_REGION_MAX + 1] = {
	[SN_A_REGION_ID] = { .type = NLA_U32 },
};

/* What DEVICE_NEW may say of a region. */
const struct nla_policy sn_region_new_policy[SN_A_REGION_MAX + 1] = {
	[SN_A_REGION_KIND] = NLA_POLICY_MAX(NLA_U32, SN_REGION_KIND_MAX),
	[SN_A_REGION_BYTES] = { .type = NLA_U64 },
	[SN_A_REGION_PAGE_BYTES] = { .type = NLA_U32 },
	[SN_A_REGION_NODE] = { .type = NLA_S32 },
};

/**
 * sn_nl_fill_region() - describe a region
 * @skb: to fill
 * @region: held
 * @admin: with what only the administrator may know
 *
 * Context: Process context, may sleep.
 * Return: 0 or -EMSGSIZE.
 */
int sn_nl_fill_region(struct sk_buff *skb, struct sn_region *region, bool admin)
{
	u64 free_bytes = 0, largest = 0;

	if (nla_put_u32(skb, SN_A_REGION_ID, region->id) ||
	    nla_put_u32(skb, SN_A_REGION_DEVICE, region->dev->id) ||
	    nla_put_u32(skb, SN_A_REGION_INDEX, region->index) ||
	    nla_put_u32(skb, SN_A_REGION_KIND, region->desc.kind) ||
	    sn_put_u64(skb, SN_A_REGION_BYTES, region->desc.bytes) ||
	    nla_put_u32(skb, SN_A_REGION_PAGE_BYTES, region->desc.page_bytes) ||
	    nla_put_s32(skb, SN_A_REGION_NODE, region->desc.node))
		return -EMSGSIZE;
	if (!admin)
		return 0;
	/* Nobody can allocate where nothing drives the device. */
	if (sn_device_live(region->dev))
		sn_region_space(region, &free_bytes, &largest);
	if (sn_put_u64(skb, SN_A_REGION_FREE_BYTES, free_bytes) ||
	    sn_put_u64(skb, SN_A_REGION_LARGEST_FREE_BYTES, largest) ||
	    nla_put_u32(skb, SN_A_REGION_BUFFERS, atomic_read(&region->buffers)))
		return -EMSGSIZE;
	return 0;
}

/**
 * sn_nl_region_get() - doit of REGION_GET
 * @skb: request
 * @info: parsed
 *
 * Context: Process of the sender.
 * Return: 0 or a negative errno with a sentence.
 */
int sn_nl_region_get(struct sk_buff *skb, struct genl_info *info)
{
	struct sn_region *region;
	struct sn_topology *topo;
	struct sk_buff *msg;
	void *hdr;
	u32 id;
	int ret;

	ret = sn_nl_need(info, "id", SN_A_REGION_ID);
	if (ret)
		return ret;
	id = nla_get_u32(info->attrs[SN_A_REGION_ID]);
	msg = sn_nl_reply_new(info, NLMSG_DEFAULT_SIZE, SN_CMD_REGION_GET, &hdr);
	if (!msg)
		return -ENOMEM;
	topo = sn_topology_get();
	region = sn_topology_region(topo, id);
	if (region) {
		ret = sn_nl_fill_region(msg, region, sn_netlink_is_admin(skb));
	} else {
		NL_SET_ERR_MSG_ATTR_FMT(info->extack, info->attrs[SN_A_REGION_ID],
					"there is no region %u", id);
		ret = -ENOENT;
	}
	sn_topology_put(topo);
	if (ret) {
		nlmsg_free(msg);
		return ret;
	}
	return sn_nl_reply(info, msg, hdr);
}

static int put_region(struct sk_buff *skb, struct netlink_callback *cb, struct sn_region *region)
{
	void *hdr;
	int ret;

	if (region->id < cb->args[0])
		return 0;
	hdr = sn_nl_dump_put(skb, cb, SN_CMD_REGION_GET);
	ret = hdr ? sn_nl_fill_region(skb, region, cb->args[SN_DUMP_ADMIN]) : -EMSGSIZE;
	if (ret) {
		genlmsg_cancel(skb, hdr);
		return ret;
	}
	genlmsg_end(skb, hdr);
	cb->args[0] = (u64)region->id + 1;
	return 0;
}

/**
 * sn_nl_region_dump() - dumpit of REGION_GET, by id
 * @skb: to fill
 * @cb: cb->args[0] is the id to go on from
 *
 * Context: Process of the reader.
 * Return: bytes filled or a negative errno.
 */
int sn_nl_region_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct sn_topology *topo = sn_topology_get();
	u32 i = sn_topology_device_from_region(topo, cb->args[0]);
	int ret = 0;
	u32 j;

	cb->seq = topo->generation;
	for (; i < topo->ndevices && !ret; i++)
		for (j = 0; j < topo->devices[i]->desc.nregions && !ret; j++)
			ret = put_region(skb, cb, &topo->devices[i]->regions[j]);
	sn_topology_put(topo);
	return skb->len ? skb->len : ret;
}

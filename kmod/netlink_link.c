// SPDX-License-Identifier: GPL-2.0-only
/*
 * LINK_*.
 */
#include <linux/err.h>

#include "device.h"
#include "event.h"
#include "link.h"
#include "netlink.h"
#include "topology.h"

const struct nla_policy sn_link_get_policy[SN_A_LINK_MAX + 1] = {
	[SN_A_LINK_ID] = { .type = NLA_U32 },
};

const struct nla_policy sn_link_new_policy[SN_A_LINK_MAX + 1] = {
	[SN_A_LINK_DEVICE_A] = { .type = NLA_U32 },
	[SN_A_LINK_PORT_A] = { .type = NLA_U32 },
	[SN_A_LINK_DEVICE_B] = { .type = NLA_U32 },
	[SN_A_LINK_PORT_B] = { .type = NLA_U32 },
	[SN_A_LINK_TYPE] = NLA_POLICY_MAX(NLA_U32, SN_LINK_TYPE_MAX),
	[SN_A_LINK_BYTES_PER_SEC_AB] = { .type = NLA_U64 },
	[SN_A_LINK_BYTES_PER_SEC_BA] = { .type = NLA_U64 },
	[SN_A_LINK_LATENCY_NS_AB] = { .type = NLA_U64 },
	[SN_A_LINK_LATENCY_NS_BA] = { .type = NLA_U64 },
	[SN_A_LINK_TXN_FD] = { .type = NLA_S32 },
};

const struct nla_policy sn_link_set_policy[SN_A_LINK_MAX + 1] = {
	[SN_A_LINK_ID] = { .type = NLA_U32 },
	[SN_A_LINK_ADMIN] = NLA_POLICY_MAX(NLA_U32, SN_LINK_STATE_MAX),
};

const struct nla_policy sn_link_del_policy[SN_A_LINK_MAX + 1] = {
	[SN_A_LINK_ID] = { .type = NLA_U32 },
	[SN_A_LINK_TXN_FD] = { .type = NLA_S32 },
};

/* What is: up, unless it shall be down or one of its devices is dead. */
static enum sn_link_state oper_state(const struct sn_topology *topo, const struct sn_link *link)
{
	int end;

	if (READ_ONCE(link->admin) == SN_LINK_STATE_DOWN)
		return SN_LINK_STATE_DOWN;
	for (end = 0; end < 2; end++) {
		const struct sn_device *dev = sn_topology_device(topo, link->device[end]);

		if (!dev || READ_ONCE(dev->state) == SN_DEVICE_STATE_DEAD)
			return SN_LINK_STATE_DOWN;
	}
	return SN_LINK_STATE_UP;
}

static int fill_counters(struct sk_buff *skb, const struct sn_link *link)
{
	if (sn_put_u64(skb, SN_A_LINK_BYTES_AB, atomic64_read(&link->bytes[0])) ||
	    sn_put_u64(skb, SN_A_LINK_BYTES_BA, atomic64_read(&link->bytes[1])) ||
	    sn_put_u64(skb, SN_A_LINK_SLICES_AB, atomic64_read(&link->slices[0])) ||
	    sn_put_u64(skb, SN_A_LINK_SLICES_BA, atomic64_read(&link->slices[1])) ||
	    sn_put_u64(skb, SN_A_LINK_INFLIGHT_BYTES_AB,
		       atomic64_read(&link->inflight_bytes[0])) ||
	    sn_put_u64(skb, SN_A_LINK_INFLIGHT_BYTES_BA,
		       atomic64_read(&link->inflight_bytes[1])))
		return -EMSGSIZE;
	return 0;
}

static int fill(struct sk_buff *skb, const struct sn_topology *topo, const struct sn_link *link,
		bool admin)
{
	const struct sn_link_desc *desc = &link->desc;

	if (nla_put_u32(skb, SN_A_LINK_ID, link->id) ||
	    nla_put_u32(skb, SN_A_LINK_DEVICE_A, link->device[0]) ||
	    nla_put_u32(skb, SN_A_LINK_PORT_A, link->port[0]) ||
	    nla_put_u32(skb, SN_A_LINK_DEVICE_B, link->device[1]) ||
	    nla_put_u32(skb, SN_A_LINK_PORT_B, link->port[1]) ||
	    nla_put_u32(skb, SN_A_LINK_TYPE, desc->type) ||
	    sn_put_u64(skb, SN_A_LINK_BYTES_PER_SEC_AB, desc->bytes_per_sec[0]) ||
	    sn_put_u64(skb, SN_A_LINK_BYTES_PER_SEC_BA, desc->bytes_per_sec[1]) ||
	    sn_put_u64(skb, SN_A_LINK_LATENCY_NS_AB, desc->latency_ns[0]) ||
	    sn_put_u64(skb, SN_A_LINK_LATENCY_NS_BA, desc->latency_ns[1]) ||
	    nla_put_u32(skb, SN_A_LINK_ADMIN, READ_ONCE(link->admin)) ||
	    nla_put_u32(skb, SN_A_LINK_OPER, oper_state(topo, link)))
		return -EMSGSIZE;
	return admin ? fill_counters(skb, link) : 0;
}

static int no_link(struct genl_info *info)
{
	NL_SET_ERR_MSG_ATTR_FMT(info->extack, info->attrs[SN_A_LINK_ID], "there is no link %u",
				nla_get_u32(info->attrs[SN_A_LINK_ID]));
	return -ENOENT;
}

static int reply_link(struct sk_buff *skb, struct genl_info *info, u8 cmd)
{
	struct sn_topology *topo;
	struct sn_link *link;
	struct sk_buff *msg;
	void *hdr;
	int ret;

	msg = sn_nl_reply_new(info, NLMSG_DEFAULT_SIZE, cmd, &hdr);
	if (!msg)
		return -ENOMEM;
	topo = sn_topology_get();
	link = sn_topology_link(topo, nla_get_u32(info->attrs[SN_A_LINK_ID]));
	ret = link ? fill(msg, topo, link, sn_netlink_is_admin(skb)) : no_link(info);
	sn_topology_put(topo);
	if (ret) {
		nlmsg_free(msg);
		return ret;
	}
	return sn_nl_reply(info, msg, hdr);
}

/**
 * sn_nl_link_get() - doit of LINK_GET
 * @skb: request
 * @info: parsed
 *
 * Context: Process of the sender.
 * Return: 0 or a negative errno with a sentence.
 */
int sn_nl_link_get(struct sk_buff *skb, struct genl_info *info)
{
	int ret = sn_nl_need(info, "id", SN_A_LINK_ID);

	return ret ? ret : reply_link(skb, info, SN_CMD_LINK_GET);
}

/**
 * sn_nl_link_dump() - dumpit of LINK_GET, by id
 * @skb: to fill
 * @cb: cb->args[0] is the id to go on from
 *
 * Context: Process of the reader.
 * Return: bytes filled or a negative errno.
 */
int sn_nl_link_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct sn_topology *topo = sn_topology_get();
	u32 i = sn_topology_link_from(topo, cb->args[0]);
	int ret = 0;

	cb->seq = topo->generation;
	for (; i < topo->nlinks; i++) {
		void *hdr = sn_nl_dump_put(skb, cb, SN_CMD_LINK_GET);

		ret = hdr ? fill(skb, topo, topo->links[i], cb->args[SN_DUMP_ADMIN]) : -EMSGSIZE;
		if (ret) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
		cb->args[0] = (u64)topo->links[i]->id + 1;
	}
	sn_topology_put(topo);
	return skb->len ? skb->len : ret;
}

struct new_link {
	u32 dev[2];
	u32 port[2];
	struct sn_link_desc desc;
	u32 id;
};

static int stage_new(struct sn_txn *txn, void *arg, struct netlink_ext_ack *extack)
{
	struct new_link *new = arg;

	return __sn_txn_link_new(txn, new->dev[0], new->port[0], new->dev[1], new->port[1],
				 &new->desc, false, extack, &new->id);
}

static u32 get_u32(const struct nlattr *attr, u32 otherwise)
{
	return attr ? nla_get_u32(attr) : otherwise;
}

static u64 get_u64(const struct nlattr *attr, u64 otherwise)
{
	return attr ? nla_get_u64(attr) : otherwise;
}

/**
 * sn_nl_link_new() - doit of LINK_NEW
 * @skb: request
 * @info: parsed
 *
 * Context: Process of the sender.
 * Return: 0 or a negative errno with a sentence.
 */
int sn_nl_link_new(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;
	struct new_link new = {};
	struct sk_buff *msg;
	void *hdr;
	int ret;

	ret = sn_nl_need(info, "device-a", SN_A_LINK_DEVICE_A);
	if (!ret)
		ret = sn_nl_need(info, "device-b", SN_A_LINK_DEVICE_B);
	if (!ret)
		ret = sn_nl_need(info, "bytes-per-sec-ab", SN_A_LINK_BYTES_PER_SEC_AB);
	if (ret)
		return ret;
	new.dev[0] = nla_get_u32(attrs[SN_A_LINK_DEVICE_A]);
	new.dev[1] = nla_get_u32(attrs[SN_A_LINK_DEVICE_B]);
	new.port[0] = get_u32(attrs[SN_A_LINK_PORT_A], SN_PORT_ANY);
	new.port[1] = get_u32(attrs[SN_A_LINK_PORT_B], SN_PORT_ANY);
	new.desc.type = get_u32(attrs[SN_A_LINK_TYPE], SN_LINK_TYPE_OTHER);
	new.desc.bytes_per_sec[0] = nla_get_u64(attrs[SN_A_LINK_BYTES_PER_SEC_AB]);
	new.desc.bytes_per_sec[1] = get_u64(attrs[SN_A_LINK_BYTES_PER_SEC_BA],
					    new.desc.bytes_per_sec[0]);
	new.desc.latency_ns[0] = get_u64(attrs[SN_A_LINK_LATENCY_NS_AB], 0);
	new.desc.latency_ns[1] = get_u64(attrs[SN_A_LINK_LATENCY_NS_BA], new.desc.latency_ns[0]);
	msg = sn_nl_reply_new(info, SN_NL_ID_BYTES, SN_CMD_LINK_NEW, &hdr);
	if (!msg)
		return -ENOMEM;
	ret = sn_nl_stage(info, SN_A_LINK_TXN_FD, stage_new, &new);
	if (ret) {
		nlmsg_free(msg);
		return ret;
	}
	sn_netlink_audit("link-new", new.id, 0);
	return sn_nl_reply_id(info, msg, hdr, SN_A_LINK_ID, new.id);
}

/**
 * sn_nl_link_set() - doit of LINK_SET
 * @skb: request
 * @info: parsed
 *
 * Context: Process of the sender.
 * Return: 0, also when nothing had to change, or a negative errno with a sentence.
 */
int sn_nl_link_set(struct sk_buff *skb, struct genl_info *info)
{
	struct sn_topology *topo;
	struct sn_link *link;
	u64 generation;
	int ret;

	ret = sn_nl_need(info, "id", SN_A_LINK_ID);
	if (!ret)
		ret = sn_nl_need(info, "admin", SN_A_LINK_ADMIN);
	if (ret)
		return ret;
	topo = sn_topology_get();
	generation = topo->generation;
	link = sn_topology_link(topo, nla_get_u32(info->attrs[SN_A_LINK_ID]));
	ret = link ? sn_link_set_admin(link, nla_get_u32(info->attrs[SN_A_LINK_ADMIN])) : -ENOENT;
	sn_topology_put(topo);
	if (ret < 0)
		return no_link(info);
	if (!ret)
		sn_event_topology(generation);
	sn_netlink_audit("link-set", nla_get_u32(info->attrs[SN_A_LINK_ID]), 0);
	return info->nlhdr->nlmsg_flags & NLM_F_ECHO ? reply_link(skb, info, SN_CMD_LINK_SET) : 0;
}

static int stage_del(struct sn_txn *txn, void *arg, struct netlink_ext_ack *extack)
{
	return __sn_txn_link_del(txn, *(u32 *)arg, extack);
}

/**
 * sn_nl_link_del() - doit of LINK_DEL
 * @skb: request
 * @info: parsed
 *
 * Context: Process of the sender.
 * Return: 0 or a negative errno with a sentence.
 */
int sn_nl_link_del(struct sk_buff *skb, struct genl_info *info)
{
	u32 id;
	int ret;

	ret = sn_nl_need(info, "id", SN_A_LINK_ID);
	if (ret)
		return ret;
	id = nla_get_u32(info->attrs[SN_A_LINK_ID]);
	ret = sn_nl_stage(info, SN_A_LINK_TXN_FD, stage_del, &id);
	sn_netlink_audit("link-del", id, ret);
	return ret;
}

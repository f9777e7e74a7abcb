// SPDX-License-Identifier: GPL-2.0-only
/*
 * ENGINE_GET.
 */
#include "device.h"
#include "netlink.h"
#include "topology.h"

const struct nla_policy sn_engine_get_policy[SN_A_ENGINE_MAX + 1] = {
	[SN_A_ENGINE_ID] = { .type = NLA_U32 },
};

/* What DEVICE_NEW may say of an engine. */
const struct nla_policy sn_engine_new_policy[SN_A_ENGINE_MAX + 1] = {
	[SN_A_ENGINE_CHANNELS] = { .type = NLA_U32 },
	[SN_A_ENGINE_DEPTH] = { .type = NLA_U32 },
	[SN_A_ENGINE_BYTES_PER_SEC] = { .type = NLA_U64 },
	[SN_A_ENGINE_LATENCY_NS] = { .type = NLA_U64 },
};

/**
 * sn_nl_fill_engine() - describe an engine
 * @skb: to fill
 * @engine: held
 * @admin: with what only the administrator may know
 *
 * Context: Any.
 * Return: 0 or -EMSGSIZE.
 */
int sn_nl_fill_engine(struct sk_buff *skb, struct sn_engine *engine, bool admin)
{
	if (nla_put_u32(skb, SN_A_ENGINE_ID, engine->id) ||
	    nla_put_u32(skb, SN_A_ENGINE_DEVICE, engine->dev->id) ||
	    nla_put_u32(skb, SN_A_ENGINE_INDEX, engine->index) ||
	    nla_put_u32(skb, SN_A_ENGINE_CHANNELS, engine->desc.channels) ||
	    nla_put_u32(skb, SN_A_ENGINE_DEPTH, engine->desc.depth) ||
	    sn_put_u64(skb, SN_A_ENGINE_BYTES_PER_SEC, engine->desc.bytes_per_sec) ||
	    sn_put_u64(skb, SN_A_ENGINE_LATENCY_NS, engine->desc.latency_ns))
		return -EMSGSIZE;
	if (!admin)
		return 0;
	if (sn_put_u64(skb, SN_A_ENGINE_BYTES, atomic64_read(&engine->bytes)) ||
	    sn_put_u64(skb, SN_A_ENGINE_COPIES, atomic64_read(&engine->copies)) ||
	    sn_put_u64(skb, SN_A_ENGINE_ERRORS, atomic64_read(&engine->errors)) ||
	    nla_put_u32(skb, SN_A_ENGINE_INFLIGHT, atomic_read(&engine->inflight)))
		return -EMSGSIZE;
	return 0;
}

/**
 * sn_nl_engine_get() - doit of ENGINE_GET
 * @skb: request
 * @info: parsed
 *
 * Context: Process of the sender.
 * Return: 0 or a negative errno with a sentence.
 */
int sn_nl_engine_get(struct sk_buff *skb, struct genl_info *info)
{
	struct sn_engine *engine;
	struct sn_topology *topo;
	struct sk_buff *msg;
	void *hdr;
	u32 id;
	int ret;

	ret = sn_nl_need(info, "id", SN_A_ENGINE_ID);
	if (ret)
		return ret;
	id = nla_get_u32(info->attrs[SN_A_ENGINE_ID]);
	msg = sn_nl_reply_new(info, NLMSG_DEFAULT_SIZE, SN_CMD_ENGINE_GET, &hdr);
	if (!msg)
		return -ENOMEM;
	topo = sn_topology_get();
	engine = sn_topology_engine(topo, id);
	if (engine) {
		ret = sn_nl_fill_engine(msg, engine, sn_netlink_is_admin(skb));
	} else {
		NL_SET_ERR_MSG_ATTR_FMT(info->extack, info->attrs[SN_A_ENGINE_ID],
					"there is no engine %u", id);
		ret = -ENOENT;
	}
	sn_topology_put(topo);
	if (ret) {
		nlmsg_free(msg);
		return ret;
	}
	return sn_nl_reply(info, msg, hdr);
}

static int put_engine(struct sk_buff *skb, struct netlink_callback *cb, struct sn_engine *engine)
{
	void *hdr;
	int ret;

	if (engine->id < cb->args[0])
		return 0;
	hdr = sn_nl_dump_put(skb, cb, SN_CMD_ENGINE_GET);
	ret = hdr ? sn_nl_fill_engine(skb, engine, cb->args[SN_DUMP_ADMIN]) : -EMSGSIZE;
	if (ret) {
		genlmsg_cancel(skb, hdr);
		return ret;
	}
	genlmsg_end(skb, hdr);
	cb->args[0] = (u64)engine->id + 1;
	return 0;
}

/**
 * sn_nl_engine_dump() - dumpit of ENGINE_GET, by id
 * @skb: to fill
 * @cb: cb->args[0] is the id to go on from
 *
 * Context: Process of the reader.
 * Return: bytes filled or a negative errno.
 */
int sn_nl_engine_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct sn_topology *topo = sn_topology_get();
	u32 i = sn_topology_device_from_engine(topo, cb->args[0]);
	int ret = 0;
	u32 j;

	cb->seq = topo->generation;
	for (; i < topo->ndevices && !ret; i++)
		for (j = 0; j < topo->devices[i]->desc.nengines && !ret; j++)
			ret = put_engine(skb, cb, &topo->devices[i]->engines[j]);
	sn_topology_put(topo);
	return skb->len ? skb->len : ret;
}

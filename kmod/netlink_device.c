// SPDX-License-Identifier: GPL-2.0-only
/*
 * DEVICE_*.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/slab.h>

#include "device.h"
#include "netlink.h"
#include "topology.h"

/* All regions and engines, with their nests; it fits in the least that a dump is given, too. */
#define DEVICE_BYTES 3072

const struct nla_policy sn_device_get_policy[SN_A_DEVICE_MAX + 1] = {
	[SN_A_DEVICE_ID] = { .type = NLA_U32 },
};

const struct nla_policy sn_device_new_policy[SN_A_DEVICE_MAX + 1] = {
	[SN_A_DEVICE_NAME] = { .type = NLA_NUL_STRING, .len = SN_NAME_MAX },
	[SN_A_DEVICE_KIND] = NLA_POLICY_MAX(NLA_U32, SN_DEVICE_KIND_MAX),
	[SN_A_DEVICE_BACKEND] = { .type = NLA_NUL_STRING, .len = SN_NAME_MAX },
	[SN_A_DEVICE_PORTS] = { .type = NLA_U32 },
	[SN_A_DEVICE_REGION] = NLA_POLICY_NESTED(sn_region_new_policy),
	[SN_A_DEVICE_ENGINE] = NLA_POLICY_NESTED(sn_engine_new_policy),
	[SN_A_DEVICE_TXN_FD] = { .type = NLA_S32 },
};

const struct nla_policy sn_device_del_policy[SN_A_DEVICE_MAX + 1] = {
	[SN_A_DEVICE_ID] = { .type = NLA_U32 },
	[SN_A_DEVICE_FLAGS] = NLA_POLICY_MASK(NLA_U32, SN_DEVICE_F_FORCE),
	[SN_A_DEVICE_TXN_FD] = { .type = NLA_S32 },
};

static int fill_parts(struct sk_buff *skb, struct sn_device *dev, bool admin)
{
	struct nlattr *nest;
	u32 i;

	for (i = 0; i < dev->desc.nregions; i++) {
		nest = nla_nest_start(skb, SN_A_DEVICE_REGION);
		if (!nest || sn_nl_fill_region(skb, &dev->regions[i], admin))
			return -EMSGSIZE;
		nla_nest_end(skb, nest);
	}
	for (i = 0; i < dev->desc.nengines; i++) {
		nest = nla_nest_start(skb, SN_A_DEVICE_ENGINE);
		if (!nest || sn_nl_fill_engine(skb, &dev->engines[i], admin))
			return -EMSGSIZE;
		nla_nest_end(skb, nest);
	}
	return 0;
}

static int fill(struct sk_buff *skb, struct sn_device *dev, bool admin)
{
	if (nla_put_u32(skb, SN_A_DEVICE_ID, dev->id) ||
	    nla_put_string(skb, SN_A_DEVICE_NAME, dev->desc.name) ||
	    nla_put_u32(skb, SN_A_DEVICE_KIND, dev->desc.kind) ||
	    nla_put_u32(skb, SN_A_DEVICE_STATE, READ_ONCE(dev->state)) ||
	    nla_put_string(skb, SN_A_DEVICE_BACKEND, dev->backend) ||
	    nla_put_u32(skb, SN_A_DEVICE_HOST, 0) ||
	    nla_put_s32(skb, SN_A_DEVICE_NODE, dev->desc.node) ||
	    nla_put_u32(skb, SN_A_DEVICE_PORTS, dev->desc.ports) ||
	    (admin && nla_put_u32(skb, SN_A_DEVICE_BUFFERS, atomic_read(&dev->buffers))))
		return -EMSGSIZE;
	return fill_parts(skb, dev, admin);
}

/**
 * sn_nl_device_get() - doit of DEVICE_GET
 * @skb: request
 * @info: parsed
 *
 * Context: Process of the sender.
 * Return: 0 or a negative errno with a sentence.
 */
int sn_nl_device_get(struct sk_buff *skb, struct genl_info *info)
{
	struct sn_topology *topo;
	struct sn_device *dev;
	struct sk_buff *msg;
	void *hdr;
	u32 id;
	int ret;

	ret = sn_nl_need(info, "id", SN_A_DEVICE_ID);
	if (ret)
		return ret;
	id = nla_get_u32(info->attrs[SN_A_DEVICE_ID]);
	msg = sn_nl_reply_new(info, DEVICE_BYTES, SN_CMD_DEVICE_GET, &hdr);
	if (!msg)
		return -ENOMEM;
	topo = sn_topology_get();
	dev = sn_topology_device(topo, id);
	if (dev) {
		ret = fill(msg, dev, sn_netlink_is_admin(skb));
	} else {
		NL_SET_ERR_MSG_ATTR_FMT(info->extack, info->attrs[SN_A_DEVICE_ID],
					"there is no device %u", id);
		ret = -ENOENT;
	}
	sn_topology_put(topo);
	if (ret) {
		nlmsg_free(msg);
		return ret;
	}
	return sn_nl_reply(info, msg, hdr);
}

/**
 * sn_nl_device_dump() - dumpit of DEVICE_GET, by id
 * @skb: to fill
 * @cb: cb->args[0] is the id to go on from
 *
 * Context: Process of the reader.
 * Return: bytes filled or a negative errno.
 */
int sn_nl_device_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct sn_topology *topo = sn_topology_get();
	u32 i = sn_topology_device_from(topo, cb->args[0]);
	int ret = 0;

	cb->seq = topo->generation;
	for (; i < topo->ndevices; i++) {
		void *hdr = sn_nl_dump_put(skb, cb, SN_CMD_DEVICE_GET);

		ret = hdr ? fill(skb, topo->devices[i], cb->args[SN_DUMP_ADMIN]) : -EMSGSIZE;
		if (ret) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
		cb->args[0] = (u64)topo->devices[i]->id + 1;
	}
	sn_topology_put(topo);
	return skb->len ? skb->len : ret;
}

struct new_device {
	struct sn_device_desc desc;
	const char *backend;
	u32 id;
};

static int parse_region(struct sn_device_desc *desc, struct nlattr *attr,
			struct netlink_ext_ack *extack)
{
	struct sn_region_desc *region = &desc->regions[desc->nregions];
	struct nlattr *attrs[SN_A_REGION_MAX + 1];
	int ret;

	if (desc->nregions == SN_DEVICE_REGIONS_MAX) {
		NL_SET_ERR_MSG_ATTR_FMT(extack, attr, "device '%s' has more than %u regions",
					desc->name, SN_DEVICE_REGIONS_MAX);
		return -EINVAL;
	}
	ret = nla_parse_nested(attrs, SN_A_REGION_MAX, attr, sn_region_new_policy, extack);
	if (ret)
		return ret;
	if (!attrs[SN_A_REGION_BYTES]) {
		NL_SET_ERR_MSG_ATTR_FMT(extack, attr, "device '%s': a region lacks 'bytes'",
					desc->name);
		return -EINVAL;
	}
	*region = (struct sn_region_desc){
		.kind = SN_REGION_KIND_DRAM,
		.bytes = nla_get_u64(attrs[SN_A_REGION_BYTES]),
		.page_bytes = PAGE_SIZE,
		.node = NUMA_NO_NODE,
		.ranged = true,
	};
	if (attrs[SN_A_REGION_KIND])
		region->kind = nla_get_u32(attrs[SN_A_REGION_KIND]);
	if (attrs[SN_A_REGION_PAGE_BYTES])
		region->page_bytes = nla_get_u32(attrs[SN_A_REGION_PAGE_BYTES]);
	if (attrs[SN_A_REGION_NODE])
		region->node = nla_get_s32(attrs[SN_A_REGION_NODE]);
	desc->nregions++;
	return 0;
}

static int parse_engine(struct sn_device_desc *desc, struct nlattr *attr,
			struct netlink_ext_ack *extack)
{
	struct sn_engine_desc *engine = &desc->engines[desc->nengines];
	struct nlattr *attrs[SN_A_ENGINE_MAX + 1];
	int ret;

	if (desc->nengines == SN_DEVICE_ENGINES_MAX) {
		NL_SET_ERR_MSG_ATTR_FMT(extack, attr, "device '%s' has more than %u engines",
					desc->name, SN_DEVICE_ENGINES_MAX);
		return -EINVAL;
	}
	ret = nla_parse_nested(attrs, SN_A_ENGINE_MAX, attr, sn_engine_new_policy, extack);
	if (ret)
		return ret;
	*engine = (struct sn_engine_desc){ .channels = 1, .depth = 2 };
	if (attrs[SN_A_ENGINE_CHANNELS])
		engine->channels = nla_get_u32(attrs[SN_A_ENGINE_CHANNELS]);
	if (attrs[SN_A_ENGINE_DEPTH])
		engine->depth = nla_get_u32(attrs[SN_A_ENGINE_DEPTH]);
	if (attrs[SN_A_ENGINE_BYTES_PER_SEC])
		engine->bytes_per_sec = nla_get_u64(attrs[SN_A_ENGINE_BYTES_PER_SEC]);
	if (attrs[SN_A_ENGINE_LATENCY_NS])
		engine->latency_ns = nla_get_u64(attrs[SN_A_ENGINE_LATENCY_NS]);
	desc->nengines++;
	return 0;
}

static int parse(struct new_device *new, struct genl_info *info)
{
	struct nlattr **attrs = info->attrs, *attr;
	int ret, rem;

	ret = sn_nl_need(info, "name", SN_A_DEVICE_NAME);
	if (!ret)
		ret = sn_nl_need(info, "kind", SN_A_DEVICE_KIND);
	if (ret)
		return ret;
	nla_strscpy(new->desc.name, attrs[SN_A_DEVICE_NAME], sizeof(new->desc.name));
	new->desc.kind = nla_get_u32(attrs[SN_A_DEVICE_KIND]);
	new->desc.node = NUMA_NO_NODE;
	new->desc.ports = SN_DEVICE_PORTS_MAX;
	if (attrs[SN_A_DEVICE_PORTS])
		new->desc.ports = nla_get_u32(attrs[SN_A_DEVICE_PORTS]);
	new->backend = "none";
	if (attrs[SN_A_DEVICE_BACKEND])
		new->backend = nla_data(attrs[SN_A_DEVICE_BACKEND]);
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) == SN_A_DEVICE_REGION)
			ret = parse_region(&new->desc, attr, info->extack);
		else if (nla_type(attr) == SN_A_DEVICE_ENGINE)
			ret = parse_engine(&new->desc, attr, info->extack);
		if (ret)
			return ret;
	}
	if (new->desc.nregions)
		new->desc.node = new->desc.regions[0].node;
	return 0;
}

static int stage_new(struct sn_txn *txn, void *arg, struct netlink_ext_ack *extack)
{
	struct new_device *new = arg;

	return __sn_txn_device_new(txn, &new->desc, new->backend, extack, &new->id);
}

/**
 * sn_nl_device_new() - doit of DEVICE_NEW
 * @skb: request
 * @info: parsed
 *
 * Context: Process of the sender.
 * Return: 0 or a negative errno with a sentence.
 */
int sn_nl_device_new(struct sk_buff *skb, struct genl_info *info)
{
	struct new_device *new;
	struct sk_buff *msg;
	void *hdr;
	int ret;

	new = kzalloc(sizeof(*new), GFP_KERNEL);
	if (!new)
		return -ENOMEM;
	ret = parse(new, info);
	if (ret)
		goto out_free_new;
	ret = -ENOMEM;
	msg = sn_nl_reply_new(info, SN_NL_ID_BYTES, SN_CMD_DEVICE_NEW, &hdr);
	if (!msg)
		goto out_free_new;
	ret = sn_nl_stage(info, SN_A_DEVICE_TXN_FD, stage_new, new);
	if (ret) {
		nlmsg_free(msg);
		goto out_free_new;
	}
	sn_netlink_audit("device-new", new->id, 0);
	ret = sn_nl_reply_id(info, msg, hdr, SN_A_DEVICE_ID, new->id);
out_free_new:
	kfree(new);
	return ret;
}

struct old_device {
	u32 id;
	bool force;
};

static int stage_del(struct sn_txn *txn, void *arg, struct netlink_ext_ack *extack)
{
	const struct old_device *old = arg;

	return __sn_txn_device_del(txn, old->id, old->force, false, extack);
}

/**
 * sn_nl_device_del() - doit of DEVICE_DEL
 * @skb: request
 * @info: parsed
 *
 * Context: Process of the sender.
 * Return: 0 or a negative errno with a sentence.
 */
int sn_nl_device_del(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *flags = info->attrs[SN_A_DEVICE_FLAGS];
	struct old_device old;
	int ret;

	ret = sn_nl_need(info, "id", SN_A_DEVICE_ID);
	if (ret)
		return ret;
	old.id = nla_get_u32(info->attrs[SN_A_DEVICE_ID]);
	old.force = flags && nla_get_u32(flags) & SN_DEVICE_F_FORCE;
	ret = sn_nl_stage(info, SN_A_DEVICE_TXN_FD, stage_del, &old);
	sn_netlink_audit("device-del", old.id, ret);
	return ret;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * PATH_GET.
 */
#include <linux/err.h>

#include "device.h"
#include "link.h"
#include "netlink.h"
#include "path.h"

/* All routes at their longest, with their nests. */
#define PATH_BYTES 8192

const struct nla_policy sn_path_get_policy[SN_A_PATH_MAX + 1] = {
	[SN_A_PATH_SRC] = { .type = NLA_U32 },
	[SN_A_PATH_DST] = { .type = NLA_U32 },
	[SN_A_PATH_COUNT] = NLA_POLICY_RANGE(NLA_U32, 1, SN_PATHS_MAX),
};

static int fill_hops(struct sk_buff *msg, const struct sn_path *path, u32 stage)
{
	u32 i = path->stages[stage].first_hop;
	u32 end = i + path->stages[stage].nhops;

	for (; i < end; i++) {
		const struct sn_hop *hop = &path->hops[i];
		struct nlattr *nest = nla_nest_start(msg, SN_A_ROUTE_HOP);

		if (!nest ||
		    nla_put_u32(msg, SN_A_HOP_LINK, hop->link->id) ||
		    nla_put_u32(msg, SN_A_HOP_FROM, hop->link->device[hop->dir]) ||
		    nla_put_u32(msg, SN_A_HOP_TO, hop->link->device[!hop->dir]) ||
		    nla_put_u32(msg, SN_A_HOP_STAGE, stage))
			return -EMSGSIZE;
		nla_nest_end(msg, nest);
	}
	return 0;
}

static int fill_route(struct sk_buff *msg, const struct sn_path *path)
{
	struct nlattr *nest = nla_nest_start(msg, SN_A_PATH_ROUTE);
	u32 stage;

	if (!nest ||
	    sn_put_u64(msg, SN_A_ROUTE_BYTES_PER_SEC, path->bytes_per_sec) ||
	    sn_put_u64(msg, SN_A_ROUTE_LATENCY_NS, path->latency_ns) ||
	    nla_put_u32(msg, SN_A_ROUTE_STAGES, path->nstages))
		return -EMSGSIZE;
	for (stage = 0; stage < path->nstages; stage++)
		if (fill_hops(msg, path, stage))
			return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int fill(struct sk_buff *msg, const struct sn_path_set *set, u32 src, u32 dst)
{
	u32 i;

	if (nla_put_u32(msg, SN_A_PATH_SRC, src) ||
	    nla_put_u32(msg, SN_A_PATH_DST, dst) ||
	    nla_put_u32(msg, SN_A_PATH_REASON, set->reason) ||
	    sn_put_u64(msg, SN_A_PATH_GENERATION, set->generation) ||
	    (set->culprit && nla_put_u32(msg, SN_A_PATH_CULPRIT, set->culprit)))
		return -EMSGSIZE;
	for (i = 0; i < set->npaths; i++)
		if (fill_route(msg, &set->paths[i]))
			return -EMSGSIZE;
	return 0;
}

/**
 * sn_nl_path_get() - doit of PATH_GET; no path is an answer, not an error
 * @skb: request
 * @info: parsed
 *
 * Context: Process of the sender.
 * Return: 0 or a negative errno with a sentence.
 */
int sn_nl_path_get(struct sk_buff *skb, struct genl_info *info)
{
	u32 src, dst, count = SN_PATHS_MAX;
	struct sn_path_set *set;
	struct sk_buff *msg;
	void *hdr;
	int ret;

	ret = sn_nl_need(info, "src", SN_A_PATH_SRC);
	if (!ret)
		ret = sn_nl_need(info, "dst", SN_A_PATH_DST);
	if (ret)
		return ret;
	src = nla_get_u32(info->attrs[SN_A_PATH_SRC]);
	dst = nla_get_u32(info->attrs[SN_A_PATH_DST]);
	if (info->attrs[SN_A_PATH_COUNT])
		count = nla_get_u32(info->attrs[SN_A_PATH_COUNT]);
	msg = sn_nl_reply_new(info, PATH_BYTES, SN_CMD_PATH_GET, &hdr);
	if (!msg)
		return -ENOMEM;
	set = sn_path_find(src, dst, count);
	if (IS_ERR(set)) {
		nlmsg_free(msg);
		return PTR_ERR(set);
	}
	ret = fill(msg, set, src, dst);
	sn_path_put(set);
	if (ret) {
		nlmsg_free(msg);
		return ret;
	}
	return sn_nl_reply(info, msg, hdr);
}

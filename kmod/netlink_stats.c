// SPDX-License-Identifier: GPL-2.0-only
/*
 * STATS_GET.
 */
#include "buffer.h"
#include "dispatcher.h"
#include "netlink.h"
#include "session.h"
#include "tenant.h"
#include "transfer.h"

static int fill_class(struct sk_buff *msg, u32 class)
{
	const struct sn_class_stats *stats = &sn_class_stats[class];
	struct nlattr *nest = nla_nest_start(msg, SN_A_STATS_CLASS);

	if (!nest ||
	    nla_put_u32(msg, SN_A_CLASS_STATS_CLASS, class) ||
	    sn_put_u64(msg, SN_A_CLASS_STATS_SUBMITTED, atomic64_read(&stats->submitted)) ||
	    sn_put_u64(msg, SN_A_CLASS_STATS_COMPLETED, atomic64_read(&stats->completed)) ||
	    sn_put_u64(msg, SN_A_CLASS_STATS_FAILED, atomic64_read(&stats->failed)) ||
	    sn_put_u64(msg, SN_A_CLASS_STATS_BYTES, atomic64_read(&stats->bytes)) ||
	    sn_put_u64(msg, SN_A_CLASS_STATS_QUEUE_NS, atomic64_read(&stats->queue_ns)) ||
	    sn_put_u64(msg, SN_A_CLASS_STATS_TOTAL_NS, atomic64_read(&stats->total_ns)))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int fill(struct sk_buff *msg)
{
	const struct sn_tenant *tenant = sn_tenant_by_id(0);
	struct sn_dispatcher_stats stats;
	u32 class;

	sn_dispatcher_get_stats(&stats);
	if (nla_put_u32(msg, SN_A_STATS_SESSIONS, sn_session_count()) ||
	    nla_put_u32(msg, SN_A_STATS_BUFFERS, atomic_read(&tenant->buffers)) ||
	    sn_put_u64(msg, SN_A_STATS_BUFFER_BYTES, atomic64_read(&tenant->buffer_bytes)) ||
	    sn_put_u64(msg, SN_A_STATS_SLICES, stats.slices) ||
	    sn_put_u64(msg, SN_A_STATS_RETRIES, stats.retries) ||
	    sn_put_u64(msg, SN_A_STATS_QUARANTINED_BYTES, stats.quarantined_bytes))
		return -EMSGSIZE;
	for (class = 0; class <= SN_CLASS_MAX; class++)
		if (fill_class(msg, class))
			return -EMSGSIZE;
	return 0;
}

/**
 * sn_nl_stats_get() - doit of STATS_GET
 * @skb: request
 * @info: parsed
 *
 * Context: Process.
 * Return: 0 or a negative errno with a sentence.
 */
int sn_nl_stats_get(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *msg;
	void *hdr;
	int ret;

	ret = sn_netlink_admin(skb, info->extack);
	if (ret)
		return ret;
	msg = sn_nl_reply_new(info, NLMSG_DEFAULT_SIZE, SN_CMD_STATS_GET, &hdr);
	if (!msg)
		return -ENOMEM;
	ret = fill(msg);
	if (ret) {
		nlmsg_free(msg);
		return ret;
	}
	return sn_nl_reply(info, msg, hdr);
}

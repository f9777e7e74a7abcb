/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SN_COMPAT_NET_GENETLINK_H
#define SN_COMPAT_NET_GENETLINK_H

#include_next <net/genetlink.h>

/* An op with both doit and dumpit, and the type that pre_doit and post_doit are handed. */
#ifndef HAVE_GENL_PRE_DOIT_SPLIT
#define genl_split_ops genl_ops
#endif

#ifndef HAVE_GENL_INFO_USERHDR
#define genl_info_userhdr(info) ((info)->userhdr)
#endif

/* The older type has ->family, ->op and ->attrs; use no more of a dump's info than ->attrs. */
#ifndef HAVE_GENL_INFO_DUMP
#define genl_info_dump(cb) genl_dumpit_info(cb)
#endif

#ifndef HAVE_GENLMSG_IPUT
static inline void *genlmsg_iput_family(struct sk_buff *skb, const struct genl_info *info,
					const struct genl_family *family)
{
	return genlmsg_put(skb, info->snd_portid, info->snd_seq, family, 0, info->genlhdr->cmd);
}
#else
#define genlmsg_iput_family(skb, info, family) genlmsg_iput(skb, info)
#endif

#ifndef HAVE_GENL_ERR_FMT
#define GENL_SET_ERR_MSG_FMT(info, msg, args...) NL_SET_ERR_MSG_FMT((info)->extack, msg, ##args)
#endif

#ifdef HAVE_GENL_ALLNS_GFP
#define genlmsg_multicast_allns(family, skb, portid, group) \
	genlmsg_multicast_allns(family, skb, portid, group, GFP_ATOMIC)
#endif

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The generic netlink family: one table of ops in netlink.c, handlers in
 * netlink_<object>.c, each of which parses, calls and fills.
 */
#ifndef _SN_NETLINK_H
#define _SN_NETLINK_H

#include <linux/supernode.h>
#include <net/genetlink.h>

struct file;
struct sn_engine;
struct sn_region;
struct sn_session;
struct sn_txn;

/* Multicast groups, as numbered in the family. */
enum sn_group {
	SN_GROUP_TOPOLOGY,
	SN_GROUP_MEMORY,
	SN_GROUP_TRANSFER,
	SN_GROUP_FAULT,
};

/*
 * Bits of an op in the table. The sender of a request, or whoever starts a dump, must be the
 * administrator.
 */
#define SN_OP_ADMIN_DO		BIT(0)
#define SN_OP_ADMIN_DUMP	BIT(1)

extern struct genl_family sn_family;

int sn_netlink_init(void);
void sn_netlink_exit(void);

/* Sender and opener of the socket have CAP_SYS_ADMIN in the initial user namespace. */
bool sn_netlink_is_admin(struct sk_buff *skb);
/* -EPERM with a sentence unless sn_netlink_is_admin(). */
int sn_netlink_admin(struct sk_buff *skb, struct netlink_ext_ack *extack);
/* For the audit log: what an administrator did, to which object, and how it ended. */
void sn_netlink_audit(const char *op, u32 id, int ret);

/* In cb->args of a dump: [0] is the id to go on from, and what was settled at its start. */
#define SN_DUMP_REFUSED 4	/* with this errno */
#define SN_DUMP_ADMIN 5		/* it is the administrator who reads */

static inline int sn_put_u64(struct sk_buff *skb, int type, u64 value)
{
	return nla_put(skb, type, sizeof(value), &value);
}

/*
 * A refusal's sentence: what is wrong, then the numbers. Less than 80 bytes with the
 * numbers in, or the kernel cuts it and says so in its log. Where the extack has no
 * format buffer, a shim gives it one.
 */
#define sn_extack(extack, what, fmt, ...) \
	NL_SET_ERR_MSG_FMT(extack, what ": " fmt, ##__VA_ARGS__)

/* Policies, one per op that takes attributes; defined beside their handlers. */
extern const struct nla_policy sn_region_new_policy[SN_A_REGION_MAX + 1];
extern const struct nla_policy sn_engine_new_policy[SN_A_ENGINE_MAX + 1];
extern const struct nla_policy sn_topology_begin_policy[SN_A_TOPOLOGY_MAX + 1];
extern const struct nla_policy sn_topology_commit_policy[SN_A_TOPOLOGY_MAX + 1];
extern const struct nla_policy sn_topology_abort_policy[SN_A_TOPOLOGY_MAX + 1];
extern const struct nla_policy sn_device_get_policy[SN_A_DEVICE_MAX + 1];
extern const struct nla_policy sn_device_new_policy[SN_A_DEVICE_MAX + 1];
extern const struct nla_policy sn_device_del_policy[SN_A_DEVICE_MAX + 1];
extern const struct nla_policy sn_link_get_policy[SN_A_LINK_MAX + 1];
extern const struct nla_policy sn_link_new_policy[SN_A_LINK_MAX + 1];
extern const struct nla_policy sn_link_set_policy[SN_A_LINK_MAX + 1];
extern const struct nla_policy sn_link_del_policy[SN_A_LINK_MAX + 1];
extern const struct nla_policy sn_region_get_policy[SN_A_REGION_MAX + 1];
extern const struct nla_policy sn_engine_get_policy[SN_A_ENGINE_MAX + 1];
extern const struct nla_policy sn_path_get_policy[SN_A_PATH_MAX + 1];
extern const struct nla_policy sn_session_open_policy[SN_A_SESSION_MAX + 1];
extern const struct nla_policy sn_buffer_alloc_policy[SN_A_BUFFER_MAX + 1];
extern const struct nla_policy sn_buffer_get_policy[SN_A_BUFFER_MAX + 1];
extern const struct nla_policy sn_buffer_info_policy[SN_A_BUFFER_MAX + 1];
extern const struct nla_policy sn_transfer_submit_policy[SN_A_TRANSFER_MAX + 1];
extern const struct nla_policy sn_transfer_get_policy[SN_A_TRANSFER_MAX + 1];
extern const struct nla_policy sn_transfer_cancel_policy[SN_A_TRANSFER_MAX + 1];

int sn_nl_features_get(struct sk_buff *skb, struct genl_info *info);
int sn_nl_topology_get(struct sk_buff *skb, struct genl_info *info);
int sn_nl_topology_begin(struct sk_buff *skb, struct genl_info *info);
int sn_nl_topology_commit(struct sk_buff *skb, struct genl_info *info);
int sn_nl_topology_abort(struct sk_buff *skb, struct genl_info *info);
int sn_nl_device_get(struct sk_buff *skb, struct genl_info *info);
int sn_nl_device_dump(struct sk_buff *skb, struct netlink_callback *cb);
int sn_nl_device_new(struct sk_buff *skb, struct genl_info *info);
int sn_nl_device_del(struct sk_buff *skb, struct genl_info *info);
int sn_nl_link_get(struct sk_buff *skb, struct genl_info *info);
int sn_nl_link_dump(struct sk_buff *skb, struct netlink_callback *cb);
int sn_nl_link_new(struct sk_buff *skb, struct genl_info *info);
int sn_nl_link_set(struct sk_buff *skb, struct genl_info *info);
int sn_nl_link_del(struct sk_buff *skb, struct genl_info *info);
int sn_nl_region_get(struct sk_buff *skb, struct genl_info *info);
int sn_nl_region_dump(struct sk_buff *skb, struct netlink_callback *cb);
int sn_nl_engine_get(struct sk_buff *skb, struct genl_info *info);
int sn_nl_engine_dump(struct sk_buff *skb, struct netlink_callback *cb);
int sn_nl_partition_dump(struct sk_buff *skb, struct netlink_callback *cb);
int sn_nl_tenant_dump(struct sk_buff *skb, struct netlink_callback *cb);
int sn_nl_path_get(struct sk_buff *skb, struct genl_info *info);
int sn_nl_session_open(struct sk_buff *skb, struct genl_info *info);
int sn_nl_buffer_alloc(struct sk_buff *skb, struct genl_info *info);
int sn_nl_buffer_get(struct sk_buff *skb, struct genl_info *info);
int sn_nl_buffer_dump(struct sk_buff *skb, struct netlink_callback *cb);
int sn_nl_buffer_info(struct sk_buff *skb, struct genl_info *info);
int sn_nl_transfer_submit(struct sk_buff *skb, struct genl_info *info);
int sn_nl_transfer_get(struct sk_buff *skb, struct genl_info *info);
int sn_nl_transfer_dump(struct sk_buff *skb, struct netlink_callback *cb);
int sn_nl_transfer_cancel(struct sk_buff *skb, struct genl_info *info);
int sn_nl_stats_get(struct sk_buff *skb, struct genl_info *info);

/* One fill function per object; @admin: with what only the administrator may know. */
int sn_nl_fill_region(struct sk_buff *skb, struct sn_region *region, bool admin);
int sn_nl_fill_engine(struct sk_buff *skb, struct sn_engine *engine, bool admin);

/*
 * Stage in the transaction whose fd the attribute @txn_type holds, or, without one, in one of
 * its own that is committed at once. @stage as in topology.h.
 */
int sn_nl_stage(struct genl_info *info, int txn_type,
		int (*stage)(struct sn_txn *txn, void *arg, struct netlink_ext_ack *extack),
		void *arg);
/* 0, or -EINVAL and a sentence that says which attribute is missing. */
int sn_nl_need(struct genl_info *info, const char *name, int type);

/* The session that a request names, its file held. */
struct file *sn_nl_get_session(struct genl_info *info, const struct nlattr *attr,
			       struct sn_session **session);
/* A reply with one object: begin, fill, send. Common to all doit handlers. */
struct sk_buff *sn_nl_reply_new(struct genl_info *info, size_t payload, u8 cmd, void **hdr);
int sn_nl_reply(struct genl_info *info, struct sk_buff *msg, void *hdr);
/*
 * A reply that is one u32. It is begun before the change that it tells of, as sn_nl_reply_new()
 * may fail and what is committed stays.
 */
#define SN_NL_ID_BYTES nla_total_size(sizeof(u32))
int sn_nl_reply_id(struct genl_info *info, struct sk_buff *msg, void *hdr, int type, u32 id);
/* The header of one object in a dump, which is consistent by cb->seq; NULL when it does not fit. */
void *sn_nl_dump_put(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd);
/* Reply, then install @file as the @fd the reply names; on error both are put. */
int sn_nl_reply_with_fd(struct genl_info *info, struct sk_buff *msg, void *hdr, int fd,
			struct file *file);

#endif /* _SN_NETLINK_H */

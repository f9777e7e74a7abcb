// SPDX-License-Identifier: GPL-2.0-only
/*
 * The family: the table of its ops, who may call them, its groups, and how a reply is sent. What an
 * op does is in netlink_<object>.c.
 *
 * Lock: none; ops run in parallel.
 */
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/net.h>
#include <linux/sched.h>
#include <linux/user_namespace.h>
#include <net/sock.h>

#include "netlink.h"

#define NOT_ADMIN "sender and socket opener need CAP_SYS_ADMIN in the initial namespace"

/*
 * netlink_capable() looks at the opener of the socket only when the message has no destination
 * address, and anybody may give one: so the opener is looked at here.
 */
static bool opener_is_admin(const struct sock *sk)
{
	const struct socket *sock = sk ? sk->sk_socket : NULL;

	return sock && sock->file && file_ns_capable(sock->file, &init_user_ns, CAP_SYS_ADMIN);
}

/**
 * sn_netlink_is_admin() - is this request the administrator's?
 * @skb: request, in the context of its sender
 *
 * Context: Process of the sender.
 * Return: true when both it and the opener of the socket have CAP_SYS_ADMIN in the initial user
 * namespace.
 */
bool sn_netlink_is_admin(struct sk_buff *skb)
{
	return opener_is_admin(NETLINK_CB(skb).sk) && netlink_capable(skb, CAP_SYS_ADMIN);
}

/**
 * sn_netlink_admin() - refuse a request that is not the administrator's
 * @skb: request, in the context of its sender
 * @extack: gets the sentence of a refusal
 *
 * Context: Process of the sender.
 * Return: 0 or -EPERM.
 */
int sn_netlink_admin(struct sk_buff *skb, struct netlink_ext_ack *extack)
{
	if (sn_netlink_is_admin(skb))
		return 0;
	NL_SET_ERR_MSG(extack, NOT_ADMIN);
	return -EPERM;
}

/**
 * sn_netlink_audit() - tell the audit log what an administrator did
 * @op: the command, in lower case
 * @id: of the object, 0 for the topology as a whole
 * @ret: how it ended
 *
 * Context: Process of the sender, may sleep. Silent unless auditing is on.
 */
void sn_netlink_audit(const char *op, u32 id, int ret)
{
	if (audit_enabled == AUDIT_OFF)
		return;
	audit_log(audit_context(), GFP_KERNEL, AUDIT_KERNEL_OTHER,
		  "subsys=supernode op=%s id=%u pid=%d uid=%u auid=%u ses=%u res=%d", op, id,
		  task_tgid_nr(current), from_kuid(&init_user_ns, current_uid()),
		  from_kuid(&init_user_ns, audit_get_loginuid(current)),
		  audit_get_sessionid(current), !ret);
}

/**
 * sn_nl_need() - refuse a request that lacks an attribute
 * @info: parsed
 * @name: of the attribute, as the user knows it
 * @type: of the attribute
 *
 * Context: Any.
 * Return: 0, or -EINVAL with a sentence.
 */
int sn_nl_need(struct genl_info *info, const char *name, int type)
{
	if (!GENL_REQ_ATTR_CHECK(info, type))
		return 0;
	NL_SET_ERR_MSG_FMT(info->extack, "attribute '%s' is missing", name);
	return -EINVAL;
}

/**
 * sn_nl_reply_new() - begin a reply with one object
 * @info: of the request
 * @payload: bytes of attributes at most
 * @cmd: of the reply
 * @hdr: gets what sn_nl_reply() needs
 *
 * Context: Process context, may sleep.
 * Return: the message, or NULL when there is no memory.
 */
struct sk_buff *sn_nl_reply_new(struct genl_info *info, size_t payload, u8 cmd, void **hdr)
{
	struct sk_buff *msg = genlmsg_new(payload, GFP_KERNEL);

	if (!msg)
		return NULL;
	*hdr = genlmsg_put_reply(msg, info, &sn_family, 0, cmd);
	if (!*hdr) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

/**
 * sn_nl_reply() - send a reply
 * @info: of the request
 * @msg: filled; used up
 * @hdr: from sn_nl_reply_new()
 *
 * Context: Process context, may sleep.
 * Return: 0 or a negative errno.
 */
int sn_nl_reply(struct genl_info *info, struct sk_buff *msg, void *hdr)
{
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

/**
 * sn_nl_reply_id() - reply with the id of something new
 * @info: of the request
 * @msg: with room for it; used up
 * @hdr: from sn_nl_reply_new()
 * @type: of the attribute
 * @id: its value
 *
 * Context: Process context, may sleep.
 * Return: 0 or a negative errno.
 */
int sn_nl_reply_id(struct genl_info *info, struct sk_buff *msg, void *hdr, int type, u32 id)
{
	if (nla_put_u32(msg, type, id)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	return sn_nl_reply(info, msg, hdr);
}

/**
 * sn_nl_reply_with_fd() - send a reply and put the file it names in place
 * @info: of the request
 * @msg: filled; used up
 * @hdr: from sn_nl_reply_new()
 * @fd: reserved
 * @file: used up
 *
 * The sender is still in sendmsg() when the file appears, so it cannot be too late; and a reply
 * that found no room leaves no file behind.
 *
 * Context: Process of the sender, may sleep.
 * Return: 0 or a negative errno.
 */
int sn_nl_reply_with_fd(struct genl_info *info, struct sk_buff *msg, void *hdr, int fd,
			struct file *file)
{
	int ret = sn_nl_reply(info, msg, hdr);

	if (ret) {
		put_unused_fd(fd);
		fput(file);
		return ret;
	}
	fd_install(fd, file);
	return 0;
}

/*
 * Who a dump is for is settled now, and not when it is read by who knows whom. A refusal has to
 * wait for dump_next(), since older kernels take no sentence here.
 */
static int dump_start(struct netlink_callback *cb)
{
	const struct genl_dumpit_info *dump = genl_dumpit_info(cb);
	struct nlattr **attrs = genl_info_dump(cb)->attrs;
	bool admin = sn_netlink_is_admin(cb->skb);
	unsigned int i;

	if (dump->op.internal_flags & SN_OP_ADMIN_DUMP && !admin)
		cb->args[SN_DUMP_REFUSED] = -EPERM;
	for (i = 1; attrs && i <= dump->op.maxattr; i++)
		if (attrs[i])
			cb->args[SN_DUMP_REFUSED] = -EINVAL;
	cb->args[0] = 0;
	cb->args[SN_DUMP_ADMIN] = admin;
	return 0;
}

/**
 * sn_nl_dump_put() - begin one object of a dump
 * @skb: to fill
 * @cb: of the dump; cb->seq is the generation
 * @cmd: of the reply
 *
 * Context: Any.
 * Return: the header, or NULL when there is no room.
 */
void *sn_nl_dump_put(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd)
{
	void *hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &sn_family,
				NLM_F_MULTI, cmd);

	if (hdr)
		genl_dump_check_consistent(cb, hdr);
	return hdr;
}

static int (*const dumps[SN_CMD_MAX + 1])(struct sk_buff *skb, struct netlink_callback *cb) = {
	[SN_CMD_DEVICE_GET] = sn_nl_device_dump,
	[SN_CMD_LINK_GET] = sn_nl_link_dump,
	[SN_CMD_REGION_GET] = sn_nl_region_dump,
	[SN_CMD_ENGINE_GET] = sn_nl_engine_dump,
	[SN_CMD_PARTITION_GET] = sn_nl_partition_dump,
	[SN_CMD_TENANT_GET] = sn_nl_tenant_dump,
	[SN_CMD_BUFFER_GET] = sn_nl_buffer_dump,
	[SN_CMD_TRANSFER_GET] = sn_nl_transfer_dump,
};

static int dump_next(struct sk_buff *skb, struct netlink_callback *cb)
{
	switch (cb->args[SN_DUMP_REFUSED]) {
	case 0:
		return dumps[genl_dumpit_info(cb)->op.cmd](skb, cb);
	case -EPERM:
		NL_SET_ERR_MSG(cb->extack, NOT_ADMIN);
		break;
	default:
		NL_SET_ERR_MSG(cb->extack, "a dump takes no attribute");
	}
	return cb->args[SN_DUMP_REFUSED];
}

static int pre_doit(const struct genl_split_ops *op, struct sk_buff *skb, struct genl_info *info)
{
	if (op->internal_flags & SN_OP_ADMIN_DO)
		return sn_netlink_admin(skb, info->extack);
	return 0;
}

/* For commands without attributes: strict validation needs a policy to be strict with. */
static const struct nla_policy sn_nothing_policy[] = {
	[1] = { .type = NLA_REJECT },
};

#define SN_POLICY(name) .policy = sn_##name##_policy, .maxattr = ARRAY_SIZE(sn_##name##_policy) - 1
#define SN_DO(name) .doit = sn_nl_##name
#define SN_DUMP .start = dump_start, .dumpit = dump_next
#define SN_ADMIN(flags) .internal_flags = (flags)

static const struct genl_ops ops[] = {
	{ .cmd = SN_CMD_FEATURES_GET, SN_DO(features_get), SN_POLICY(nothing) },
	{ .cmd = SN_CMD_TOPOLOGY_GET, SN_DO(topology_get), SN_POLICY(nothing) },
	{ .cmd = SN_CMD_TOPOLOGY_BEGIN, SN_DO(topology_begin), SN_POLICY(topology_begin),
	  SN_ADMIN(SN_OP_ADMIN_DO) },
	{ .cmd = SN_CMD_TOPOLOGY_COMMIT, SN_DO(topology_commit), SN_POLICY(topology_commit),
	  SN_ADMIN(SN_OP_ADMIN_DO) },
	{ .cmd = SN_CMD_TOPOLOGY_ABORT, SN_DO(topology_abort), SN_POLICY(topology_abort),
	  SN_ADMIN(SN_OP_ADMIN_DO) },
	{ .cmd = SN_CMD_DEVICE_GET, SN_DO(device_get), SN_DUMP, SN_POLICY(device_get) },
	{ .cmd = SN_CMD_DEVICE_NEW, SN_DO(device_new), SN_POLICY(device_new),
	  SN_ADMIN(SN_OP_ADMIN_DO) },
	{ .cmd = SN_CMD_DEVICE_DEL, SN_DO(device_del), SN_POLICY(device_del),
	  SN_ADMIN(SN_OP_ADMIN_DO) },
	{ .cmd = SN_CMD_LINK_GET, SN_DO(link_get), SN_DUMP, SN_POLICY(link_get) },
	{ .cmd = SN_CMD_LINK_NEW, SN_DO(link_new), SN_POLICY(link_new),
	  SN_ADMIN(SN_OP_ADMIN_DO) },
	{ .cmd = SN_CMD_LINK_SET, SN_DO(link_set), SN_POLICY(link_set),
	  SN_ADMIN(SN_OP_ADMIN_DO) },
	{ .cmd = SN_CMD_LINK_DEL, SN_DO(link_del), SN_POLICY(link_del),
	  SN_ADMIN(SN_OP_ADMIN_DO) },
	{ .cmd = SN_CMD_REGION_GET, SN_DO(region_get), SN_DUMP, SN_POLICY(region_get) },
	{ .cmd = SN_CMD_ENGINE_GET, SN_DO(engine_get), SN_DUMP, SN_POLICY(engine_get) },
	{ .cmd = SN_CMD_PARTITION_GET, SN_DUMP, SN_POLICY(nothing) },
	{ .cmd = SN_CMD_TENANT_GET, SN_DUMP, SN_POLICY(nothing),
	  SN_ADMIN(SN_OP_ADMIN_DUMP) },
	{ .cmd = SN_CMD_PATH_GET, SN_DO(path_get), SN_POLICY(path_get) },
	{ .cmd = SN_CMD_SESSION_OPEN, SN_DO(session_open), SN_POLICY(session_open) },
	{ .cmd = SN_CMD_BUFFER_ALLOC, SN_DO(buffer_alloc), SN_POLICY(buffer_alloc) },
	{ .cmd = SN_CMD_BUFFER_GET, SN_DO(buffer_get), SN_DUMP, SN_POLICY(buffer_get),
	  SN_ADMIN(SN_OP_ADMIN_DO | SN_OP_ADMIN_DUMP) },
	{ .cmd = SN_CMD_BUFFER_INFO, SN_DO(buffer_info), SN_POLICY(buffer_info) },
	{ .cmd = SN_CMD_TRANSFER_SUBMIT, SN_DO(transfer_submit), SN_POLICY(transfer_submit) },
	{ .cmd = SN_CMD_TRANSFER_GET, SN_DO(transfer_get), SN_DUMP,
	  SN_POLICY(transfer_get), SN_ADMIN(SN_OP_ADMIN_DUMP) },
	{ .cmd = SN_CMD_TRANSFER_CANCEL, SN_DO(transfer_cancel), SN_POLICY(transfer_cancel) },
	{ .cmd = SN_CMD_STATS_GET, SN_DO(stats_get), SN_POLICY(nothing) },
};

static const struct genl_multicast_group groups[] = {
	[SN_GROUP_TOPOLOGY] = { .name = SN_MCGRP_TOPOLOGY },
	[SN_GROUP_MEMORY] = { .name = SN_MCGRP_MEMORY, .flags = GENL_MCAST_CAP_SYS_ADMIN },
	[SN_GROUP_TRANSFER] = { .name = SN_MCGRP_TRANSFER, .flags = GENL_MCAST_CAP_SYS_ADMIN },
	[SN_GROUP_FAULT] = { .name = SN_MCGRP_FAULT, .flags = GENL_MCAST_CAP_SYS_ADMIN },
};

struct genl_family sn_family __ro_after_init = {
	.name = SN_FAMILY_NAME,
	.version = SN_FAMILY_VERSION,
	.netnsok = true,
	.parallel_ops = true,
	.pre_doit = pre_doit,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
	.module = THIS_MODULE,
};

/**
 * sn_netlink_init() - open the door
 *
 * Context: Module init; everything else is up.
 * Return: 0 or a negative errno.
 */
int __init sn_netlink_init(void)
{
	return genl_register_family(&sn_family);
}

/**
 * sn_netlink_exit() - close the door; no handler runs when it returns
 *
 * Context: Module exit.
 */
void sn_netlink_exit(void)
{
	genl_unregister_family(&sn_family);
}

MODULE_ALIAS_GENL_FAMILY(SN_FAMILY_NAME);

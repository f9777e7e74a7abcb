// SPDX-License-Identifier: GPL-2.0-only
/*
 * FEATURES_GET and TOPOLOGY_*.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/module.h>

#include "device.h"
#include "netlink.h"
#include "path.h"
#include "topology.h"
#include "transfer.h"

const struct nla_policy sn_topology_begin_policy[SN_A_TOPOLOGY_MAX + 1] = {
	[SN_A_TOPOLOGY_NAME] = { .type = NLA_NUL_STRING, .len = SN_NAME_MAX },
};

const struct nla_policy sn_topology_commit_policy[SN_A_TOPOLOGY_MAX + 1] = {
	[SN_A_TOPOLOGY_FD] = { .type = NLA_S32 },
	[SN_A_TOPOLOGY_FLAGS] = NLA_POLICY_MASK(NLA_U32, SN_TOPOLOGY_F_DRY_RUN),
};

const struct nla_policy sn_topology_abort_policy[SN_A_TOPOLOGY_MAX + 1] = {
	[SN_A_TOPOLOGY_FD] = { .type = NLA_S32 },
};

/* Backends come and go: there is room for all that fit, and a program asks again. */
static int fill_features(struct sk_buff *msg)
{
	char name[SN_NAME_MAX + 1];
	u32 pos;

	if (nla_put_string(msg, SN_A_FEATURES_VERSION, THIS_MODULE->version) ||
	    nla_put_u32(msg, SN_A_FEATURES_SEGMENTS_MAX, SN_SEGMENTS_MAX) ||
	    nla_put_u32(msg, SN_A_FEATURES_IN_FENCES_MAX, SN_IN_FENCES_MAX) ||
	    nla_put_u32(msg, SN_A_FEATURES_STAGES_MAX, SN_STAGES_MAX) ||
	    nla_put_u32(msg, SN_A_FEATURES_PATHS_MAX, SN_PATHS_MAX) ||
	    sn_put_u64(msg, SN_A_FEATURES_FENCE_LIMIT_NS, sn_transfer_fence_limit_ns()))
		return -EMSGSIZE;
	for (pos = 0; sn_backend_name(pos, name); pos++)
		if (nla_put_string(msg, SN_A_FEATURES_BACKEND, name))
			return -EMSGSIZE;
	return 0;
}

/**
 * sn_nl_features_get() - doit of FEATURES_GET
 * @skb: request
 * @info: parsed
 *
 * Context: Process of the sender.
 * Return: 0 or a negative errno.
 */
int sn_nl_features_get(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *msg;
	void *hdr;
	int ret;

	msg = sn_nl_reply_new(info, NLMSG_DEFAULT_SIZE, SN_CMD_FEATURES_GET, &hdr);
	if (!msg)
		return -ENOMEM;
	ret = fill_features(msg);
	if (ret) {
		nlmsg_free(msg);
		return ret;
	}
	return sn_nl_reply(info, msg, hdr);
}

static int reply_topology(struct genl_info *info, struct sk_buff *msg, void *hdr)
{
	struct sn_topology *topo = sn_topology_get();
	int ret;

	ret = sn_put_u64(msg, SN_A_TOPOLOGY_GENERATION, topo->generation) ||
	      nla_put_string(msg, SN_A_TOPOLOGY_NAME, topo->name) ||
	      nla_put_u32(msg, SN_A_TOPOLOGY_DEVICES, topo->ndevices) ||
	      nla_put_u32(msg, SN_A_TOPOLOGY_LINKS, topo->nlinks) ? -EMSGSIZE : 0;
	sn_topology_put(topo);
	if (ret) {
		nlmsg_free(msg);
		return ret;
	}
	return sn_nl_reply(info, msg, hdr);
}

/**
 * sn_nl_topology_get() - doit of TOPOLOGY_GET
 * @skb: request
 * @info: parsed
 *
 * Context: Process of the sender.
 * Return: 0 or a negative errno.
 */
int sn_nl_topology_get(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *msg;
	void *hdr;

	msg = sn_nl_reply_new(info, NLMSG_DEFAULT_SIZE, SN_CMD_TOPOLOGY_GET, &hdr);
	return msg ? reply_topology(info, msg, hdr) : -ENOMEM;
}

/**
 * sn_nl_topology_begin() - doit of TOPOLOGY_BEGIN
 * @skb: request
 * @info: parsed
 *
 * Context: Process of the sender.
 * Return: 0 or a negative errno with a sentence.
 */
int sn_nl_topology_begin(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *name = info->attrs[SN_A_TOPOLOGY_NAME];
	struct sk_buff *msg;
	struct file *file;
	u64 generation;
	void *hdr;
	int fd, ret;

	file = sn_txn_open(name ? nla_data(name) : NULL, &generation);
	if (IS_ERR(file))
		return PTR_ERR(file);
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		ret = fd;
		goto err_put_file;
	}
	ret = -ENOMEM;
	msg = sn_nl_reply_new(info, NLMSG_DEFAULT_SIZE, SN_CMD_TOPOLOGY_BEGIN, &hdr);
	if (!msg)
		goto err_put_fd;
	ret = -EMSGSIZE;
	if (nla_put_s32(msg, SN_A_TOPOLOGY_FD, fd) ||
	    sn_put_u64(msg, SN_A_TOPOLOGY_GENERATION, generation))
		goto err_free_msg;
	return sn_nl_reply_with_fd(info, msg, hdr, fd, file);

err_free_msg:
	nlmsg_free(msg);
err_put_fd:
	put_unused_fd(fd);
err_put_file:
	fput(file);
	return ret;
}

/* The transaction that a request names; the caller puts the file. */
static struct sn_txn *get_txn(struct nlattr *attr, struct file **file,
			      struct netlink_ext_ack *extack)
{
	struct sn_txn *txn;

	*file = fget(nla_get_s32(attr));
	if (!*file) {
		NL_SET_ERR_MSG_ATTR_FMT(extack, attr, "fd %d is not open", nla_get_s32(attr));
		return ERR_PTR(-EBADF);
	}
	txn = sn_txn_from_file(*file);
	if (!txn) {
		NL_SET_ERR_MSG_ATTR_FMT(extack, attr, "fd %d is not a topology transaction",
					nla_get_s32(attr));
		fput(*file);
		return ERR_PTR(-EINVAL);
	}
	return txn;
}

/**
 * sn_nl_stage() - stage in the transaction that a request names, else in one of its own
 * @info: parsed
 * @txn_type: attribute with the fd, if there is one
 * @stage: stages; may be called again in another transaction
 * @arg: its argument
 *
 * Context: Process of the sender.
 * Return: 0 or a negative errno with a sentence.
 */
int sn_nl_stage(struct genl_info *info, int txn_type,
		int (*stage)(struct sn_txn *txn, void *arg, struct netlink_ext_ack *extack),
		void *arg)
{
	struct nlattr *attr = info->attrs[txn_type];
	struct sn_txn *txn;
	struct file *file;
	int ret;

	if (!attr)
		return sn_txn_run(stage, arg, info->extack);
	txn = get_txn(attr, &file, info->extack);
	if (IS_ERR(txn))
		return PTR_ERR(txn);
	ret = sn_txn_stage(txn, stage, arg, info->extack);
	fput(file);
	return ret;
}

/**
 * sn_nl_topology_commit() - doit of TOPOLOGY_COMMIT
 * @skb: request
 * @info: parsed
 *
 * Context: Process of the sender.
 * Return: 0 or a negative errno with a sentence.
 */
int sn_nl_topology_commit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *flags = info->attrs[SN_A_TOPOLOGY_FLAGS];
	bool dry_run = flags && nla_get_u32(flags) & SN_TOPOLOGY_F_DRY_RUN;
	struct sn_txn *txn;
	struct sk_buff *msg;
	struct file *file;
	void *hdr;
	int ret;

	ret = sn_nl_need(info, "fd", SN_A_TOPOLOGY_FD);
	if (ret)
		return ret;
	txn = get_txn(info->attrs[SN_A_TOPOLOGY_FD], &file, info->extack);
	if (IS_ERR(txn))
		return PTR_ERR(txn);
	/* Before the commit, which cannot be taken back when there is no memory to tell of it. */
	ret = -ENOMEM;
	msg = sn_nl_reply_new(info, NLMSG_DEFAULT_SIZE, SN_CMD_TOPOLOGY_COMMIT, &hdr);
	if (!msg)
		goto out_put_file;
	ret = sn_txn_commit(txn, dry_run, info->extack);
	if (!dry_run)
		sn_netlink_audit("topology-commit", 0, ret);
	if (ret)
		nlmsg_free(msg);
	else
		ret = reply_topology(info, msg, hdr);
out_put_file:
	fput(file);
	return ret;
}

/**
 * sn_nl_topology_abort() - doit of TOPOLOGY_ABORT
 * @skb: request
 * @info: parsed
 *
 * Context: Process of the sender.
 * Return: 0 or a negative errno with a sentence.
 */
int sn_nl_topology_abort(struct sk_buff *skb, struct genl_info *info)
{
	struct sn_txn *txn;
	struct file *file;
	int ret;

	ret = sn_nl_need(info, "fd", SN_A_TOPOLOGY_FD);
	if (ret)
		return ret;
	txn = get_txn(info->attrs[SN_A_TOPOLOGY_FD], &file, info->extack);
	if (IS_ERR(txn))
		return PTR_ERR(txn);
	sn_txn_abort(txn);
	fput(file);
	return 0;
}

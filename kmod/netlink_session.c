// SPDX-License-Identifier: GPL-2.0-only
/*
 * SESSION_OPEN, and the session fd that other requests name.
 */
#include <linux/err.h>
#include <linux/file.h>

#include "netlink.h"
#include "session.h"
#include "tenant.h"

const struct nla_policy sn_session_open_policy[SN_A_SESSION_MAX + 1] = {
	[SN_A_SESSION_CLASS] = NLA_POLICY_MAX(NLA_U32, SN_CLASS_MAX),
};

/**
 * sn_nl_session_open() - doit of SESSION_OPEN
 * @skb: request
 * @info: parsed
 *
 * Context: Process of the sender.
 * Return: 0 or a negative errno with a sentence.
 */
int sn_nl_session_open(struct sk_buff *skb, struct genl_info *info)
{
	enum sn_class class = SN_CLASS_NORMAL;
	struct sn_session *session;
	struct sn_tenant *tenant;
	struct sk_buff *msg;
	struct file *file;
	void *hdr;
	int fd, ret;

	if (info->attrs[SN_A_SESSION_CLASS])
		class = nla_get_u32(info->attrs[SN_A_SESSION_CLASS]);
	if (class == SN_CLASS_DEADLINE) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[SN_A_SESSION_CLASS],
				    "class deadline needs admission, which there is not");
		return -EOPNOTSUPP;
	}
	tenant = sn_tenant_of_current(sn_netlink_is_admin(skb), info->extack);
	if (IS_ERR(tenant))
		return PTR_ERR(tenant);
	file = sn_session_open(tenant, class, info->extack);
	if (IS_ERR(file))
		return PTR_ERR(file);
	session = sn_session_from_file(file);

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		ret = fd;
		goto err_put_file;
	}
	ret = -ENOMEM;
	msg = sn_nl_reply_new(info, NLMSG_DEFAULT_SIZE, SN_CMD_SESSION_OPEN, &hdr);
	if (!msg)
		goto err_put_fd;
	ret = -EMSGSIZE;
	if (nla_put_s32(msg, SN_A_SESSION_FD, fd) ||
	    nla_put_u32(msg, SN_A_SESSION_ID, session->id) ||
	    nla_put_u32(msg, SN_A_SESSION_CLASS, class) ||
	    nla_put_u32(msg, SN_A_SESSION_TENANT, tenant->id) ||
	    nla_put_u32(msg, SN_A_SESSION_PARTITION, tenant->partition) ||
	    nla_put_u32(msg, SN_A_SESSION_TRANSFERS_MAX, session->records_max))
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

/**
 * sn_nl_get_session() - the session that a request names
 * @info: request
 * @attr: its session fd, NULL when it has none
 * @session: set on success, valid while the file is held
 *
 * Context: Process of the sender.
 * Return: the session's file, held, or ERR_PTR() with a sentence.
 */
struct file *sn_nl_get_session(struct genl_info *info, const struct nlattr *attr,
			       struct sn_session **session)
{
	struct file *file;

	if (!attr) {
		NL_SET_ERR_MSG(info->extack, "session fd is missing");
		return ERR_PTR(-EINVAL);
	}
	file = fget(nla_get_s32(attr));
	if (!file) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "session fd is not open");
		return ERR_PTR(-EBADF);
	}
	*session = sn_session_from_file(file);
	if (!*session) {
		fput(file);
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "session fd is not a session");
		return ERR_PTR(-EINVAL);
	}
	return file;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * TRANSFER_SUBMIT, TRANSFER_GET, TRANSFER_CANCEL.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/sync_file.h>

#include "netlink.h"
#include "session.h"
#include "transfer.h"

static int check_segments(const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	u32 bytes = nla_len(attr);

	if (bytes && bytes % sizeof(struct sn_segment) == 0 &&
	    bytes / sizeof(struct sn_segment) <= SN_SEGMENTS_MAX)
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, attr, "segments must be 1 to 1024 whole struct sn_segment");
	return -EINVAL;
}

const struct nla_policy sn_transfer_submit_policy[SN_A_TRANSFER_MAX + 1] = {
	[SN_A_TRANSFER_SESSION_FD] = { .type = NLA_S32 },
	[SN_A_TRANSFER_SEGMENTS] = NLA_POLICY_VALIDATE_FN(NLA_BINARY, check_segments),
	[SN_A_TRANSFER_CLASS] = NLA_POLICY_MAX(NLA_U32, SN_CLASS_MAX),
	[SN_A_TRANSFER_FLAGS] = NLA_POLICY_MASK(NLA_U32, SN_TRANSFER_F_OUT_FENCE),
	[SN_A_TRANSFER_IN_FENCE_FD] = { .type = NLA_S32 },
	[SN_A_TRANSFER_USER_DATA] = { .type = NLA_U64 },
};

const struct nla_policy sn_transfer_get_policy[SN_A_TRANSFER_MAX + 1] = {
	[SN_A_TRANSFER_SESSION_FD] = { .type = NLA_S32 },
	[SN_A_TRANSFER_ID] = { .type = NLA_U64 },
};

const struct nla_policy sn_transfer_cancel_policy[SN_A_TRANSFER_MAX + 1] = {
	[SN_A_TRANSFER_SESSION_FD] = { .type = NLA_S32 },
	[SN_A_TRANSFER_ID] = { .type = NLA_U64 },
};

static int parse_in_fences(struct genl_info *info, struct sn_transfer_spec *spec)
{
	const struct nlattr *attr;
	int rem;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != SN_A_TRANSFER_IN_FENCE_FD)
			continue;
		if (spec->nin_fences == SN_IN_FENCES_MAX) {
			NL_SET_ERR_MSG_ATTR(info->extack, attr, "too many in-fences, limit 16");
			return -E2BIG;
		}
		spec->in_fences[spec->nin_fences++] = nla_get_s32(attr);
	}
	return 0;
}

static int parse_submit(struct genl_info *info, const struct sn_session *session,
			struct sn_transfer_spec *spec)
{
	struct nlattr **attrs = info->attrs;

	BUILD_BUG_ON(sizeof(struct sn_segment) != 32);
	if (!attrs[SN_A_TRANSFER_SEGMENTS]) {
		NL_SET_ERR_MSG(info->extack, "segments are missing");
		return -EINVAL;
	}
	spec->nsegments = nla_len(attrs[SN_A_TRANSFER_SEGMENTS]) / sizeof(struct sn_segment);
	spec->class = session->default_class;
	if (attrs[SN_A_TRANSFER_CLASS])
		spec->class = nla_get_u32(attrs[SN_A_TRANSFER_CLASS]);
	if (spec->class == SN_CLASS_DEADLINE) {
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[SN_A_TRANSFER_CLASS],
				    "class deadline needs admission, which there is not");
		return -EOPNOTSUPP;
	}
	if (attrs[SN_A_TRANSFER_FLAGS])
		spec->flags = nla_get_u32(attrs[SN_A_TRANSFER_FLAGS]);
	if (attrs[SN_A_TRANSFER_USER_DATA])
		spec->user_data = nla_get_u64(attrs[SN_A_TRANSFER_USER_DATA]);
	return parse_in_fences(info, spec);
}

/* Reply first, then the fence's fd, then the start: nothing fails after it began. */
static int reply_and_submit(struct genl_info *info, struct sn_transfer *t)
{
	struct sync_file *fence = NULL;
	struct sk_buff *msg;
	int fd = -1, ret;
	void *hdr;

	if (t->out_fence) {
		fence = sync_file_create(t->out_fence);
		if (!fence)
			return -ENOMEM;
		fd = get_unused_fd_flags(O_CLOEXEC);
		ret = fd;
		if (fd < 0)
			goto err_put_fence;
	}
	ret = -ENOMEM;
	msg = sn_nl_reply_new(info, NLMSG_DEFAULT_SIZE, SN_CMD_TRANSFER_SUBMIT, &hdr);
	if (!msg)
		goto err_put_fd;
	ret = -EMSGSIZE;
	if (sn_put_u64(msg, SN_A_TRANSFER_ID, t->id) ||
	    (fence && nla_put_s32(msg, SN_A_TRANSFER_OUT_FENCE_FD, fd)))
		goto err_free_msg;
	if (fence)
		ret = sn_nl_reply_with_fd(info, msg, hdr, fd, fence->file);
	else
		ret = sn_nl_reply(info, msg, hdr);
	if (!ret)
		sn_transfer_submit(t);
	return ret;

err_free_msg:
	nlmsg_free(msg);
err_put_fd:
	if (fence)
		put_unused_fd(fd);
err_put_fence:
	if (fence)
		fput(fence->file);
	return ret;
}

/**
 * sn_nl_transfer_submit() - doit of TRANSFER_SUBMIT
 * @skb: request
 * @info: parsed
 *
 * Context: Process of the sender, whose fds the segments name.
 * Return: 0 or a negative errno with a sentence; the transfer is accepted whole
 * or not at all.
 */
int sn_nl_transfer_submit(struct sk_buff *skb, struct genl_info *info)
{
	struct sn_transfer_spec spec = {};
	struct sn_segment *segments;
	struct sn_session *session;
	struct sn_transfer *t;
	struct file *file;
	int ret;

	file = sn_nl_get_session(info, info->attrs[SN_A_TRANSFER_SESSION_FD], &session);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = parse_submit(info, session, &spec);
	if (ret)
		goto out_put_file;
	/* Attributes are aligned to 4 bytes, the segments' members to 8. */
	ret = -ENOMEM;
	segments = kvmalloc_array(spec.nsegments, sizeof(*segments), GFP_KERNEL | __GFP_NOWARN);
	if (!segments)
		goto out_put_file;
	memcpy(segments, nla_data(info->attrs[SN_A_TRANSFER_SEGMENTS]),
	       spec.nsegments * sizeof(*segments));
	spec.segments = segments;
	t = sn_transfer_new(session, &spec, info->extack);
	kvfree(segments);
	ret = PTR_ERR_OR_ZERO(t);
	if (ret)
		goto out_put_file;
	ret = sn_transfer_accept(t, info->extack);
	if (ret) {
		sn_transfer_discard(t, false);
		goto out_put_file;
	}
	ret = reply_and_submit(info, t);
	if (ret)
		sn_transfer_discard(t, true);
out_put_file:
	fput(file);
	return ret;
}

static int fill(struct sk_buff *msg, const struct sn_transfer *t)
{
	enum sn_transfer_state state = sn_transfer_state(t);
	bool done = state == SN_TRANSFER_STATE_DONE;

	if (sn_put_u64(msg, SN_A_TRANSFER_ID, t->id) ||
	    nla_put_u32(msg, SN_A_TRANSFER_SESSION, t->session_id) ||
	    nla_put_u32(msg, SN_A_TRANSFER_CLASS, t->class) ||
	    nla_put_u32(msg, SN_A_TRANSFER_STATE, state) ||
	    (done && nla_put_s32(msg, SN_A_TRANSFER_STATUS, t->record.completion.status)) ||
	    sn_put_u64(msg, SN_A_TRANSFER_BYTES, t->bytes) ||
	    sn_put_u64(msg, SN_A_TRANSFER_DONE_BYTES, READ_ONCE(t->done_bytes)) ||
	    sn_put_u64(msg, SN_A_TRANSFER_USER_DATA, t->record.completion.user_data) ||
	    sn_put_u64(msg, SN_A_TRANSFER_SUBMIT_NS, t->submit_ns) ||
	    sn_put_u64(msg, SN_A_TRANSFER_START_NS, READ_ONCE(t->start_ns)) ||
	    (done && sn_put_u64(msg, SN_A_TRANSFER_END_NS, t->end_ns)))
		return -EMSGSIZE;
	return 0;
}

/* The transfer that a request names, referenced; ERR_PTR() with a sentence otherwise. */
static struct sn_transfer *get_transfer(struct genl_info *info)
{
	struct nlattr *attr = info->attrs[SN_A_TRANSFER_ID];
	struct sn_session *session;
	struct sn_transfer *t;
	struct file *file;

	file = sn_nl_get_session(info, info->attrs[SN_A_TRANSFER_SESSION_FD], &session);
	if (IS_ERR(file))
		return ERR_CAST(file);
	if (!attr) {
		NL_SET_ERR_MSG(info->extack, "transfer id is missing");
		t = ERR_PTR(-EINVAL);
	} else {
		t = sn_transfer_find(session, nla_get_u64(attr));
		if (!t) {
			NL_SET_ERR_MSG_ATTR(info->extack, attr,
					    "no such transfer, or its completion was read");
			t = ERR_PTR(-ENOENT);
		}
	}
	fput(file);
	return t;
}

/**
 * sn_nl_transfer_get() - doit of TRANSFER_GET
 * @skb: request
 * @info: parsed
 *
 * Context: Process of the sender.
 * Return: 0 or a negative errno with a sentence.
 */
int sn_nl_transfer_get(struct sk_buff *skb, struct genl_info *info)
{
	struct sn_transfer *t = get_transfer(info);
	struct sk_buff *msg;
	void *hdr;
	int ret;

	if (IS_ERR(t))
		return PTR_ERR(t);
	msg = sn_nl_reply_new(info, NLMSG_DEFAULT_SIZE, SN_CMD_TRANSFER_GET, &hdr);
	if (!msg) {
		sn_transfer_put(t);
		return -ENOMEM;
	}
	ret = fill(msg, t);
	sn_transfer_put(t);
	if (ret) {
		nlmsg_free(msg);
		return ret;
	}
	return sn_nl_reply(info, msg, hdr);
}

/**
 * sn_nl_transfer_dump() - dumpit of TRANSFER_GET: those not yet released, by id
 * @skb: to fill
 * @cb: cb->args[0] is the id to go on from
 *
 * Context: Process.
 * Return: bytes filled, or -EPERM with a sentence.
 */
int sn_nl_transfer_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct sn_transfer *t;
	void *hdr;
	int ret;

	while ((t = sn_transfer_next(cb->args[0]))) {
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &sn_family,
				  NLM_F_MULTI, SN_CMD_TRANSFER_GET);
		ret = hdr ? fill(skb, t) : -EMSGSIZE;
		if (ret) {
			if (hdr)
				genlmsg_cancel(skb, hdr);
			sn_transfer_put(t);
			break;
		}
		genlmsg_end(skb, hdr);
		cb->args[0] = t->id + 1;
		sn_transfer_put(t);
	}
	return skb->len;
}

/**
 * sn_nl_transfer_cancel() - doit of TRANSFER_CANCEL
 * @skb: request
 * @info: parsed
 *
 * Context: Process of the sender. Does not wait: the completion record tells.
 * Return: 0 (also when it has ended), or a negative errno with a sentence.
 */
int sn_nl_transfer_cancel(struct sk_buff *skb, struct genl_info *info)
{
	struct sn_transfer *t = get_transfer(info);

	if (IS_ERR(t))
		return PTR_ERR(t);
	sn_transfer_cancel(t, -ECANCELED);
	sn_transfer_put(t);
	return 0;
}

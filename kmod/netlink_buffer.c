// SPDX-License-Identifier: GPL-2.0-only
/*
 * BUFFER_ALLOC, BUFFER_GET, BUFFER_INFO.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/pid.h>

#include "buffer_object.h"
#include "device.h"
#include "netlink.h"
#include "session.h"
#include "topology.h"

/* Importers to name: more would not fit in a message, and say no more. */
#define ATTACHMENTS_SHOWN 16
#define ATTACHMENT_NAME_MAX 63

const struct nla_policy sn_buffer_alloc_policy[SN_A_BUFFER_MAX + 1] = {
	[SN_A_BUFFER_SESSION_FD] = { .type = NLA_S32 },
	[SN_A_BUFFER_REGION] = { .type = NLA_U32 },
	[SN_A_BUFFER_BYTES] = { .type = NLA_U64 },
	[SN_A_BUFFER_NAME] = { .type = NLA_NUL_STRING, .len = SN_NAME_MAX },
	[SN_A_BUFFER_FD_FLAGS] = NLA_POLICY_MAX(NLA_U32, O_RDWR),
	[SN_A_BUFFER_USER_DATA] = { .type = NLA_U64 },
};

const struct nla_policy sn_buffer_get_policy[SN_A_BUFFER_MAX + 1] = {
	[SN_A_BUFFER_ID] = { .type = NLA_U64 },
};

const struct nla_policy sn_buffer_info_policy[SN_A_BUFFER_MAX + 1] = {
	[SN_A_BUFFER_FD] = { .type = NLA_S32 },
};

/* The region, with a reference to its device; ERR_PTR() with a sentence otherwise. */
static struct sn_region *get_region(struct genl_info *info)
{
	struct nlattr *attr = info->attrs[SN_A_BUFFER_REGION];
	struct sn_topology *topo;
	struct sn_region *region;

	if (!attr) {
		NL_SET_ERR_MSG(info->extack, "region id is missing");
		return ERR_PTR(-EINVAL);
	}
	topo = sn_topology_get();
	region = sn_topology_region(topo, nla_get_u32(attr));
	if (region)
		sn_device_get(region->dev);
	sn_topology_put(topo);
	if (region)
		return region;
	NL_SET_ERR_MSG_ATTR(info->extack, attr, "no such region");
	return ERR_PTR(-ENOENT);
}

static int parse_alloc(struct genl_info *info, struct sn_buffer_spec *spec)
{
	struct nlattr **attrs = info->attrs;

	if (!attrs[SN_A_BUFFER_BYTES]) {
		NL_SET_ERR_MSG(info->extack, "bytes are missing");
		return -EINVAL;
	}
	spec->bytes = nla_get_u64(attrs[SN_A_BUFFER_BYTES]);
	spec->fd_flags = O_RDWR;
	if (attrs[SN_A_BUFFER_FD_FLAGS])
		spec->fd_flags = nla_get_u32(attrs[SN_A_BUFFER_FD_FLAGS]);
	if (attrs[SN_A_BUFFER_NAME])
		nla_strscpy(spec->name, attrs[SN_A_BUFFER_NAME], sizeof(spec->name));
	if (attrs[SN_A_BUFFER_USER_DATA])
		spec->user_data = nla_get_u64(attrs[SN_A_BUFFER_USER_DATA]);
	return 0;
}

/* All that can fail comes before the allocation, but for sending the answer. */
static int alloc_and_reply(struct genl_info *info, struct sn_session *session,
			   struct sn_region *region, const struct sn_buffer_spec *spec)
{
	struct sn_buffer *buffer;
	struct dma_buf *dmabuf;
	struct sk_buff *msg;
	void *hdr;
	int fd, ret;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	ret = -ENOMEM;
	msg = sn_nl_reply_new(info, NLMSG_DEFAULT_SIZE, SN_CMD_BUFFER_ALLOC, &hdr);
	if (!msg)
		goto err_put_fd;
	dmabuf = sn_buffer_alloc(session, region, spec, info->extack);
	ret = PTR_ERR_OR_ZERO(dmabuf);
	if (ret)
		goto err_free_msg;
	buffer = sn_buffer_from_dmabuf(dmabuf);
	ret = -EMSGSIZE;
	if (nla_put_s32(msg, SN_A_BUFFER_FD, fd) ||
	    sn_put_u64(msg, SN_A_BUFFER_ID, sn_buffer_id(buffer)) ||
	    nla_put_u32(msg, SN_A_BUFFER_STATE, sn_buffer_state(buffer)))
		goto err_put_dmabuf;
	return sn_nl_reply_with_fd(info, msg, hdr, fd, dmabuf->file);

err_put_dmabuf:
	dma_buf_put(dmabuf);
err_free_msg:
	nlmsg_free(msg);
err_put_fd:
	put_unused_fd(fd);
	return ret;
}

/**
 * sn_nl_buffer_alloc() - doit of BUFFER_ALLOC
 * @skb: request
 * @info: parsed
 *
 * Context: Process of the sender, who gets the fd.
 * Return: 0 or a negative errno with a sentence.
 */
int sn_nl_buffer_alloc(struct sk_buff *skb, struct genl_info *info)
{
	struct sn_buffer_spec spec = {};
	struct sn_session *session;
	struct sn_region *region;
	struct file *file;
	int ret;

	ret = parse_alloc(info, &spec);
	if (ret)
		return ret;
	file = sn_nl_get_session(info, info->attrs[SN_A_BUFFER_SESSION_FD], &session);
	if (IS_ERR(file))
		return PTR_ERR(file);
	region = get_region(info);
	ret = PTR_ERR_OR_ZERO(region);
	if (!ret) {
		ret = alloc_and_reply(info, session, region, &spec);
		sn_device_put(region->dev);
	}
	fput(file);
	return ret;
}

static int fill_attachments(struct sk_buff *msg, struct sn_buffer *buffer)
{
	const struct sn_importer *importer;
	int left = ATTACHMENTS_SHOWN;
	char name[ATTACHMENT_NAME_MAX + 1];
	int ret = 0;

	mutex_lock(&buffer->importer_lock);
	list_for_each_entry(importer, &buffer->importers, node) {
		if (!left--)
			break;
		strscpy(name, dev_name(importer->dev), sizeof(name));
		ret = nla_put_string(msg, SN_A_BUFFER_ATTACHMENT, name);
		if (ret)
			break;
	}
	mutex_unlock(&buffer->importer_lock);
	return ret;
}

static int fill(struct sk_buff *msg, struct sn_buffer *buffer)
{
	/* 0 when the creator is in a namespace that the reader does not see. */
	pid_t pid = pid_vnr(buffer->pid);

	if (sn_put_u64(msg, SN_A_BUFFER_ID, buffer->id) ||
	    (*buffer->name && nla_put_string(msg, SN_A_BUFFER_NAME, buffer->name)) ||
	    nla_put_u32(msg, SN_A_BUFFER_REGION, buffer->region_id) ||
	    nla_put_u32(msg, SN_A_BUFFER_DEVICE, buffer->device_id) ||
	    sn_put_u64(msg, SN_A_BUFFER_BYTES, buffer->bytes) ||
	    sn_put_u64(msg, SN_A_BUFFER_OFFSET, buffer->offset) ||
	    nla_put_u32(msg, SN_A_BUFFER_STATE, sn_buffer_state(buffer)) ||
	    nla_put_u32(msg, SN_A_BUFFER_TENANT, buffer->tenant_id) ||
	    nla_put_u32(msg, SN_A_BUFFER_PID, pid) ||
	    nla_put_string(msg, SN_A_BUFFER_COMM, buffer->comm) ||
	    nla_put_u32(msg, SN_A_BUFFER_MAPPINGS, READ_ONCE(buffer->mappings)) ||
	    nla_put_u32(msg, SN_A_BUFFER_TRANSFERS, atomic_read(&buffer->pins)) ||
	    sn_put_u64(msg, SN_A_BUFFER_USER_DATA, buffer->user_data) ||
	    fill_attachments(msg, buffer))
		return -EMSGSIZE;
	return 0;
}

static int reply(struct genl_info *info, struct sn_buffer *buffer, u8 cmd)
{
	struct sk_buff *msg;
	void *hdr;
	int ret;

	msg = sn_nl_reply_new(info, NLMSG_DEFAULT_SIZE, cmd, &hdr);
	if (!msg)
		return -ENOMEM;
	ret = fill(msg, buffer);
	if (ret) {
		nlmsg_free(msg);
		return ret;
	}
	return sn_nl_reply(info, msg, hdr);
}

/**
 * sn_nl_buffer_get() - doit of BUFFER_GET
 * @skb: request, of an administrator
 * @info: parsed
 *
 * Context: Process of the sender.
 * Return: 0 or a negative errno with a sentence.
 */
int sn_nl_buffer_get(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *attr = info->attrs[SN_A_BUFFER_ID];
	struct sn_buffer *buffer;
	int ret;

	if (!attr) {
		NL_SET_ERR_MSG(info->extack, "buffer id is missing");
		return -EINVAL;
	}
	buffer = sn_buffer_get_by_id(nla_get_u64(attr));
	if (!buffer) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "no such buffer");
		return -ENOENT;
	}
	ret = reply(info, buffer, SN_CMD_BUFFER_GET);
	sn_buffer_put(buffer);
	return ret;
}

/**
 * sn_nl_buffer_dump() - dumpit of BUFFER_GET: by id, so each that stays is there once
 * @skb: to fill
 * @cb: of an administrator; cb->args[0] is the id to go on from
 *
 * Context: Process.
 * Return: bytes filled.
 */
int sn_nl_buffer_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct sn_buffer *buffer;
	void *hdr;
	int ret;

	while ((buffer = sn_buffer_get_next(cb->args[0]))) {
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &sn_family,
				  NLM_F_MULTI, SN_CMD_BUFFER_GET);
		ret = hdr ? fill(skb, buffer) : -EMSGSIZE;
		if (!ret) {
			genlmsg_end(skb, hdr);
			cb->args[0] = buffer->id + 1;
		} else if (hdr) {
			genlmsg_cancel(skb, hdr);
		}
		sn_buffer_put(buffer);
		if (ret)
			break;
	}
	return skb->len;
}

/**
 * sn_nl_buffer_info() - doit of BUFFER_INFO
 * @skb: request
 * @info: parsed
 *
 * Context: Process of the sender, whose fd it is.
 * Return: 0 or a negative errno with a sentence.
 */
int sn_nl_buffer_info(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *attr = info->attrs[SN_A_BUFFER_FD];
	struct sn_buffer *buffer;
	struct dma_buf *dmabuf;
	int ret;

	if (!attr) {
		NL_SET_ERR_MSG(info->extack, "buffer fd is missing");
		return -EINVAL;
	}
	dmabuf = dma_buf_get(nla_get_s32(attr));
	if (IS_ERR(dmabuf)) {
		ret = PTR_ERR(dmabuf);
		if (ret == -EBADF)
			NL_SET_ERR_MSG_ATTR(info->extack, attr, "buffer fd is not open");
		else
			NL_SET_ERR_MSG_ATTR(info->extack, attr, "buffer fd is not a dma-buf");
		return ret;
	}
	buffer = sn_buffer_from_dmabuf(dmabuf);
	if (buffer) {
		ret = reply(info, buffer, SN_CMD_BUFFER_INFO);
	} else {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "dma-buf is another driver's");
		ret = -EINVAL;
	}
	dma_buf_put(dmabuf);
	return ret;
}

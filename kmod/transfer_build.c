// SPDX-License-Identifier: GPL-2.0-only
/*
 * Building a transfer: everything that can be refused, and everything that is
 * allocated, happens here, before it has a place in its session or a fence that
 * anybody can see. The life that follows is transfer.c's.
 *
 * Locking: none; the transfer is its builder's alone.
 */
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/file.h>
#include <linux/slab.h>
#include <linux/sync_file.h>

#include "buffer.h"
#include "device.h"
#include "flow.h"
#include "netlink.h"
#include "transfer.h"

/* Pairs of devices that one transfer may name. */
#define FLOWS_MAX	64

static atomic64_t transfer_ids = ATOMIC64_INIT(0);

static int end_open(struct sn_end *end, int fd, fmode_t mode, struct netlink_ext_ack *extack)
{
	struct sn_buffer *buffer;
	struct dma_buf *dmabuf;
	int ret;

	dmabuf = dma_buf_get(fd);
	if (IS_ERR(dmabuf)) {
		sn_extack(extack, "segment names an fd that is not a dma-buf", "fd %d", fd);
		return PTR_ERR(dmabuf);
	}
	buffer = sn_buffer_from_dmabuf(dmabuf);
	if (!buffer) {
		sn_extack(extack, "segment names a dma-buf of another driver, not supported",
			  "fd %d", fd);
		ret = -EOPNOTSUPP;
		goto err_put_dmabuf;
	}
	if (!(dmabuf->file->f_mode & mode)) {
		if (mode == FMODE_WRITE)
			sn_extack(extack, "destination is not open for writing", "fd %d", fd);
		else
			sn_extack(extack, "source is not open for reading", "fd %d", fd);
		ret = -EACCES;
		goto err_put_dmabuf;
	}
	ret = sn_buffer_pin(buffer, extack);
	if (ret)
		goto err_put_dmabuf;
	end->dmabuf = dmabuf;
	end->buffer = buffer;
	return 0;

err_put_dmabuf:
	dma_buf_put(dmabuf);
	return ret;
}

static void end_close(struct sn_end *end)
{
	if (!end->dmabuf)
		return;
	sn_buffer_unpin(end->buffer);
	dma_buf_put(end->dmabuf);
}

static int check_range(u64 offset, u64 bytes, const struct sn_buffer *buffer, u32 index,
		       const char *end, struct netlink_ext_ack *extack)
{
	u64 size = sn_buffer_bytes(buffer);

	if (offset <= size && bytes <= size - offset)
		return 0;
	sn_extack(extack, "segment lies outside its buffer",
		  "%u, %s of %llu KiB", index, end, size >> 10);
	return -ERANGE;
}

static int check_segment(const struct sn_segment *seg, const struct sn_end *ends, u32 index,
			 struct netlink_ext_ack *extack)
{
	int ret;

	if (!seg->bytes) {
		sn_extack(extack, "segment has no bytes", "segment %u", index);
		return -EINVAL;
	}
	ret = check_range(seg->src_offset, seg->bytes, ends[0].buffer, index, "source", extack);
	if (ret)
		return ret;
	ret = check_range(seg->dst_offset, seg->bytes, ends[1].buffer, index, "destination",
			  extack);
	if (ret)
		return ret;
	if (ends[0].buffer == ends[1].buffer &&
	    seg->src_offset < seg->dst_offset + seg->bytes &&
	    seg->dst_offset < seg->src_offset + seg->bytes) {
		sn_extack(extack, "source and destination overlap", "segment %u", index);
		return -EINVAL;
	}
	return 0;
}

static int open_ends(struct sn_transfer *t, const struct sn_transfer_spec *spec,
		     struct netlink_ext_ack *extack)
{
	u32 i;
	int ret;

	for (i = 0; i < spec->nsegments; i++) {
		const struct sn_segment *seg = &spec->segments[i];
		struct sn_end *ends = &t->ends[2 * i];

		ret = end_open(&ends[0], seg->src_fd, FMODE_READ, extack);
		if (!ret)
			ret = end_open(&ends[1], seg->dst_fd, FMODE_WRITE, extack);
		if (!ret)
			ret = check_segment(seg, ends, i, extack);
		if (ret)
			return ret;
		if (check_add_overflow(t->bytes, seg->bytes, &t->bytes)) {
			NL_SET_ERR_MSG(extack, "transfer is too long");
			return -EOVERFLOW;
		}
	}
	return 0;
}

static u32 end_device(const struct sn_end *end)
{
	return sn_buffer_device(end->buffer)->id;
}

static struct sn_flow *find_flow(const struct sn_transfer *t, u32 src, u32 dst)
{
	u32 i;

	for (i = 0; i < t->nflows; i++)
		if (t->flows[i]->src == src && t->flows[i]->dst == dst)
			return t->flows[i];
	return NULL;
}

static struct sn_flow *new_flow(struct sn_transfer *t, u32 first, struct netlink_ext_ack *extack)
{
	u32 src = end_device(&t->ends[2 * first]);
	u32 dst = end_device(&t->ends[2 * first + 1]);
	struct sn_flow *flow;
	u32 nranges = 0, i;

	if (t->nflows == FLOWS_MAX) {
		sn_extack(extack, "transfer names too many pairs of devices", "limit %u",
			  FLOWS_MAX);
		return ERR_PTR(-E2BIG);
	}
	for (i = first; i < t->nsegments; i++)
		if (end_device(&t->ends[2 * i]) == src && end_device(&t->ends[2 * i + 1]) == dst)
			nranges++;
	flow = sn_flow_alloc(t, src, dst, nranges, t->class, extack);
	if (IS_ERR(flow))
		return flow;
	flow->number = t->nflows;
	t->flows[t->nflows++] = flow;
	return flow;
}

static int build_flows(struct sn_transfer *t, const struct sn_transfer_spec *spec,
		       struct netlink_ext_ack *extack)
{
	struct sn_flow *flow;
	u32 i;
	int ret;

	for (i = 0; i < t->nsegments; i++) {
		const struct sn_segment *seg = &spec->segments[i];
		struct sn_end *ends = &t->ends[2 * i];
		struct sn_range range = {
			.bytes = seg->bytes,
			.src = sn_buffer_mem(ends[0].buffer),
			.dst = sn_buffer_mem(ends[1].buffer),
			.src_offset = seg->src_offset,
			.dst_offset = seg->dst_offset,
		};

		flow = find_flow(t, end_device(&ends[0]), end_device(&ends[1]));
		if (!flow)
			flow = new_flow(t, i, extack);
		if (IS_ERR(flow))
			return PTR_ERR(flow);
		sn_flow_add_range(flow, &range);
	}
	for (i = 0; i < t->nflows; i++) {
		ret = sn_flow_prepare(t->flows[i], extack);
		if (ret)
			return ret;
	}
	t->flows_left = t->nflows;
	return 0;
}

static int get_in_fences(struct sn_transfer *t, const struct sn_transfer_spec *spec,
			 struct netlink_ext_ack *extack)
{
	u32 i;

	for (i = 0; i < spec->nin_fences; i++) {
		struct dma_fence *fence = sync_file_get_fence(spec->in_fences[i]);

		if (!fence) {
			sn_extack(extack, "in-fence is not a sync_file", "fd %d",
				  spec->in_fences[i]);
			return -EINVAL;
		}
		t->in_fences[t->nin_fences].fence = fence;
		t->in_fences[t->nin_fences++].transfer = t;
	}
	return 0;
}

/**
 * sn_transfer_free_resources() - undo what sn_transfer_new() made but for the struct
 * @t: nothing of it in flight or in core/sched, no fence callback pending
 *
 * Context: Process.
 */
void sn_transfer_free_resources(struct sn_transfer *t)
{
	u32 i;

	for (i = 0; i < t->nin_fences; i++)
		dma_fence_put(t->in_fences[i].fence);
	kfree(t->in_fences);
	for (i = 0; i < t->nflows; i++)
		sn_flow_free(t->flows[i]);
	kfree(t->flows);
	for (i = 0; t->ends && i < 2 * t->nsegments; i++)
		end_close(&t->ends[i]);
	kvfree(t->ends);
	dma_fence_put(t->out_fence);
	t->ends = NULL;
	t->flows = NULL;
	t->in_fences = NULL;
	t->out_fence = NULL;
	t->nflows = 0;
	t->nin_fences = 0;
}

/**
 * sn_transfer_new() - check and build a transfer
 * @session: that will own it
 * @spec: what is asked for
 * @extack: for the refusal's sentence
 *
 * Context: Process of the caller, whose fds the segments name.
 * Return: a transfer that has no place anywhere yet, or ERR_PTR(): -EBADF,
 * -EINVAL, -ERANGE, -EACCES, -EAGAIN, -ENODEV, -EHOSTUNREACH, -EOPNOTSUPP,
 * -E2BIG, -EOVERFLOW, -ENOMEM.
 */
struct sn_transfer *sn_transfer_new(struct sn_session *session,
				    const struct sn_transfer_spec *spec,
				    struct netlink_ext_ack *extack)
{
	struct sn_transfer *t;
	int ret;

	t = kzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);
	if (!t)
		return ERR_PTR(-ENOMEM);
	t->session = session;
	t->session_id = session->id;
	t->class = spec->class;
	t->nsegments = spec->nsegments;
	t->record.completion.user_data = spec->user_data;
	t->ends = kvcalloc(2 * spec->nsegments, sizeof(*t->ends),
			   GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	t->flows = kcalloc(min_t(u32, spec->nsegments, FLOWS_MAX), sizeof(*t->flows),
			   GFP_KERNEL_ACCOUNT);
	t->in_fences = kcalloc(max(spec->nin_fences, 1u), sizeof(*t->in_fences),
			       GFP_KERNEL_ACCOUNT);
	ret = -ENOMEM;
	if (!t->ends || !t->flows || !t->in_fences)
		goto err_free;
	ret = open_ends(t, spec, extack);
	if (ret)
		goto err_free;
	ret = build_flows(t, spec, extack);
	if (ret)
		goto err_free;
	ret = get_in_fences(t, spec, extack);
	if (ret)
		goto err_free;
	if (spec->flags & SN_TRANSFER_F_OUT_FENCE) {
		ret = -ENOMEM;
		t->out_fence = sn_fence_new();
		if (!t->out_fence)
			goto err_free;
	}
	t->id = atomic64_inc_return(&transfer_ids);
	return t;

err_free:
	sn_transfer_free_resources(t);
	kfree(t);
	return ERR_PTR(ret);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Transfers: a list of segments with a class, in-fences and an out-fence, cut
 * into slices by the dispatcher.
 */
#ifndef _SN_TRANSFER_H
#define _SN_TRANSFER_H

#include <linux/supernode.h>

struct netlink_ext_ack;
struct sk_buff;
struct sn_device;
struct sn_session;
struct sn_transfer;

/**
 * struct sn_transfer_spec - what TRANSFER_SUBMIT asks for
 * @class: of the transfer
 * @flags: enum sn_transfer_flags
 * @user_data: for the completion record
 * @segments: to copy, in no particular order
 * @nsegments: 1 to SN_SEGMENTS_MAX
 * @in_fences: sync_file fds
 * @nin_fences: up to SN_IN_FENCES_MAX
 */
struct sn_transfer_spec {
	enum sn_class class;
	u32 flags;
	u64 user_data;
	const struct sn_segment *segments;
	u32 nsegments;
	const s32 *in_fences;
	u32 nin_fences;
};

int sn_transfer_init(void);
void sn_transfer_exit(void);
/* Accepts whole or refuses whole. *@out_fence_fd is -1 or a reserved, installed fd. */
int sn_transfer_submit(struct sn_session *session, const struct sn_transfer_spec *spec,
		       struct netlink_ext_ack *extack, u64 *id, struct file **out_fence);
int sn_transfer_cancel(struct sn_session *session, u64 id, struct netlink_ext_ack *extack);
/* Cancel all of a closing session. Does not wait. */
void sn_transfers_cancel_session(struct sn_session *session);
/* End all that read or write @dev with -ENODEV and wait for its engines, bounded. */
void sn_transfers_cancel_device(struct sn_device *dev);

#endif /* _SN_TRANSFER_H */

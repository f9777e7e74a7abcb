// SPDX-License-Identifier: GPL-2.0-only
/*
 * Multicast events. Best effort: nobody waits for memory here, and what is lost shows as a gap.
 * What happened is for the callers to know, who may join a group for netlink.c.
 *
 * Lock: none.
 */
#include <linux/rcupdate.h>
#include <net/genetlink.h>

#include "event.h"
#include "netlink.h"

#define EVENT_GFP (GFP_NOWAIT | __GFP_NOWARN)

/**
 * sn_event_topology() - the structure or a link's state changed
 * @generation: of the structure now
 *
 * Context: Process context. Reaches all network namespaces.
 */
void sn_event_topology(u64 generation)
{
	struct sk_buff *msg = genlmsg_new(nla_total_size(sizeof(u64)), GFP_KERNEL);
	void *hdr;

	if (!msg)
		return;
	hdr = genlmsg_put(msg, 0, 0, &sn_family, 0, SN_CMD_TOPOLOGY_NTF);
	if (!hdr || sn_put_u64(msg, SN_A_TOPOLOGY_GENERATION, generation)) {
		nlmsg_free(msg);
		return;
	}
	genlmsg_end(msg, hdr);
	rcu_read_lock();
	genlmsg_multicast_allns(&sn_family, msg, 0, SN_GROUP_TOPOLOGY);
	rcu_read_unlock();
}

static struct sk_buff *event_new(unsigned int group, u8 cmd, void **hdr)
{
	struct sk_buff *msg;

	if (!genl_has_listeners(&sn_family, &init_net, group))
		return NULL;
	msg = genlmsg_new(8 * nla_total_size(sizeof(u64)), EVENT_GFP);
	if (!msg)
		return NULL;
	*hdr = genlmsg_put(msg, 0, 0, &sn_family, 0, cmd);
	if (!*hdr) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

static void event_send(unsigned int group, struct sk_buff *msg, void *hdr, bool filled)
{
	if (!filled) {
		nlmsg_free(msg);
		return;
	}
	genlmsg_end(msg, hdr);
	genlmsg_multicast(&sn_family, msg, 0, group, EVENT_GFP);
}

/**
 * sn_event_buffer() - a buffer came, changed its state or went
 * @id: of the buffer
 * @state: enum sn_buffer_state
 * @bytes: of the buffer
 *
 * Context: Any but hard interrupt.
 */
void sn_event_buffer(u64 id, u32 state, u64 bytes)
{
	void *hdr;
	struct sk_buff *msg = event_new(SN_GROUP_MEMORY, SN_CMD_BUFFER_NTF, &hdr);

	if (!msg)
		return;
	event_send(SN_GROUP_MEMORY, msg, hdr,
		   !sn_put_u64(msg, SN_A_BUFFER_ID, id) &&
		   !nla_put_u32(msg, SN_A_BUFFER_STATE, state) &&
		   !sn_put_u64(msg, SN_A_BUFFER_BYTES, bytes));
}

/**
 * sn_event_transfer() - a transfer ended
 * @id: of the transfer
 * @session: id of its session
 * @status: 0 or a negative errno
 * @bytes: that arrived
 *
 * Context: Any but hard interrupt.
 */
void sn_event_transfer(u64 id, u32 session, s32 status, u64 bytes)
{
	void *hdr;
	struct sk_buff *msg = event_new(SN_GROUP_TRANSFER, SN_CMD_TRANSFER_NTF, &hdr);

	if (!msg)
		return;
	event_send(SN_GROUP_TRANSFER, msg, hdr,
		   !sn_put_u64(msg, SN_A_TRANSFER_ID, id) &&
		   !nla_put_u32(msg, SN_A_TRANSFER_SESSION, session) &&
		   !nla_put_u32(msg, SN_A_TRANSFER_STATE, SN_TRANSFER_STATE_DONE) &&
		   !nla_put_s32(msg, SN_A_TRANSFER_STATUS, status) &&
		   !sn_put_u64(msg, SN_A_TRANSFER_DONE_BYTES, bytes));
}

/**
 * sn_event_fault() - a device or an engine failed
 * @device: id of the device
 * @engine: id of the engine at fault, 0 if none
 * @transfer: id of the transfer that was hit, 0 if none
 * @status: negative errno
 *
 * Context: Any but hard interrupt.
 */
void sn_event_fault(u32 device, u32 engine, u64 transfer, s32 status)
{
	void *hdr;
	struct sk_buff *msg = event_new(SN_GROUP_FAULT, SN_CMD_FAULT_NTF, &hdr);

	if (!msg)
		return;
	event_send(SN_GROUP_FAULT, msg, hdr,
		   !nla_put_u32(msg, SN_A_FAULT_DEVICE, device) &&
		   (!engine || !nla_put_u32(msg, SN_A_FAULT_ENGINE, engine)) &&
		   (!transfer || !sn_put_u64(msg, SN_A_FAULT_TRANSFER, transfer)) &&
		   !nla_put_s32(msg, SN_A_FAULT_STATUS, status));
}

/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * supernode: the generic netlink contract.
 *
 * One family, "supernode", version 1. include/netlink/supernode.yaml is the
 * source of truth for names, types and policy; a test compares it with this
 * file.
 *
 * Units: memory and lengths are bytes (u64), rates are bytes per second (u64),
 * durations and times are nanoseconds (u64), times are CLOCK_MONOTONIC. Ids are
 * assigned by the kernel, never 0 except host 0, partition 0 and tenant 0, and
 * are not reused while the module stays loaded. An id confers no right: what
 * may be done with a buffer, session or transaction is what its fd allows.
 *
 * The message tree (>: request, <: reply, *: one reply message per object):
 *
 *   FEATURES_GET      > -                      < FEATURES
 *   TOPOLOGY_GET      > -                      < TOPOLOGY
 *   TOPOLOGY_BEGIN    > TOPOLOGY_NAME?         < TOPOLOGY_FD, GENERATION   admin
 *   TOPOLOGY_COMMIT   > FD, FLAGS?             < TOPOLOGY                  admin
 *   TOPOLOGY_ABORT    > FD                     < -                         admin
 *   DEVICE_GET        > ID | dump              <* DEVICE
 *   DEVICE_NEW        > NAME, KIND, BACKEND?,  < DEVICE_ID                 admin
 *                       PORTS?, REGION*, ENGINE*, TXN_FD?
 *   DEVICE_DEL        > ID, FLAGS?, TXN_FD?    < -                         admin
 *   LINK_GET          > ID | dump              <* LINK
 *   LINK_NEW          > DEVICE_A, DEVICE_B,    < LINK_ID                   admin
 *                       PORT_A?, PORT_B?, TYPE?, BYTES_PER_SEC_AB,
 *                       BYTES_PER_SEC_BA?, LATENCY_NS_AB?, LATENCY_NS_BA?,
 *                       TXN_FD?
 *   LINK_SET          > ID, ADMIN?             < -                         admin
 *   LINK_DEL          > ID, TXN_FD?            < -                         admin
 *   REGION_GET        > ID | dump              <* REGION
 *   ENGINE_GET        > ID | dump              <* ENGINE
 *   PARTITION_GET     > dump                   <* PARTITION
 *   TENANT_GET        > dump                   <* TENANT
 *   PATH_GET          > SRC, DST, COUNT?       < PATH with ROUTE* or REASON
 *   SESSION_OPEN      > CLASS?                 < SESSION_FD, ID, limits
 *   BUFFER_ALLOC      > SESSION_FD, REGION,    < BUFFER_FD, ID, STATE
 *                       BYTES, NAME?, FD_FLAGS?, USER_DATA?
 *   BUFFER_GET        > ID | dump              <* BUFFER                   admin
 *   BUFFER_INFO       > FD                     < BUFFER
 *   TRANSFER_SUBMIT   > SESSION_FD, SEGMENTS,  < ID, OUT_FENCE_FD?
 *                       CLASS?, FLAGS?, IN_FENCE_FD*, USER_DATA?
 *   TRANSFER_GET      > SESSION_FD, ID         < TRANSFER
 *                       | dump                 <* TRANSFER                 admin
 *   TRANSFER_CANCEL   > SESSION_FD, ID         < -
 *   STATS_GET         > -                      < STATS with CLASS_STATS*
 *
 * "admin" needs CAP_SYS_ADMIN in the initial user namespace of both the sender
 * and the opener of the socket. SESSION_OPEN needs a tenant: an administrator
 * has tenant 0, everybody else is refused with -EACCES while no tenant can be
 * bound. A structure command (DEVICE_NEW, DEVICE_DEL, LINK_NEW, LINK_DEL) with
 * TXN_FD is staged in that transaction; without, it is a transaction of its own.
 *
 * Atomicity: a transaction commits whole or changes nothing; it is refused with
 * -ESTALE when the generation moved since it began. TRANSFER_SUBMIT is
 * accepted whole or refused whole. A refusal carries an extack sentence.
 *
 * Events: group "topology" carries TOPOLOGY_NTF (generation numbers
 * only, also on a link state change); groups "memory" (BUFFER_NTF), "transfer"
 * (TRANSFER_NTF) and "fault" (FAULT_NTF) exist in the initial network namespace
 * and need CAP_SYS_ADMIN to join.
 */
#ifndef _UAPI_LINUX_SUPERNODE_H
#define _UAPI_LINUX_SUPERNODE_H

#include <linux/types.h>

#define SN_FAMILY_NAME		"supernode"
#define SN_FAMILY_VERSION	1

#define SN_MCGRP_TOPOLOGY	"topology"
#define SN_MCGRP_MEMORY		"memory"
#define SN_MCGRP_TRANSFER	"transfer"
#define SN_MCGRP_FAULT		"fault"

/* Longest name of a device, buffer or topology, without the terminating 0. */
#define SN_NAME_MAX		31
/* Segments in one TRANSFER_SUBMIT. */
#define SN_SEGMENTS_MAX		1024
/* In-fences of one TRANSFER_SUBMIT. */
#define SN_IN_FENCES_MAX	16
/* Regions, engines and ports of one device. */
#define SN_DEVICE_REGIONS_MAX	8
#define SN_DEVICE_ENGINES_MAX	16
#define SN_DEVICE_PORTS_MAX	1024
/* Port number that asks the kernel for the lowest free one. */
#define SN_PORT_ANY		0xffffffffU

enum sn_cmd {
	SN_CMD_UNSPEC,
	SN_CMD_FEATURES_GET,
	SN_CMD_TOPOLOGY_GET,
	SN_CMD_TOPOLOGY_BEGIN,
	SN_CMD_TOPOLOGY_COMMIT,
	SN_CMD_TOPOLOGY_ABORT,
	SN_CMD_TOPOLOGY_NTF,
	SN_CMD_DEVICE_GET,
	SN_CMD_DEVICE_NEW,
	SN_CMD_DEVICE_DEL,
	SN_CMD_LINK_GET,
	SN_CMD_LINK_NEW,
	SN_CMD_LINK_SET,
	SN_CMD_LINK_DEL,
	SN_CMD_REGION_GET,
	SN_CMD_ENGINE_GET,
	SN_CMD_PARTITION_GET,
	SN_CMD_TENANT_GET,
	SN_CMD_PATH_GET,
	SN_CMD_SESSION_OPEN,
	SN_CMD_BUFFER_ALLOC,
	SN_CMD_BUFFER_GET,
	SN_CMD_BUFFER_INFO,
	SN_CMD_BUFFER_NTF,
	SN_CMD_TRANSFER_SUBMIT,
	SN_CMD_TRANSFER_GET,
	SN_CMD_TRANSFER_CANCEL,
	SN_CMD_TRANSFER_NTF,
	SN_CMD_FAULT_NTF,
	SN_CMD_STATS_GET,

	/* private: */
	__SN_CMD_MAX,
	SN_CMD_MAX = (__SN_CMD_MAX - 1)
};

enum sn_device_kind {
	SN_DEVICE_KIND_CPU,
	SN_DEVICE_KIND_GPU,
	SN_DEVICE_KIND_NPU,
	SN_DEVICE_KIND_DPU,
	SN_DEVICE_KIND_NIC,
	SN_DEVICE_KIND_MEMORY,
	SN_DEVICE_KIND_STORAGE,
	SN_DEVICE_KIND_SWITCH,

	/* private: */
	__SN_DEVICE_KIND_MAX,
	SN_DEVICE_KIND_MAX = (__SN_DEVICE_KIND_MAX - 1)
};

enum sn_device_state {
	SN_DEVICE_STATE_KNOWN,		/* stated, not driven (backend "none") */
	SN_DEVICE_STATE_LIVE,
	SN_DEVICE_STATE_DEAD,		/* gone or given up; its buffers are lost */

	/* private: */
	__SN_DEVICE_STATE_MAX,
	SN_DEVICE_STATE_MAX = (__SN_DEVICE_STATE_MAX - 1)
};

enum sn_region_kind {
	SN_REGION_KIND_DRAM,
	SN_REGION_KIND_HBM,
	SN_REGION_KIND_GDDR,
	SN_REGION_KIND_CXL,
	SN_REGION_KIND_SRAM,
	SN_REGION_KIND_BAR,

	/* private: */
	__SN_REGION_KIND_MAX,
	SN_REGION_KIND_MAX = (__SN_REGION_KIND_MAX - 1)
};

enum sn_link_type {
	SN_LINK_TYPE_OTHER,
	SN_LINK_TYPE_PCIE,
	SN_LINK_TYPE_CXL,
	SN_LINK_TYPE_NVLINK,
	SN_LINK_TYPE_XGMI,
	SN_LINK_TYPE_UB,
	SN_LINK_TYPE_UALINK,
	SN_LINK_TYPE_ETHERNET,
	SN_LINK_TYPE_SOCKET,		/* between sockets: UPI, Infinity Fabric */

	/* private: */
	__SN_LINK_TYPE_MAX,
	SN_LINK_TYPE_MAX = (__SN_LINK_TYPE_MAX - 1)
};

enum sn_link_state {
	SN_LINK_STATE_DOWN,
	SN_LINK_STATE_UP,

	/* private: */
	__SN_LINK_STATE_MAX,
	SN_LINK_STATE_MAX = (__SN_LINK_STATE_MAX - 1)
};

/* High to low; the order of core/sched.h. */
enum sn_class {
	SN_CLASS_DEADLINE,		/* needs admission; refused until there is one */
	SN_CLASS_LATENCY,
	SN_CLASS_NORMAL,
	SN_CLASS_BULK,
	SN_CLASS_SCAVENGER,

	/* private: */
	__SN_CLASS_MAX,
	SN_CLASS_MAX = (__SN_CLASS_MAX - 1)
};

enum sn_buffer_state {
	SN_BUFFER_STATE_PENDING,	/* a worker allocates and zeroes */
	SN_BUFFER_STATE_READY,
	SN_BUFFER_STATE_FAILED,		/* the worker found no memory */
	SN_BUFFER_STATE_LOST,		/* its device is gone */

	/* private: */
	__SN_BUFFER_STATE_MAX,
	SN_BUFFER_STATE_MAX = (__SN_BUFFER_STATE_MAX - 1)
};

enum sn_transfer_state {
	SN_TRANSFER_STATE_WAITING,	/* for its in-fences */
	SN_TRANSFER_STATE_QUEUED,	/* no slice dispatched yet */
	SN_TRANSFER_STATE_RUNNING,
	SN_TRANSFER_STATE_DONE,		/* see its status */

	/* private: */
	__SN_TRANSFER_STATE_MAX,
	SN_TRANSFER_STATE_MAX = (__SN_TRANSFER_STATE_MAX - 1)
};

/* Why there is no path; the values of core/route.h. */
enum sn_path_reason {
	SN_PATH_REASON_OK,
	SN_PATH_REASON_NO_SRC,
	SN_PATH_REASON_NO_DST,
	SN_PATH_REASON_SRC_SWITCH,
	SN_PATH_REASON_DST_SWITCH,
	SN_PATH_REASON_NO_LINK,
	SN_PATH_REASON_LINK_DOWN,
	SN_PATH_REASON_TOO_MANY_STAGES,
	SN_PATH_REASON_NO_ENGINE,
	SN_PATH_REASON_NO_RELAY,
	SN_PATH_REASON_SEARCH_LIMIT,	/* there is one, but the search ended before it was found */

	/* private: */
	__SN_PATH_REASON_MAX,
	SN_PATH_REASON_MAX = (__SN_PATH_REASON_MAX - 1)
};

enum sn_completion_type {
	SN_COMPLETION_TYPE_TRANSFER,
	SN_COMPLETION_TYPE_BUFFER,	/* a large buffer is ready, or failed */

	/* private: */
	__SN_COMPLETION_TYPE_MAX,
	SN_COMPLETION_TYPE_MAX = (__SN_COMPLETION_TYPE_MAX - 1)
};

enum sn_topology_flags {
	SN_TOPOLOGY_F_DRY_RUN = 1,	/* COMMIT: check all, change nothing */
};

enum sn_device_flags {
	SN_DEVICE_F_FORCE = 1,		/* DEL: even with live buffers, which turn to lost */
};

enum sn_transfer_flags {
	SN_TRANSFER_F_OUT_FENCE = 1,	/* answer with a sync_file fd */
};

/**
 * struct sn_segment - one range of a transfer
 * @src_fd: dma-buf fd, open for reading
 * @dst_fd: dma-buf fd, open for writing
 * @src_offset: first byte in the source
 * @dst_offset: first byte in the destination
 * @bytes: length, at least 1; the ranges must lie inside the buffers, and
 *	source and destination must not overlap
 */
struct sn_segment {
	__s32 src_fd;
	__s32 dst_fd;
	__u64 src_offset;
	__u64 dst_offset;
	__u64 bytes;
};

/**
 * struct sn_completion - what read() on a session fd returns, one or more whole
 * @id: transfer or buffer id
 * @user_data: as given at submission
 * @bytes: bytes that arrived (transfer) or were allocated (buffer)
 * @submit_ns: accepted at
 * @start_ns: first slice dispatched at; 0 if none was
 * @end_ns: ended at
 * @status: 0, or a negative errno
 * @type: enum sn_completion_type
 */
struct sn_completion {
	__u64 id;
	__u64 user_data;
	__u64 bytes;
	__u64 submit_ns;
	__u64 start_ns;
	__u64 end_ns;
	__s32 status;
	__u32 type;
};

enum sn_attr_features {
	SN_A_FEATURES_UNSPEC,
	SN_A_FEATURES_VERSION,		/* string: module version */
	SN_A_FEATURES_SEGMENTS_MAX,	/* u32 */
	SN_A_FEATURES_IN_FENCES_MAX,	/* u32 */
	SN_A_FEATURES_STAGES_MAX,	/* u32: DMA stages of a path */
	SN_A_FEATURES_PATHS_MAX,	/* u32: paths of a transfer */
	SN_A_FEATURES_FENCE_LIMIT_NS,	/* u64: a fence signals at the latest */
	SN_A_FEATURES_BACKEND,		/* string, multi: backends that create devices */

	/* private: */
	__SN_A_FEATURES_MAX,
	SN_A_FEATURES_MAX = (__SN_A_FEATURES_MAX - 1)
};

enum sn_attr_topology {
	SN_A_TOPOLOGY_UNSPEC,
	SN_A_TOPOLOGY_GENERATION,	/* u64 */
	SN_A_TOPOLOGY_NAME,		/* string */
	SN_A_TOPOLOGY_FD,		/* s32: the transaction */
	SN_A_TOPOLOGY_FLAGS,		/* u32: enum sn_topology_flags */
	SN_A_TOPOLOGY_DEVICES,		/* u32: count */
	SN_A_TOPOLOGY_LINKS,		/* u32: count */

	/* private: */
	__SN_A_TOPOLOGY_MAX,
	SN_A_TOPOLOGY_MAX = (__SN_A_TOPOLOGY_MAX - 1)
};

enum sn_attr_device {
	SN_A_DEVICE_UNSPEC,
	SN_A_DEVICE_ID,			/* u32 */
	SN_A_DEVICE_NAME,		/* string */
	SN_A_DEVICE_KIND,		/* u32: enum sn_device_kind */
	SN_A_DEVICE_STATE,		/* u32: enum sn_device_state */
	SN_A_DEVICE_BACKEND,		/* string: "none", "sim", "host" ... */
	SN_A_DEVICE_HOST,		/* u32 */
	SN_A_DEVICE_NODE,		/* s32: NUMA node, -1 if none */
	SN_A_DEVICE_PORTS,		/* u32: number of ports */
	SN_A_DEVICE_REGION,		/* nest, multi: attr region */
	SN_A_DEVICE_ENGINE,		/* nest, multi: attr engine */
	SN_A_DEVICE_TXN_FD,		/* s32 */
	SN_A_DEVICE_BUFFERS,		/* u32: live buffers in its regions */
	SN_A_DEVICE_FLAGS,		/* u32: enum sn_device_flags */

	/* private: */
	__SN_A_DEVICE_MAX,
	SN_A_DEVICE_MAX = (__SN_A_DEVICE_MAX - 1)
};

enum sn_attr_region {
	SN_A_REGION_UNSPEC,
	SN_A_REGION_ID,			/* u32 */
	SN_A_REGION_DEVICE,		/* u32: device id */
	SN_A_REGION_INDEX,		/* u32: within its device */
	SN_A_REGION_KIND,		/* u32: enum sn_region_kind */
	SN_A_REGION_BYTES,		/* u64 */
	SN_A_REGION_PAGE_BYTES,		/* u32: power of two */
	SN_A_REGION_NODE,		/* s32: NUMA node of its pages, -1 if none */
	SN_A_REGION_FREE_BYTES,		/* u64 */
	SN_A_REGION_LARGEST_FREE_BYTES,	/* u64 */
	SN_A_REGION_BUFFERS,		/* u32 */

	/* private: */
	__SN_A_REGION_MAX,
	SN_A_REGION_MAX = (__SN_A_REGION_MAX - 1)
};

enum sn_attr_engine {
	SN_A_ENGINE_UNSPEC,
	SN_A_ENGINE_ID,			/* u32 */
	SN_A_ENGINE_DEVICE,		/* u32: device id */
	SN_A_ENGINE_INDEX,		/* u32: within its device */
	SN_A_ENGINE_CHANNELS,		/* u32: copies it works on at once */
	SN_A_ENGINE_DEPTH,		/* u32: copies it queues per channel */
	SN_A_ENGINE_BYTES_PER_SEC,	/* u64: per channel; 0 = not stated */
	SN_A_ENGINE_LATENCY_NS,		/* u64: per copy */
	SN_A_ENGINE_BYTES,		/* u64: copied, counted at completion */
	SN_A_ENGINE_COPIES,		/* u64: completed */
	SN_A_ENGINE_ERRORS,		/* u64: ended with an error */
	SN_A_ENGINE_INFLIGHT,		/* u32: copies given to it */

	/* private: */
	__SN_A_ENGINE_MAX,
	SN_A_ENGINE_MAX = (__SN_A_ENGINE_MAX - 1)
};

enum sn_attr_link {
	SN_A_LINK_UNSPEC,
	SN_A_LINK_ID,			/* u32 */
	SN_A_LINK_DEVICE_A,		/* u32 */
	SN_A_LINK_PORT_A,		/* u32 */
	SN_A_LINK_DEVICE_B,		/* u32 */
	SN_A_LINK_PORT_B,		/* u32 */
	SN_A_LINK_TYPE,			/* u32: enum sn_link_type */
	SN_A_LINK_BYTES_PER_SEC_AB,	/* u64 */
	SN_A_LINK_BYTES_PER_SEC_BA,	/* u64: 0 = one way; default as AB */
	SN_A_LINK_LATENCY_NS_AB,	/* u64 */
	SN_A_LINK_LATENCY_NS_BA,	/* u64: default as AB */
	SN_A_LINK_ADMIN,		/* u32: enum sn_link_state, what is wanted */
	SN_A_LINK_OPER,			/* u32: enum sn_link_state, what is */
	SN_A_LINK_BYTES_AB,		/* u64: carried, counted at completion */
	SN_A_LINK_BYTES_BA,		/* u64 */
	SN_A_LINK_SLICES_AB,		/* u64 */
	SN_A_LINK_SLICES_BA,		/* u64 */
	SN_A_LINK_INFLIGHT_BYTES_AB,	/* u64 */
	SN_A_LINK_INFLIGHT_BYTES_BA,	/* u64 */
	SN_A_LINK_TXN_FD,		/* s32 */

	/* private: */
	__SN_A_LINK_MAX,
	SN_A_LINK_MAX = (__SN_A_LINK_MAX - 1)
};

enum sn_attr_partition {
	SN_A_PARTITION_UNSPEC,
	SN_A_PARTITION_ID,		/* u32 */
	SN_A_PARTITION_NAME,		/* string */
	SN_A_PARTITION_DEVICES,		/* u32: count */

	/* private: */
	__SN_A_PARTITION_MAX,
	SN_A_PARTITION_MAX = (__SN_A_PARTITION_MAX - 1)
};

enum sn_attr_tenant {
	SN_A_TENANT_UNSPEC,
	SN_A_TENANT_ID,			/* u32 */
	SN_A_TENANT_NAME,		/* string */
	SN_A_TENANT_PARTITION,		/* u32 */
	SN_A_TENANT_SESSIONS,		/* u32: open */
	SN_A_TENANT_BUFFERS,		/* u32: live */
	SN_A_TENANT_BUFFER_BYTES,	/* u64 */

	/* private: */
	__SN_A_TENANT_MAX,
	SN_A_TENANT_MAX = (__SN_A_TENANT_MAX - 1)
};

enum sn_attr_path {
	SN_A_PATH_UNSPEC,
	SN_A_PATH_SRC,			/* u32: device id */
	SN_A_PATH_DST,			/* u32: device id */
	SN_A_PATH_COUNT,		/* u32: at most, 1 to 8, default 8 */
	SN_A_PATH_REASON,		/* u32: enum sn_path_reason */
	SN_A_PATH_CULPRIT,		/* u32: id of the device or link it is about */
	SN_A_PATH_ROUTE,		/* nest, multi: attr route, widest first */
	SN_A_PATH_GENERATION,		/* u64 */

	/* private: */
	__SN_A_PATH_MAX,
	SN_A_PATH_MAX = (__SN_A_PATH_MAX - 1)
};

enum sn_attr_route {
	SN_A_ROUTE_UNSPEC,
	SN_A_ROUTE_BYTES_PER_SEC,	/* u64: of its narrowest link; 0 = no link */
	SN_A_ROUTE_LATENCY_NS,		/* u64: sum over its links */
	SN_A_ROUTE_STAGES,		/* u32: DMA stages */
	SN_A_ROUTE_HOP,			/* nest, multi: attr hop, in order */

	/* private: */
	__SN_A_ROUTE_MAX,
	SN_A_ROUTE_MAX = (__SN_A_ROUTE_MAX - 1)
};

enum sn_attr_hop {
	SN_A_HOP_UNSPEC,
	SN_A_HOP_LINK,			/* u32: link id */
	SN_A_HOP_FROM,			/* u32: device id */
	SN_A_HOP_TO,			/* u32: device id */
	SN_A_HOP_STAGE,			/* u32: 0-based */

	/* private: */
	__SN_A_HOP_MAX,
	SN_A_HOP_MAX = (__SN_A_HOP_MAX - 1)
};

enum sn_attr_session {
	SN_A_SESSION_UNSPEC,
	SN_A_SESSION_FD,		/* s32 */
	SN_A_SESSION_ID,		/* u32 */
	SN_A_SESSION_CLASS,		/* u32: enum sn_class, default NORMAL */
	SN_A_SESSION_TENANT,		/* u32 */
	SN_A_SESSION_PARTITION,		/* u32 */
	SN_A_SESSION_TRANSFERS_MAX,	/* u32: unfinished plus unread */

	/* private: */
	__SN_A_SESSION_MAX,
	SN_A_SESSION_MAX = (__SN_A_SESSION_MAX - 1)
};

enum sn_attr_buffer {
	SN_A_BUFFER_UNSPEC,
	SN_A_BUFFER_FD,			/* s32: dma-buf */
	SN_A_BUFFER_SESSION_FD,		/* s32 */
	SN_A_BUFFER_ID,			/* u64 */
	SN_A_BUFFER_NAME,		/* string */
	SN_A_BUFFER_REGION,		/* u32: region id */
	SN_A_BUFFER_DEVICE,		/* u32: device id */
	SN_A_BUFFER_BYTES,		/* u64: rounded up to the region's pages in replies */
	SN_A_BUFFER_OFFSET,		/* u64: where in its region */
	SN_A_BUFFER_FD_FLAGS,		/* u32: O_RDONLY, O_WRONLY or O_RDWR (default) */
	SN_A_BUFFER_STATE,		/* u32: enum sn_buffer_state */
	SN_A_BUFFER_TENANT,		/* u32 */
	SN_A_BUFFER_PID,		/* u32: creator, in the reader's pid namespace */
	SN_A_BUFFER_COMM,		/* string: creator */
	SN_A_BUFFER_MAPPINGS,		/* u32: CPU mappings */
	SN_A_BUFFER_TRANSFERS,		/* u32: unfinished transfers that name it */
	SN_A_BUFFER_ATTACHMENT,		/* string, multi: importers by device name */
	SN_A_BUFFER_USER_DATA,		/* u64: for the completion record */

	/* private: */
	__SN_A_BUFFER_MAX,
	SN_A_BUFFER_MAX = (__SN_A_BUFFER_MAX - 1)
};

enum sn_attr_transfer {
	SN_A_TRANSFER_UNSPEC,
	SN_A_TRANSFER_SESSION_FD,	/* s32 */
	SN_A_TRANSFER_ID,		/* u64 */
	SN_A_TRANSFER_SEGMENTS,		/* binary: struct sn_segment[1..1024] */
	SN_A_TRANSFER_CLASS,		/* u32: enum sn_class, default the session's */
	SN_A_TRANSFER_FLAGS,		/* u32: enum sn_transfer_flags */
	SN_A_TRANSFER_IN_FENCE_FD,	/* s32, multi: sync_file fds */
	SN_A_TRANSFER_OUT_FENCE_FD,	/* s32: sync_file fd */
	SN_A_TRANSFER_USER_DATA,	/* u64 */
	SN_A_TRANSFER_STATE,		/* u32: enum sn_transfer_state */
	SN_A_TRANSFER_STATUS,		/* s32: 0 or a negative errno, when DONE */
	SN_A_TRANSFER_BYTES,		/* u64: asked for */
	SN_A_TRANSFER_DONE_BYTES,	/* u64: arrived */
	SN_A_TRANSFER_SUBMIT_NS,	/* u64 */
	SN_A_TRANSFER_START_NS,		/* u64 */
	SN_A_TRANSFER_END_NS,		/* u64 */
	SN_A_TRANSFER_SESSION,		/* u32: session id */

	/* private: */
	__SN_A_TRANSFER_MAX,
	SN_A_TRANSFER_MAX = (__SN_A_TRANSFER_MAX - 1)
};

enum sn_attr_fault {
	SN_A_FAULT_UNSPEC,
	SN_A_FAULT_DEVICE,		/* u32: device id */
	SN_A_FAULT_ENGINE,		/* u32: engine id, if one is at fault */
	SN_A_FAULT_TRANSFER,		/* u64: transfer id, if one was hit */
	SN_A_FAULT_STATUS,		/* s32: negative errno */

	/* private: */
	__SN_A_FAULT_MAX,
	SN_A_FAULT_MAX = (__SN_A_FAULT_MAX - 1)
};

enum sn_attr_stats {
	SN_A_STATS_UNSPEC,
	SN_A_STATS_SESSIONS,		/* u32: open */
	SN_A_STATS_BUFFERS,		/* u32: live */
	SN_A_STATS_BUFFER_BYTES,	/* u64: live */
	SN_A_STATS_SLICES,		/* u64: dispatched since load */
	SN_A_STATS_RETRIES,		/* u64: slices that were queued again */
	SN_A_STATS_QUARANTINED_BYTES,	/* u64: kept from reuse, an engine may still write them */
	SN_A_STATS_CLASS,		/* nest, multi: attr class-stats */

	/* private: */
	__SN_A_STATS_MAX,
	SN_A_STATS_MAX = (__SN_A_STATS_MAX - 1)
};

enum sn_attr_class_stats {
	SN_A_CLASS_STATS_UNSPEC,
	SN_A_CLASS_STATS_CLASS,		/* u32: enum sn_class */
	SN_A_CLASS_STATS_SUBMITTED,	/* u64: transfers */
	SN_A_CLASS_STATS_COMPLETED,	/* u64: status 0 */
	SN_A_CLASS_STATS_FAILED,	/* u64: other status */
	SN_A_CLASS_STATS_BYTES,		/* u64: arrived */
	SN_A_CLASS_STATS_QUEUE_NS,	/* u64: sum over transfers, submit to first slice */
	SN_A_CLASS_STATS_TOTAL_NS,	/* u64: sum over transfers, submit to end */

	/* private: */
	__SN_A_CLASS_STATS_MAX,
	SN_A_CLASS_STATS_MAX = (__SN_A_CLASS_STATS_MAX - 1)
};

#endif /* _UAPI_LINUX_SUPERNODE_H */

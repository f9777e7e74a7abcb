/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of the transfer path: events/supernode/ in tracefs.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM supernode

#if !defined(_SN_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _SN_TRACE_H

#include <linux/tracepoint.h>
#include <uapi/linux/supernode.h>

#define sn_show_class(c) __print_symbolic(c,		\
	{ SN_CLASS_DEADLINE, "deadline" },		\
	{ SN_CLASS_LATENCY, "latency" },		\
	{ SN_CLASS_NORMAL, "normal" },			\
	{ SN_CLASS_BULK, "bulk" },			\
	{ SN_CLASS_SCAVENGER, "scavenger" })

TRACE_EVENT(sn_transfer_submit,
	TP_PROTO(u64 id, u32 session, u32 klass, u64 bytes, u32 segments, u32 flows),
	TP_ARGS(id, session, klass, bytes, segments, flows),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u64, bytes)
		__field(u32, session)
		__field(u32, klass)
		__field(u32, segments)
		__field(u32, flows)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->bytes = bytes;
		__entry->session = session;
		__entry->klass = klass;
		__entry->segments = segments;
		__entry->flows = flows;
	),
	TP_printk("transfer=%llu session=%u class=%s bytes=%llu segments=%u flows=%u",
		  __entry->id, __entry->session, sn_show_class(__entry->klass),
		  __entry->bytes, __entry->segments, __entry->flows)
);

TRACE_EVENT(sn_slice_dispatch,
	TP_PROTO(u64 id, u32 flow, u32 path, u32 stage, u64 offset, u64 bytes, u32 engine),
	TP_ARGS(id, flow, path, stage, offset, bytes, engine),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u64, offset)
		__field(u64, bytes)
		__field(u32, flow)
		__field(u32, path)
		__field(u32, stage)
		__field(u32, engine)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->offset = offset;
		__entry->bytes = bytes;
		__entry->flow = flow;
		__entry->path = path;
		__entry->stage = stage;
		__entry->engine = engine;
	),
	TP_printk("transfer=%llu flow=%u path=%u stage=%u offset=%llu bytes=%llu engine=%u",
		  __entry->id, __entry->flow, __entry->path, __entry->stage,
		  __entry->offset, __entry->bytes, __entry->engine)
);

TRACE_EVENT(sn_slice_complete,
	TP_PROTO(u64 id, u32 stage, u64 bytes, u32 engine, int status, u64 took_ns),
	TP_ARGS(id, stage, bytes, engine, status, took_ns),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u64, bytes)
		__field(u64, took_ns)
		__field(u32, stage)
		__field(u32, engine)
		__field(int, status)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->bytes = bytes;
		__entry->took_ns = took_ns;
		__entry->stage = stage;
		__entry->engine = engine;
		__entry->status = status;
	),
	TP_printk("transfer=%llu stage=%u bytes=%llu engine=%u status=%d took_ns=%llu",
		  __entry->id, __entry->stage, __entry->bytes, __entry->engine,
		  __entry->status, __entry->took_ns)
);

TRACE_EVENT(sn_transfer_complete,
	TP_PROTO(u64 id, int status, u64 bytes, u64 queued_ns, u64 total_ns),
	TP_ARGS(id, status, bytes, queued_ns, total_ns),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u64, bytes)
		__field(u64, queued_ns)
		__field(u64, total_ns)
		__field(int, status)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->bytes = bytes;
		__entry->queued_ns = queued_ns;
		__entry->total_ns = total_ns;
		__entry->status = status;
	),
	TP_printk("transfer=%llu status=%d bytes=%llu queued_ns=%llu total_ns=%llu",
		  __entry->id, __entry->status, __entry->bytes, __entry->queued_ns,
		  __entry->total_ns)
);

#endif /* _SN_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>

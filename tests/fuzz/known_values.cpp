// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "known_values.hpp"

#include <linux/supernode.h>

using namespace supernode;

Draft &Draft::add(std::function<void(Message &)> put) {
    puts_.push_back(std::move(put));
    return *this;
}

Draft &Draft::text(uint16_t attr, std::string &field) {
    std::string raw = input_.text(40);
    bool ended = input_.below(4);

    field = raw.substr(0, raw.find('\0'));
    return add([=](Message &m) {
        if (ended)
            m.put_string(attr, raw);
        else
            m.put(attr, std::as_bytes(std::span(raw)));
    });
}

Draft &Draft::nest(uint16_t attr, const Draft &inside) {
    return add([=](Message &m) { m.nest(attr, [&](Message &n) { inside.put(n); }); });
}

void Draft::put(Message &message) const {
    // Attributes of a newer kernel before, between and after.
    for (auto &one : puts_) {
        if (input_.one_in(16))
            message.put_u64(static_cast<uint16_t>(200 + input_.below(4000)), 1);
        one(message);
    }
}

fake::Datagram Draft::attributes() const {
    return fake::attributes([&](Message &m) { put(m); });
}

namespace {

template<typename T>
Draft draft_of(Input &input, T &value);

template<>
Draft draft_of(Input &input, Region &r) {
    Draft d(input);

    d.u32(SN_A_REGION_ID, r.id).u32(SN_A_REGION_KIND, r.kind).u64(SN_A_REGION_BYTES, r.bytes);
    d.maybe([&] { d.u32(SN_A_REGION_DEVICE, r.device); });
    d.maybe([&] { d.u32(SN_A_REGION_INDEX, r.index).s32(SN_A_REGION_NODE, r.node); });
    d.maybe([&] { d.u32(SN_A_REGION_PAGE_BYTES, r.page_bytes); });
    d.maybe([&] { d.u64(SN_A_REGION_FREE_BYTES, r.free_bytes); });
    d.maybe([&] { d.u64(SN_A_REGION_LARGEST_FREE_BYTES, r.largest_free_bytes); });
    return d.maybe([&] { d.u32(SN_A_REGION_BUFFERS, r.buffers); });
}

template<>
Draft draft_of(Input &input, Engine &e) {
    Draft d(input);

    d.maybe([&] { d.u32(SN_A_ENGINE_DEVICE, e.device).u32(SN_A_ENGINE_INDEX, e.index); });
    d.maybe([&] { d.u64(SN_A_ENGINE_BYTES_PER_SEC, e.bytes_per_sec); });
    d.u32(SN_A_ENGINE_CHANNELS, e.channels).u32(SN_A_ENGINE_ID, e.id);
    d.maybe([&] { d.u32(SN_A_ENGINE_DEPTH, e.depth).u64(SN_A_ENGINE_LATENCY_NS, e.latency_ns); });
    d.maybe([&] { d.u64(SN_A_ENGINE_BYTES, e.bytes).u64(SN_A_ENGINE_COPIES, e.copies); });
    return d.maybe(
        [&] { d.u64(SN_A_ENGINE_ERRORS, e.errors).u32(SN_A_ENGINE_INFLIGHT, e.inflight); });
}

template<>
Draft draft_of(Input &input, Device &v) {
    Draft d(input);

    d.u32(SN_A_DEVICE_ID, v.id).text(SN_A_DEVICE_NAME, v.name).u32(SN_A_DEVICE_KIND, v.kind);
    d.u32(SN_A_DEVICE_STATE, v.state);
    d.maybe([&] { d.text(SN_A_DEVICE_BACKEND, v.backend).u32(SN_A_DEVICE_HOST, v.host); });
    for (uint64_t n = input.below(4); n--;)
        d.nest(SN_A_DEVICE_REGION, draft_of(input, v.regions.emplace_back()));
    d.maybe([&] { d.s32(SN_A_DEVICE_NODE, v.node).u32(SN_A_DEVICE_PORTS, v.ports); });
    for (uint64_t n = input.below(4); n--;)
        d.nest(SN_A_DEVICE_ENGINE, draft_of(input, v.engines.emplace_back()));
    d.maybe([&] { d.u32(SN_A_DEVICE_BUFFERS, v.buffers); });
    // Being inside says whose they are.
    for (auto &region : v.regions)
        region.device = v.id;
    for (auto &engine : v.engines)
        engine.device = v.id;
    return d;
}

template<>
Draft draft_of(Input &input, Link &l) {
    Draft d(input);

    d.u32(SN_A_LINK_ID, l.id).u32(SN_A_LINK_DEVICE_A, l.device_a).u32(SN_A_LINK_PORT_A, l.port_a);
    d.u32(SN_A_LINK_DEVICE_B, l.device_b)
        .u32(SN_A_LINK_PORT_B, l.port_b)
        .u32(SN_A_LINK_TYPE, l.type);
    d.u64(SN_A_LINK_BYTES_PER_SEC_AB, l.bytes_per_sec_ab);
    d.u64(SN_A_LINK_BYTES_PER_SEC_BA, l.bytes_per_sec_ba);
    d.u32(SN_A_LINK_ADMIN, l.admin).u32(SN_A_LINK_OPER, l.oper);
    d.maybe([&] { d.u64(SN_A_LINK_LATENCY_NS_AB, l.latency_ns_ab); });
    d.maybe([&] { d.u64(SN_A_LINK_LATENCY_NS_BA, l.latency_ns_ba); });
    d.maybe([&] { d.u64(SN_A_LINK_BYTES_AB, l.bytes_ab).u64(SN_A_LINK_BYTES_BA, l.bytes_ba); });
    d.maybe([&] { d.u64(SN_A_LINK_SLICES_AB, l.slices_ab).u64(SN_A_LINK_SLICES_BA, l.slices_ba); });
    d.maybe([&] { d.u64(SN_A_LINK_INFLIGHT_BYTES_AB, l.inflight_bytes_ab); });
    return d.maybe([&] { d.u64(SN_A_LINK_INFLIGHT_BYTES_BA, l.inflight_bytes_ba); });
}

template<>
Draft draft_of(Input &input, Route &r) {
    Draft d(input);

    d.u64(SN_A_ROUTE_BYTES_PER_SEC, r.bytes_per_sec).u64(SN_A_ROUTE_LATENCY_NS, r.latency_ns);
    d.u32(SN_A_ROUTE_STAGES, r.stages);
    for (uint64_t n = input.below(5); n--;) {
        Hop &h = r.hops.emplace_back();
        Draft hop(input);
        hop.u32(SN_A_HOP_LINK, h.link).u32(SN_A_HOP_FROM, h.from).u32(SN_A_HOP_TO, h.to);
        d.nest(SN_A_ROUTE_HOP, hop.u32(SN_A_HOP_STAGE, h.stage));
    }
    return d;
}

template<typename T>
Known<T> known(Input &input) {
    Known<T> out;

    out.attributes = draft_of(input, out.value).attributes();
    return out;
}

} // namespace

Known<Device> known_device(Input &input) {
    return known<Device>(input);
}
Known<Link> known_link(Input &input) {
    return known<Link>(input);
}
Known<Region> known_region(Input &input) {
    return known<Region>(input);
}
Known<Engine> known_engine(Input &input) {
    return known<Engine>(input);
}

Known<Features> known_features(Input &input) {
    Known<Features> out;
    Features &f = out.value;
    Draft d(input);

    d.text(SN_A_FEATURES_VERSION, f.version).u32(SN_A_FEATURES_SEGMENTS_MAX, f.segments_max);
    d.u32(SN_A_FEATURES_IN_FENCES_MAX, f.in_fences_max).u32(SN_A_FEATURES_STAGES_MAX, f.stages_max);
    d.u32(SN_A_FEATURES_PATHS_MAX, f.paths_max).u64(SN_A_FEATURES_FENCE_LIMIT_NS, f.fence_limit_ns);
    for (uint64_t n = input.below(4); n--;)
        d.text(SN_A_FEATURES_BACKEND, f.backends.emplace_back());
    out.attributes = d.attributes();
    return out;
}

Known<TopologyInfo> known_topology(Input &input) {
    Known<TopologyInfo> out;
    TopologyInfo &t = out.value;
    Draft d(input);

    d.u64(SN_A_TOPOLOGY_GENERATION, t.generation).u32(SN_A_TOPOLOGY_DEVICES, t.devices);
    d.maybe([&] { d.text(SN_A_TOPOLOGY_NAME, t.name); }).u32(SN_A_TOPOLOGY_LINKS, t.links);
    out.attributes = d.attributes();
    return out;
}

Known<Stats> known_stats(Input &input) {
    Known<Stats> out;
    Stats &s = out.value;
    Draft d(input);

    d.u32(SN_A_STATS_SESSIONS, s.sessions).u32(SN_A_STATS_BUFFERS, s.buffers);
    d.u64(SN_A_STATS_BUFFER_BYTES, s.buffer_bytes).u64(SN_A_STATS_SLICES, s.slices);
    d.maybe([&] { d.u64(SN_A_STATS_RETRIES, s.retries); });
    d.maybe([&] { d.u64(SN_A_STATS_QUARANTINED_BYTES, s.quarantined_bytes); });
    for (uint64_t n = input.below(6); n--;) {
        ClassStats &c = s.classes.emplace_back();
        Draft k(input);
        k.u32(SN_A_CLASS_STATS_CLASS, c.priority).u64(SN_A_CLASS_STATS_SUBMITTED, c.submitted);
        k.u64(SN_A_CLASS_STATS_COMPLETED, c.completed).u64(SN_A_CLASS_STATS_FAILED, c.failed);
        k.u64(SN_A_CLASS_STATS_BYTES, c.bytes).u64(SN_A_CLASS_STATS_QUEUE_NS, c.queue_ns);
        d.nest(SN_A_STATS_CLASS, k.u64(SN_A_CLASS_STATS_TOTAL_NS, c.total_ns));
    }
    out.attributes = d.attributes();
    return out;
}

Known<Tenant> known_tenant(Input &input) {
    Known<Tenant> out;
    Tenant &t = out.value;
    Draft d(input);

    d.u32(SN_A_TENANT_ID, t.id).maybe([&] { d.text(SN_A_TENANT_NAME, t.name); });
    d.maybe([&] { d.u32(SN_A_TENANT_PARTITION, t.partition); });
    d.maybe([&] { d.u32(SN_A_TENANT_SESSIONS, t.sessions).u32(SN_A_TENANT_BUFFERS, t.buffers); });
    d.maybe([&] { d.u64(SN_A_TENANT_BUFFER_BYTES, t.buffer_bytes); });
    out.attributes = d.attributes();
    return out;
}

Known<BufferInfo> known_buffer(Input &input) {
    Known<BufferInfo> out;
    BufferInfo &b = out.value;
    Draft d(input);

    d.u64(SN_A_BUFFER_ID, b.id).u32(SN_A_BUFFER_REGION, b.region).u64(SN_A_BUFFER_BYTES, b.bytes);
    d.u32(SN_A_BUFFER_STATE, b.state).maybe([&] { d.text(SN_A_BUFFER_NAME, b.name); });
    d.maybe([&] { d.u32(SN_A_BUFFER_DEVICE, b.device).u64(SN_A_BUFFER_OFFSET, b.offset); });
    d.maybe([&] { d.u32(SN_A_BUFFER_TENANT, b.tenant).u32(SN_A_BUFFER_PID, b.pid); });
    d.maybe([&] { d.text(SN_A_BUFFER_COMM, b.comm).u32(SN_A_BUFFER_MAPPINGS, b.mappings); });
    for (uint64_t n = input.below(4); n--;)
        d.text(SN_A_BUFFER_ATTACHMENT, b.attachments.emplace_back());
    d.maybe([&] { d.u32(SN_A_BUFFER_TRANSFERS, b.transfers); });
    d.maybe([&] { d.u64(SN_A_BUFFER_USER_DATA, b.user_data); });
    out.attributes = d.attributes();
    return out;
}

Known<TransferInfo> known_transfer(Input &input) {
    Known<TransferInfo> out;
    TransferInfo &t = out.value;
    Draft d(input);

    d.u64(SN_A_TRANSFER_ID, t.id).u32(SN_A_TRANSFER_CLASS, t.priority);
    d.u32(SN_A_TRANSFER_STATE, t.state).u64(SN_A_TRANSFER_BYTES, t.bytes);
    d.maybe([&] { d.u32(SN_A_TRANSFER_SESSION, t.session).s32(SN_A_TRANSFER_STATUS, t.status); });
    d.maybe([&] { d.u64(SN_A_TRANSFER_DONE_BYTES, t.done_bytes); });
    d.maybe([&] { d.u64(SN_A_TRANSFER_SUBMIT_NS, t.submit_ns); });
    d.maybe([&] { d.u64(SN_A_TRANSFER_START_NS, t.start_ns).u64(SN_A_TRANSFER_END_NS, t.end_ns); });
    d.maybe([&] { d.u64(SN_A_TRANSFER_USER_DATA, t.user_data); });
    out.attributes = d.attributes();
    return out;
}

Known<Path> known_path(Input &input) {
    Known<Path> out;
    Path &p = out.value;
    Draft d(input);

    d.maybe([&] { d.u32(SN_A_PATH_SRC, p.src).u32(SN_A_PATH_DST, p.dst); });
    d.maybe([&] { d.u64(SN_A_PATH_GENERATION, p.generation).u32(SN_A_PATH_REASON, p.reason); });
    d.maybe([&] { d.u32(SN_A_PATH_CULPRIT, p.culprit.emplace()); });
    for (uint64_t n = input.below(4); n--;)
        d.nest(SN_A_PATH_ROUTE, draft_of(input, p.routes.emplace_back()));
    out.attributes = d.attributes();
    return out;
}

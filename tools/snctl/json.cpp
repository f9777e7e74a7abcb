// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// One function per object, used by every verb that shows it.
#include "json.hpp"

namespace snctl {

using namespace supernode;

DeviceNames device_names(const std::vector<Device> &devices) {
    DeviceNames names;
    for (const Device &device : devices)
        names[device.id] = device.name;
    return names;
}

std::string name_of(const DeviceNames &names, std::uint32_t id) {
    const auto found = names.find(id);
    return found == names.end() ? std::to_string(id) : found->second;
}

Json to_json(const TopologyInfo &info) {
    return {{"generation", info.generation},
            {"name", info.name},
            {"devices", info.devices},
            {"links", info.links}};
}

Json to_json(const Region &region, const DeviceNames &names) {
    return {{"id", region.id},
            {"device", region.device},
            {"device_name", name_of(names, region.device)},
            {"index", region.index},
            {"kind", to_string(region.kind)},
            {"bytes", region.bytes},
            {"page_bytes", region.page_bytes},
            {"node", region.node},
            {"free_bytes", region.free_bytes},
            {"largest_free_bytes", region.largest_free_bytes},
            {"buffers", region.buffers}};
}

Json to_json(const Engine &engine, const DeviceNames &names) {
    return {{"id", engine.id},
            {"device", engine.device},
            {"device_name", name_of(names, engine.device)},
            {"index", engine.index},
            {"channels", engine.channels},
            {"depth", engine.depth},
            {"bytes_per_sec", engine.bytes_per_sec},
            {"latency_ns", engine.latency_ns},
            {"bytes", engine.bytes},
            {"copies", engine.copies},
            {"errors", engine.errors},
            {"inflight", engine.inflight}};
}

Json to_json(const Device &device) {
    const DeviceNames names{{device.id, device.name}};
    Json regions = Json::array();
    for (const Region &region : device.regions)
        regions.push_back(to_json(region, names));
    Json engines = Json::array();
    for (const Engine &engine : device.engines)
        engines.push_back(to_json(engine, names));
    return {{"id", device.id},
            {"name", device.name},
            {"kind", to_string(device.kind)},
            {"state", to_string(device.state)},
            {"backend", device.backend},
            {"host", device.host},
            {"node", device.node},
            {"ports", device.ports},
            {"buffers", device.buffers},
            {"regions", std::move(regions)},
            {"engines", std::move(engines)}};
}

Json to_json(const Link &link, const DeviceNames &names) {
    return {{"id", link.id},
            {"device_a", link.device_a},
            {"device_a_name", name_of(names, link.device_a)},
            {"port_a", link.port_a},
            {"device_b", link.device_b},
            {"device_b_name", name_of(names, link.device_b)},
            {"port_b", link.port_b},
            {"type", to_string(link.type)},
            {"bytes_per_sec_ab", link.bytes_per_sec_ab},
            {"bytes_per_sec_ba", link.bytes_per_sec_ba},
            {"latency_ns_ab", link.latency_ns_ab},
            {"latency_ns_ba", link.latency_ns_ba},
            {"admin", to_string(link.admin)},
            {"oper", to_string(link.oper)},
            {"bytes_ab", link.bytes_ab},
            {"bytes_ba", link.bytes_ba},
            {"slices_ab", link.slices_ab},
            {"slices_ba", link.slices_ba},
            {"inflight_bytes_ab", link.inflight_bytes_ab},
            {"inflight_bytes_ba", link.inflight_bytes_ba}};
}

Json to_json(const Partition &partition) {
    return {{"id", partition.id}, {"name", partition.name}, {"devices", partition.devices}};
}

Json to_json(const Tenant &tenant) {
    return {{"id", tenant.id},
            {"name", tenant.name},
            {"partition", tenant.partition},
            {"sessions", tenant.sessions},
            {"buffers", tenant.buffers},
            {"buffer_bytes", tenant.buffer_bytes}};
}

Json to_json(const Path &path, const DeviceNames &names) {
    Json routes = Json::array();
    for (const Route &route : path.routes) {
        Json hops = Json::array();
        for (const Hop &hop : route.hops)
            hops.push_back({{"link", hop.link},
                            {"from", hop.from},
                            {"from_name", name_of(names, hop.from)},
                            {"to", hop.to},
                            {"to_name", name_of(names, hop.to)},
                            {"stage", hop.stage}});
        routes.push_back({{"bytes_per_sec", route.bytes_per_sec},
                          {"latency_ns", route.latency_ns},
                          {"stages", route.stages},
                          {"hops", std::move(hops)}});
    }
    return {{"src", path.src},
            {"src_name", name_of(names, path.src)},
            {"dst", path.dst},
            {"dst_name", name_of(names, path.dst)},
            {"generation", path.generation},
            {"reason", to_string(path.reason)},
            {"culprit", path.culprit ? Json(*path.culprit) : Json(nullptr)},
            {"routes", std::move(routes)}};
}

Json to_json(const BufferInfo &buffer, const DeviceNames &names) {
    return {{"id", buffer.id},
            {"name", buffer.name},
            {"region", buffer.region},
            {"device", buffer.device},
            {"device_name", name_of(names, buffer.device)},
            {"bytes", buffer.bytes},
            {"offset", buffer.offset},
            {"state", to_string(buffer.state)},
            {"tenant", buffer.tenant},
            {"pid", buffer.pid},
            {"comm", buffer.comm},
            {"mappings", buffer.mappings},
            {"transfers", buffer.transfers},
            {"attachments", buffer.attachments},
            {"user_data", buffer.user_data}};
}

Json to_json(const TransferInfo &transfer) {
    return {{"id", transfer.id},
            {"session", transfer.session},
            {"class", to_string(transfer.priority)},
            {"state", to_string(transfer.state)},
            {"status", transfer.status},
            {"bytes", transfer.bytes},
            {"done_bytes", transfer.done_bytes},
            {"submit_ns", transfer.submit_ns},
            {"start_ns", transfer.start_ns},
            {"end_ns", transfer.end_ns},
            {"user_data", transfer.user_data}};
}

Json to_json(const Completion &completion) {
    return {{"id", completion.id},
            {"user_data", completion.user_data},
            {"bytes", completion.bytes},
            {"submit_ns", completion.submit_ns},
            {"start_ns", completion.start_ns},
            {"end_ns", completion.end_ns},
            {"status", completion.status},
            {"type", to_string(completion.type)}};
}

Json to_json(const Stats &stats) {
    Json classes = Json::array();
    for (const ClassStats &one : stats.classes)
        classes.push_back({{"class", to_string(one.priority)},
                           {"submitted", one.submitted},
                           {"completed", one.completed},
                           {"failed", one.failed},
                           {"bytes", one.bytes},
                           {"queue_ns", one.queue_ns},
                           {"total_ns", one.total_ns}});
    return {{"sessions", stats.sessions},         {"buffers", stats.buffers},
            {"buffer_bytes", stats.buffer_bytes}, {"slices", stats.slices},
            {"retries", stats.retries},           {"quarantined_bytes", stats.quarantined_bytes},
            {"classes", std::move(classes)}};
}

} // namespace snctl

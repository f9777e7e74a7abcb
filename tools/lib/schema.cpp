// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Responsible for the tables alone; the spec test compares them with the YAML.
#include "schema.hpp"

#include <fmt/format.h>

namespace supernode {
namespace {

using enum AttrType;

constexpr AttrDef features_attributes[] = {
    {"version", string}, {"segments-max", u32},   {"in-fences-max", u32},    {"stages-max", u32},
    {"paths-max", u32},  {"fence-limit-ns", u64}, {"backend", string, true},
};

constexpr AttrDef topology_attributes[] = {
    {"generation", u64}, {"name", string}, {"fd", s32},
    {"flags", u32},      {"devices", u32}, {"links", u32},
};

constexpr AttrDef device_attributes[] = {
    {"id", u32},
    {"name", string},
    {"kind", u32},
    {"state", u32},
    {"backend", string},
    {"host", u32},
    {"node", s32},
    {"ports", u32},
    {"region", nest, true, &schema::region},
    {"engine", nest, true, &schema::engine},
    {"txn-fd", s32},
    {"buffers", u32},
    {"flags", u32},
};

constexpr AttrDef region_attributes[] = {
    {"id", u32},      {"device", u32},     {"index", u32},
    {"kind", u32},    {"bytes", u64},      {"page-bytes", u32},
    {"node", s32},    {"free-bytes", u64}, {"largest-free-bytes", u64},
    {"buffers", u32},
};

constexpr AttrDef engine_attributes[] = {
    {"id", u32},     {"device", u32},        {"index", u32},      {"channels", u32},
    {"depth", u32},  {"bytes-per-sec", u64}, {"latency-ns", u64}, {"bytes", u64},
    {"copies", u64}, {"errors", u64},        {"inflight", u32},
};

constexpr AttrDef link_attributes[] = {
    {"id", u32},
    {"device-a", u32},
    {"port-a", u32},
    {"device-b", u32},
    {"port-b", u32},
    {"type", u32},
    {"bytes-per-sec-ab", u64},
    {"bytes-per-sec-ba", u64},
    {"latency-ns-ab", u64},
    {"latency-ns-ba", u64},
    {"admin", u32},
    {"oper", u32},
    {"bytes-ab", u64},
    {"bytes-ba", u64},
    {"slices-ab", u64},
    {"slices-ba", u64},
    {"inflight-bytes-ab", u64},
    {"inflight-bytes-ba", u64},
    {"txn-fd", s32},
};

constexpr AttrDef partition_attributes[] = {
    {"id", u32},
    {"name", string},
    {"devices", u32},
};

constexpr AttrDef tenant_attributes[] = {
    {"id", u32},       {"name", string}, {"partition", u32},
    {"sessions", u32}, {"buffers", u32}, {"buffer-bytes", u64},
};

constexpr AttrDef path_attributes[] = {
    {"src", u32},        {"dst", u32},     {"count", u32},
    {"reason", u32},     {"culprit", u32}, {"route", nest, true, &schema::route},
    {"generation", u64},
};

constexpr AttrDef route_attributes[] = {
    {"bytes-per-sec", u64},
    {"latency-ns", u64},
    {"stages", u32},
    {"hop", nest, true, &schema::hop},
};

constexpr AttrDef hop_attributes[] = {
    {"link", u32},
    {"from", u32},
    {"to", u32},
    {"stage", u32},
};

constexpr AttrDef session_attributes[] = {
    {"fd", s32},     {"id", u32},        {"class", u32},
    {"tenant", u32}, {"partition", u32}, {"transfers-max", u32},
};

constexpr AttrDef buffer_attributes[] = {
    {"fd", s32},        {"session-fd", s32}, {"id", u64},        {"name", string},
    {"region", u32},    {"device", u32},     {"bytes", u64},     {"offset", u64},
    {"fd-flags", u32},  {"state", u32},      {"tenant", u32},    {"pid", u32},
    {"comm", string},   {"mappings", u32},   {"transfers", u32}, {"attachment", string, true},
    {"user-data", u64},
};

constexpr AttrDef transfer_attributes[] = {
    {"session-fd", s32},   {"id", u64},        {"segments", binary},
    {"class", u32},        {"flags", u32},     {"in-fence-fd", s32, true},
    {"out-fence-fd", s32}, {"user-data", u64}, {"state", u32},
    {"status", s32},       {"bytes", u64},     {"done-bytes", u64},
    {"submit-ns", u64},    {"start-ns", u64},  {"end-ns", u64},
    {"session", u32},
};

constexpr AttrDef fault_attributes[] = {
    {"device", u32},
    {"engine", u32},
    {"transfer", u64},
    {"status", s32},
};

constexpr AttrDef stats_attributes[] = {
    {"sessions", u32},
    {"buffers", u32},
    {"buffer-bytes", u64},
    {"slices", u64},
    {"retries", u64},
    {"quarantined-bytes", u64},
    {"class", nest, true, &schema::class_stats},
};

constexpr AttrDef class_stats_attributes[] = {
    {"class", u32}, {"submitted", u64}, {"completed", u64}, {"failed", u64},
    {"bytes", u64}, {"queue-ns", u64},  {"total-ns", u64},
};

} // namespace

namespace schema {
const AttrSet features{"features", features_attributes};
const AttrSet topology{"topology", topology_attributes};
const AttrSet device{"device", device_attributes};
const AttrSet region{"region", region_attributes};
const AttrSet engine{"engine", engine_attributes};
const AttrSet link{"link", link_attributes};
const AttrSet partition{"partition", partition_attributes};
const AttrSet tenant{"tenant", tenant_attributes};
const AttrSet path{"path", path_attributes};
const AttrSet route{"route", route_attributes};
const AttrSet hop{"hop", hop_attributes};
const AttrSet session{"session", session_attributes};
const AttrSet buffer{"buffer", buffer_attributes};
const AttrSet transfer{"transfer", transfer_attributes};
const AttrSet fault{"fault", fault_attributes};
const AttrSet stats{"stats", stats_attributes};
const AttrSet class_stats{"class-stats", class_stats_attributes};
} // namespace schema

namespace {

constexpr const AttrSet *sets[] = {
    &schema::features, &schema::topology,    &schema::device, &schema::region,   &schema::engine,
    &schema::link,     &schema::partition,   &schema::tenant, &schema::path,     &schema::route,
    &schema::hop,      &schema::session,     &schema::buffer, &schema::transfer, &schema::fault,
    &schema::stats,    &schema::class_stats,
};

constexpr CommandDef commands[] = {
    {"FEATURES_GET", &schema::features},   {"TOPOLOGY_GET", &schema::topology},
    {"TOPOLOGY_BEGIN", &schema::topology}, {"TOPOLOGY_COMMIT", &schema::topology},
    {"TOPOLOGY_ABORT", &schema::topology}, {"TOPOLOGY_NTF", &schema::topology},
    {"DEVICE_GET", &schema::device},       {"DEVICE_NEW", &schema::device},
    {"DEVICE_DEL", &schema::device},       {"LINK_GET", &schema::link},
    {"LINK_NEW", &schema::link},           {"LINK_SET", &schema::link},
    {"LINK_DEL", &schema::link},           {"REGION_GET", &schema::region},
    {"ENGINE_GET", &schema::engine},       {"PARTITION_GET", &schema::partition},
    {"TENANT_GET", &schema::tenant},       {"PATH_GET", &schema::path},
    {"SESSION_OPEN", &schema::session},    {"BUFFER_ALLOC", &schema::buffer},
    {"BUFFER_GET", &schema::buffer},       {"BUFFER_INFO", &schema::buffer},
    {"BUFFER_NTF", &schema::buffer},       {"TRANSFER_SUBMIT", &schema::transfer},
    {"TRANSFER_GET", &schema::transfer},   {"TRANSFER_CANCEL", &schema::transfer},
    {"TRANSFER_NTF", &schema::transfer},   {"FAULT_NTF", &schema::fault},
    {"STATS_GET", &schema::stats},
};

} // namespace

std::span<const AttrSet *const> all_attr_sets() {
    return sets;
}

std::span<const CommandDef> all_commands() {
    return commands;
}

const CommandDef *find_command(std::uint8_t command) {
    return command >= 1 && command <= std::size(commands) ? &commands[command - 1] : nullptr;
}

std::string command_name(std::uint8_t command) {
    const CommandDef *def = find_command(command);

    return def ? std::string(def->name) : fmt::format("command {}", command);
}

} // namespace supernode

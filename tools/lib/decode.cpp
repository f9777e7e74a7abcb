// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "decode.hpp"

#include "connection.hpp"

#include <fmt/format.h>
#include <linux/supernode.h>
#include <type_traits>

namespace supernode {
namespace {

enum class Need : bool { may, must };
using enum Need;

/// Where the decoder stands: for the words of an error.
struct Context {
    std::uint8_t command;
    const AttrSet *set;
};

template<typename T>
struct Field {
    std::uint16_t attr;
    Need need;
    void (*store)(T &object, const Attr &attr, const Context &context);
};

/// Each object's table and its attribute set; specialised below.
template<typename T>
struct Layout;

template<typename T>
T decode_attributes(Bytes attributes, std::uint8_t command);

[[noreturn]] void throw_size(const Attr &attr, const Context &context, std::size_t expected) {
    throw_malformed(context.command,
                    fmt::format("{} '{}' has {} bytes instead of {}", context.set->name,
                                context.set->attributes[attr.type - 1].name, attr.payload.size(),
                                expected));
}

template<typename Value>
Value expect(std::optional<Value> value, const Attr &attr, const Context &context) {
    if (!value)
        throw_size(attr, context, sizeof(Value));
    return *value;
}

void assign(std::uint32_t &to, const Attr &attr, const Context &context) {
    to = expect(as_u32(attr.payload), attr, context);
}

void assign(std::uint64_t &to, const Attr &attr, const Context &context) {
    to = expect(as_u64(attr.payload), attr, context);
}

void assign(std::int32_t &to, const Attr &attr, const Context &context) {
    to = expect(as_s32(attr.payload), attr, context);
}

void assign(std::string &to, const Attr &attr, const Context &) {
    to = as_string(attr.payload);
}

void assign(Fd &to, const Attr &attr, const Context &context) {
    std::int32_t fd = expect(as_s32(attr.payload), attr, context);

    if (fd < 0 || to)
        throw_malformed(context.command, fmt::format("{} '{}' is {}", context.set->name,
                                                     context.set->attributes[attr.type - 1].name,
                                                     fd < 0 ? "no descriptor" : "there twice"));
    to.reset(fd);
}

template<typename Enum>
requires std::is_enum_v<Enum>
void assign(Enum &to, const Attr &attr, const Context &context) {
    to = static_cast<Enum>(expect(as_u32(attr.payload), attr, context));
}

template<typename Value>
void assign(std::optional<Value> &to, const Attr &attr, const Context &context) {
    assign(to.emplace(), attr, context);
}

template<typename Object>
requires requires {
    Layout<Object>::fields;
}
void assign(Object &to, const Attr &attr, const Context &context) {
    to = decode_attributes<Object>(attr.payload, context.command);
}

template<typename Value>
void assign(std::vector<Value> &to, const Attr &attr, const Context &context) {
    assign(to.emplace_back(), attr, context);
}

template<auto Member>
struct MemberOf;
template<typename T, typename Value, Value T::*Member>
struct MemberOf<Member> {
    static void store(T &object, const Attr &attr, const Context &context) {
        assign(object.*Member, attr, context);
    }
};

template<typename T>
using Store = void (*)(T &, const Attr &, const Context &);

/// One row: the attribute, whether an answer without it makes sense, and where it goes.
template<auto Member, typename T>
consteval Field<T> row(std::uint16_t attr, Need need) {
    return {attr, need, &MemberOf<Member>::store};
}

#define SN_LAYOUT(T, attr_set, ...)                                                                \
    template<>                                                                                     \
    struct Layout<T> {                                                                             \
        using Object = T;                                                                          \
        static constexpr const AttrSet *set = &schema::attr_set;                                   \
        static constexpr auto fields = std::to_array<Field<T>>({__VA_ARGS__});                     \
    };
#define SN_ROW(member, attr, need) row<&Object::member, Object>(attr, need)

SN_LAYOUT(Features, features, SN_ROW(version, SN_A_FEATURES_VERSION, must),
          SN_ROW(segments_max, SN_A_FEATURES_SEGMENTS_MAX, must),
          SN_ROW(in_fences_max, SN_A_FEATURES_IN_FENCES_MAX, must),
          SN_ROW(stages_max, SN_A_FEATURES_STAGES_MAX, must),
          SN_ROW(paths_max, SN_A_FEATURES_PATHS_MAX, must),
          SN_ROW(fence_limit_ns, SN_A_FEATURES_FENCE_LIMIT_NS, must),
          SN_ROW(backends, SN_A_FEATURES_BACKEND, may))

SN_LAYOUT(TopologyInfo, topology, SN_ROW(generation, SN_A_TOPOLOGY_GENERATION, must),
          SN_ROW(name, SN_A_TOPOLOGY_NAME, may), SN_ROW(devices, SN_A_TOPOLOGY_DEVICES, must),
          SN_ROW(links, SN_A_TOPOLOGY_LINKS, must))

SN_LAYOUT(TopologyEvent, topology, SN_ROW(generation, SN_A_TOPOLOGY_GENERATION, must))

SN_LAYOUT(BeginReply, topology, SN_ROW(fd, SN_A_TOPOLOGY_FD, must),
          SN_ROW(generation, SN_A_TOPOLOGY_GENERATION, must))

SN_LAYOUT(Region, region, SN_ROW(id, SN_A_REGION_ID, must), SN_ROW(device, SN_A_REGION_DEVICE, may),
          SN_ROW(index, SN_A_REGION_INDEX, may), SN_ROW(kind, SN_A_REGION_KIND, must),
          SN_ROW(bytes, SN_A_REGION_BYTES, must), SN_ROW(page_bytes, SN_A_REGION_PAGE_BYTES, may),
          SN_ROW(node, SN_A_REGION_NODE, may), SN_ROW(free_bytes, SN_A_REGION_FREE_BYTES, may),
          SN_ROW(largest_free_bytes, SN_A_REGION_LARGEST_FREE_BYTES, may),
          SN_ROW(buffers, SN_A_REGION_BUFFERS, may))

SN_LAYOUT(Engine, engine, SN_ROW(id, SN_A_ENGINE_ID, must), SN_ROW(device, SN_A_ENGINE_DEVICE, may),
          SN_ROW(index, SN_A_ENGINE_INDEX, may), SN_ROW(channels, SN_A_ENGINE_CHANNELS, must),
          SN_ROW(depth, SN_A_ENGINE_DEPTH, may),
          SN_ROW(bytes_per_sec, SN_A_ENGINE_BYTES_PER_SEC, may),
          SN_ROW(latency_ns, SN_A_ENGINE_LATENCY_NS, may), SN_ROW(bytes, SN_A_ENGINE_BYTES, may),
          SN_ROW(copies, SN_A_ENGINE_COPIES, may), SN_ROW(errors, SN_A_ENGINE_ERRORS, may),
          SN_ROW(inflight, SN_A_ENGINE_INFLIGHT, may))

SN_LAYOUT(Device, device, SN_ROW(id, SN_A_DEVICE_ID, must), SN_ROW(name, SN_A_DEVICE_NAME, must),
          SN_ROW(kind, SN_A_DEVICE_KIND, must), SN_ROW(state, SN_A_DEVICE_STATE, must),
          SN_ROW(backend, SN_A_DEVICE_BACKEND, may), SN_ROW(host, SN_A_DEVICE_HOST, may),
          SN_ROW(node, SN_A_DEVICE_NODE, may), SN_ROW(ports, SN_A_DEVICE_PORTS, may),
          SN_ROW(regions, SN_A_DEVICE_REGION, may), SN_ROW(engines, SN_A_DEVICE_ENGINE, may),
          SN_ROW(buffers, SN_A_DEVICE_BUFFERS, may))

SN_LAYOUT(NewDevice, device, SN_ROW(id, SN_A_DEVICE_ID, must))

SN_LAYOUT(Link, link, SN_ROW(id, SN_A_LINK_ID, must), SN_ROW(device_a, SN_A_LINK_DEVICE_A, must),
          SN_ROW(port_a, SN_A_LINK_PORT_A, must), SN_ROW(device_b, SN_A_LINK_DEVICE_B, must),
          SN_ROW(port_b, SN_A_LINK_PORT_B, must), SN_ROW(type, SN_A_LINK_TYPE, must),
          SN_ROW(bytes_per_sec_ab, SN_A_LINK_BYTES_PER_SEC_AB, must),
          SN_ROW(bytes_per_sec_ba, SN_A_LINK_BYTES_PER_SEC_BA, must),
          SN_ROW(latency_ns_ab, SN_A_LINK_LATENCY_NS_AB, may),
          SN_ROW(latency_ns_ba, SN_A_LINK_LATENCY_NS_BA, may), SN_ROW(admin, SN_A_LINK_ADMIN, must),
          SN_ROW(oper, SN_A_LINK_OPER, must), SN_ROW(bytes_ab, SN_A_LINK_BYTES_AB, may),
          SN_ROW(bytes_ba, SN_A_LINK_BYTES_BA, may), SN_ROW(slices_ab, SN_A_LINK_SLICES_AB, may),
          SN_ROW(slices_ba, SN_A_LINK_SLICES_BA, may),
          SN_ROW(inflight_bytes_ab, SN_A_LINK_INFLIGHT_BYTES_AB, may),
          SN_ROW(inflight_bytes_ba, SN_A_LINK_INFLIGHT_BYTES_BA, may))

SN_LAYOUT(NewLink, link, SN_ROW(id, SN_A_LINK_ID, must))

SN_LAYOUT(Partition, partition, SN_ROW(id, SN_A_PARTITION_ID, must),
          SN_ROW(name, SN_A_PARTITION_NAME, may), SN_ROW(devices, SN_A_PARTITION_DEVICES, may))

SN_LAYOUT(Tenant, tenant, SN_ROW(id, SN_A_TENANT_ID, must), SN_ROW(name, SN_A_TENANT_NAME, may),
          SN_ROW(partition, SN_A_TENANT_PARTITION, may),
          SN_ROW(sessions, SN_A_TENANT_SESSIONS, may), SN_ROW(buffers, SN_A_TENANT_BUFFERS, may),
          SN_ROW(buffer_bytes, SN_A_TENANT_BUFFER_BYTES, may))

SN_LAYOUT(Hop, hop, SN_ROW(link, SN_A_HOP_LINK, must), SN_ROW(from, SN_A_HOP_FROM, must),
          SN_ROW(to, SN_A_HOP_TO, must), SN_ROW(stage, SN_A_HOP_STAGE, must))

SN_LAYOUT(Route, route, SN_ROW(bytes_per_sec, SN_A_ROUTE_BYTES_PER_SEC, must),
          SN_ROW(latency_ns, SN_A_ROUTE_LATENCY_NS, must), SN_ROW(stages, SN_A_ROUTE_STAGES, must),
          SN_ROW(hops, SN_A_ROUTE_HOP, may))

SN_LAYOUT(Path, path, SN_ROW(src, SN_A_PATH_SRC, may), SN_ROW(dst, SN_A_PATH_DST, may),
          SN_ROW(generation, SN_A_PATH_GENERATION, may), SN_ROW(reason, SN_A_PATH_REASON, may),
          SN_ROW(culprit, SN_A_PATH_CULPRIT, may), SN_ROW(routes, SN_A_PATH_ROUTE, may))

SN_LAYOUT(SessionReply, session, SN_ROW(fd, SN_A_SESSION_FD, must),
          SN_ROW(id, SN_A_SESSION_ID, must), SN_ROW(priority, SN_A_SESSION_CLASS, may),
          SN_ROW(tenant, SN_A_SESSION_TENANT, may), SN_ROW(partition, SN_A_SESSION_PARTITION, may),
          SN_ROW(transfers_max, SN_A_SESSION_TRANSFERS_MAX, may))

SN_LAYOUT(BufferReply, buffer, SN_ROW(fd, SN_A_BUFFER_FD, must), SN_ROW(id, SN_A_BUFFER_ID, must),
          SN_ROW(state, SN_A_BUFFER_STATE, must))

SN_LAYOUT(BufferInfo, buffer, SN_ROW(id, SN_A_BUFFER_ID, must), SN_ROW(name, SN_A_BUFFER_NAME, may),
          SN_ROW(region, SN_A_BUFFER_REGION, must), SN_ROW(device, SN_A_BUFFER_DEVICE, may),
          SN_ROW(bytes, SN_A_BUFFER_BYTES, must), SN_ROW(offset, SN_A_BUFFER_OFFSET, may),
          SN_ROW(state, SN_A_BUFFER_STATE, must), SN_ROW(tenant, SN_A_BUFFER_TENANT, may),
          SN_ROW(pid, SN_A_BUFFER_PID, may), SN_ROW(comm, SN_A_BUFFER_COMM, may),
          SN_ROW(mappings, SN_A_BUFFER_MAPPINGS, may),
          SN_ROW(transfers, SN_A_BUFFER_TRANSFERS, may),
          SN_ROW(attachments, SN_A_BUFFER_ATTACHMENT, may),
          SN_ROW(user_data, SN_A_BUFFER_USER_DATA, may))

SN_LAYOUT(BufferEvent, buffer, SN_ROW(id, SN_A_BUFFER_ID, must),
          SN_ROW(state, SN_A_BUFFER_STATE, must), SN_ROW(bytes, SN_A_BUFFER_BYTES, may))

SN_LAYOUT(SubmitReply, transfer, SN_ROW(id, SN_A_TRANSFER_ID, must),
          SN_ROW(out_fence, SN_A_TRANSFER_OUT_FENCE_FD, may))

SN_LAYOUT(TransferInfo, transfer, SN_ROW(id, SN_A_TRANSFER_ID, must),
          SN_ROW(session, SN_A_TRANSFER_SESSION, may), SN_ROW(priority, SN_A_TRANSFER_CLASS, must),
          SN_ROW(state, SN_A_TRANSFER_STATE, must), SN_ROW(status, SN_A_TRANSFER_STATUS, may),
          SN_ROW(bytes, SN_A_TRANSFER_BYTES, must),
          SN_ROW(done_bytes, SN_A_TRANSFER_DONE_BYTES, may),
          SN_ROW(submit_ns, SN_A_TRANSFER_SUBMIT_NS, may),
          SN_ROW(start_ns, SN_A_TRANSFER_START_NS, may), SN_ROW(end_ns, SN_A_TRANSFER_END_NS, may),
          SN_ROW(user_data, SN_A_TRANSFER_USER_DATA, may))

SN_LAYOUT(TransferEvent, transfer, SN_ROW(id, SN_A_TRANSFER_ID, must),
          SN_ROW(session, SN_A_TRANSFER_SESSION, may), SN_ROW(state, SN_A_TRANSFER_STATE, must),
          SN_ROW(status, SN_A_TRANSFER_STATUS, must),
          SN_ROW(done_bytes, SN_A_TRANSFER_DONE_BYTES, may))

SN_LAYOUT(FaultEvent, fault, SN_ROW(device, SN_A_FAULT_DEVICE, must),
          SN_ROW(engine, SN_A_FAULT_ENGINE, may), SN_ROW(transfer, SN_A_FAULT_TRANSFER, may),
          SN_ROW(status, SN_A_FAULT_STATUS, must))

SN_LAYOUT(ClassStats, class_stats, SN_ROW(priority, SN_A_CLASS_STATS_CLASS, must),
          SN_ROW(submitted, SN_A_CLASS_STATS_SUBMITTED, must),
          SN_ROW(completed, SN_A_CLASS_STATS_COMPLETED, must),
          SN_ROW(failed, SN_A_CLASS_STATS_FAILED, must),
          SN_ROW(bytes, SN_A_CLASS_STATS_BYTES, must),
          SN_ROW(queue_ns, SN_A_CLASS_STATS_QUEUE_NS, must),
          SN_ROW(total_ns, SN_A_CLASS_STATS_TOTAL_NS, must))

SN_LAYOUT(Stats, stats, SN_ROW(sessions, SN_A_STATS_SESSIONS, must),
          SN_ROW(buffers, SN_A_STATS_BUFFERS, must),
          SN_ROW(buffer_bytes, SN_A_STATS_BUFFER_BYTES, must),
          SN_ROW(slices, SN_A_STATS_SLICES, must), SN_ROW(retries, SN_A_STATS_RETRIES, may),
          SN_ROW(quarantined_bytes, SN_A_STATS_QUARANTINED_BYTES, may),
          SN_ROW(classes, SN_A_STATS_CLASS, may))

template<typename T>
T decode_attributes(Bytes attributes, std::uint8_t command) {
    constexpr auto &fields = Layout<T>::fields;
    static_assert(fields.size() <= 64);
    const Context context{command, Layout<T>::set};
    std::uint64_t seen = 0;
    AttrWalker walker(attributes);
    T object{};

    while (auto attr = walker.next()) {
        for (std::size_t i = 0; i < fields.size(); i++) {
            if (fields[i].attr != attr->type)
                continue;
            fields[i].store(object, *attr, context);
            seen |= std::uint64_t{1} << i;
        }
    }
    if (walker.broken())
        throw_malformed(command, fmt::format("an attribute of {} overruns it", context.set->name));
    for (std::size_t i = 0; i < fields.size(); i++)
        if (fields[i].need == must && !(seen >> i & 1))
            throw_malformed(command, fmt::format("{} '{}' is missing", context.set->name,
                                                 context.set->attributes[fields[i].attr - 1].name));
    return object;
}

} // namespace

template<typename T>
T decode(const Reply &reply) {
    return decode_attributes<T>(reply.attributes, reply.command);
}

// The regions and engines inside a device say their device by being there.
template<>
Device decode<Device>(const Reply &reply) {
    auto device = decode_attributes<Device>(reply.attributes, reply.command);

    for (Region &region : device.regions)
        region.device = device.id;
    for (Engine &engine : device.engines)
        engine.device = device.id;
    return device;
}

template Features decode<Features>(const Reply &);
template TopologyInfo decode<TopologyInfo>(const Reply &);
template TopologyEvent decode<TopologyEvent>(const Reply &);
template BeginReply decode<BeginReply>(const Reply &);
template Region decode<Region>(const Reply &);
template Engine decode<Engine>(const Reply &);
template NewDevice decode<NewDevice>(const Reply &);
template Link decode<Link>(const Reply &);
template NewLink decode<NewLink>(const Reply &);
template Partition decode<Partition>(const Reply &);
template Tenant decode<Tenant>(const Reply &);
template Path decode<Path>(const Reply &);
template SessionReply decode<SessionReply>(const Reply &);
template BufferReply decode<BufferReply>(const Reply &);
template BufferInfo decode<BufferInfo>(const Reply &);
template SubmitReply decode<SubmitReply>(const Reply &);
template TransferInfo decode<TransferInfo>(const Reply &);
template BufferEvent decode<BufferEvent>(const Reply &);
template TransferEvent decode<TransferEvent>(const Reply &);
template FaultEvent decode<FaultEvent>(const Reply &);
template Stats decode<Stats>(const Reply &);

} // namespace supernode

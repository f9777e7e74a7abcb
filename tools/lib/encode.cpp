// SPDX-License-Identifier: GPL-2.0-only OR MIT
// What the kernel would refuse is sent all the same: it has the better sentence.
#include "encode.hpp"

#include <fcntl.h>
#include <linux/supernode.h>

namespace supernode {
namespace {

template<typename Enum>
std::uint32_t raw(Enum value) {
    return static_cast<std::uint32_t>(value);
}

void put_u32(Message &message, std::uint16_t attr, const std::optional<std::uint32_t> &value) {
    if (value)
        message.put_u32(attr, *value);
}

void put_u64(Message &message, std::uint16_t attr, const std::optional<std::uint64_t> &value) {
    if (value)
        message.put_u64(attr, *value);
}

void put_s32(Message &message, std::uint16_t attr, const std::optional<std::int32_t> &value) {
    if (value)
        message.put_s32(attr, *value);
}

std::uint32_t open_flags(Access access) {
    switch (access) {
    case Access::read:
        return O_RDONLY;
    case Access::write:
        return O_WRONLY;
    case Access::read_write:
        break;
    }
    return O_RDWR;
}

} // namespace

Message request(std::uint8_t command) {
    return {0, command};
}

Message encode_device_new(const DeviceSpec &spec, std::optional<int> txn_fd) {
    Message message = request(SN_CMD_DEVICE_NEW);

    message.put_string(SN_A_DEVICE_NAME, spec.name);
    message.put_u32(SN_A_DEVICE_KIND, raw(spec.kind));
    if (spec.backend)
        message.put_string(SN_A_DEVICE_BACKEND, *spec.backend);
    put_u32(message, SN_A_DEVICE_PORTS, spec.ports);
    for (const RegionSpec &region : spec.regions)
        message.nest(SN_A_DEVICE_REGION, [&](Message &nest) {
            nest.put_u32(SN_A_REGION_KIND, raw(region.kind));
            nest.put_u64(SN_A_REGION_BYTES, region.bytes);
            put_u32(nest, SN_A_REGION_PAGE_BYTES, region.page_bytes);
            put_s32(nest, SN_A_REGION_NODE, region.node);
        });
    for (const EngineSpec &engine : spec.engines)
        message.nest(SN_A_DEVICE_ENGINE, [&](Message &nest) {
            put_u32(nest, SN_A_ENGINE_CHANNELS, engine.channels);
            put_u32(nest, SN_A_ENGINE_DEPTH, engine.depth);
            put_u64(nest, SN_A_ENGINE_BYTES_PER_SEC, engine.bytes_per_sec);
            put_u64(nest, SN_A_ENGINE_LATENCY_NS, engine.latency_ns);
        });
    put_s32(message, SN_A_DEVICE_TXN_FD, txn_fd);
    return message;
}

Message encode_device_del(std::uint32_t id, bool force, std::optional<int> txn_fd) {
    Message message = request(SN_CMD_DEVICE_DEL);

    message.put_u32(SN_A_DEVICE_ID, id);
    if (force)
        message.put_u32(SN_A_DEVICE_FLAGS, SN_DEVICE_F_FORCE);
    put_s32(message, SN_A_DEVICE_TXN_FD, txn_fd);
    return message;
}

Message encode_link_new(const LinkSpec &spec, std::optional<int> txn_fd) {
    Message message = request(SN_CMD_LINK_NEW);

    message.put_u32(SN_A_LINK_DEVICE_A, spec.device_a);
    message.put_u32(SN_A_LINK_DEVICE_B, spec.device_b);
    put_u32(message, SN_A_LINK_PORT_A, spec.port_a);
    put_u32(message, SN_A_LINK_PORT_B, spec.port_b);
    if (spec.type)
        message.put_u32(SN_A_LINK_TYPE, raw(*spec.type));
    message.put_u64(SN_A_LINK_BYTES_PER_SEC_AB, spec.bytes_per_sec_ab);
    put_u64(message, SN_A_LINK_BYTES_PER_SEC_BA, spec.bytes_per_sec_ba);
    put_u64(message, SN_A_LINK_LATENCY_NS_AB, spec.latency_ns_ab);
    put_u64(message, SN_A_LINK_LATENCY_NS_BA, spec.latency_ns_ba);
    put_s32(message, SN_A_LINK_TXN_FD, txn_fd);
    return message;
}

Message encode_link_del(std::uint32_t id, std::optional<int> txn_fd) {
    Message message = request(SN_CMD_LINK_DEL);

    message.put_u32(SN_A_LINK_ID, id);
    put_s32(message, SN_A_LINK_TXN_FD, txn_fd);
    return message;
}

Message encode_buffer_alloc(int session_fd, const BufferSpec &spec) {
    Message message = request(SN_CMD_BUFFER_ALLOC);

    message.put_s32(SN_A_BUFFER_SESSION_FD, session_fd);
    message.put_u32(SN_A_BUFFER_REGION, spec.region);
    message.put_u64(SN_A_BUFFER_BYTES, spec.bytes);
    if (!spec.name.empty())
        message.put_string(SN_A_BUFFER_NAME, spec.name);
    message.put_u32(SN_A_BUFFER_FD_FLAGS, open_flags(spec.access));
    message.put_u64(SN_A_BUFFER_USER_DATA, spec.user_data);
    return message;
}

Message encode_submit(int session_fd, std::span<const Segment> segments,
                      const SubmitOptions &options) {
    Message message = request(SN_CMD_TRANSFER_SUBMIT);

    message.put_s32(SN_A_TRANSFER_SESSION_FD, session_fd);
    message.put(SN_A_TRANSFER_SEGMENTS, std::as_bytes(segments));
    if (options.priority)
        message.put_u32(SN_A_TRANSFER_CLASS, raw(*options.priority));
    if (options.out_fence)
        message.put_u32(SN_A_TRANSFER_FLAGS, SN_TRANSFER_F_OUT_FENCE);
    for (std::int32_t fence : options.in_fences)
        message.put_s32(SN_A_TRANSFER_IN_FENCE_FD, fence);
    message.put_u64(SN_A_TRANSFER_USER_DATA, options.user_data);
    return message;
}

} // namespace supernode

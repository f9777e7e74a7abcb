// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include <supernode/client.hpp>

#include "connection.hpp"
#include "decode.hpp"
#include "encode.hpp"

#include <linux/supernode.h>
#include <utility>

namespace supernode {

Client::Client() : Client(open_netlink()) {}

Client::Client(std::unique_ptr<Transport> transport)
    : connection_(std::make_shared<Connection>(std::move(transport))) {}

Features Client::features() {
    return decode<Features>(connection_->ask(request(SN_CMD_FEATURES_GET)));
}

TopologyInfo Client::topology() {
    return decode<TopologyInfo>(connection_->ask(request(SN_CMD_TOPOLOGY_GET)));
}

Stats Client::stats() {
    return decode<Stats>(connection_->ask(request(SN_CMD_STATS_GET)));
}

std::vector<Device> Client::devices() {
    return decode_all<Device>(connection_->dump(request(SN_CMD_DEVICE_GET)));
}

std::vector<Link> Client::links() {
    return decode_all<Link>(connection_->dump(request(SN_CMD_LINK_GET)));
}

std::vector<Region> Client::regions() {
    return decode_all<Region>(connection_->dump(request(SN_CMD_REGION_GET)));
}

std::vector<Engine> Client::engines() {
    return decode_all<Engine>(connection_->dump(request(SN_CMD_ENGINE_GET)));
}

std::vector<Partition> Client::partitions() {
    return decode_all<Partition>(connection_->dump(request(SN_CMD_PARTITION_GET)));
}

std::vector<Tenant> Client::tenants() {
    return decode_all<Tenant>(connection_->dump(request(SN_CMD_TENANT_GET)));
}

std::vector<BufferInfo> Client::buffers() {
    return decode_all<BufferInfo>(connection_->dump(request(SN_CMD_BUFFER_GET)));
}

std::vector<TransferInfo> Client::transfers() {
    return decode_all<TransferInfo>(connection_->dump(request(SN_CMD_TRANSFER_GET)));
}

Device Client::device(std::uint32_t id) {
    return decode<Device>(connection_->ask(request(SN_CMD_DEVICE_GET).put_u32(SN_A_DEVICE_ID, id)));
}

Link Client::link(std::uint32_t id) {
    return decode<Link>(connection_->ask(request(SN_CMD_LINK_GET).put_u32(SN_A_LINK_ID, id)));
}

Region Client::region(std::uint32_t id) {
    return decode<Region>(connection_->ask(request(SN_CMD_REGION_GET).put_u32(SN_A_REGION_ID, id)));
}

Engine Client::engine(std::uint32_t id) {
    return decode<Engine>(connection_->ask(request(SN_CMD_ENGINE_GET).put_u32(SN_A_ENGINE_ID, id)));
}

BufferInfo Client::buffer(std::uint64_t id) {
    return decode<BufferInfo>(
        connection_->ask(request(SN_CMD_BUFFER_GET).put_u64(SN_A_BUFFER_ID, id)));
}

BufferInfo Client::buffer_info(int dmabuf_fd) {
    return decode<BufferInfo>(
        connection_->ask(request(SN_CMD_BUFFER_INFO).put_s32(SN_A_BUFFER_FD, dmabuf_fd)));
}

Path Client::path(std::uint32_t src, std::uint32_t dst, std::optional<std::uint32_t> count) {
    Message message = request(SN_CMD_PATH_GET);

    message.put_u32(SN_A_PATH_SRC, src).put_u32(SN_A_PATH_DST, dst);
    if (count)
        message.put_u32(SN_A_PATH_COUNT, *count);
    return decode<Path>(connection_->ask(std::move(message)));
}

std::uint32_t Client::device_new(const DeviceSpec &spec) {
    return decode<NewDevice>(connection_->ask(encode_device_new(spec, std::nullopt))).id;
}

void Client::device_del(std::uint32_t id, bool force) {
    connection_->request(encode_device_del(id, force, std::nullopt));
}

std::uint32_t Client::link_new(const LinkSpec &spec) {
    return decode<NewLink>(connection_->ask(encode_link_new(spec, std::nullopt))).id;
}

void Client::link_del(std::uint32_t id) {
    connection_->request(encode_link_del(id, std::nullopt));
}

void Client::link_set(std::uint32_t id, LinkState admin) {
    connection_->request(request(SN_CMD_LINK_SET)
                             .put_u32(SN_A_LINK_ID, id)
                             .put_u32(SN_A_LINK_ADMIN, static_cast<std::uint32_t>(admin)));
}

Transaction Client::begin(std::string_view name) {
    Message message = request(SN_CMD_TOPOLOGY_BEGIN);

    if (!name.empty())
        message.put_string(SN_A_TOPOLOGY_NAME, name);
    auto reply = decode<BeginReply>(connection_->ask(std::move(message)));
    return {connection_, std::move(reply.fd), reply.generation};
}

Session Client::open_session(std::optional<Class> priority) {
    Message message = request(SN_CMD_SESSION_OPEN);
    Session session(connection_);

    if (priority)
        message.put_u32(SN_A_SESSION_CLASS, static_cast<std::uint32_t>(*priority));
    auto reply = decode<SessionReply>(connection_->ask(std::move(message)));
    session.fd_ = std::move(reply.fd);
    session.id_ = reply.id;
    session.priority_ = reply.priority;
    session.tenant_ = reply.tenant;
    session.partition_ = reply.partition;
    session.transfers_max_ = reply.transfers_max;
    return session;
}

} // namespace supernode

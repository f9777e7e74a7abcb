// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include <supernode/error.hpp>
#include <supernode/transaction.hpp>

#include "connection.hpp"
#include "decode.hpp"
#include "encode.hpp"

#include <cerrno>
#include <linux/supernode.h>
#include <utility>

namespace supernode {

Transaction::Transaction(std::shared_ptr<Connection> connection, Fd fd, std::uint64_t generation)
    : connection_(std::move(connection)), fd_(std::move(fd)), generation_(generation) {}

// The kernel forgets what was staged when the last descriptor is closed: no need to ask, and
// nothing that could fail on the way out of a scope.
Transaction &Transaction::operator=(Transaction &&other) noexcept = default;
Transaction::~Transaction() = default;

int Transaction::require_fd() const {
    if (!fd_)
        throw Error(EBADF, "transaction", "it was committed or aborted already");
    return fd_.get();
}

std::uint32_t Transaction::device_new(const DeviceSpec &spec) {
    return decode<NewDevice>(connection_->ask(encode_device_new(spec, require_fd()))).id;
}

void Transaction::device_del(std::uint32_t id, bool force) {
    connection_->request(encode_device_del(id, force, require_fd()));
}

std::uint32_t Transaction::link_new(const LinkSpec &spec) {
    return decode<NewLink>(connection_->ask(encode_link_new(spec, require_fd()))).id;
}

void Transaction::link_del(std::uint32_t id) {
    connection_->request(encode_link_del(id, require_fd()));
}

TopologyInfo Transaction::commit(bool dry_run) {
    Message message = request(SN_CMD_TOPOLOGY_COMMIT);

    message.put_s32(SN_A_TOPOLOGY_FD, require_fd());
    if (dry_run)
        message.put_u32(SN_A_TOPOLOGY_FLAGS, SN_TOPOLOGY_F_DRY_RUN);
    Reply reply = connection_->ask(std::move(message));
    if (!dry_run)
        fd_.reset();
    return decode<TopologyInfo>(reply);
}

void Transaction::abort() {
    Message message = request(SN_CMD_TOPOLOGY_ABORT);

    connection_->request(message.put_s32(SN_A_TOPOLOGY_FD, require_fd()));
    fd_.reset();
}

} // namespace supernode

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// A topology transaction: staged, then committed whole or not at all.
#pragma once

#include <supernode/fd.hpp>
#include <supernode/types.hpp>

#include <memory>

namespace supernode {

class Connection;

/// Made by Client::begin(). Going out of scope aborts it, unless it was committed.
class Transaction {
public:
    Transaction(Transaction &&) noexcept = default;
    Transaction &operator=(Transaction &&other) noexcept;
    ~Transaction();

    /// The generation it began at; a commit is refused with ESTALE when that has moved.
    std::uint64_t generation() const noexcept { return generation_; }
    int fd() const noexcept { return fd_.get(); }
    bool open() const noexcept { return static_cast<bool>(fd_); }

    std::uint32_t device_new(const DeviceSpec &spec);      ///< id: links staged later may use it
    void device_del(std::uint32_t id, bool force = false); ///< force: its live buffers are lost
    std::uint32_t link_new(const LinkSpec &spec);
    void link_del(std::uint32_t id);

    /// A dry run checks all, changes nothing and leaves the transaction open.
    TopologyInfo commit(bool dry_run = false);
    void abort();

private:
    friend class Client;
    Transaction(std::shared_ptr<Connection> connection, Fd fd, std::uint64_t generation);
    int require_fd() const;

    std::shared_ptr<Connection> connection_;
    Fd fd_;
    std::uint64_t generation_ = 0;
};

} // namespace supernode

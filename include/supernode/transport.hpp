// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The one seam of the library: whole netlink messages out, datagrams in. Tests put a fake here.
#pragma once

#include <supernode/types.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace supernode {

class Transport {
public:
    Transport() = default;
    Transport(const Transport &) = delete;
    Transport &operator=(const Transport &) = delete;
    virtual ~Transport() = default;

    /// The family's message type.
    virtual std::uint16_t family() = 0;
    /// Joins a multicast group of the family by its name. Throws Error.
    virtual void join(std::string_view group) = 0;
    /// Sends one complete netlink message. Throws Error.
    virtual void send(std::span<const std::byte> message) = 0;
    /// One datagram: one or more netlink messages. Nothing when the time is over.
    /// Throws Error; ENOBUFS when the kernel had to drop messages.
    virtual std::optional<std::vector<std::byte>> receive(Timeout timeout) = 0;
    /// For poll().
    virtual int fd() const = 0;
};

/// A generic netlink socket connected to the module. Throws Error, with a sentence for people
/// when the module is not loaded.
std::unique_ptr<Transport> open_netlink();

} // namespace supernode

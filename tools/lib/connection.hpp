// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Requests and their answers over a transport. Sequence numbers tell them apart, so an exchange
// that was given up leaves nothing behind that could be taken for an answer to the next.
#pragma once

#include "message.hpp"

#include <supernode/transport.hpp>

#include <memory>
#include <mutex>
#include <vector>

namespace supernode {

class Connection {
public:
    explicit Connection(std::unique_ptr<Transport> transport);

    /// A request with all its replies. Throws Error.
    std::vector<Reply> request(Message message);
    /// A request that has exactly one reply. Throws Error.
    Reply ask(Message message);
    /// All objects, as of one generation: starts over when the kernel says that the dump was
    /// interrupted, but not for ever. Throws Error.
    std::vector<Reply> dump(Message message);

private:
    struct Answer {
        std::vector<Reply> replies;
        bool interrupted = false;
    };

    Answer exchange(Message &message, std::uint16_t flags);
    bool take(const Message &message, Bytes datagram, Answer &answer);

    std::mutex mutex_; ///< of all below: one exchange at a time
    std::unique_ptr<Transport> transport_;
    std::uint16_t family_;
    std::uint32_t sequence_ = 0;
};

/// An answer that makes no sense: EBADMSG.
[[noreturn]] void throw_malformed(std::uint8_t command, std::string_view what);

} // namespace supernode

// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include <supernode/error.hpp>
#include <supernode/events.hpp>

#include "connection.hpp"
#include "deadline.hpp"
#include "decode.hpp"

#include <cerrno>
#include <linux/supernode.h>
#include <utility>

namespace supernode {

EventStream::EventStream(std::span<const std::string_view> groups)
    : EventStream(open_netlink(), groups) {}

EventStream::EventStream(std::unique_ptr<Transport> transport,
                         std::span<const std::string_view> groups)
    : transport_(std::move(transport)) {
    for (std::string_view name : groups)
        transport_->join(name);
}

std::optional<Event> EventStream::next(Timeout timeout) {
    const Deadline deadline(timeout);

    while (events_.empty()) {
        try {
            auto datagram = transport_->receive(deadline.left());

            if (!datagram)
                return std::nullopt;
            decode(*datagram);
        } catch (const Error &error) {
            if (error.code() != ENOBUFS)
                throw;
            events_.emplace_back(LostEvent{});
        }
    }
    Event event = events_.front();
    events_.pop_front();
    return event;
}

void EventStream::decode(std::span<const std::byte> datagram) {
    MessageWalker walker(datagram);

    while (auto message = walker.next()) {
        if (message->type != transport_->family())
            continue;
        auto reply = parse_genl(message->payload);
        if (!reply)
            throw Error(EBADMSG, "event", "no generic netlink header");
        switch (reply->command) {
        case SN_CMD_TOPOLOGY_NTF:
            events_.emplace_back(supernode::decode<TopologyEvent>(*reply));
            break;
        case SN_CMD_BUFFER_NTF:
            events_.emplace_back(supernode::decode<BufferEvent>(*reply));
            break;
        case SN_CMD_TRANSFER_NTF:
            events_.emplace_back(supernode::decode<TransferEvent>(*reply));
            break;
        case SN_CMD_FAULT_NTF:
            events_.emplace_back(supernode::decode<FaultEvent>(*reply));
            break;
        default:
            break;
        }
    }
    if (walker.broken())
        throw Error(EBADMSG, "event", "a message overruns its datagram");
}

} // namespace supernode

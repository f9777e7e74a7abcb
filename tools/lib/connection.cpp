// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "connection.hpp"

#include "extack.hpp"

#include <cerrno>
#include <fmt/format.h>
#include <linux/netlink.h>
#include <utility>

namespace supernode {
namespace {

// The kernel answers at once or not at all; an emulated machine may take its time.
constexpr std::chrono::seconds answer_timeout{60};
constexpr unsigned dump_attempts = 32;

} // namespace

void throw_malformed(std::uint8_t command, std::string_view what) {
    throw Error(EBADMSG, command_name(command),
                fmt::format("the kernel's answer is malformed: {}", what));
}

Connection::Connection(std::unique_ptr<Transport> transport)
    : transport_(std::move(transport)), family_(transport_->family()) {}

std::vector<Reply> Connection::request(Message message) {
    return exchange(message, NLM_F_REQUEST | NLM_F_ACK).replies;
}

Reply Connection::ask(Message message) {
    auto replies = exchange(message, NLM_F_REQUEST | NLM_F_ACK).replies;

    if (replies.size() != 1)
        throw_malformed(message.command(),
                        fmt::format("{} replies where one is due", replies.size()));
    return std::move(replies.front());
}

std::vector<Reply> Connection::dump(Message message) {
    for (unsigned attempt = 0; attempt < dump_attempts; attempt++) {
        Answer answer = exchange(message, NLM_F_REQUEST | NLM_F_ACK | NLM_F_DUMP);

        if (!answer.interrupted)
            return std::move(answer.replies);
    }
    throw Error(EAGAIN, command_name(message.command()),
                fmt::format("the objects kept changing during {} dumps", dump_attempts));
}

Connection::Answer Connection::exchange(Message &message, std::uint16_t flags) {
    std::scoped_lock lock(mutex_);
    Answer answer;

    message.address(family_, flags, ++sequence_);
    transport_->send(message.bytes());
    for (;;) {
        auto datagram = transport_->receive(answer_timeout);

        if (!datagram)
            throw Error(
                ETIMEDOUT, command_name(message.command()),
                fmt::format("the kernel did not answer within {} s", answer_timeout.count()));
        if (take(message, *datagram, answer))
            return answer;
    }
}

/// Takes a datagram into the answer. Return: whether that was the end of it.
bool Connection::take(const Message &message, Bytes datagram, Answer &answer) {
    MessageWalker walker(datagram);

    while (auto part = walker.next()) {
        if (part->sequence != sequence_)
            continue;
        if (part->flags & NLM_F_DUMP_INTR)
            answer.interrupted = true;

        if (part->type == NLMSG_ERROR || part->type == NLMSG_DONE) {
            // Both begin with an errno. An error goes on with the head of the request, or all
            // of it if that was not capped.
            if (part->type == NLMSG_DONE && part->payload.empty())
                return true;
            if (part->payload.size() < sizeof(int))
                throw_malformed(message.command(), "short acknowledgement");
            int code = *as_s32(part->payload.first(sizeof(int)));
            std::size_t head = sizeof(int);
            if (part->type == NLMSG_ERROR) {
                head = sizeof(nlmsgerr);
                if (part->payload.size() < head)
                    throw_malformed(message.command(), "short acknowledgement");
                auto echoed = *as_u32(part->payload.subspan(sizeof(int), sizeof(std::uint32_t)));
                if (!(part->flags & NLM_F_CAPPED) && echoed > NLMSG_HDRLEN)
                    head += NLMSG_ALIGN(std::size_t{echoed} - NLMSG_HDRLEN);
            }
            if (code == 0)
                return true;
            bool told = part->flags & NLM_F_ACK_TLVS && part->payload.size() > head;
            throw refusal(code < 0 && code >= -4095 ? -code : EBADMSG,
                          told ? part->payload.subspan(head) : Bytes(), message);
        }
        if (part->type == NLMSG_OVERRUN)
            throw Error(ENOBUFS, command_name(message.command()), "the answer was lost");
        if (part->type != family_)
            continue;

        auto reply = parse_genl(part->payload);
        if (!reply)
            throw_malformed(message.command(), "no generic netlink header");
        answer.replies.push_back(std::move(*reply));
    }
    if (walker.broken())
        throw_malformed(message.command(), "a message overruns its datagram");
    return false;
}

} // namespace supernode

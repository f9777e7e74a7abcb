// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Requests while memory fails: the answer itself may be what there is no memory for.
#pragma once

#include "raw.hpp"

#include <algorithm>

namespace inject {

/// What became of a request or a system call.
struct Outcome {
    enum Kind { done, refused, unknown } kind = done;
    int error = 0;        ///< positive errno when refused
    std::string sentence; ///< the kernel's, if it gave one
    raw::Bytes reply;     ///< attributes of the last reply
    std::size_t objects = 0;

    static Outcome of(long result) {
        Outcome outcome;
        if (result < 0) {
            outcome.kind = refused;
            outcome.error = errno;
        }
        return outcome;
    }
    template<typename Value>
    Value get(int attribute) const {
        Value value{};
        const auto payload = raw::find(reply, attribute);
        std::memcpy(&value, payload.data(), std::min(payload.size(), sizeof(value)));
        return value;
    }
};

/// A socket that takes a lost acknowledgement for what it is: nobody knows.
class Line {
public:
    Line() : fd_(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC)) {
        const int one = 1;
        const timeval patience{.tv_sec = 20, .tv_usec = 0};

        vmtest::require(fd_ && !setsockopt(fd(), SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one)) &&
                            !setsockopt(fd(), SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one)) &&
                            !setsockopt(fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)),
                        "no netlink socket: {}", std::strerror(errno));
        datagram_.resize(65536);
    }
    int fd() const { return fd_.get(); }

    /// What the controller says of the family: its id, its groups, its commands.
    Outcome family() {
        raw::Message message(CTRL_CMD_GETFAMILY);
        message.string(CTRL_ATTR_FAMILY_NAME, SN_FAMILY_NAME);
        return exchange(GENL_ID_CTRL, message.data(), 0);
    }
    Outcome ask(std::uint16_t family, const raw::Message &message, int flags = 0) {
        return exchange(family, message.data(), flags);
    }

private:
    Outcome exchange(std::uint16_t type, const raw::Bytes &payload, int flags) {
        nlmsghdr header = {};
        header.nlmsg_len = static_cast<std::uint32_t>(sizeof(header) + payload.size());
        header.nlmsg_type = type;
        header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
        header.nlmsg_seq = ++sequence_;
        raw::Bytes request(sizeof(header) + payload.size());
        std::memcpy(request.data(), &header, sizeof(header));
        std::memcpy(request.data() + sizeof(header), payload.data(), payload.size());
        const sockaddr_nl kernel = {.nl_family = AF_NETLINK};

        if (sendto(fd(), request.data(), request.size(), 0,
                   reinterpret_cast<const sockaddr *>(&kernel), sizeof(kernel)) < 0)
            return Outcome::of(-1);
        Outcome outcome;
        int wait = 0;
        for (;;) {
            const ssize_t size = recv(fd(), datagram_.data(), datagram_.size(), wait);
            if (size < 0 && outcome.kind == Outcome::unknown)
                return outcome; /* all is read that there is */
            vmtest::require(size > 0 || errno == ENOBUFS, "no answer: {}", std::strerror(errno));
            if (size < 0) {
                outcome.kind = Outcome::unknown;
                wait = MSG_DONTWAIT;
            } else if (take(std::span(datagram_).first(static_cast<std::size_t>(size)), outcome)) {
                return outcome;
            }
        }
    }

    /// True when it held the end of the answer.
    bool take(std::span<const std::uint8_t> rest, Outcome &outcome) const {
        while (rest.size() >= sizeof(nlmsghdr)) {
            nlmsghdr header{};
            std::memcpy(&header, rest.data(), sizeof(header));
            vmtest::require(header.nlmsg_len >= sizeof(header) && header.nlmsg_len <= rest.size(),
                            "the kernel sent a broken datagram");
            const auto body = rest.subspan(sizeof(header), header.nlmsg_len - sizeof(header));
            rest = rest.subspan(std::min<std::size_t>((header.nlmsg_len + 3u) & ~3u, rest.size()));
            if (header.nlmsg_seq != sequence_)
                continue;
            if (header.nlmsg_type == NLMSG_ERROR || header.nlmsg_type == NLMSG_DONE) {
                end(header, body, outcome);
                return true;
            }
            const auto attributes = body.subspan(std::min(sizeof(genlmsghdr), body.size()));
            outcome.reply.assign(attributes.begin(), attributes.end());
            outcome.objects++;
        }
        return false;
    }
    static void end(const nlmsghdr &header, std::span<const std::uint8_t> body, Outcome &outcome) {
        std::int32_t status = 0;
        std::memcpy(&status, body.data(), std::min(body.size(), sizeof(status)));
        outcome.error = -status;
        outcome.kind = status ? Outcome::refused : Outcome::done;
        const std::size_t at = header.nlmsg_type == NLMSG_ERROR ? sizeof(nlmsgerr) : sizeof(int);
        if (header.nlmsg_flags & NLM_F_ACK_TLVS && body.size() > at) {
            const auto text = raw::find(body.subspan(at), NLMSGERR_ATTR_MSG);
            outcome.sentence.assign(text.begin(), text.end());
        }
    }

    supernode::Fd fd_;
    std::uint32_t sequence_ = 0;
    raw::Bytes datagram_;
};

} // namespace inject

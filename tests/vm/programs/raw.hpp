// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Netlink by hand: messages that no library would build, and the kernel's answer as it came.
#pragma once

#include "vmtest.hpp"

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <uapi/linux/supernode.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <span>
#include <string_view>

namespace raw {

using Bytes = std::vector<std::uint8_t>;

/// A message of the family, without its netlink header. Nothing is checked.
class Message {
public:
    explicit Message(std::uint8_t command, std::uint16_t reserved = 0) {
        const genlmsghdr header{command, SN_FAMILY_VERSION, reserved};
        append(&header, sizeof(header));
    }

    Message &bytes(int type, const void *data, std::size_t size) {
        attribute(type, 4 + size);
        append(data, size);
        return pad();
    }
    template<typename Value>
    Message &value(int type, Value value) {
        return bytes(type, &value, sizeof(value));
    }
    Message &u32(int type, std::uint32_t v) { return value(type, v); }
    Message &s32(int type, std::int32_t v) { return value(type, v); }
    Message &u64(int type, std::uint64_t v) { return value(type, v); }
    Message &string(int type, std::string_view text) {
        return bytes(type, std::string(text).c_str(), text.size() + 1);
    }
    /// The attributes of another message.
    Message &nest(int type, const Message &inner, int flag = NLA_F_NESTED) {
        return bytes(type | flag, inner.data_.data() + sizeof(genlmsghdr),
                     inner.data_.size() - sizeof(genlmsghdr));
    }
    /// An attribute's header that claims a length, and nothing behind it.
    Message &claim(int type, std::size_t length) { return attribute(type, length); }
    Message &cut(std::size_t size) {
        data_.resize(size);
        return *this;
    }

    const Bytes &data() const { return data_; }

private:
    Message &attribute(int type, std::size_t length) {
        const nlattr header{static_cast<std::uint16_t>(length), static_cast<std::uint16_t>(type)};
        append(&header, sizeof(header));
        return *this;
    }
    void append(const void *data, std::size_t size) {
        const std::size_t at = data_.size();
        data_.resize(at + size);
        if (size)
            std::memcpy(data_.data() + at, data, size);
    }
    Message &pad() {
        data_.resize((data_.size() + 3) & ~std::size_t{3});
        return *this;
    }

    Bytes data_;
};

struct Answer {
    int error = 0;              ///< positive errno, 0 when it was done
    std::string sentence;       ///< the kernel's, if it gave one
    Bytes reply;                ///< attributes of the last reply
    std::vector<Bytes> objects; ///< attributes of each reply, of a dump
    bool interrupted = false;   ///< the dump is of no one moment
};

/// The payload of an attribute, empty when it is not there.
inline std::span<const std::uint8_t> find(std::span<const std::uint8_t> attributes, int type) {
    while (attributes.size() >= sizeof(nlattr)) {
        nlattr header{};
        std::memcpy(&header, attributes.data(), sizeof(header));
        if (header.nla_len < sizeof(header) || header.nla_len > attributes.size())
            break;
        if ((header.nla_type & NLA_TYPE_MASK) == type)
            return attributes.subspan(4, header.nla_len - 4u);
        attributes = attributes.subspan(
            std::min<std::size_t>((header.nla_len + 3u) & ~3u, attributes.size()));
    }
    return {};
}

class Socket {
public:
    /// @addressed each message says where it goes: then netlink_capable() skips the opener
    /// @read_bytes also the most that the kernel puts in one datagram of a dump
    explicit Socket(bool addressed = true, std::size_t read_bytes = 65536)
        : fd_(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC)), addressed_(addressed),
          read_bytes_(read_bytes) {
        const int one = 1;
        const timeval patience{.tv_sec = 10, .tv_usec = 0};
        const sockaddr_nl kernel = {.nl_family = AF_NETLINK};

        vmtest::require(static_cast<bool>(fd_), "no netlink socket: {}", std::strerror(errno));
        vmtest::require(!setsockopt(fd(), SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one)) &&
                            !setsockopt(fd(), SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one)) &&
                            !setsockopt(fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)),
                        "setsockopt: {}", std::strerror(errno));
        if (!addressed)
            vmtest::require(
                !connect(fd(), reinterpret_cast<const sockaddr *>(&kernel), sizeof(kernel)),
                "connect: {}", std::strerror(errno));
        resolve();
    }

    int fd() const { return fd_.get(); }
    std::uint16_t family() const { return family_; }
    /// Number of a multicast group, 0 when the family has none of that name.
    std::uint32_t group(std::string_view name) const {
        for (auto rest = std::span<const std::uint8_t>(groups_); rest.size() >= 4;) {
            const std::size_t size = (rest[0] | rest[1] << 8) & 0xffff;
            const auto nest = rest.subspan(4, size - 4);
            const auto text = find(nest, CTRL_ATTR_MCAST_GRP_NAME);

            if (name == reinterpret_cast<const char *>(text.data()))
                return number(find(nest, CTRL_ATTR_MCAST_GRP_ID));
            rest = rest.subspan(std::min((size + 3) & ~std::size_t{3}, rest.size()));
        }
        return 0;
    }

    Answer ask(const Message &message, int flags = 0) {
        return exchange(family_, message.data(), flags);
    }

private:
    static std::uint32_t number(std::span<const std::uint8_t> payload) {
        std::uint32_t value = 0;
        std::memcpy(&value, payload.data(), std::min(payload.size(), sizeof(value)));
        return value;
    }

    void resolve() {
        Message message(CTRL_CMD_GETFAMILY);
        message.string(CTRL_ATTR_FAMILY_NAME, SN_FAMILY_NAME);
        const Answer answer = exchange(GENL_ID_CTRL, message.data(), 0);
        vmtest::require(!answer.error, "no family: {}", std::strerror(answer.error));
        family_ = static_cast<std::uint16_t>(number(find(answer.reply, CTRL_ATTR_FAMILY_ID)));
        const auto groups = find(answer.reply, CTRL_ATTR_MCAST_GROUPS);
        groups_.assign(groups.begin(), groups.end());
    }

    Answer exchange(std::uint16_t type, const Bytes &payload, int flags) {
        nlmsghdr header = {};
        header.nlmsg_len = static_cast<std::uint32_t>(sizeof(header) + payload.size());
        header.nlmsg_type = type;
        header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
        header.nlmsg_seq = ++sequence_;
        Bytes datagram(sizeof(header) + payload.size());
        std::memcpy(datagram.data(), &header, sizeof(header));
        std::memcpy(datagram.data() + sizeof(header), payload.data(), payload.size());

        const sockaddr_nl kernel = {.nl_family = AF_NETLINK};
        const auto *to = addressed_ ? reinterpret_cast<const sockaddr *>(&kernel) : nullptr;
        const ssize_t sent =
            sendto(fd(), datagram.data(), datagram.size(), 0, to, to ? sizeof(kernel) : 0);
        vmtest::require(sent == static_cast<ssize_t>(datagram.size()), "sendto: {}",
                        std::strerror(errno));
        Answer answer;
        while (!receive(answer)) {
        }
        return answer;
    }

    /// One datagram; true when it held the end of the answer.
    bool receive(Answer &answer) {
        Bytes datagram(read_bytes_);
        const ssize_t size = recv(fd(), datagram.data(), datagram.size(), 0);
        vmtest::require(size > 0, "no answer: {}", std::strerror(errno));
        auto rest = std::span<const std::uint8_t>(datagram).first(static_cast<std::size_t>(size));
        while (rest.size() >= sizeof(nlmsghdr)) {
            nlmsghdr header{};
            std::memcpy(&header, rest.data(), sizeof(header));
            vmtest::require(header.nlmsg_len >= sizeof(header) && header.nlmsg_len <= rest.size(),
                            "the kernel sent a broken datagram");
            const auto body = rest.subspan(sizeof(header), header.nlmsg_len - sizeof(header));
            if (header.nlmsg_seq == sequence_ && take(header, body, answer))
                return true;
            rest = rest.subspan(std::min<std::size_t>((header.nlmsg_len + 3u) & ~3u, rest.size()));
        }
        return false;
    }

    static bool take(const nlmsghdr &header, std::span<const std::uint8_t> body, Answer &answer) {
        answer.interrupted |= (header.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
        if (header.nlmsg_type != NLMSG_ERROR && header.nlmsg_type != NLMSG_DONE) {
            const auto attributes = body.subspan(std::min(sizeof(genlmsghdr), body.size()));
            answer.reply.assign(attributes.begin(), attributes.end());
            answer.objects.push_back(answer.reply);
            return false;
        }
        answer.error = -static_cast<int>(number(body));
        /* The error's copy of a header follows it, but not in a dump's end. */
        const std::size_t at = header.nlmsg_type == NLMSG_ERROR ? sizeof(nlmsgerr) : sizeof(int);
        if (header.nlmsg_flags & NLM_F_ACK_TLVS && body.size() > at) {
            const auto text = find(body.subspan(at), NLMSGERR_ATTR_MSG);
            answer.sentence.assign(text.begin(), text.end());
            while (!answer.sentence.empty() && answer.sentence.back() == '\0')
                answer.sentence.pop_back();
        }
        return true;
    }

    supernode::Fd fd_;
    bool addressed_;
    std::size_t read_bytes_;
    std::uint16_t family_ = 0;
    std::uint32_t sequence_ = 0;
    Bytes groups_;
};

} // namespace raw

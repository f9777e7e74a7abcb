// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "message.hpp"

#include <supernode/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/supernode.h>

namespace supernode {
namespace {

template<typename T>
std::optional<T> exactly(Bytes payload) noexcept {
    T value;

    if (payload.size() != sizeof(value))
        return std::nullopt;
    std::memcpy(&value, payload.data(), sizeof(value));
    return value;
}

template<typename T>
Bytes raw(const T &value) {
    return std::as_bytes(std::span(&value, 1));
}

} // namespace

Message::Message(std::uint16_t type, std::uint8_t command, std::uint16_t flags)
    : command_(command), bytes_(NLMSG_HDRLEN + GENL_HDRLEN) {
    genlmsghdr genl{command, SN_FAMILY_VERSION, 0};

    std::memcpy(bytes_.data() + NLMSG_HDRLEN, &genl, sizeof(genl));
    address(type, flags, 0);
}

void Message::address(std::uint16_t type, std::uint16_t flags, std::uint32_t sequence) {
    nlmsghdr header{};

    header.nlmsg_type = type;
    header.nlmsg_flags = flags;
    header.nlmsg_seq = sequence;
    std::memcpy(bytes_.data(), &header, sizeof(header));
    seal();
}

void Message::seal() {
    auto length = static_cast<std::uint32_t>(bytes_.size());

    std::memcpy(bytes_.data() + offsetof(nlmsghdr, nlmsg_len), &length, sizeof(length));
}

Bytes Message::attributes() const noexcept {
    return Bytes(bytes_).subspan(NLMSG_HDRLEN + GENL_HDRLEN);
}

Message &Message::put(std::uint16_t attr, Bytes payload) {
    nlattr header{};

    if (payload.size() > std::numeric_limits<std::uint16_t>::max() - NLA_HDRLEN)
        throw Error(EMSGSIZE, command_name(command_), "the request is longer than netlink allows");
    header.nla_len = static_cast<std::uint16_t>(NLA_HDRLEN + payload.size());
    header.nla_type = attr;

    std::size_t start = bytes_.size();
    bytes_.resize(start + NLA_ALIGN(header.nla_len));
    std::memcpy(bytes_.data() + start, &header, sizeof(header));
    if (!payload.empty())
        std::memcpy(bytes_.data() + start + NLA_HDRLEN, payload.data(), payload.size());
    seal();
    return *this;
}

Message &Message::put_u32(std::uint16_t attr, std::uint32_t value) {
    return put(attr, raw(value));
}

Message &Message::put_s32(std::uint16_t attr, std::int32_t value) {
    return put(attr, raw(value));
}

Message &Message::put_u64(std::uint16_t attr, std::uint64_t value) {
    return put(attr, raw(value));
}

Message &Message::put_string(std::uint16_t attr, std::string_view value) {
    std::string terminated(value);

    return put(attr, std::as_bytes(std::span(terminated.c_str(), terminated.size() + 1)));
}

std::size_t Message::open_nest(std::uint16_t attr) {
    std::size_t start = bytes_.size();

    put(static_cast<std::uint16_t>(attr | NLA_F_NESTED), {});
    return start;
}

void Message::close_nest(std::size_t start) {
    std::size_t length = bytes_.size() - start;

    if (length > std::numeric_limits<std::uint16_t>::max())
        throw Error(EMSGSIZE, command_name(command_), "the request is longer than netlink allows");
    auto short_length = static_cast<std::uint16_t>(length);
    std::memcpy(bytes_.data() + start, &short_length, sizeof(short_length));
}

std::optional<Attr> AttrWalker::next() noexcept {
    std::size_t left = bytes_.size() - position_;
    nlattr header;

    if (broken_ || left == 0)
        return std::nullopt;
    if (left < NLA_HDRLEN) {
        broken_ = true;
        return std::nullopt;
    }
    std::memcpy(&header, bytes_.data() + position_, sizeof(header));
    if (header.nla_len < NLA_HDRLEN || header.nla_len > left) {
        broken_ = true;
        return std::nullopt;
    }

    Attr attr;
    attr.type = header.nla_type & NLA_TYPE_MASK;
    attr.payload = bytes_.subspan(position_ + NLA_HDRLEN, header.nla_len - NLA_HDRLEN);
    attr.offset = position_;
    position_ += std::min<std::size_t>(NLA_ALIGN(header.nla_len), left);
    return attr;
}

std::optional<Header> MessageWalker::next() noexcept {
    std::size_t left = bytes_.size() - position_;
    nlmsghdr header;

    if (broken_ || left == 0)
        return std::nullopt;
    if (left < NLMSG_HDRLEN) {
        broken_ = true;
        return std::nullopt;
    }
    std::memcpy(&header, bytes_.data() + position_, sizeof(header));
    if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > left) {
        broken_ = true;
        return std::nullopt;
    }

    Header message;
    message.type = header.nlmsg_type;
    message.flags = header.nlmsg_flags;
    message.sequence = header.nlmsg_seq;
    message.payload = bytes_.subspan(position_ + NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN);
    // Lengths near 2^32 were refused above, so aligning cannot wrap.
    position_ += std::min<std::size_t>(NLMSG_ALIGN(std::size_t{header.nlmsg_len}), left);
    return message;
}

std::optional<Reply> parse_genl(Bytes payload) {
    genlmsghdr header;

    if (payload.size() < GENL_HDRLEN)
        return std::nullopt;
    std::memcpy(&header, payload.data(), sizeof(header));
    Bytes rest = payload.subspan(GENL_HDRLEN);
    return Reply{header.cmd, {rest.begin(), rest.end()}};
}

std::optional<std::uint32_t> as_u32(Bytes payload) noexcept {
    return exactly<std::uint32_t>(payload);
}

std::optional<std::int32_t> as_s32(Bytes payload) noexcept {
    return exactly<std::int32_t>(payload);
}

std::optional<std::uint64_t> as_u64(Bytes payload) noexcept {
    return exactly<std::uint64_t>(payload);
}

std::string as_string(Bytes payload) {
    auto end = std::find(payload.begin(), payload.end(), std::byte{0});

    return {reinterpret_cast<const char *>(payload.data()),
            static_cast<std::size_t>(end - payload.begin())};
}

} // namespace supernode

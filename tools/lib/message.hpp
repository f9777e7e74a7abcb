// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Netlink messages as bytes: one that is being built, and attributes that are being walked.
// Nothing here trusts a length, and nothing assumes alignment.
#pragma once

#include "schema.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace supernode {

using Bytes = std::span<const std::byte>;

/// One generic netlink message of the family. Lengths are put in as it grows.
class Message {
public:
    Message(std::uint16_t type, std::uint8_t command, std::uint16_t flags = 0);

    Message &put_u32(std::uint16_t attr, std::uint32_t value);
    Message &put_s32(std::uint16_t attr, std::int32_t value);
    Message &put_u64(std::uint16_t attr, std::uint64_t value);
    Message &put_string(std::uint16_t attr, std::string_view value);
    /// Throws Error when the attribute would be longer than netlink can say.
    Message &put(std::uint16_t attr, Bytes payload);

    template<typename Fill>
    Message &nest(std::uint16_t attr, Fill &&fill) {
        std::size_t start = open_nest(attr);

        fill(*this);
        close_nest(start);
        return *this;
    }

    void address(std::uint16_t type, std::uint16_t flags, std::uint32_t sequence);

    std::uint8_t command() const noexcept { return command_; }
    Bytes bytes() const noexcept { return bytes_; }
    Bytes attributes() const noexcept;

private:
    std::size_t open_nest(std::uint16_t attr);
    void close_nest(std::size_t start);
    void seal();

    std::uint8_t command_;
    std::vector<std::byte> bytes_;
};

struct Attr {
    std::uint16_t type = 0; ///< without the flag bits
    Bytes payload;
    std::size_t offset = 0; ///< of its header from the start of the walked bytes
};

/// Walks attributes one by one: while (auto attr = walker.next()). A length that does not fit ends
/// the walk with broken() set.
class AttrWalker {
public:
    explicit AttrWalker(Bytes bytes) noexcept : bytes_(bytes) {}
    std::optional<Attr> next() noexcept;
    bool broken() const noexcept { return broken_; }

private:
    Bytes bytes_;
    std::size_t position_ = 0;
    bool broken_ = false;
};

/// One message of a datagram.
struct Header {
    std::uint16_t type = 0;
    std::uint16_t flags = 0;
    std::uint32_t sequence = 0;
    Bytes payload;
};

/// Walks the messages of a datagram, as AttrWalker walks attributes.
class MessageWalker {
public:
    explicit MessageWalker(Bytes datagram) noexcept : bytes_(datagram) {}
    std::optional<Header> next() noexcept;
    bool broken() const noexcept { return broken_; }

private:
    Bytes bytes_;
    std::size_t position_ = 0;
    bool broken_ = false;
};

/// A received message of the family.
struct Reply {
    std::uint8_t command = 0;
    std::vector<std::byte> attributes;
};

/// Nothing when @payload is too short for a generic netlink header.
std::optional<Reply> parse_genl(Bytes payload);

// Exact sizes only; nothing when the payload has another.
std::optional<std::uint32_t> as_u32(Bytes payload) noexcept;
std::optional<std::int32_t> as_s32(Bytes payload) noexcept;
std::optional<std::uint64_t> as_u64(Bytes payload) noexcept;
/// Up to the first 0 byte, which need not be there.
std::string as_string(Bytes payload);

} // namespace supernode

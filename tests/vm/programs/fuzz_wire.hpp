// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Nodes to the bytes of netlink messages, lies included.
#pragma once

#include "fuzz_generate.hpp"
#include "fuzz_pool.hpp"

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include <cstring>

namespace fuzz {

class Wire {
public:
    static constexpr std::size_t bytes_max = 60000; ///< of one datagram

    explicit Wire(const Pool &pool) : pool_(pool) { bytes_.reserve(2 * bytes_max); }

    const std::vector<std::uint8_t> &bytes() const { return bytes_; }
    std::size_t messages() const { return messages_; }
    void clear() {
        bytes_.clear();
        messages_ = 0;
    }

    /// The message at @at; @sequence goes up by one. The @step-th time it means the next fds and
    /// ids.
    void put(const Program &program, std::size_t at, std::uint16_t family, std::uint32_t &sequence,
             std::uint64_t step = 0) {
        step_ = step;
        const Node &node = program[at];
        const std::size_t begin = bytes_.size();
        nlmsghdr header{};
        header.nlmsg_type = family;
        header.nlmsg_flags = static_cast<std::uint16_t>(node.size);
        /* The answer tells which op it is of. */
        header.nlmsg_seq = ++sequence << 8 | (node.type & 0xff);
        append(&header, sizeof(header));
        const genlmsghdr command{static_cast<std::uint8_t>(node.type),
                                 static_cast<std::uint8_t>(node.value >> 16 ? node.value >> 16 : 1),
                                 static_cast<std::uint16_t>(node.value)};
        append(&command, sizeof(command));
        std::size_t i = at + 1;
        while (i < program.size() && !begins_call(program[i]))
            i = put_one(program, i, 0);
        claim(begin, bytes_.size() - begin, node.twist);
        while (bytes_.size() % NLMSG_ALIGNTO)
            bytes_.push_back(0);
        messages_++;
    }

private:
    void append(const void *data, std::size_t size) {
        const auto *from = static_cast<const std::uint8_t *>(data);
        bytes_.insert(bytes_.end(), from, from + size);
    }

    /// The length that a message claims.
    void claim(std::size_t begin, std::size_t size, int twist) {
        const auto length = static_cast<std::uint32_t>(static_cast<std::int64_t>(size) + twist);
        std::memcpy(bytes_.data() + begin, &length, sizeof(length));
    }

    /// Gives the index behind what it has put.
    std::size_t put_one(const Program &program, std::size_t at, int depth) {
        const Node &node = program[at];
        const bool nest = node.what == What::nest || node.what == What::binary;
        std::size_t next = at + 1;
        if (node.what == What::end)
            return next;
        for (std::uint32_t n = std::max<std::uint32_t>(node.count, 1); n; n--) {
            const std::size_t begin = bytes_.size();
            if (begin > bytes_max)
                return after(program, at);
            if (node.what != What::part) {
                const nlattr header{0, node.type};
                append(&header, sizeof(header));
            }
            if (nest && depth < 12)
                next = put_inner(program, at + 1, depth + 1,
                                 node.what == What::binary ? node.value : 1);
            else if (!nest)
                put_value(node);
            if (node.what == What::part)
                continue;
            const std::size_t size = bytes_.size() - begin;
            const auto length = static_cast<std::uint16_t>(static_cast<int>(size) + node.twist);
            std::memcpy(bytes_.data() + begin, &length, sizeof(length));
            while (bytes_.size() % NLA_ALIGNTO)
                bytes_.push_back(0);
        }
        return next;
    }

    /// : a binary's parts may be meant more than once
    std::size_t put_inner(const Program &program, std::size_t at, int depth, std::uint64_t times) {
        const std::size_t begin = at;
        do {
            at = begin;
            while (at < program.size() && program[at].what != What::end &&
                   !begins_call(program[at]))
                at = put_one(program, at, depth);
        } while (times-- > 1 && at != begin && bytes_.size() < bytes_max);
        return at < program.size() && program[at].what == What::end ? at + 1 : at;
    }

    void put_value(const Node &node) {
        switch (node.form) {
        case Form::none:
            return;
        case Form::u8:
            return append(&node.value, 1);
        case Form::u16:
            return append(&node.value, 2);
        case Form::u32:
        case Form::s32:
            return append(&node.value, 4);
        case Form::u64:
            return append(&node.value, 8);
        case Form::fd: {
            const int fd = pool_.fd(node.kind, node.value + step_);
            return append(&fd, sizeof(fd));
        }
        case Form::id:
        case Form::id64: {
            const std::uint64_t id = pool_.id(node.kind, node.value + step_);
            return append(&id, node.form == Form::id ? 4 : 8);
        }
        case Form::string: {
            const std::string text = text_of(node.value);
            const std::size_t whole = text.size() + 1;
            return append(text.c_str(), std::min<std::size_t>(node.size, whole));
        }
        case Form::bytes: {
            Rng content(node.value);
            for (std::uint32_t left = std::min(node.size, 8192u); left; left--)
                bytes_.push_back(static_cast<std::uint8_t>(content.next()));
            return;
        }
        }
    }

    const Pool &pool_;
    std::vector<std::uint8_t> bytes_;
    std::size_t messages_ = 0;
    std::uint64_t step_ = 0;
};

} // namespace fuzz

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Attributes into values, by one table per object. Sizes are exact, what must be there must be
// there, and attributes that a newer kernel added are skipped.
#pragma once

#include "message.hpp"

#include <supernode/events.hpp>
#include <supernode/fd.hpp>
#include <supernode/types.hpp>

namespace supernode {

/// What a command answers with besides the objects of types.hpp.
struct BeginReply {
    Fd fd;
    std::uint64_t generation = 0;
};

struct SessionReply {
    Fd fd;
    std::uint32_t id = 0;
    Class priority = Class::normal;
    std::uint32_t tenant = 0;
    std::uint32_t partition = 0;
    std::uint32_t transfers_max = 0;
};

struct BufferReply {
    Fd fd;
    std::uint64_t id = 0;
    BufferState state = BufferState::pending;
};

struct SubmitReply {
    std::uint64_t id = 0;
    Fd out_fence;
};

/// The id that DEVICE_NEW gave, and the one that LINK_NEW gave.
struct NewDevice {
    std::uint32_t id = 0;
};
struct NewLink {
    std::uint32_t id = 0;
};

/// For every object and every reply above. Throws Error (EBADMSG).
template<typename T>
T decode(const Reply &reply);

template<typename T>
std::vector<T> decode_all(std::span<const Reply> replies) {
    std::vector<T> objects;

    objects.reserve(replies.size());
    for (const Reply &reply : replies)
        objects.push_back(decode<T>(reply));
    return objects;
}

} // namespace supernode

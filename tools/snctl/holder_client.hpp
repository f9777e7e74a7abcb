// SPDX-License-Identifier: GPL-2.0-only OR MIT
// What other verbs ask of the holder: the process that keeps buffers by name, and transfers after
// the command that submitted them has ended.
#pragma once

#include "context.hpp"

#include <supernode/fd.hpp>
#include <supernode/types.hpp>

#include <optional>
#include <string>
#include <vector>

namespace snctl::holder {

struct Submit {
    std::string src;
    std::string dst;
    std::uint64_t src_offset = 0;
    std::uint64_t dst_offset = 0;
    std::uint64_t bytes = 0;
    std::uint64_t segment_bytes = 0; ///< 0: one segment
    std::optional<supernode::Class> priority;
};

/// All of them throw Failure with the holder's sentence when it refuses. Those that give something
/// to it start it if it does not run; for the others a holder that does not run holds nothing.
void put(const std::string &name, int buffer_fd);
/// Nothing if no buffer is held by that name.
std::optional<supernode::Fd> find(const std::string &name);
/// The same, and Failure if there is none.
supernode::Fd get(const std::string &name);
void drop(const std::string &name);
std::vector<std::string> names();

std::uint64_t submit(const Submit &request);
/// Its completion record; nothing when the time is over.
std::optional<Json> wait(std::uint64_t transfer, supernode::Timeout timeout);
void cancel(std::uint64_t transfer);

/// Numbers of what it holds; nothing if it does not run.
std::optional<Json> status();
/// Lets go of everything. False if it does not run.
bool stop();

} // namespace snctl::holder

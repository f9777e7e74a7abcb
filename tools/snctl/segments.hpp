// SPDX-License-Identifier: GPL-2.0-only OR MIT
// A range as the segments of one transfer.
#pragma once

#include <supernode/types.hpp>

#include <cstdint>
#include <vector>

namespace snctl {

struct Range {
    std::uint64_t src_offset = 0;
    std::uint64_t dst_offset = 0;
    std::uint64_t bytes = 0;
    std::uint64_t segment_bytes = 0; ///< 0: one segment
};

/// Throws Failure when there would be more segments than a transfer takes.
std::vector<supernode::Segment> make_segments(int src_fd, int dst_fd, const Range &range);

} // namespace snctl

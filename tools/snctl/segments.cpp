// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// Cuts, and leaves the checking of ranges to the kernel.
#include "segments.hpp"

#include "context.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace snctl {

using supernode::Segment;

std::vector<Segment> make_segments(int src_fd, int dst_fd, const Range &range) {
    const std::uint64_t step = range.segment_bytes == 0 ? range.bytes : range.segment_bytes;
    if (range.bytes != 0 && (range.bytes - 1) / step + 1 > supernode::segments_max)
        throw Failure(fmt::format("pieces of {} bytes are over {} segments; {} bytes is the least",
                                  step, supernode::segments_max,
                                  (range.bytes - 1) / supernode::segments_max + 1));
    std::vector<Segment> segments;
    std::uint64_t done = 0;
    do {
        const std::uint64_t bytes = std::min(step, range.bytes - done);
        segments.push_back(
            {src_fd, dst_fd, range.src_offset + done, range.dst_offset + done, bytes});
        done += bytes;
    } while (done < range.bytes);
    return segments;
}

} // namespace snctl

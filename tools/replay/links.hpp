// SPDX-License-Identifier: GPL-2.0-only OR MIT
// What links must have counted, worked out from the paths the kernel offers and the bytes asked
// for, and whether they did.
#ifndef SUPERNODE_REPLAY_LINKS_HPP
#define SUPERNODE_REPLAY_LINKS_HPP

#include <supernode/types.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace supernode::replay {

/// Bytes asked for between two devices, and the routes they may have taken.
struct Demand {
    std::uint32_t src = 0; ///< device id
    std::uint32_t dst = 0;
    std::uint64_t bytes = 0;
    std::vector<Route> routes;
};

/// One direction of a link.
struct LinkUse {
    std::uint32_t link = 0;
    std::uint32_t from = 0; ///< device id
    std::uint32_t to = 0;
    std::uint64_t bytes = 0; ///< counted
    std::uint64_t slices = 0;
    std::uint64_t low_bytes = 0; ///< at least, at most: equal when all routes agree
    std::uint64_t high_bytes = 0;
    bool ok() const { return bytes >= low_bytes && bytes <= high_bytes; }
};

struct PairUse {
    std::uint32_t src = 0;
    std::uint32_t dst = 0;
    std::uint64_t bytes = 0;
    std::uint32_t routes = 0;
    std::uint32_t hops_min = 0;
    std::uint32_t hops_max = 0;
};

/// Three checks, each of which holds whatever routes the kernel took among those it uses:
/// the sum over links is bytes times hops; every link is inside its own bounds; and every device
/// lets out what it took in, but for what begins or ends there.
struct LinkReport {
    std::vector<LinkUse> links;
    std::vector<PairUse> pairs;
    std::uint64_t asked_bytes = 0;
    std::uint64_t counted_bytes = 0;            ///< over all links
    std::uint64_t low_bytes = 0;                ///< bytes times hops of the shortest routes
    std::uint64_t high_bytes = 0;               ///< ... of the longest
    std::vector<std::uint32_t> leaking_devices; ///< take in and let out different sums

    bool exact() const { return low_bytes == high_bytes; }
    bool total_ok() const { return counted_bytes >= low_bytes && counted_bytes <= high_bytes; }
    bool ok() const;
};

/// Compares two readings of all links. @p demands name each pair once.
LinkReport check_links(const std::vector<Link> &before, const std::vector<Link> &after,
                       const std::vector<Demand> &demands);

} // namespace supernode::replay

#endif

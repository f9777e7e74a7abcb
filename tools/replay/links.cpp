// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Bounds on what each direction of each link carries, and flow balance of devices.
#include "links.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace supernode::replay {

namespace {

using Direction = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>; // link, from, to

struct Bounds {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
};

std::map<Direction, Bounds> bounds_of(const std::vector<Demand> &demands) {
    std::map<Direction, Bounds> bounds;
    for (const auto &demand : demands) {
        std::map<Direction, std::size_t> crossed; // by how many routes
        for (const auto &route : demand.routes)
            for (const auto &hop : route.hops)
                ++crossed[{hop.link, hop.from, hop.to}];
        for (const auto &[direction, routes] : crossed) {
            bounds[direction].high += demand.bytes;
            if (routes == demand.routes.size())
                bounds[direction].low += demand.bytes;
        }
    }
    return bounds;
}

} // namespace

bool LinkReport::ok() const {
    return total_ok() && leaking_devices.empty() &&
           std::all_of(links.begin(), links.end(), [](const auto &use) { return use.ok(); });
}

LinkReport check_links(const std::vector<Link> &before, const std::vector<Link> &after,
                       const std::vector<Demand> &demands) {
    LinkReport report;
    std::map<std::uint32_t, std::int64_t> balance; // let out less taken in, by device

    for (const auto &demand : demands) {
        PairUse pair{
            demand.src, demand.dst, demand.bytes, static_cast<std::uint32_t>(demand.routes.size()),
            0,          0};
        if (!demand.routes.empty()) {
            const auto [shortest, longest] = std::minmax_element(
                demand.routes.begin(), demand.routes.end(),
                [](const auto &a, const auto &b) { return a.hops.size() < b.hops.size(); });
            pair.hops_min = static_cast<std::uint32_t>(shortest->hops.size());
            pair.hops_max = static_cast<std::uint32_t>(longest->hops.size());
        }
        report.asked_bytes += demand.bytes;
        report.low_bytes += demand.bytes * pair.hops_min;
        report.high_bytes += demand.bytes * pair.hops_max;
        report.pairs.push_back(pair);
        balance[demand.src] -= static_cast<std::int64_t>(demand.bytes);
        balance[demand.dst] += static_cast<std::int64_t>(demand.bytes);
    }

    std::map<std::uint32_t, const Link *> old;
    for (const auto &link : before)
        old[link.id] = &link;
    const auto bounds = bounds_of(demands);
    std::set<Direction> met;
    const auto add = [&](const LinkUse &use) {
        report.links.push_back(use);
        report.counted_bytes += use.bytes;
        balance[use.from] += static_cast<std::int64_t>(use.bytes);
        balance[use.to] -= static_cast<std::int64_t>(use.bytes);
    };
    const auto with_bounds = [&](LinkUse use) {
        if (const auto it = bounds.find({use.link, use.from, use.to}); it != bounds.end()) {
            use.low_bytes = it->second.low;
            use.high_bytes = it->second.high;
        }
        met.insert({use.link, use.from, use.to});
        return use;
    };
    const Link none;
    for (const auto &link : after) {
        const auto it = old.find(link.id);
        const Link &was = it == old.end() ? none : *it->second;
        add(with_bounds({link.id, link.device_a, link.device_b, link.bytes_ab - was.bytes_ab,
                         link.slices_ab - was.slices_ab, 0, 0}));
        add(with_bounds({link.id, link.device_b, link.device_a, link.bytes_ba - was.bytes_ba,
                         link.slices_ba - was.slices_ba, 0, 0}));
    }
    // A route over a link that is gone: its counters are too.
    for (const auto &[direction, bound] : bounds)
        if (!met.contains(direction))
            add({std::get<0>(direction), std::get<1>(direction), std::get<2>(direction), 0, 0,
                 bound.low, bound.high});

    for (const auto &[device, sum] : balance)
        if (sum)
            report.leaking_devices.push_back(device);
    return report;
}

} // namespace supernode::replay

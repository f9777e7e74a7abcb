// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "links.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

using namespace supernode;
using namespace supernode::replay;

namespace {

Link make_link(std::uint32_t id, std::uint32_t a, std::uint32_t b) {
    Link link;
    link.id = id;
    link.device_a = a;
    link.device_b = b;
    link.bytes_ab = 1000 + id; // counters do not begin at 0
    link.bytes_ba = 2000 + id;
    return link;
}

Route route(const std::vector<Link> &links, std::vector<std::uint32_t> devices) {
    Route made;
    for (std::size_t i = 1; i < devices.size(); ++i) {
        const auto it = std::find_if(links.begin(), links.end(), [&](const Link &link) {
            return (link.device_a == devices[i - 1] && link.device_b == devices[i]) ||
                   (link.device_b == devices[i - 1] && link.device_a == devices[i]);
        });
        EXPECT_NE(it, links.end());
        made.hops.push_back({it->id, devices[i - 1], devices[i], 0});
    }
    return made;
}

void carry(std::vector<Link> &links, const Route &over, std::uint64_t bytes) {
    for (const auto &hop : over.hops)
        for (auto &link : links)
            if (link.id == hop.link)
                (link.device_a == hop.from ? link.bytes_ab : link.bytes_ba) += bytes;
}

/// A ladder: 0 and 5 at its ends, two middle rows of two.
const std::vector<Link> ladder = {make_link(10, 0, 1), make_link(11, 0, 2), make_link(12, 1, 3),
                                  make_link(13, 2, 4), make_link(14, 3, 5), make_link(15, 4, 5),
                                  make_link(16, 1, 2), make_link(17, 0, 5)};

} // namespace

TEST(CheckLinks, ExactWhenRoutesHaveEqualHops) {
    const std::vector<Demand> demands = {
        {0, 5, 9000, {route(ladder, {0, 1, 3, 5}), route(ladder, {0, 2, 4, 5})}}};
    auto after = ladder;
    carry(after, demands[0].routes[0], 4000);
    carry(after, demands[0].routes[1], 5000);
    const auto report = check_links(ladder, after, demands);
    EXPECT_TRUE(report.exact());
    EXPECT_TRUE(report.ok());
    EXPECT_EQ(report.counted_bytes, 27'000U);
    EXPECT_EQ(report.low_bytes, 27'000U);
    EXPECT_EQ(report.asked_bytes, 9000U);
}

TEST(CheckLinks, BoundsWhenHopsDiffer) {
    const std::vector<Demand> demands = {
        {0, 5, 100, {route(ladder, {0, 5}), route(ladder, {0, 1, 3, 5})}}};
    auto after = ladder;
    carry(after, demands[0].routes[0], 70);
    carry(after, demands[0].routes[1], 30);
    const auto report = check_links(ladder, after, demands);
    EXPECT_FALSE(report.exact());
    EXPECT_EQ(report.low_bytes, 100U);
    EXPECT_EQ(report.high_bytes, 300U);
    EXPECT_EQ(report.counted_bytes, 160U);
    EXPECT_TRUE(report.ok());
    ASSERT_EQ(report.pairs.size(), 1U);
    EXPECT_EQ(report.pairs[0].hops_min, 1U);
    EXPECT_EQ(report.pairs[0].hops_max, 3U);
}

TEST(CheckLinks, NoRouteNoBytes) {
    EXPECT_TRUE(check_links(ladder, ladder, {}).ok());
    EXPECT_FALSE(check_links(ladder, ladder, {{0, 5, 1, {}}}).ok());
}

TEST(CheckLinks, SeesOneByteTooMuchOrTooLittleAnywhere) {
    for (unsigned seed = 1; seed <= 200; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        std::vector<Demand> demands = {
            {0,
             5,
             0,
             {route(ladder, {0, 1, 3, 5}), route(ladder, {0, 2, 4, 5}), route(ladder, {0, 5})}},
            {5, 0, 0, {route(ladder, {5, 0})}},
            {1, 4, 0, {route(ladder, {1, 2, 4}), route(ladder, {1, 0, 5, 4})}},
        };
        auto after = ladder;
        for (auto &demand : demands)
            for (const auto &over : demand.routes) {
                const auto bytes = random() % 5000;
                demand.bytes += bytes;
                carry(after, over, bytes);
            }
        ASSERT_TRUE(check_links(ladder, after, demands).ok());

        auto wrong = after;
        auto &link = wrong[random() % wrong.size()];
        auto &counter = random() % 2 ? link.bytes_ab : link.bytes_ba;
        counter += random() % 2 ? 1 : -1; // also below where it began
        EXPECT_FALSE(check_links(ladder, wrong, demands).ok());
    }
}

TEST(CheckLinks, SeesTrafficOnALinkNoRouteUses) {
    // A ring of three stray bytes keeps every device in balance, but not every link in bounds.
    auto after = ladder;
    carry(after, route(ladder, {0, 1, 2, 0}), 3);
    const auto report = check_links(ladder, after, {});
    EXPECT_TRUE(report.leaking_devices.empty());
    EXPECT_FALSE(report.ok());
}

TEST(CheckLinks, LinkThatIsGoneFailsWhenItHadToCarry) {
    const std::vector<Demand> demands = {{0, 5, 100, {route(ladder, {0, 5})}}};
    auto after = ladder;
    after.pop_back();
    EXPECT_FALSE(check_links(ladder, after, demands).ok());
}

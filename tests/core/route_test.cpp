// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "route_oracle.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "random.hpp"

namespace {

TEST(RouteFind, AgreesWithBruteForceOnRandomGraphs) {
    Random random;
    std::map<uint32_t, int> reasons;
    size_t crossing = 0;

    for (int round = 0; round < 3000; round++) {
        auto [net, flags] = small_net(random);
        auto devices = static_cast<uint32_t>(flags.size());
        uint32_t src = random.below32(devices), dst = random.below32(devices);
        uint32_t k = 1 + random.below32(SN_ROUTE_MAX_PATHS);
        auto set = net.find(src, dst, k);
        reasons[set.reason]++;
        expect_right(net.graph, src, dst, k, set);
        if (HasFatalFailure())
            return;
        if (src == dst || (flags[src] | flags[dst]) & SWITCH)
            continue;
        BruteForce oracle(net.graph, src, dst);
        for (auto &path : oracle.paths) {
            std::vector<uint32_t> to;
            for (uint32_t edge : path.edges)
                to.push_back(sn_graph_edge_to(net.graph, edge));
            std::sort(to.begin(), to.end());
            crossing += std::adjacent_find(to.begin(), to.end()) != to.end();
        }
    }
    for (uint32_t reason : {SN_ROUTE_OK, SN_ROUTE_SRC_SWITCH, SN_ROUTE_DST_SWITCH, SN_ROUTE_NO_LINK,
                            SN_ROUTE_LINK_DOWN, SN_ROUTE_NO_ENGINE, SN_ROUTE_NO_RELAY})
        EXPECT_GT(reasons[reason], 0) << "the generator never made reason " << reason;
    EXPECT_GT(crossing, 0u) << "no path crossed a switch twice";
}

TEST(RouteFind, AgreesWithBruteForceOnLongChains) {
    Random random;
    size_t found = 0;

    for (int round = 0; round < 300; round++) {
        auto [net, flags] = ring_net(random);
        uint32_t dst = ring_end(flags);
        auto set = net.find(0, dst);
        BruteForce oracle(net.graph, 0, dst);
        expect_same(set, oracle, SN_ROUTE_MAX_PATHS);
        if (HasFatalFailure())
            return;
        found += set.count;
    }
    EXPECT_GT(found, 300u);
}

TEST(RouteFind, SelfIsOneStageWithoutEdges) {
    Net net({ENGINE, 0}, 1);
    net.link(0, 1);

    auto set = net.find(0, 0);
    ASSERT_EQ(set.count, 1u);
    EXPECT_EQ(set.paths[0].stages, 1);
    EXPECT_EQ(set.paths[0].edge_count, 0);
    EXPECT_EQ(set.paths[0].bytes_per_sec, SN_U64_MAX);
    set = net.find(1, 1);
    EXPECT_EQ(set.count, 0u);
    EXPECT_EQ(set.reason, static_cast<uint32_t>(SN_ROUTE_NO_ENGINE));
    EXPECT_EQ(set.culprit, 1u);
}

TEST(RouteFind, ParallelLinksAreDifferentPaths) {
    Net net({ENGINE, 0}, 3);
    net.link(0, 1, 50), net.link(0, 1, 70), net.link(0, 1, 50);

    auto set = net.find(0, 1);
    ASSERT_EQ(set.count, 3u);
    EXPECT_EQ(set.paths[0].edges[0], 2u);
    EXPECT_EQ(set.paths[1].edges[0], 0u);
    EXPECT_EQ(set.paths[2].edges[0], 4u);
}

TEST(RouteFind, PassiveDevicesBehindOneSwitchMeetInTheHost) {
    // Two passive devices and a host, all behind switch 2: two stages cross it.
    Net net({0, 0, SWITCH, ENGINE | RELAY}, 3);
    net.link(0, 2), net.link(1, 2), net.link(3, 2);

    auto set = net.find(0, 1);
    ASSERT_EQ(set.count, 1u);
    EXPECT_EQ(set.paths[0].stages, 2);
    EXPECT_EQ(set.paths[0].edge_count, 4);
    EXPECT_EQ(sn_route_stage_device(net.graph, &set.paths[0], 0, 0), 0u);
    EXPECT_EQ(sn_route_stage_device(net.graph, &set.paths[0], 0, 1), 3u);
    EXPECT_EQ(sn_route_stage_device(net.graph, &set.paths[0], 0, 2), 1u);
}

TEST(RouteFind, EnginesMakeTheDetourThroughTheHostALoop) {
    Net net({ENGINE, 0, SWITCH, ENGINE | RELAY}, 3);
    net.link(0, 2), net.link(1, 2), net.link(3, 2);

    auto set = net.find(0, 1);
    ASSERT_EQ(set.count, 1u);
    EXPECT_EQ(set.paths[0].stages, 1);
}

struct Reason {
    std::vector<uint32_t> flags;
    std::vector<std::tuple<uint32_t, uint32_t, bool>> links;
    uint32_t reason, culprit;
};

TEST(RouteFind, SaysWhyThereIsNone) {
    const uint32_t both = ENGINE | RELAY;
    const std::vector<Reason> cases = {
        {{both, both, both}, {{0, 2, true}}, SN_ROUTE_NO_LINK, SN_NONE},
        {{both, both, both}, {{0, 2, true}, {2, 1, false}}, SN_ROUTE_LINK_DOWN, 1},
        {{both, both, ENGINE}, {{0, 2, true}, {2, 1, true}}, SN_ROUTE_NO_RELAY, 2},
        {{0, 0}, {{0, 1, true}}, SN_ROUTE_NO_ENGINE, 0},
        {{both, 0, RELAY}, {{0, 2, true}, {2, 1, true}}, SN_ROUTE_NO_ENGINE, 2},
        {{0, 0, 0}, {{0, 2, true}, {2, 1, true}}, SN_ROUTE_NO_RELAY, 2},
        {{both, both, both, both, both, both},
         {{0, 2, true}, {2, 3, true}, {3, 4, true}, {4, 5, true}, {5, 1, true}},
         SN_ROUTE_TOO_MANY_STAGES,
         5},
        {{SWITCH, both}, {{0, 1, true}}, SN_ROUTE_SRC_SWITCH, 0},
        {{both, SWITCH}, {{0, 1, true}}, SN_ROUTE_DST_SWITCH, 1},
    };
    for (size_t i = 0; i < cases.size(); i++) {
        Net net(cases[i].flags, static_cast<uint32_t>(cases[i].links.size()));
        for (auto [a, b, up] : cases[i].links)
            net.link(a, b, 100, 100, 1, up);
        auto set = net.find(0, 1);
        EXPECT_EQ(set.count, 0u) << i;
        EXPECT_EQ(set.reason, cases[i].reason) << i;
        EXPECT_EQ(set.culprit, cases[i].culprit) << i;
    }

    Net net({ENGINE, 0}, 1);
    net.link(0, 1);
    EXPECT_EQ(net.find(2, 0).reason, static_cast<uint32_t>(SN_ROUTE_NO_SRC));
    EXPECT_EQ(net.find(0, 2).reason, static_cast<uint32_t>(SN_ROUTE_NO_DST));
}

TEST(RouteFind, RefusesBadArguments) {
    Net net({ENGINE, 0}, 1);
    sn_route_set set;
    net.link(0, 1);

    EXPECT_EQ(sn_route_find(net.graph, 0, 1, 1, net.scratch(), &set), -EINVAL);
    ASSERT_EQ(sn_graph_seal(net.graph), 0);
    EXPECT_EQ(sn_route_find(net.graph, 0, 1, 1, net.scratch(), &set), 0);
    EXPECT_EQ(sn_route_find(net.graph, 0, 1, 0, net.scratch(), &set), -EINVAL);
    EXPECT_EQ(sn_route_find(net.graph, 0, 1, 9, net.scratch(), &set), -EINVAL);
    EXPECT_EQ(sn_route_find(net.graph, 0, 1, 1, static_cast<char *>(net.scratch()) + 4, &set),
              -EINVAL);
}

TEST(RouteCheck, CatchesWhatIsBroken) {
    // 0 - s2 - 3 - 1, and a second way 3 - 4 - 1.
    Net net({ENGINE, ENGINE, SWITCH, RELAY | ENGINE, RELAY}, 5);
    net.link(0, 2), net.link(2, 3, 50), net.link(3, 1), net.link(3, 4), net.link(4, 1);
    auto good = net.find(0, 1).paths[0];
    auto caught = [&](auto breakage) {
        auto path = good;
        breakage(path);
        EXPECT_EQ(sn_route_check(net.graph, 0, 1, &path), -EINVAL);
    };

    ASSERT_EQ(good.edge_count, 3);
    EXPECT_EQ(sn_route_check(net.graph, 0, 3, &good), -EINVAL);
    EXPECT_EQ(sn_route_check(net.graph, 9, 1, &good), -EINVAL);
    caught([](auto &p) { p.bytes_per_sec++; });
    caught([](auto &p) { p.latency_ns++; });
    caught([](auto &p) { p.edges[1] = 99; });
    caught([](auto &p) { p.edges[1] = 6; });
    caught([](auto &p) { p.edge_count = 2; });
    caught([](auto &p) { p.stages = 1; });
    caught([](auto &p) { p.stages = 0; });
    caught([](auto &p) { p.stage_end[0] = 1; });
    ASSERT_EQ(sn_graph_link_set_up(net.graph, 1, false), 0);
    caught([](auto &) {});
}

double best_ms(Net &net, uint32_t src, uint32_t dst, sn_route_set &set) {
    double best = 1e9;
    for (int i = 0; i < 5; i++) {
        auto start = std::chrono::steady_clock::now();
        set = net.find(src, dst);
        std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
        best = std::min(best, took.count());
    }
    return best;
}

// A sanitizer slows the code down by an order of magnitude: then the figure is only printed.
#if defined(__SANITIZE_ADDRESS__)
constexpr double LIMIT_MS = 1e9;
#else
constexpr double LIMIT_MS = 10;
#endif

TEST(RouteFind, ThousandDevicesTakeUnderTenMilliseconds) {
    Random random(1); // time on one input, not luck with many
    sn_route_set set;

    // Fat tree: 32 racks of 30 devices, two switches each; all joined by 16 spines.
    std::vector<uint32_t> flags(960, ENGINE | RELAY);
    flags.resize(960 + 64 + 16, SWITCH);
    Net tree(flags, 960 * 2 + 64 * 16);
    for (uint32_t i = 0; i < 960; i++)
        for (uint32_t plane = 0; plane < 2; plane++)
            tree.link(i, 960 + i / 30 * 2 + plane);
    for (uint32_t leaf = 0; leaf < 64; leaf++)
        for (uint32_t spine = 0; spine < 16; spine++)
            tree.link(960 + leaf, 1024 + spine);
    double ms = best_ms(tree, 0, 959, set);
    std::printf("fat tree: %.2f ms\n", ms);
    EXPECT_EQ(set.count, 8u);
    EXPECT_EQ(set.exact, 1u);
    EXPECT_EQ(set.paths[7].stages, 1);
    EXPECT_LT(ms, LIMIT_MS);

    // Random, with as many different rates as links; and with three.
    for (uint64_t rates : {1000000, 3}) {
        for (auto &flag : flags)
            flag = random.one_in(3) ? SWITCH : ENGINE | RELAY;
        flags[0] = flags[1] = ENGINE | RELAY;
        flags.resize(1000);
        Net net(flags, 4000);
        for (int i = 0; i < 4000; i++) {
            uint32_t a = random.below32(1000), b = random.below32(1000);
            if (a != b)
                net.link(a, b, 1 + random.below(rates), 1 + random.below(rates),
                         random.below(1000));
        }
        ms = best_ms(net, 0, 1, set);
        std::printf("random, %llu rates: %.2f ms, %u paths, exact %u\n",
                    static_cast<unsigned long long>(rates), ms, set.count, set.exact);
        EXPECT_LT(ms, LIMIT_MS);
        EXPECT_GT(set.count, 0u);
    }

    // No path at all: every rule is tried in turn.
    Net apart(std::vector<uint32_t>(1000, RELAY), 3000);
    for (uint32_t i = 0; i < 3000; i++) {
        uint32_t a = random.below32(999), b = random.below32(999);
        if (a != b)
            apart.link(a, b);
    }
    ms = best_ms(apart, 0, 999, set);
    std::printf("no path: %.2f ms\n", ms);
    EXPECT_EQ(set.reason, static_cast<uint32_t>(SN_ROUTE_NO_LINK));
    EXPECT_LT(ms, LIMIT_MS);
}

} // namespace

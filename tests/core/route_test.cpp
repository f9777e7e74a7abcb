// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "core/route.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "memory.hpp"
#include "random.hpp"

namespace {

constexpr uint32_t SWITCH = SN_GRAPH_SWITCH, ENGINE = SN_GRAPH_INITIATOR, RELAY = SN_GRAPH_RELAY;

class Net {
public:
    explicit Net(std::vector<uint32_t> flags, uint32_t links)
        : limits_{static_cast<uint32_t>(flags.size()), 2 * links, links},
          memory_(sn_graph_bytes(&limits_)), scratch_(sn_route_bytes(&limits_)) {
        uint32_t index;
        EXPECT_EQ(sn_graph_init(memory_.get(), &limits_, &graph), 0);
        for (uint32_t id = 0; id < flags.size(); id++)
            EXPECT_EQ(sn_graph_add_device(graph, id, flags[id], &index), 0);
    }

    uint32_t link(uint32_t a, uint32_t b, uint64_t forth = 100, uint64_t back = 100,
                  uint64_t latency = 1, bool up = true) {
        struct sn_graph_link spec {};
        uint32_t index = SN_NONE;
        spec.id = next_++;
        EXPECT_EQ(sn_graph_add_port(graph, a, 1000 + spec.id, &spec.port[0]), 0);
        EXPECT_EQ(sn_graph_add_port(graph, b, 1000 + spec.id, &spec.port[1]), 0);
        spec.up = up;
        spec.bytes_per_sec[0] = forth;
        spec.bytes_per_sec[1] = back;
        spec.latency_ns[0] = spec.latency_ns[1] = latency;
        EXPECT_EQ(sn_graph_add_link(graph, &spec, &index), 0);
        return index;
    }

    sn_route_set find(uint32_t src, uint32_t dst, uint32_t k = SN_ROUTE_MAX_PATHS) {
        sn_route_set set;
        if (!sn_graph_is_sealed(graph)) {
            EXPECT_EQ(sn_graph_seal(graph), 0);
        }
        EXPECT_EQ(sn_route_find(graph, src, dst, k, scratch_.get(), &set), 0);
        for (uint32_t i = 0; i < set.count; i++)
            EXPECT_EQ(sn_route_check(graph, src, dst, &set.paths[i]), 0);
        return set;
    }

    void *scratch() const { return scratch_.get(); }

    sn_graph *graph = nullptr;

private:
    sn_graph_limits limits_;
    Memory memory_, scratch_;
    uint32_t next_ = 0;
};

// Every legal path by trying everything, and their total order.
class BruteForce {
public:
    struct Path {
        uint64_t rate = SN_U64_MAX, latency = 0;
        uint32_t stages = 0;
        std::vector<uint32_t> edges;

        auto key() const { return std::tuple(~rate, stages, latency, edges.size(), edges); }
    };

    BruteForce(const sn_graph *graph, uint32_t src, uint32_t dst) : graph_(graph), dst_(dst) {
        stages_.push_back({src, {}});
        visit(src, src, Path{});
        std::sort(paths.begin(), paths.end(),
                  [](const Path &a, const Path &b) { return a.key() < b.key(); });
    }

    std::vector<Path> paths;

private:
    struct Stage {
        uint32_t start;
        std::vector<uint32_t> switches;
    };

    bool is(uint32_t device, uint32_t flag) const {
        return sn_graph_device(graph_, device)->flags & flag;
    }

    // May a stage end here: no earlier stage shares a switch with it, unless neither could reach.
    bool joins(uint32_t end) const {
        const Stage &last = stages_.back();
        for (size_t i = 0; i + 1 < stages_.size(); i++) {
            for (uint32_t device : stages_[i].switches) {
                if (std::count(last.switches.begin(), last.switches.end(), device) &&
                    (is(stages_[i].start, ENGINE) || is(end, ENGINE)))
                    return false;
            }
        }
        return true;
    }

    void visit(uint32_t at, uint32_t src, const Path &path) {
        if (at == dst_) {
            paths.push_back(path);
            return;
        }
        if (path.edges.size() == SN_ROUTE_MAX_LINKS)
            return;
        uint32_t count;
        const uint32_t *out = sn_graph_out_edges(graph_, at, &count);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t to = sn_graph_edge_to(graph_, out[i]);
            if (!sn_graph_edge_rate(graph_, out[i]) || !sn_graph_link(graph_, out[i] / 2)->up)
                continue;
            Path next = path;
            next.rate = std::min(next.rate, sn_graph_edge_rate(graph_, out[i]));
            next.latency += sn_graph_edge_latency(graph_, out[i]);
            next.edges.push_back(out[i]);
            if (is(to, SWITCH)) {
                auto &switches = stages_.back().switches;
                if (std::count(switches.begin(), switches.end(), to))
                    continue;
                switches.push_back(to);
                visit(to, src, next);
                stages_.back().switches.pop_back();
                continue;
            }
            bool again = false;
            for (auto &stage : stages_)
                again |= stage.start == to;
            if (again || (to != dst_ && !is(to, RELAY)) || !joins(to) ||
                (!is(stages_.back().start, ENGINE) && !is(to, ENGINE)) ||
                ++next.stages > SN_ROUTE_MAX_STAGES)
                continue;
            stages_.push_back({to, {}});
            visit(to, src, next);
            stages_.pop_back();
        }
    }

    const sn_graph *graph_;
    uint32_t dst_;
    std::vector<Stage> stages_;
};

void expect_same(const sn_route_set &set, const BruteForce &oracle, uint32_t k) {
    ASSERT_EQ(set.exact, 1u);
    ASSERT_EQ(set.count, std::min<size_t>(k, oracle.paths.size()));
    ASSERT_EQ(set.reason == SN_ROUTE_OK, set.count > 0);
    for (uint32_t i = 0; i < set.count; i++) {
        const auto &want = oracle.paths[i];
        const auto &path = set.paths[i];
        ASSERT_EQ(std::vector(path.edges, path.edges + path.edge_count), want.edges) << i;
        ASSERT_EQ(path.bytes_per_sec, want.rate);
        ASSERT_EQ(path.latency_ns, want.latency);
        ASSERT_EQ(path.stages, want.stages);
    }
}

TEST(RouteFind, AgreesWithBruteForceOnRandomGraphs) {
    Random random;
    std::map<uint32_t, int> reasons;
    size_t crossing = 0;

    for (int round = 0; round < 3000; round++) {
        uint32_t devices = 2 + random.below32(7), links = random.below32(12);
        uint64_t rates = 1 + random.below(5), latencies = 1 + random.below(4);
        uint64_t switches = 2 + random.below(4), passive = 1 + random.below(4);
        std::vector<uint32_t> flags;
        for (uint32_t i = 0; i < devices; i++)
            flags.push_back(random.one_in(switches) ? SWITCH
                                                    : (random.one_in(passive) ? 0 : ENGINE) |
                                                          (random.one_in(3) ? 0 : RELAY));
        // Every other one: passive devices around a switch or two, so that stages meet in them.
        bool star = random.one_in(2);
        for (uint32_t i = 0; star && i < devices; i++)
            flags[i] = i < 2 ? SWITCH : random.one_in(2) ? RELAY : ENGINE | RELAY;
        Net net(flags, links);
        for (uint32_t i = 0; i < links; i++) {
            uint32_t a = random.below32(devices), b = random.below32(devices);
            if (star && !random.one_in(3))
                a = random.below32(2);
            if (a != b)
                net.link(a, b, 1 + random.below(rates),
                         random.one_in(8) ? 0 : 1 + random.below(rates), random.below(latencies),
                         !random.one_in(8));
        }
        uint32_t src = random.below32(devices), dst = random.below32(devices);
        uint32_t k = 1 + random.below32(SN_ROUTE_MAX_PATHS);
        auto set = net.find(src, dst, k);
        reasons[set.reason]++;
        if (src == dst || (flags[src] | flags[dst]) & SWITCH)
            continue;
        BruteForce oracle(net.graph, src, dst);
        expect_same(set, oracle, k);
        if (HasFatalFailure())
            return;
        for (auto &path : oracle.paths) {
            std::vector<uint32_t> to;
            for (uint32_t edge : path.edges)
                to.push_back(sn_graph_edge_to(net.graph, edge));
            std::sort(to.begin(), to.end());
            crossing += std::adjacent_find(to.begin(), to.end()) != to.end();
        }

        // The reason, against the oracle on a graph with every link up.
        if (set.count)
            continue;
        for (uint32_t i = 0; i < links; i++)
            sn_graph_link_set_up(net.graph, i, true);
        bool up_helps = !BruteForce(net.graph, src, dst).paths.empty();
        ASSERT_EQ(set.reason == SN_ROUTE_LINK_DOWN, up_helps);
    }
    for (uint32_t reason : {SN_ROUTE_OK, SN_ROUTE_SRC_SWITCH, SN_ROUTE_DST_SWITCH, SN_ROUTE_NO_LINK,
                            SN_ROUTE_LINK_DOWN, SN_ROUTE_NO_ENGINE, SN_ROUTE_NO_RELAY})
        EXPECT_GT(reasons[reason], 0) << "the generator never made reason " << reason;
    EXPECT_GT(crossing, 0u) << "no path crossed a switch twice";
}

TEST(RouteFind, AgreesWithBruteForceOnLongChains) {
    Random random;
    size_t found = 0;

    // Rings of many links, where the limits on stages and links decide.
    for (int round = 0; round < 300; round++) {
        uint32_t devices = 16 + random.below32(6);
        std::vector<uint32_t> flags(devices, SWITCH);
        flags[0] = flags[devices - 1] = ENGINE | RELAY;
        for (int i = 0; i < 5; i++)
            flags[random.below32(devices)] = ENGINE | RELAY;
        Net net(flags, devices + 4);
        for (uint32_t i = 0; i < devices; i++)
            net.link(i, (i + 1) % devices, 1 + random.below(3), 1 + random.below(3),
                     random.below(3));
        for (int i = 0; i < 4; i++) {
            uint32_t a = random.below32(devices), b = random.below32(devices);
            if (a != b)
                net.link(a, b, 1 + random.below(3), 1 + random.below(3), random.below(9));
        }
        uint32_t dst = devices / 2;
        flags[dst] &SWITCH ? dst = devices - 1 : dst;
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

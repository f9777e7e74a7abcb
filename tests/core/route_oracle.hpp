// SPDX-License-Identifier: GPL-2.0-only OR MIT
// A graph in memory of its own, every legal path through it by trying everything, and the reason
// when there is none by leaving aside one rule after the other.
#pragma once

#include "core/route.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "choices.hpp"
#include "memory.hpp"

inline constexpr uint32_t SWITCH = SN_GRAPH_SWITCH, ENGINE = SN_GRAPH_INITIATOR,
                          RELAY = SN_GRAPH_RELAY;

class Net {
public:
    explicit Net(std::vector<uint32_t> flags, uint32_t links)
        : limits_{static_cast<uint32_t>(flags.size()), 2 * links, links},
          memory_(sn_graph_bytes(&limits_)), scratch_(scratch_of(sn_route_bytes(&limits_))) {
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
    // A mebibyte and more, which is dear to get from the system for each of many small nets.
    static Memory &scratch_of(size_t bytes) {
        static std::map<size_t, Memory> all;
        Memory &memory = all.try_emplace(bytes, bytes).first->second;

        std::memset(memory.get(), 0xa5, bytes);
        return memory;
    }

    sn_graph_limits limits_;
    Memory memory_;
    Memory &scratch_;
    uint32_t next_ = 0;
};

// Rules to be left aside.
struct Leave {
    bool any_state = false, any_engine = false, any_relay = false, any_length = false;
    bool first_only = false;
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

    BruteForce(const sn_graph *graph, uint32_t src, uint32_t dst, Leave rules = {})
        : graph_(graph), dst_(dst), rules_(rules) {
        stages_.push_back({src, {}});
        visit(src, Path{});
        std::sort(paths.begin(), paths.end(),
                  [](const Path &a, const Path &b) { return a.key() < b.key(); });
    }

    // Is there any, by these rules?
    static bool any(const sn_graph *graph, uint32_t src, uint32_t dst, Leave rules) {
        rules.first_only = true;
        return !BruteForce(graph, src, dst, rules).paths.empty();
    }

    std::vector<Path> paths;

private:
    struct Stage {
        uint32_t start;
        std::vector<uint32_t> switches;
    };

    bool is(uint32_t device, uint32_t flag) const {
        uint32_t flags = sn_graph_device(graph_, device)->flags;

        if (!(flags & SWITCH))
            flags |= (rules_.any_engine ? ENGINE : 0) | (rules_.any_relay ? RELAY : 0);
        return flags & flag;
    }
    bool usable(uint32_t edge) const {
        return sn_graph_edge_rate(graph_, edge) &&
               (rules_.any_state || sn_graph_link(graph_, edge / 2)->up);
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

    void visit(uint32_t at, const Path &path) {
        if (rules_.first_only && !paths.empty())
            return;
        if (at == dst_) {
            paths.push_back(path);
            return;
        }
        if (path.edges.size() == SN_ROUTE_MAX_LINKS && !rules_.any_length)
            return;
        uint32_t count;
        const uint32_t *out = sn_graph_out_edges(graph_, at, &count);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t to = sn_graph_edge_to(graph_, out[i]);
            if (!usable(out[i]))
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
                visit(to, next);
                stages_.back().switches.pop_back();
                continue;
            }
            bool again = false;
            for (auto &stage : stages_)
                again |= stage.start == to;
            if (again || (to != dst_ && !is(to, RELAY)) || !joins(to) ||
                (!is(stages_.back().start, ENGINE) && !is(to, ENGINE)) ||
                (++next.stages > SN_ROUTE_MAX_STAGES && !rules_.any_length))
                continue;
            stages_.push_back({to, {}});
            visit(to, next);
            stages_.pop_back();
        }
    }

    const sn_graph *graph_;
    uint32_t dst_;
    Leave rules_;
    std::vector<Stage> stages_;
};

inline void expect_same(const sn_route_set &set, const BruteForce &oracle, uint32_t k) {
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

// Why there is none: the first rule, in this order, without which there would be one.
inline uint32_t expected_reason(const sn_graph *graph, uint32_t src, uint32_t dst) {
    const std::pair<Leave, uint32_t> steps[] = {
        {{}, SN_ROUTE_OK},
        {{.any_state = true}, SN_ROUTE_LINK_DOWN},
        {{.any_state = true, .any_length = true}, SN_ROUTE_TOO_MANY_STAGES},
        {{.any_state = true, .any_engine = true}, SN_ROUTE_NO_ENGINE},
        {{.any_state = true, .any_relay = true}, SN_ROUTE_NO_RELAY},
        {{.any_state = true, .any_engine = true, .any_relay = true}, SN_ROUTE_NO_RELAY},
        {{.any_state = true, .any_engine = true, .any_relay = true, .any_length = true},
         SN_ROUTE_TOO_MANY_STAGES},
    };
    sn_graph_limits count;

    sn_graph_counts(graph, &count);
    if (src >= count.devices)
        return SN_ROUTE_NO_SRC;
    if (dst >= count.devices)
        return SN_ROUTE_NO_DST;
    if (sn_graph_device(graph, src)->flags & SWITCH)
        return SN_ROUTE_SRC_SWITCH;
    if (sn_graph_device(graph, dst)->flags & SWITCH)
        return SN_ROUTE_DST_SWITCH;
    if (src == dst)
        return sn_graph_device(graph, src)->flags & ENGINE ? SN_ROUTE_OK : SN_ROUTE_NO_ENGINE;
    for (auto &[rules, reason] : steps) {
        if (BruteForce::any(graph, src, dst, rules))
            return reason;
    }
    return SN_ROUTE_NO_LINK;
}

// The whole answer for a pair of different devices with memory, and the reason for any pair.
inline void expect_right(const sn_graph *graph, uint32_t src, uint32_t dst, uint32_t k,
                         const sn_route_set &set) {
    ASSERT_EQ(set.reason, expected_reason(graph, src, dst)) << src << " to " << dst;
    if (set.reason != SN_ROUTE_OK) {
        ASSERT_EQ(set.count, 0u);
        return;
    }
    if (src != dst)
        expect_same(set, BruteForce(graph, src, dst), k);
}

struct DrawnNet {
    Net net;
    std::vector<uint32_t> flags;
};

// Up to 8 devices and 11 links of every kind.
inline DrawnNet small_net(Choices &choices) {
    uint32_t devices = 2 + choices.below32(7), links = choices.below32(12);
    uint64_t rates = 1 + choices.below(5), latencies = 1 + choices.below(4);
    uint64_t switches = 2 + choices.below(4), passive = 1 + choices.below(4);
    std::vector<uint32_t> flags;
    for (uint32_t i = 0; i < devices; i++)
        flags.push_back(choices.one_in(switches) ? SWITCH
                                                 : (choices.one_in(passive) ? 0 : ENGINE) |
                                                       (choices.one_in(3) ? 0 : RELAY));
    // Every other one: passive devices around a switch or two, so that stages meet in them.
    bool star = choices.one_in(2);
    for (uint32_t i = 0; star && i < devices; i++)
        flags[i] = i < 2 ? SWITCH : choices.one_in(2) ? RELAY : ENGINE | RELAY;
    Net net(flags, links);
    for (uint32_t i = 0; i < links; i++) {
        uint32_t a = choices.below32(devices), b = choices.below32(devices);
        if (star && !choices.one_in(3))
            a = choices.below32(2);
        if (a != b)
            net.link(a, b, 1 + choices.below(rates),
                     choices.one_in(8) ? 0 : 1 + choices.below(rates), choices.below(latencies),
                     !choices.one_in(8));
    }
    return {std::move(net), flags};
}

// A ring of many links, where the limits on stages and links decide.
inline DrawnNet ring_net(Choices &choices) {
    uint32_t devices = 16 + choices.below32(6);
    std::vector<uint32_t> flags(devices, SWITCH);
    flags[0] = flags[devices - 1] = ENGINE | RELAY;
    for (int i = 0; i < 5; i++)
        flags[choices.below32(devices)] = ENGINE | RELAY;
    Net net(flags, devices + 4);
    for (uint32_t i = 0; i < devices; i++)
        net.link(i, (i + 1) % devices, 1 + choices.below(3), 1 + choices.below(3),
                 choices.below(3));
    for (int i = 0; i < 4; i++) {
        uint32_t a = choices.below32(devices), b = choices.below32(devices);
        if (a != b)
            net.link(a, b, 1 + choices.below(3), 1 + choices.below(3), choices.below(9));
    }
    return {std::move(net), flags};
}

// A device with memory as far away from device 0 as may be.
inline uint32_t ring_end(const std::vector<uint32_t> &flags) {
    auto devices = static_cast<uint32_t>(flags.size());

    return flags[devices / 2] & SWITCH ? devices - 1 : devices / 2;
}

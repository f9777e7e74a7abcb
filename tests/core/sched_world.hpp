// SPDX-License-Identifier: GPL-2.0-only OR MIT
// A scheduler in memory of its own, and short ways to speak to it.
#pragma once

#include "core/sched_state.h"

#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "memory.hpp"

class World {
public:
    using Stages = std::vector<std::vector<uint32_t>>;

    explicit World(sn_sched_limits limits = {16, 16, 32, 256, 256, 0})
        : memory(sn_sched_bytes(&limits)) {
        EXPECT_EQ(sn_sched_init(memory.get(), &limits, &sched), 0);
        check();
    }
    World(const World &other)
        : memory(other.memory), sched(static_cast<sn_sched *>(memory.get())) {}

    void check() const { EXPECT_EQ(sn_sched_check(sched), 0); }

    uint32_t edge(uint64_t cap_bytes, uint32_t cap_ops = 0, bool up = true) {
        struct sn_sched_edge_spec spec {
            1000000000, cap_bytes, cap_ops, up
        };
        uint32_t index = SN_NONE;
        EXPECT_EQ(sn_sched_edge_add(sched, &spec, &index), 0);
        return index;
    }
    void set_up(uint32_t edge, bool up) {
        auto spec = edge_state(edge).spec;
        spec.up = up;
        EXPECT_EQ(sn_sched_edge_set(sched, edge, &spec), 0);
        check();
    }
    struct sn_sched_edge_state edge_state(uint32_t edge) const {
        struct sn_sched_edge_state state;
        EXPECT_EQ(sn_sched_edge_state(sched, edge, &state), 0);
        return state;
    }

    uint32_t flow(uint32_t klass, uint64_t total, uint64_t slice, uint64_t limit = 0) {
        struct sn_sched_flow_spec spec {
            total, limit, slice, klass
        };
        uint32_t index = SN_NONE;
        EXPECT_EQ(sn_sched_flow_add(sched, &spec, &index), 0);
        return index;
    }
    static struct sn_sched_path_spec path_spec(const Stages &stages, uint32_t depth) {
        struct sn_sched_path_spec spec {};
        spec.depth = depth;
        for (auto &stage : stages) {
            auto &to = spec.stages[spec.stage_count++];
            for (uint32_t edge : stage)
                to.edges[to.edge_count++] = edge;
        }
        return spec;
    }
    uint32_t path(uint32_t flow, const Stages &stages, uint32_t depth = 4) {
        auto spec = path_spec(stages, depth);
        uint32_t index = SN_NONE;
        EXPECT_EQ(sn_sched_path_add(sched, flow, &spec, &index), 0);
        return index;
    }
    // A flow with one path, started.
    uint32_t start(uint32_t klass, uint64_t total, uint64_t slice, const Stages &stages,
                   uint32_t depth = 4) {
        uint32_t index = flow(klass, total, slice);
        path(index, stages, depth);
        start(index);
        return index;
    }
    void start(uint32_t flow) {
        EXPECT_EQ(sn_sched_flow_start(sched, flow), 0);
        check();
    }
    struct sn_sched_flow_state flow_state(uint32_t flow) const {
        struct sn_sched_flow_state state;
        EXPECT_EQ(sn_sched_flow_state(sched, flow, &state), 0);
        return state;
    }

    std::optional<sn_sched_dispatch> next() {
        sn_sched_dispatch dispatch;
        bool any = sn_sched_next(sched, &dispatch);
        check();
        return any ? std::optional(dispatch) : std::nullopt;
    }
    std::vector<sn_sched_dispatch> pull() {
        std::vector<sn_sched_dispatch> all;
        while (auto dispatch = next())
            all.push_back(*dispatch);
        return all;
    }
    void complete(const sn_sched_dispatch &dispatch, int status = 0, bool retry = false) {
        EXPECT_EQ(sn_sched_complete(sched, dispatch.slice, status, retry), 0);
        check();
    }
    // The status of the one flow that has finished.
    std::optional<int> finished(uint32_t flow) {
        uint32_t which;
        int status;
        if (!sn_sched_finished(sched, &which, &status))
            return std::nullopt;
        EXPECT_EQ(which, flow);
        check();
        return status;
    }

    Memory memory;
    sn_sched *sched = nullptr;
};

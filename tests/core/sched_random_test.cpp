// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Random edges, flows, errors and outages, against a model that knows each slice in flight.
#include "sched_world.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "random.hpp"

namespace {

constexpr uint64_t K = 1024;

class Storm {
public:
    Storm(Random &random, bool errors)
        : random_(random), errors_(errors), outages_(errors), world_({12, 10, 40, 160, 500, 4}) {
        for (uint32_t i = 0; i < 10; i++) {
            uint64_t cap =
                random_.one_in(5) ? 1 + random_.below(64 * K) : 64 * K + random_.below(900 * K);
            edges_.push_back(world_.edge(cap, random_.one_in(3) ? 1 + random_.below32(4) : 0));
        }
    }

    void run(int steps) {
        for (int i = 0; i < steps && !testing::Test::HasFailure(); i++) {
            step();
            reap();
            EXPECT_EQ(sn_sched_check(world_.sched), 0) << "step " << i;
        }
        drain();
    }

    size_t finished_ok = 0, finished_badly = 0, retries = 0, staged = 0;

private:
    struct Flow {
        struct sn_sched_flow_spec spec;
        std::map<uint64_t, uint64_t> delivered; // offset to bytes
        std::map<uint32_t, World::Stages> paths;
        std::map<uint32_t, uint32_t> depth;
        bool started = false, cancelled = false, ended = false, failed = false;
        uint32_t inflight = 0;
    };
    struct InFlight {
        sn_sched_dispatch dispatch;
    };

    void step() {
        switch (random_.below(errors_ ? 12 : 9)) {
        case 0:
            add_flow();
            break;
        case 1:
            raise_limit();
            break;
        case 2:
        case 3:
        case 4:
        case 5:
            for (uint64_t n = random_.below(6); n-- && pull_one();)
                ;
            break;
        case 6:
        case 7:
        case 8:
            complete_one();
            break;
        case 9:
            toggle_edge();
            break;
        case 10:
            if (random_.one_in(6))
                cancel();
            break;
        default:
            if (random_.one_in(4))
                change_caps();
        }
    }

    void add_flow() {
        struct sn_sched_flow_spec spec {};
        uint32_t f, path;

        spec.total_bytes = random_.one_in(20) ? 0 : 1 + random_.below(1500 * K);
        spec.limit_bytes = random_.one_in(3) ? random_.below(spec.total_bytes + 1) : 0;
        spec.slice_max_bytes = 1 + random_.below(random_.one_in(4) ? 20 * K : 400 * K);
        spec.slice_max_bytes = std::max(spec.slice_max_bytes, spec.total_bytes / 100);
        spec.klass = random_.below32(SN_SCHED_CLASSES);
        int error = sn_sched_flow_add(world_.sched, &spec, &f);
        ASSERT_EQ(error, flows_.size() == 10 ? -ENOSPC : 0);
        if (error)
            return;
        Flow flow{spec, {}, {}, {}};
        for (uint64_t paths = 1 + random_.below(4); paths--;)
            add_path(f, flow, path);
        flows_[f] = flow;
        if (flow.paths.empty()) {
            ASSERT_EQ(sn_sched_flow_start(world_.sched, f), -EINVAL);
            ASSERT_EQ(sn_sched_flow_del(world_.sched, f), 0);
            flows_.erase(f);
            return;
        }
        if (random_.one_in(10)) {
            ASSERT_EQ(sn_sched_flow_cancel(world_.sched, f), 0);
            flows_[f].cancelled = true;
            return;
        }
        ASSERT_EQ(sn_sched_flow_start(world_.sched, f), 0);
        flows_[f].started = true;
        if (random_.one_in(4) && !world_.flow_state(f).finished && live(f))
            add_path(f, flows_[f], path);
    }

    void add_path(uint32_t f, Flow &flow, uint32_t &path) {
        World::Stages stages;
        for (uint64_t n = 1 + random_.below(3); n--;) {
            std::set<uint32_t> stage;
            for (uint64_t m = 1 + random_.below(3); m--;)
                stage.insert(edges_[random_.below(edges_.size())]);
            stages.emplace_back(stage.begin(), stage.end());
        }
        uint32_t depth = 1 + random_.below32(5);
        auto spec = World::path_spec(stages, depth);
        if (sn_sched_path_add(world_.sched, f, &spec, &path))
            return;
        flow.paths[path] = stages;
        flow.depth[path] = depth;
    }

    bool up(uint32_t edge) const { return world_.edge_state(edge).spec.up; }
    bool live(const World::Stages &stages) const {
        for (auto &stage : stages) {
            for (uint32_t edge : stage) {
                if (!up(edge))
                    return false;
            }
        }
        return true;
    }
    bool live(uint32_t f) const {
        for (auto &[path, stages] : flows_.at(f).paths) {
            if (live(stages))
                return true;
        }
        return false;
    }

    void raise_limit() {
        for (auto &[f, flow] : flows_) {
            auto state = world_.flow_state(f);
            if (!flow.ended && random_.one_in(2)) {
                uint64_t limit = state.limit_bytes + random_.below(300 * K);
                ASSERT_EQ(sn_sched_flow_limit(world_.sched, f, limit), 0);
            }
        }
    }

    bool pull_one() {
        sn_sched_dispatch d;
        std::map<uint32_t, struct sn_sched_edge_state> before;
        for (uint32_t edge : edges_)
            before[edge] = world_.edge_state(edge);
        if (!sn_sched_next(world_.sched, &d))
            return false;
        [&] { judge(d, before); }();
        return true;
    }

    // Is this dispatch right, by the model?
    void judge(const sn_sched_dispatch &d, std::map<uint32_t, struct sn_sched_edge_state> &before) {
        ASSERT_TRUE(flows_.contains(d.flow));
        Flow &flow = flows_[d.flow];
        ASSERT_TRUE(flow.started && !flow.cancelled && !flow.ended && !flow.failed);
        ASSERT_TRUE(flow.paths.contains(d.path));
        auto &stages = flow.paths[d.path];
        ASSERT_LT(d.stage, stages.size());
        ASSERT_EQ(d.last_stage, d.stage + 1 == stages.size());
        ASSERT_LT(d.slot, flow.depth[d.path]);
        ASSERT_GT(d.bytes, 0u);
        ASSERT_LE(d.bytes, flow.spec.slice_max_bytes);
        auto state = world_.flow_state(d.flow);
        ASSERT_LE(d.offset + d.bytes, state.limit_bytes);
        ASSERT_EQ(d.at_limit,
                  state.drawn_bytes == state.limit_bytes && state.limit_bytes < state.total_bytes);
        for (uint32_t edge : stages[d.stage]) {
            auto &was = before[edge];
            ASSERT_TRUE(was.spec.up);
            if (was.inflight_ops) {
                ASSERT_LE(was.inflight_bytes + d.bytes, was.spec.cap_bytes);
                ASSERT_TRUE(!was.spec.cap_ops || was.inflight_ops < was.spec.cap_ops);
            }
        }
        // Its bytes are nowhere else: not delivered, not in flight.
        ASSERT_FALSE(overlaps(flow.delivered, d.offset, d.bytes));
        for (auto &other : inflight_) {
            if (other.flow == d.flow) {
                ASSERT_TRUE(other.offset >= d.offset + d.bytes ||
                            d.offset >= other.offset + other.bytes);
                ASSERT_FALSE(other.path == d.path && other.slot == d.slot);
            }
            ASSERT_NE(other.slice.index, d.slice.index);
        }
        // Stage after stage on one path, in one slot.
        auto key = std::pair(d.flow, d.offset);
        if (d.stage) {
            ASSERT_TRUE(reached_.contains(key));
            auto &last = reached_[key];
            ASSERT_EQ(last.stage + 1, d.stage);
            ASSERT_EQ(last.path, d.path);
            ASSERT_EQ(last.slot, d.slot);
            ASSERT_EQ(last.bytes, d.bytes);
            staged++;
        } else if (reached_.contains(key)) {
            ASSERT_EQ(reached_[key].bytes, d.bytes) << "sent again with other bounds";
            retries++;
        }
        reached_[key] = d;
        inflight_.push_back(d);
        flow.inflight++;
        count();
    }

    static bool overlaps(const std::map<uint64_t, uint64_t> &ranges, uint64_t offset,
                         uint64_t bytes) {
        auto it = ranges.lower_bound(offset + bytes);
        return it != ranges.begin() && (--it, it->first + it->second > offset);
    }

    // The edges' own sums against the model's.
    void count() {
        std::map<uint32_t, std::pair<uint64_t, uint32_t>> sum;
        for (auto &d : inflight_) {
            for (uint32_t edge : flows_[d.flow].paths[d.path][d.stage]) {
                sum[edge].first += d.bytes;
                sum[edge].second++;
            }
        }
        for (uint32_t edge : edges_) {
            auto state = world_.edge_state(edge);
            ASSERT_EQ(state.inflight_bytes, sum[edge].first);
            ASSERT_EQ(state.inflight_ops, sum[edge].second);
        }
    }

    void complete_one() {
        if (inflight_.empty())
            return;
        size_t i = random_.below(inflight_.size());
        auto d = inflight_[i];
        Flow &flow = flows_[d.flow];
        int status = errors_ && random_.one_in(12) ? -EIO : 0;
        bool retry = !random_.one_in(10);

        inflight_.erase(inflight_.begin() + static_cast<long>(i));
        flow.inflight--;
        if (!status && d.last_stage)
            flow.delivered[d.offset] = d.bytes;
        ASSERT_EQ(sn_sched_complete(world_.sched, d.slice, status, retry), 0);
        Memory before(world_.memory);
        ASSERT_EQ(sn_sched_complete(world_.sched, d.slice, status, retry), -EINVAL);
        ASSERT_TRUE(world_.memory == before);
        if (world_.flow_state(d.flow).status)
            flow.failed = true;
        count();
    }

    void toggle_edge() {
        uint32_t edge = edges_[random_.below(edges_.size())];
        auto spec = world_.edge_state(edge).spec;
        spec.up = !spec.up || !random_.one_in(3);
        ASSERT_EQ(sn_sched_edge_set(world_.sched, edge, &spec), 0);
        note_failures();
    }

    void change_caps() {
        uint32_t edge = edges_[random_.below(edges_.size())];
        auto spec = world_.edge_state(edge).spec;
        spec.cap_bytes = 1 + random_.below(900 * K);
        spec.cap_ops = random_.below32(5);
        ASSERT_EQ(sn_sched_edge_set(world_.sched, edge, &spec), 0);
    }

    void cancel() {
        for (auto &[f, flow] : flows_) {
            if (random_.one_in(flows_.size())) {
                bool over = world_.flow_state(f).finished || flow.failed || flow.cancelled;
                ASSERT_EQ(sn_sched_flow_cancel(world_.sched, f), over ? -EALREADY : 0);
                flow.cancelled |= !over;
                return;
            }
        }
    }

    void note_failures() {
        for (auto &[f, flow] : flows_) {
            if (world_.flow_state(f).status)
                flow.failed = true;
        }
    }

    void reap() {
        uint32_t f;
        int status;

        note_failures();
        while (sn_sched_finished(world_.sched, &f, &status))
            [&] { judge_end(f, status); }();
    }

    void judge_end(uint32_t f, int status) {
        ASSERT_TRUE(flows_.contains(f));
        Flow &flow = flows_[f];
        uint64_t end = 0;

        ASSERT_FALSE(flow.ended) << "reported twice";
        ASSERT_EQ(flow.inflight, 0u);
        for (auto [offset, bytes] : flow.delivered) {
            if (offset == end)
                end += bytes;
        }
        ASSERT_EQ(status == 0, end == flow.spec.total_bytes);
        if (status == -EHOSTUNREACH) {
            ASSERT_TRUE(outages_);
        }
        if (status == -ECANCELED) {
            ASSERT_TRUE(flow.cancelled);
        }
        (status ? finished_badly : finished_ok)++;
        ASSERT_EQ(sn_sched_flow_del(world_.sched, f), 0);
        flows_.erase(f);
        for (auto it = reached_.begin(); it != reached_.end();)
            it = it->first.first == f ? reached_.erase(it) : std::next(it);
    }

    // With all links up and no more errors everything ends: nothing is left waiting for nothing.
    void drain() {
        errors_ = false;
        for (uint32_t edge : edges_) {
            auto spec = world_.edge_state(edge).spec;
            spec.up = true;
            ASSERT_EQ(sn_sched_edge_set(world_.sched, edge, &spec), 0);
        }
        for (int i = 0; i < 100000 && !testing::Test::HasFailure(); i++) {
            for (auto &[f, flow] : flows_)
                ASSERT_EQ(sn_sched_flow_limit(world_.sched, f, SN_U64_MAX), 0);
            while (pull_one())
                ;
            reap();
            EXPECT_EQ(sn_sched_check(world_.sched), 0);
            if (inflight_.empty())
                break;
            complete_one();
        }
        reap();
        ASSERT_TRUE(flows_.empty()) << "stuck";
        for (uint32_t edge : edges_)
            ASSERT_EQ(sn_sched_edge_del(world_.sched, edge), 0);
        world_.check();
        ASSERT_EQ(world_.sched->reserved_pieces, 0u);
    }

    Random &random_;
    bool errors_;        // still
    const bool outages_; // ever
    World world_;
    std::vector<uint32_t> edges_;
    std::map<uint32_t, Flow> flows_;
    std::vector<sn_sched_dispatch> inflight_;
    std::map<std::pair<uint32_t, uint64_t>, sn_sched_dispatch> reached_;
};

TEST(SchedRandom, EveryByteArrivesOnceWithoutErrors) {
    Random random;
    size_t ok = 0, badly = 0, staged = 0;

    for (int round = 0; round < 25 && !HasFailure(); round++) {
        Storm storm(random, false);
        storm.run(400);
        ok += storm.finished_ok, badly += storm.finished_badly, staged += storm.staged;
    }
    EXPECT_GT(ok, 3 * badly) << "only those cancelled before their start";
    EXPECT_GT(staged, 1000u);
}

TEST(SchedRandom, EveryFlowEndsOnceThroughErrorsAndOutages) {
    Random random;
    size_t ok = 0, badly = 0, retries = 0;

    for (int round = 0; round < 40 && !HasFailure(); round++) {
        Storm storm(random, true);
        storm.run(500);
        ok += storm.finished_ok, badly += storm.finished_badly, retries += storm.retries;
    }
    EXPECT_GT(ok, 100u);
    EXPECT_GT(badly, 100u);
    EXPECT_GT(retries, 500u);
}

} // namespace

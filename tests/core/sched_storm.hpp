// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Edges, flows, errors and outages as they are chosen, against a model that knows each slice in
// flight and each that could be.
#pragma once

#include "sched_world.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "choices.hpp"

class Storm {
public:
    static constexpr uint64_t KIB = 1024;
    static constexpr uint32_t ATTEMPTS = 4;

    Storm(Choices &choices, bool errors)
        : choices_(choices), errors_(errors), outages_(errors),
          world_({12, 10, 40, 160, 500, ATTEMPTS}) {
        for (uint32_t i = 0; i < 10; i++) {
            uint64_t cap = choices_.one_in(5) ? 1 + choices_.below(64 * KIB)
                                              : 64 * KIB + choices_.below(900 * KIB);
            edges_.push_back(world_.edge(cap, choices_.one_in(3) ? 1 + choices_.below32(4) : 0));
        }
    }

    void run(int steps) {
        for (int i = 0; i < steps && !testing::Test::HasFailure(); i++)
            step();
        drain();
    }

    void step() {
        act();
        reap();
        EXPECT_EQ(sn_sched_check(world_.sched), 0);
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
    // What could be dispatched, were there room on these edges.
    struct Candidate {
        uint32_t klass;
        uint64_t bytes;
        const std::vector<uint32_t> *edges;
    };
    using EdgeStates = std::vector<struct sn_sched_edge_state>; // by edge

    void act() {
        switch (choices_.below(errors_ ? 13 : 9)) {
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
            for (uint64_t n = choices_.below(6); n-- && pull_one();)
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
            if (choices_.one_in(6))
                cancel();
            break;
        case 11:
            if (choices_.one_in(4))
                change_caps();
            break;
        default:
            ask_nonsense();
        }
    }

    void add_flow() {
        struct sn_sched_flow_spec spec {};
        uint32_t f, path;

        spec.total_bytes = choices_.one_in(20) ? 0 : 1 + choices_.below(1500 * KIB);
        spec.limit_bytes = choices_.one_in(3) ? choices_.below(spec.total_bytes + 1) : 0;
        spec.slice_max_bytes = 1 + choices_.below(choices_.one_in(4) ? 20 * KIB : 400 * KIB);
        spec.slice_max_bytes = std::max(spec.slice_max_bytes, spec.total_bytes / 100);
        spec.klass = choices_.below32(SN_SCHED_CLASSES);
        int error = sn_sched_flow_add(world_.sched, &spec, &f);
        ASSERT_EQ(error, flows_.size() == 10 ? -ENOSPC : 0);
        if (error)
            return;
        Flow flow{spec, {}, {}, {}};
        for (uint64_t paths = 1 + choices_.below(4); paths--;)
            add_path(f, flow, path);
        flows_[f] = flow;
        if (flow.paths.empty()) {
            ASSERT_EQ(sn_sched_flow_start(world_.sched, f), -EINVAL);
            ASSERT_EQ(sn_sched_flow_del(world_.sched, f), 0);
            flows_.erase(f);
            return;
        }
        if (choices_.one_in(10)) {
            ASSERT_EQ(sn_sched_flow_cancel(world_.sched, f), 0);
            flows_[f].cancelled = true;
            return;
        }
        ASSERT_EQ(sn_sched_flow_start(world_.sched, f), 0);
        flows_[f].started = true;
        if (choices_.one_in(4) && !world_.flow_state(f).finished && live(f))
            add_path(f, flows_[f], path);
    }

    void add_path(uint32_t f, Flow &flow, uint32_t &path) {
        World::Stages stages;
        for (uint64_t n = 1 + choices_.below(3); n--;) {
            std::set<uint32_t> stage;
            for (uint64_t m = 1 + choices_.below(3); m--;)
                stage.insert(edges_[choices_.below(edges_.size())]);
            stages.emplace_back(stage.begin(), stage.end());
        }
        uint32_t depth = 1 + choices_.below32(5);
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
            if (!flow.ended && choices_.one_in(2)) {
                uint64_t limit = state.limit_bytes + choices_.below(300 * KIB);
                ASSERT_EQ(sn_sched_flow_limit(world_.sched, f, limit), 0);
            }
        }
    }

    bool pull_one() {
        sn_sched_dispatch d;
        EdgeStates before;
        for (uint32_t edge : edges_)
            before.push_back(world_.edge_state(edge));
        auto candidates = find_candidates(before);
        bool any = sn_sched_next(world_.sched, &d);

        // Classes strictly in order, and nothing that could go is left behind.
        for (auto &candidate : candidates) {
            if (!any || candidate.klass < flows_[d.flow].spec.klass) {
                EXPECT_TRUE(is_blocked(candidate, before)) << "class " << candidate.klass;
            }
        }
        if (any)
            [&] { judge(d, before); }();
        return any;
    }

    std::vector<Candidate> find_candidates(const EdgeStates &edges) const {
        std::vector<Candidate> found;

        for (auto &[f, flow] : flows_) {
            auto state = world_.flow_state(f);
            uint64_t known = state.done_bytes;
            std::map<uint32_t, uint32_t> busy;

            if (!flow.started || state.status || state.finished)
                continue;
            for (auto &other : inflight_) {
                if (other.flow == f) {
                    known += other.bytes;
                    busy[other.path]++;
                }
            }
            for (auto &[key, last] : waiting_) {
                if (last.flow == f) {
                    known += last.bytes;
                    busy[last.path]++;
                    found.push_back(
                        {flow.spec.klass, last.bytes, &flow.paths.at(last.path)[last.stage + 1]});
                }
            }
            // What is to be sent again goes first, and how much that is shows only then.
            if (known < state.drawn_bytes || state.drawn_bytes == state.limit_bytes)
                continue;
            for (auto &[path, stages] : flow.paths) {
                uint64_t cap = smallest_cap(stages, edges);
                if (cap && busy[path] < flow.depth.at(path))
                    found.push_back(
                        {flow.spec.klass,
                         std::min({std::max<uint64_t>(cap / 2, SN_SCHED_MIN_SLICE_BYTES),
                                   flow.spec.slice_max_bytes,
                                   state.limit_bytes - state.drawn_bytes}),
                         &stages[0]});
            }
        }
        return found;
    }

    // By which slices are cut; 0 when the path is down.
    static uint64_t smallest_cap(const World::Stages &stages, const EdgeStates &edges) {
        uint64_t cap = SN_U64_MAX;

        for (auto &stage : stages) {
            for (uint32_t edge : stage)
                cap = edges[edge].spec.up ? std::min(cap, edges[edge].spec.cap_bytes) : 0;
        }
        return cap;
    }

    // Full, or held back for one of its class or higher that did not fit.
    bool is_blocked(const Candidate &candidate, const EdgeStates &before) const {
        return std::any_of(candidate.edges->begin(), candidate.edges->end(), [&](uint32_t edge) {
            auto &was = before.at(edge);

            return was.inflight_ops &&
                   (was.inflight_bytes + candidate.bytes > was.spec.cap_bytes ||
                    (was.spec.cap_ops && was.inflight_ops >= was.spec.cap_ops) ||
                    sn_sched_edge(world_.sched, edge)->stalled <= candidate.klass);
        });
    }

    // Is this dispatch right, by the model?
    void judge(const sn_sched_dispatch &d, EdgeStates &before) {
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
        waiting_.erase(key);
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
        size_t i = choices_.below(inflight_.size());
        auto d = inflight_[i];
        Flow &flow = flows_[d.flow];
        int status = errors_ && choices_.one_in(12) ? -EIO : 0;
        bool retry = !choices_.one_in(10);

        // The flow fails unless the slice has arrived, or may go on or again and there is a way.
        bool ran = !world_.flow_state(d.flow).status;
        bool way = live(d.flow);
        bool goes_on = status ? way && retry && ++failures_[{d.flow, d.offset}] < ATTEMPTS
                              : way || d.last_stage;

        inflight_.erase(inflight_.begin() + static_cast<long>(i));
        flow.inflight--;
        if (!status && d.last_stage)
            flow.delivered[d.offset] = d.bytes;
        ASSERT_EQ(sn_sched_complete(world_.sched, d.slice, status, retry), 0);
        Memory before(world_.memory);
        ASSERT_EQ(sn_sched_complete(world_.sched, d.slice, status, retry), -EINVAL);
        ASSERT_TRUE(world_.memory == before);
        if (ran) {
            ASSERT_EQ(!world_.flow_state(d.flow).status, goes_on);
        }
        if (world_.flow_state(d.flow).status)
            flow.failed = true;
        if (!status && !d.last_stage && live(flow.paths[d.path]))
            waiting_[{d.flow, d.offset}] = d;
        count();
    }

    void toggle_edge() {
        uint32_t edge = edges_[choices_.below(edges_.size())];
        auto spec = world_.edge_state(edge).spec;
        spec.up = !spec.up || !choices_.one_in(3);
        ASSERT_EQ(sn_sched_edge_set(world_.sched, edge, &spec), 0);
        // Slices between two stages of a path that is down now start again on another.
        std::erase_if(waiting_, [&](auto &entry) {
            return !live(flows_[entry.second.flow].paths[entry.second.path]);
        });
        note_failures();
    }

    void change_caps() {
        uint32_t edge = edges_[choices_.below(edges_.size())];
        auto spec = world_.edge_state(edge).spec;
        spec.cap_bytes = 1 + choices_.below(900 * KIB);
        spec.cap_ops = choices_.below32(5);
        ASSERT_EQ(sn_sched_edge_set(world_.sched, edge, &spec), 0);
    }

    void cancel() {
        for (auto &[f, flow] : flows_) {
            if (choices_.one_in(flows_.size())) {
                bool over = world_.flow_state(f).finished || flow.failed || flow.cancelled;
                ASSERT_EQ(sn_sched_flow_cancel(world_.sched, f), over ? -EALREADY : 0);
                flow.cancelled |= !over;
                return;
            }
        }
    }

    // What is to be refused, and to change nothing.
    void ask_nonsense() {
        Memory before(world_.memory);
        uint32_t f = choices_.below32(11), edge = choices_.below32(14), path = 0;
        sn_sched_slice slice{choices_.below32(161), choices_.below32(300)};
        bool known = flows_.contains(f), live_edge = edge < edges_.size();
        auto spec = World::path_spec({{edges_[0], edges_[0]}}, 1);
        auto is_it = [&](const sn_sched_dispatch &d) {
            return d.slice.index == slice.index && d.slice.generation == slice.generation;
        };

        if (std::none_of(inflight_.begin(), inflight_.end(), is_it)) {
            ASSERT_EQ(sn_sched_complete(world_.sched, slice, 0, false), -EINVAL);
        }
        ASSERT_EQ(sn_sched_flow_start(world_.sched, f), known ? -EALREADY : -EINVAL);
        ASSERT_EQ(sn_sched_flow_del(world_.sched, f), known ? -EBUSY : -EINVAL);
        ASSERT_EQ(sn_sched_path_add(world_.sched, f, &spec, &path), -EINVAL);
        if (!live_edge) {
            ASSERT_EQ(sn_sched_edge_del(world_.sched, edge), -EINVAL);
        } else if (sn_sched_edge(world_.sched, edge)->refs.head != SN_NONE) {
            ASSERT_EQ(sn_sched_edge_del(world_.sched, edge), -EBUSY);
        }
        ASSERT_TRUE(world_.memory == before);
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
        std::erase_if(waiting_, [&](auto &entry) { return entry.first.first == f; });
        std::erase_if(failures_, [&](auto &entry) { return entry.first.first == f; });
    }

    Choices &choices_;
    bool errors_;        // still
    const bool outages_; // ever
    World world_;
    std::vector<uint32_t> edges_;
    std::map<uint32_t, Flow> flows_;
    std::vector<sn_sched_dispatch> inflight_;
    // By flow and offset: the last dispatch of each slice; and of those that passed a stage that is
    // not the last and wait for the next.
    std::map<std::pair<uint32_t, uint64_t>, sn_sched_dispatch> reached_, waiting_;
    std::map<std::pair<uint32_t, uint64_t>, uint32_t> failures_;
};

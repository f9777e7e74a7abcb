// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "sched_world.hpp"

#include "random.hpp"

namespace {

constexpr uint64_t K = 1024, M = 1024 * K;

// A scheduler with something in every state.
World busy_world() {
    World w({6, 6, 8, 64, 40, 0});
    uint32_t a = w.edge(128 * K), b = w.edge(128 * K, 3), c = w.edge(64 * K);
    w.start(SN_SCHED_BULK, 10 * M, 64 * K, {{a}, {c}}, 4);
    uint32_t latency = w.start(SN_SCHED_LATENCY, 10 * M, 32 * K, {{b, c}}, 4);
    uint32_t ended = w.start(SN_SCHED_NORMAL, 64 * K, 64 * K, {{a}}, 2);
    auto all = w.pull();
    for (auto &d : all) {
        if (d.flow != latency)
            w.complete(d);
    }
    EXPECT_TRUE(w.flow_state(ended).finished);
    EXPECT_TRUE(w.next());
    w.flow(SN_SCHED_DEADLINE, M, M);
    w.check();
    return w;
}

TEST(SchedCheck, CatchesWhatIsBroken) {
    World w = busy_world();
    sn_sched *s = w.sched;
    int line = 0;
    auto caught = [&](auto &field, auto value) {
        auto saved = field;
        line++;
        ASSERT_NE(saved, static_cast<std::remove_reference_t<decltype(field)>>(value)) << line;
        field = static_cast<std::remove_reference_t<decltype(field)>>(value);
        EXPECT_EQ(sn_sched_check(s), -EINVAL) << "breakage " << line;
        field = saved;
        ASSERT_EQ(sn_sched_check(s), 0);
    };
    uint32_t parked = SN_NONE, waiting = SN_NONE, flying = SN_NONE;
    for (uint32_t i = 0; i < s->limits.paths + s->limits.slices; i++) {
        if (sn_sched_waiter(s, i)->edge != SN_NONE)
            parked = i;
    }
    for (uint32_t i = 0; i < s->limits.slices; i++) {
        if (sn_sched_piece(s, i)->state == SN_SLICE_WAITING)
            waiting = i;
        if (sn_sched_piece(s, i)->state == SN_SLICE_INFLIGHT)
            flying = i;
    }
    ASSERT_TRUE(parked != SN_NONE && waiting != SN_NONE && flying != SN_NONE);

    caught(s->limits.edges, 5);
    caught(s->free_edge, SN_NONE);
    caught(s->free_flow, SN_NONE);
    caught(s->free_path, SN_NONE);
    caught(s->free_piece, SN_NONE);
    caught(s->free_ref, SN_NONE);
    caught(s->reserved_pieces, 1);
    caught(sn_sched_edge(s, 0)->inflight_bytes, 1);
    caught(sn_sched_edge(s, 0)->inflight_ops, 99);
    caught(sn_sched_edge(s, 0)->cap_bytes, 0);
    caught(sn_sched_edge(s, 1)->refs.head, SN_NONE);
    caught(sn_sched_edge(s, 2)->used, 0);
    caught(sn_sched_edge(s, 1)->up, 0);
    caught(sn_sched_waiter(s, parked)->edge, SN_NONE);
    caught(sn_sched_waiter(s, parked)->edge, 5);
    caught(sn_sched_waiter(s, s->limits.paths + flying)->edge, 0);
    caught(sn_sched_piece(s, waiting)->state, SN_SLICE_INFLIGHT);
    caught(sn_sched_piece(s, flying)->state, SN_SLICE_WAITING);
    caught(sn_sched_piece(s, flying)->bytes, 1);
    caught(sn_sched_piece(s, flying)->slot, 63);
    caught(sn_sched_piece(s, flying)->link.next, 60);
    caught(sn_sched_piece(s, flying)->stage, 3);
    caught(sn_sched_path(s, 0)->busy, 0);
    caught(sn_sched_path(s, 0)->slots, 0);
    caught(sn_sched_path(s, 0)->down, 1);
    caught(sn_sched_path(s, 0)->min_cap_bytes, 1);
    caught(sn_sched_path(s, 0)->stage_head[1], SN_NONE);
    caught(sn_sched_flow(s, 0)->drawn_bytes, 1);
    caught(sn_sched_flow(s, 0)->done_bytes, 7);
    caught(sn_sched_flow(s, 0)->inflight, 9);
    caught(sn_sched_flow(s, 0)->live_paths, 0);
    caught(sn_sched_flow(s, 0)->klass, 1);
    caught(sn_sched_flow(s, 0)->phase, SN_FLOW_FINISHED);
    caught(sn_sched_flow(s, 3)->phase, SN_FLOW_RUNNING);
    for (uint32_t e = 0; e < 3; e++) {
        for (uint32_t c = 0; c < SN_SCHED_CLASSES; c++) {
            auto &queue = sn_sched_edge(s, e)->queue[c];
            caught(queue.is_ready, !queue.is_ready);
            caught(queue.count, queue.count + 1);
        }
    }
}

TEST(SchedCheck, SurvivesAnyStrayWord) {
    Random random;
    World w = busy_world();
    size_t caught = 0;

    for (size_t i = 0; i < w.memory.word_count(); i++) {
        for (int round = 0; round < 3; round++) {
            uint32_t saved = w.memory.words()[i];
            w.memory.words()[i] = static_cast<uint32_t>(random.next() >> (32 + random.below(32)));
            caught += sn_sched_check(w.sched) != 0;
            w.memory.words()[i] = saved;
        }
    }
    EXPECT_GT(caught, 500u);
    w.check();
}

} // namespace

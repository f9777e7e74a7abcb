// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "sched_world.hpp"

#include "random.hpp"

namespace {

constexpr uint64_t K = 1024, M = 1024 * K;

TEST(SchedCap, IsTwentyMicrosecondsAndAtLeastTwoSlices) {
    EXPECT_EQ(sn_sched_cap_bytes(0), 128 * K);
    EXPECT_EQ(sn_sched_cap_bytes(50000000000), 1030000u);
    EXPECT_EQ(sn_sched_cap_bytes(SN_U64_MAX), sn_mul_div_u64(SN_U64_MAX, 103, 5000000));
}

TEST(SchedInit, RefusesBadMemoryAndLimits) {
    alignas(8) static unsigned char mem[65536];
    sn_sched *sched;
    sn_sched_limits limits{1, 1, 1, 1, 1, 0}, huge{1, 1, 0x80000000, 0x80000000, 1, 0};

    EXPECT_EQ(sn_sched_init(mem + 4, &limits, &sched), -EINVAL);
    EXPECT_EQ(sn_sched_init(mem, &huge, &sched), -EINVAL);
}

TEST(SchedNext, ServesClassesInOrder) {
    World w;
    uint32_t e = w.edge(64 * K), flows[SN_SCHED_CLASSES];

    for (uint32_t c : {3u, 1u, 4u, 0u, 2u})
        flows[c] = w.start(c, 64 * K, 64 * K, {{e}});
    for (uint32_t c = 0; c < SN_SCHED_CLASSES; c++) {
        auto d = w.next();
        ASSERT_TRUE(d);
        EXPECT_EQ(d->flow, flows[c]);
        EXPECT_FALSE(w.next());
        w.complete(*d);
        EXPECT_EQ(w.finished(flows[c]), 0);
    }
}

TEST(SchedNext, HigherClassOnAnotherEdgeGoesFirst) {
    World w;
    uint32_t a = w.edge(64 * K), b = w.edge(64 * K);

    w.start(SN_SCHED_BULK, M, 64 * K, {{a, b}});
    uint32_t latency = w.start(SN_SCHED_LATENCY, M, 64 * K, {{b}});
    EXPECT_EQ(w.next()->flow, latency);
}

TEST(SchedNext, TakesTurnsInsideAClass) {
    World w;
    uint32_t e = w.edge(64 * K);
    int served[3] = {};

    for (int i = 0; i < 3; i++)
        ASSERT_EQ(w.start(SN_SCHED_BULK, 10 * M, 64 * K, {{e}}), static_cast<uint32_t>(i));
    for (int i = 0; i < 30; i++) {
        auto d = w.next();
        ASSERT_TRUE(d);
        served[d->flow]++;
        w.complete(*d);
        EXPECT_LE(std::max({served[0], served[1], served[2]}) -
                      std::min({served[0], served[1], served[2]}),
                  1);
    }
}

TEST(SchedNext, FullEdgeBlocksNobodyElse) {
    World w;
    uint32_t shared = w.edge(M), slow = w.edge(64 * K), fast = w.edge(M);
    uint32_t stuck = w.start(SN_SCHED_LATENCY, M, 64 * K, {{shared, slow}}, 8);
    uint32_t free = w.start(SN_SCHED_BULK, M, 64 * K, {{shared, fast}}, 8);
    int served[2] = {};

    for (auto &d : w.pull())
        served[d.flow == free]++;
    EXPECT_EQ(served[0], 1);
    EXPECT_EQ(served[1], 8);
    EXPECT_EQ(w.edge_state(slow).waiters, 1u);
    EXPECT_EQ(w.flow_state(stuck).inflight_slices, 1u);
}

TEST(SchedNext, EdgeWithNothingInFlightTakesAnySlice) {
    World w;
    uint32_t e = w.edge(1);
    w.start(SN_SCHED_BULK, M, M, {{e}});

    auto all = w.pull();
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].bytes, 64 * K);
    EXPECT_EQ(w.edge_state(e).inflight_bytes, 64 * K);
}

TEST(SchedNext, HoldsToTheCaps) {
    World w;
    uint32_t bytes = w.edge(256 * K), ops = w.edge(M, 2);
    w.start(SN_SCHED_BULK, M, 64 * K, {{bytes}}, 16);
    w.start(SN_SCHED_BULK, M, 64 * K, {{ops}}, 16);

    EXPECT_EQ(w.pull().size(), 6u);
    EXPECT_EQ(w.edge_state(bytes).inflight_bytes, 256 * K);
    EXPECT_EQ(w.edge_state(ops).inflight_ops, 2u);
}

TEST(SchedNext, CutsSlicesByTheBottleneckTheMaximumAndTheRest) {
    World w;
    uint32_t wide = w.edge(8 * M), narrow = w.edge(600 * K);

    w.start(SN_SCHED_BULK, 10 * M, 2 * M, {{wide}}, 1);
    EXPECT_EQ(w.next()->bytes, 2 * M);
    w.start(SN_SCHED_BULK, 10 * M, 2 * M, {{wide}, {narrow}}, 1);
    EXPECT_EQ(w.next()->bytes, 300 * K);
    w.start(SN_SCHED_BULK, 1000, 2 * M, {{wide}}, 1);
    EXPECT_EQ(w.next()->bytes, 1000u);
    w.start(SN_SCHED_BULK, M, 1000, {{wide}}, 1);
    EXPECT_EQ(w.next()->bytes, 1000u);
}

TEST(SchedNext, LongSliceIsNotStarvedByShortOnesOfItsClass) {
    World w;
    uint32_t e = w.edge(256 * K);
    uint32_t small = w.start(SN_SCHED_BULK, 100 * M, 4 * K, {{e}}, 64);

    auto all = w.pull();
    ASSERT_EQ(all.size(), 64u);
    uint32_t big = w.start(SN_SCHED_BULK, 128 * K, 128 * K, {{e}}, 1);
    for (size_t i = 0; i < all.size(); i++) {
        w.complete(all[i]);
        while (auto d = w.next()) {
            if (d->flow == big)
                return;
            ASSERT_EQ(d->flow, small);
            all.push_back(*d);
        }
        ASSERT_LT(i, 200u) << "the long slice never had room";
    }
}

TEST(SchedNext, RoomHeldForALongSliceIsNotHeldAgainstHigherClasses) {
    World w;
    uint32_t e = w.edge(256 * K);
    w.start(SN_SCHED_BULK, 128 * K, 128 * K, {{e}}, 1);
    EXPECT_EQ(w.next()->bytes, 128 * K);
    w.start(SN_SCHED_BULK, 96 * K, 96 * K, {{e}}, 1);
    EXPECT_EQ(w.next()->bytes, 96 * K);
    w.start(SN_SCHED_BULK, 128 * K, 128 * K, {{e}}, 1);
    EXPECT_FALSE(w.next()) << "32 KiB are left";
    w.start(SN_SCHED_SCAVENGER, 4 * K, 4 * K, {{e}}, 1);
    EXPECT_FALSE(w.next()) << "they are held against lower classes";
    uint32_t latency = w.start(SN_SCHED_LATENCY, 4 * K, 4 * K, {{e}}, 1);
    auto d = w.next();
    ASSERT_TRUE(d);
    EXPECT_EQ(d->flow, latency);
}

TEST(SchedNext, DrawsPathsFromOneCursorBySpeed) {
    World w;
    uint32_t fast = w.edge(64 * K), slow = w.edge(64 * K);
    uint32_t f = w.flow(SN_SCHED_BULK, 20 * 64 * K, 64 * K);
    uint32_t quick = w.path(f, {{fast}}), idle = w.path(f, {{slow}});
    w.start(f);

    auto first = w.pull();
    ASSERT_EQ(first.size(), 2u);
    auto held = first[0].path == idle ? first[0] : first[1];
    w.complete(first[0].path == quick ? first[0] : first[1]);
    for (int i = 0; i < 18; i++) {
        auto d = w.next();
        ASSERT_TRUE(d);
        EXPECT_EQ(d->path, quick);
        w.complete(*d);
    }
    EXPECT_FALSE(w.next());
    EXPECT_FALSE(w.finished(f));
    w.complete(held);
    EXPECT_EQ(w.finished(f), 0);
}

TEST(SchedComplete, PassesSlicesThroughTheStagesWithinTheDepth) {
    World w;
    uint32_t a = w.edge(M), b = w.edge(64 * K);
    uint32_t f = w.start(SN_SCHED_BULK, 640 * K, 64 * K, {{a}, {b}}, 3);

    auto all = w.pull();
    ASSERT_EQ(all.size(), 3u);
    EXPECT_NE(all[0].slot, all[1].slot);
    EXPECT_FALSE(all[0].last_stage);
    for (auto &d : all)
        w.complete(d);
    auto second = w.pull();
    ASSERT_EQ(second.size(), 1u) << "the depth is used up, and the second edge takes one";
    EXPECT_EQ(second[0].stage, 1u);
    EXPECT_TRUE(second[0].last_stage);
    EXPECT_EQ(second[0].offset, all[0].offset);
    EXPECT_EQ(second[0].slot, all[0].slot);
    w.complete(second[0]);
    EXPECT_EQ(w.flow_state(f).done_bytes, 64 * K);
    EXPECT_EQ(w.pull().size(), 2u) << "the next of each stage";
}

TEST(SchedComplete, RefusesStaleAndRepeatedOnes) {
    World w;
    uint32_t e = w.edge(M);
    w.start(SN_SCHED_BULK, M, 64 * K, {{e}, {e}}, 1);
    auto d = *w.next();
    auto refused = [&](sn_sched_slice slice, int status) {
        Memory before(w.memory);
        EXPECT_EQ(sn_sched_complete(w.sched, slice, status, false), -EINVAL);
        EXPECT_TRUE(w.memory == before);
    };

    refused({d.slice.index, d.slice.generation + 1}, 0);
    refused({100000, 0}, 0);
    refused({d.slice.index + 1, 0}, 0);
    refused(d.slice, 1);
    w.complete(d);
    refused(d.slice, 0);
    auto again = *w.next();
    EXPECT_EQ(again.slice.index, d.slice.index);
    refused(d.slice, 0);
    w.complete(again);
    refused(again.slice, 0);
}

TEST(SchedComplete, SendsAFailedSliceAgainOverAnotherPath) {
    World w;
    uint32_t a = w.edge(M), b = w.edge(M);
    uint32_t f = w.flow(SN_SCHED_BULK, 128 * K, 64 * K);
    w.path(f, {{a}}, 1), w.path(f, {{b}}, 1);
    w.start(f);

    auto all = w.pull();
    ASSERT_EQ(all.size(), 2u);
    w.complete(all[0]);
    w.complete(all[1], -EIO, true);
    auto again = w.next();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->offset, all[1].offset);
    EXPECT_EQ(again->path, all[0].path);
    EXPECT_FALSE(w.finished(f));
    w.complete(*again);
    EXPECT_EQ(w.finished(f), 0);
    EXPECT_EQ(w.edge_state(all[1].path == 0 ? a : b).failed_ops, 1u);
}

TEST(SchedComplete, GivesUpAfterTheAttempts) {
    World w({4, 4, 4, 16, 16, 3});
    uint32_t e = w.edge(M);
    uint32_t f = w.start(SN_SCHED_BULK, M, 64 * K, {{e}}, 1);

    for (int i = 0; i < 3; i++) {
        EXPECT_FALSE(w.finished(f));
        auto d = w.next();
        ASSERT_TRUE(d);
        EXPECT_EQ(d->offset, 0u);
        w.complete(*d, -EIO, true);
    }
    EXPECT_FALSE(w.next());
    EXPECT_EQ(w.finished(f), -EIO);
}

TEST(SchedComplete, FailsWithoutRetryOnceAllIsBack) {
    World w;
    uint32_t e = w.edge(M);
    uint32_t f = w.start(SN_SCHED_BULK, M, 64 * K, {{e}}, 2);
    auto all = w.pull();

    ASSERT_EQ(all.size(), 2u);
    w.complete(all[0], -EIO, false);
    EXPECT_FALSE(w.next());
    EXPECT_FALSE(w.finished(f));
    w.complete(all[1], -EFAULT, false);
    EXPECT_EQ(w.finished(f), -EIO);
    EXPECT_FALSE(w.finished(f));
}

TEST(SchedFlow, LimitHoldsTheCursorAndASliceNeverCrossesIt) {
    World w;
    uint32_t e = w.edge(M), f = w.flow(SN_SCHED_BULK, 200 * K, 64 * K, 100 * K);
    w.path(f, {{e}}, 8);
    w.start(f);

    auto all = w.pull();
    ASSERT_EQ(all.size(), 2u);
    EXPECT_FALSE(all[0].at_limit);
    EXPECT_TRUE(all[1].at_limit);
    EXPECT_EQ(all[1].bytes, 36 * K);
    for (auto &d : all)
        w.complete(d);
    EXPECT_FALSE(w.finished(f));
    EXPECT_EQ(sn_sched_flow_limit(w.sched, f, 50 * K), -EINVAL);
    EXPECT_EQ(sn_sched_flow_limit(w.sched, f, 300 * K), 0);
    w.check();
    all = w.pull();
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].offset, 100 * K);
    EXPECT_FALSE(all[1].at_limit);
    for (auto &d : all)
        w.complete(d);
    EXPECT_EQ(w.finished(f), 0);
}

TEST(SchedFlow, CancelLetsWhatIsInFlightEnd) {
    World w;
    uint32_t e = w.edge(M);
    uint32_t f = w.start(SN_SCHED_BULK, M, 64 * K, {{e}, {e}}, 2);
    auto all = w.pull();

    w.complete(all[0]);
    EXPECT_EQ(sn_sched_flow_cancel(w.sched, f), 0);
    w.check();
    EXPECT_EQ(sn_sched_flow_cancel(w.sched, f), -EALREADY);
    EXPECT_FALSE(w.next());
    EXPECT_FALSE(w.finished(f));
    EXPECT_EQ(sn_sched_flow_del(w.sched, f), -EBUSY);
    w.complete(all[1]);
    EXPECT_EQ(sn_sched_flow_del(w.sched, f), -EBUSY);
    EXPECT_EQ(w.finished(f), -ECANCELED);
    EXPECT_EQ(sn_sched_flow_del(w.sched, f), 0);
    w.check();
    EXPECT_EQ(sn_sched_edge_del(w.sched, e), 0);
    w.check();
}

TEST(SchedFlow, CancelThatComesTooLateIsNoFailure) {
    World w;
    uint32_t e = w.edge(M);
    uint32_t f = w.start(SN_SCHED_BULK, 64 * K, 64 * K, {{e}});
    auto d = *w.next();

    EXPECT_EQ(sn_sched_flow_cancel(w.sched, f), 0);
    w.complete(d);
    EXPECT_EQ(w.finished(f), 0);
}

TEST(SchedFlow, WithNothingToDoFinishesAtOnce) {
    World w;
    uint32_t e = w.edge(M);
    uint32_t f = w.start(SN_SCHED_BULK, 0, 64 * K, {{e}});
    EXPECT_EQ(w.finished(f), 0);

    f = w.flow(SN_SCHED_BULK, M, M);
    w.path(f, {{e}});
    EXPECT_EQ(sn_sched_flow_cancel(w.sched, f), 0);
    EXPECT_EQ(w.finished(f), -ECANCELED);
}

TEST(SchedFlow, RefusesAndChangesNothing) {
    World w({2, 2, 9, 11, 20, 0});
    uint32_t e = w.edge(M), e2 = w.edge(M), index;
    uint32_t f = w.flow(SN_SCHED_BULK, M, M);
    auto refused = [&](int error, auto call) {
        Memory before(w.memory);
        EXPECT_EQ(call(), error);
        EXPECT_TRUE(w.memory == before);
    };
    auto add_path = [&](World::Stages stages, uint32_t depth) {
        auto spec = World::path_spec(stages, depth);
        return sn_sched_path_add(w.sched, f, &spec, &index);
    };
    struct sn_sched_edge_spec edge {};
    struct sn_sched_flow_spec flow {};
    flow.slice_max_bytes = 1;

    refused(-ENOSPC, [&] { return sn_sched_edge_add(w.sched, &edge, &index); });
    refused(-EINVAL, [&] { return sn_sched_edge_set(w.sched, 2, &edge); });
    refused(-EINVAL, [&] { return sn_sched_edge_del(w.sched, 2); });
    refused(-EINVAL, [&] { return sn_sched_flow_start(w.sched, f); });
    refused(-EINVAL, [&] { return sn_sched_flow_start(w.sched, 1); });
    refused(-EINVAL, [&] { return add_path({}, 1); });
    refused(-EINVAL, [&] { return add_path({{e}, {}}, 1); });
    refused(-EINVAL, [&] { return add_path({{e, e}}, 1); });
    refused(-EINVAL, [&] { return add_path({{e, 2}}, 1); });
    refused(-EINVAL, [&] { return add_path({{e}}, 0); });
    refused(-EINVAL, [&] { return add_path({{e}}, 65); });
    refused(-ENOSPC, [&] { return add_path({{e}}, 12); });
    EXPECT_EQ(add_path({{e, e2}, {e, e2}, {e, e2}, {e, e2}}, 1), 0);
    EXPECT_EQ(add_path({{e, e2}, {e, e2}, {e, e2}, {e}}, 1), 0);
    refused(-ENOSPC, [&] { return add_path({{e, e2}, {e, e2}, {e, e2}}, 1); });
    for (int i = 0; i < 5; i++)
        EXPECT_EQ(add_path({{e}}, 1), 0);
    refused(-EBUSY, [&] { return sn_sched_edge_del(w.sched, e); });
    sn_sched_flow_spec bad = flow;
    bad.klass = SN_SCHED_CLASSES;
    refused(-EINVAL, [&] { return sn_sched_flow_add(w.sched, &bad, &index); });
    bad = flow, bad.slice_max_bytes = 0;
    refused(-EINVAL, [&] { return sn_sched_flow_add(w.sched, &bad, &index); });
    bad = flow, bad.limit_bytes = 1;
    refused(-EINVAL, [&] { return sn_sched_flow_add(w.sched, &bad, &index); });
    EXPECT_EQ(sn_sched_flow_add(w.sched, &flow, &index), 0);
    refused(-ENOSPC, [&] { return sn_sched_flow_add(w.sched, &flow, &index); });
    w.start(f);
    refused(-EALREADY, [&] { return sn_sched_flow_start(w.sched, f); });
    refused(-EBUSY, [&] { return sn_sched_flow_del(w.sched, f); });
    w.check();
}

TEST(SchedFlow, TakesAtMostEightPaths) {
    World w;
    uint32_t e = w.edge(M), f = w.flow(SN_SCHED_BULK, M, M), index;
    auto spec = World::path_spec({{e}}, 1);

    for (int i = 0; i < SN_SCHED_MAX_FLOW_PATHS; i++)
        w.path(f, {{e}}, 1);
    EXPECT_EQ(sn_sched_path_add(w.sched, f, &spec, &index), -E2BIG);
}

TEST(SchedEdge, GoingDownMovesTheWorkToOtherPaths) {
    World w;
    uint32_t a = w.edge(64 * K), a2 = w.edge(64 * K), b = w.edge(64 * K);
    uint32_t f = w.flow(SN_SCHED_BULK, 256 * K, 64 * K);
    uint32_t first = w.path(f, {{a}, {a2}}, 4), other = w.path(f, {{b}}, 4);
    w.start(f);

    auto all = w.pull();
    ASSERT_EQ(all.size(), 2u);
    auto mine = all[0].path == first ? all[0] : all[1];
    auto theirs = all[0].path == other ? all[0] : all[1];
    // One slice has passed the first stage and waits for the second.
    w.set_up(a2, true);
    w.complete(mine);
    w.set_up(a2, false);
    w.complete(theirs);
    uint64_t moved = 64 * K;
    bool again = false;
    while (auto d = w.next()) {
        EXPECT_EQ(d->path, other);
        again |= d->offset == mine.offset && d->stage == 0;
        moved += d->bytes;
        w.complete(*d);
    }
    EXPECT_TRUE(again);
    EXPECT_EQ(moved, 256 * K);
    EXPECT_EQ(w.finished(f), 0);
}

TEST(SchedEdge, LastPathGoneFailsTheFlowWhenAllIsBack) {
    World w;
    uint32_t e = w.edge(M);
    uint32_t f = w.start(SN_SCHED_BULK, M, 64 * K, {{e}}, 1);
    auto d = *w.next();

    w.set_up(e, false);
    EXPECT_FALSE(w.finished(f));
    w.complete(d);
    EXPECT_EQ(w.finished(f), -EHOSTUNREACH);

    // With everything in flight on its last stage there is no work left, and no failure.
    w.set_up(e, true);
    f = w.start(SN_SCHED_BULK, 64 * K, 64 * K, {{e}}, 1);
    d = *w.next();
    w.set_up(e, false);
    w.complete(d);
    EXPECT_EQ(w.finished(f), 0);

    // Starting without a live path is a failure too, by the same door.
    f = w.start(SN_SCHED_BULK, 64 * K, 64 * K, {{e}}, 1);
    EXPECT_EQ(w.finished(f), -EHOSTUNREACH);
}

TEST(SchedEdge, ComingUpRevivesPaths) {
    World w;
    uint32_t a = w.edge(64 * K), b = w.edge(64 * K, 0, false);
    uint32_t f = w.flow(SN_SCHED_BULK, 256 * K, 64 * K);
    w.path(f, {{a}}), w.path(f, {{b}});
    w.start(f);

    EXPECT_EQ(w.pull().size(), 1u);
    w.set_up(b, true);
    EXPECT_EQ(w.pull().size(), 1u);
}

TEST(SchedEdge, LowerCapDrainsFirst) {
    World w;
    uint32_t e = w.edge(256 * K);
    w.start(SN_SCHED_BULK, 10 * M, 64 * K, {{e}}, 16);
    auto all = w.pull();
    ASSERT_EQ(all.size(), 4u);
    struct sn_sched_edge_spec spec {
        1, 128 * K, 1, true
    };

    EXPECT_EQ(sn_sched_edge_set(w.sched, e, &spec), 0);
    for (int i = 0; i < 3; i++) {
        w.complete(all[i]);
        EXPECT_FALSE(w.next());
    }
    w.complete(all[3]);
    EXPECT_EQ(w.pull().size(), 1u);
    auto state = w.edge_state(e);
    EXPECT_EQ(state.done_bytes, 256 * K);
    EXPECT_EQ(state.done_ops, 4u);
}

TEST(SchedSnapshot, CopyGoesOnAsTheOriginal) {
    World w;
    uint32_t e = w.edge(256 * K), g = w.edge(200 * K);
    w.start(SN_SCHED_BULK, M, 64 * K, {{e}, {g}}, 4);
    w.start(SN_SCHED_NORMAL, M, 100 * K, {{g}, {e}}, 4);
    w.pull();
    World copy(w);

    EXPECT_TRUE(copy.memory == w.memory);
    for (int i = 0; i < 2; i++) {
        World &each = i ? copy : w;
        for (uint32_t slice = 0; slice < 8; slice++)
            sn_sched_complete(each.sched, {slice, 1}, 0, false);
        each.pull();
    }
    EXPECT_TRUE(copy.memory == w.memory);
}

} // namespace

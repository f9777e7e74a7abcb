// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "sched_storm.hpp"

#include "random.hpp"

namespace {

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

    for (int round = 0; round < 60 && !HasFailure(); round++) {
        Storm storm(random, true);
        storm.run(500);
        ok += storm.finished_ok, badly += storm.finished_badly, retries += storm.retries;
    }
    EXPECT_GT(ok, 100u);
    EXPECT_GT(badly, 100u);
    EXPECT_GT(retries, 500u);
}

} // namespace

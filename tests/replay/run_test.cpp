// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "generate.hpp"
#include "run.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <random>

using namespace supernode;
using namespace supernode::replay;

namespace {

/// Memory and a clock of its own. Transfers end in random order; bytes are copied at the end of a
/// transfer, so whoever reads too early reads what is old.
class FakeFabric : public Fabric {
public:
    FakeFabric(const Plan &plan, unsigned seed) : random_(seed) {
        for (const auto slots : plan.pool_slots)
            pools_.emplace_back(std::size_t{slots} * plan.slot_bytes);
        writing_.resize(pools_.size());
        reading_.resize(pools_.size());
    }

    std::span<std::byte> begin_access(std::uint32_t pool, bool write) override {
        ++(write ? writing_ : reading_)[pool];
        return pools_[pool];
    }

    void end_access(std::uint32_t pool, bool write) override {
        --(write ? writing_ : reading_)[pool];
    }

    bool submit(std::uint32_t src_pool, std::uint32_t dst_pool, std::span<const Piece> pieces,
                Class priority, std::uint64_t user_data) override {
        now_ns_ += 1000;
        if (random_() % 100 < refuse_percent)
            return false;
        Sent sent{src_pool, dst_pool, {pieces.begin(), pieces.end()}, user_data, now_ns_};
        ++by_class[priority];
        sent_.push_back(std::move(sent));
        high = std::max(high, sent_.size());
        return true;
    }

    std::vector<Completion> completions(std::uint64_t timeout_ns) override {
        EXPECT_EQ(accesses(), 0) << "waits with memory open";
        if (sent_.empty() || stalled) {
            now_ns_ += timeout_ns;
            return {};
        }
        now_ns_ += std::min<std::uint64_t>(timeout_ns, random_() % 2'000'000);
        std::vector<Completion> ended;
        for (auto count = random_() % 3; count-- > 0 && !sent_.empty();) {
            const auto at = random_() % sent_.size();
            ended.push_back(end(sent_[at]));
            sent_.erase(sent_.begin() + static_cast<std::ptrdiff_t>(at));
        }
        return ended;
    }

    std::uint64_t now_ns() override { return now_ns_; }

    int accesses() const {
        int open = 0;
        for (std::size_t i = 0; i < pools_.size(); ++i)
            open += writing_[i] + reading_[i];
        return open;
    }

    unsigned refuse_percent = 0;
    bool stalled = false;
    std::size_t high = 0;
    std::map<Class, std::size_t> by_class;
    /// Called for every transfer that ends; may spoil the destination, or fail it.
    std::function<void(std::uint64_t op, std::span<std::byte> dst, std::span<const Piece> pieces,
                       Completion &)>
        fault;
    /// Of this operation's pieces the copy is left out.
    std::uint64_t skip_op = UINT64_MAX;

private:
    struct Sent {
        std::uint32_t src_pool, dst_pool;
        std::vector<Piece> pieces;
        std::uint64_t user_data;
        std::uint64_t submit_ns;
    };

    Completion end(const Sent &sent) {
        Completion completion;
        for (const auto &piece : sent.pieces) {
            if (sent.user_data != skip_op)
                std::memcpy(pools_[sent.dst_pool].data() + piece.dst_offset,
                            pools_[sent.src_pool].data() + piece.src_offset, piece.bytes);
            completion.bytes += piece.bytes;
        }
        completion.user_data = sent.user_data;
        completion.submit_ns = sent.submit_ns;
        completion.start_ns = sent.submit_ns + 10;
        completion.end_ns = std::max(now_ns_, sent.submit_ns + 10);
        if (fault)
            fault(sent.user_data, pools_[sent.dst_pool], sent.pieces, completion);
        return completion;
    }

    std::mt19937 random_;
    std::vector<std::vector<std::byte>> pools_;
    std::vector<int> writing_, reading_;
    std::vector<Sent> sent_;
    std::uint64_t now_ns_ = 1'000'000;
};

Plan sample_plan(Evict evict = Evict::at_end, std::uint64_t host_blocks = 6000) {
    const auto requests = tracegen::generate(tracegen::profiles()[2], 5, 120);
    Model model;
    model.scale = 1e-6;
    model.evict = evict;
    model.host_bytes = host_blocks * block_tokens * model.bytes_per_token;
    return make_plan(requests, model);
}

} // namespace

TEST(RunPlan, EveryBlockArrives) {
    for (unsigned seed = 1; seed <= 6; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        const auto plan =
            sample_plan(seed % 2 ? Evict::at_end : Evict::when_full, seed % 3 ? 6000 : 200);
        FakeFabric fabric(plan, seed);
        fabric.refuse_percent = seed * 10;
        RunOptions options;
        options.speed_up = seed % 2 ? 1 : 500;
        options.inflight_max = 20;
        std::size_t progress = 0;
        options.progress = [&](std::size_t done) { EXPECT_EQ(done, ++progress); };
        const auto result = run_plan(plan, fabric, options);
        EXPECT_EQ(result.mismatches, 0U);
        EXPECT_EQ(result.failures, 0U);
        EXPECT_EQ(progress, plan.ops.size());
        EXPECT_LE(fabric.high, 20U);
        EXPECT_EQ(fabric.high, result.inflight_high);
        std::uint64_t bytes = 0, moves = 0;
        for (const auto &op : plan.ops) {
            bytes += op.bytes();
            moves += op.moves.size();
        }
        EXPECT_EQ(result.bytes(), bytes);
        EXPECT_EQ(result.blocks_verified, moves);
        EXPECT_EQ(result.late_ns.size(), plan.ops.size());
        EXPECT_EQ(fabric.accesses(), 0);
        std::size_t loads = 0;
        for (const auto &op : plan.ops)
            loads += op.kind == OpKind::load;
        EXPECT_EQ(fabric.by_class[Class::normal], loads);
        EXPECT_EQ(result.kinds[0].latency_ns.size(), loads);
        EXPECT_GT(fabric.by_class[Class::latency], 0U);
        EXPECT_GT(result.seconds(), 0);
    }
}

TEST(RunPlan, NothingIsSubmittedBeforeItsTime) {
    const auto plan = sample_plan();
    FakeFabric fabric(plan, 3);
    const auto begin_ns = fabric.now_ns();
    RunOptions options;
    options.speed_up = 2;
    fabric.fault = [&](std::uint64_t op, auto, auto, Completion &completion) {
        EXPECT_GE(completion.submit_ns, begin_ns + plan.ops[op].time_ns / 2);
    };
    const auto result = run_plan(plan, fabric, options);
    EXPECT_GE(result.end_ns - begin_ns, plan.ops.back().time_ns / 2);
}

TEST(RunPlan, CountsOneFlippedBitWithItsPlace) {
    const auto plan = sample_plan();
    // The last operation: nobody reads what it wrote, so the damage is counted once.
    const auto last = static_cast<std::uint32_t>(plan.ops.size() - 1);
    const auto &move = plan.ops[last].moves.back();
    FakeFabric fabric(plan, 1);
    fabric.fault = [&](std::uint64_t op, std::span<std::byte> dst, std::span<const Piece> pieces,
                       Completion &) {
        if (op == last)
            dst[pieces.back().dst_offset + 1003] ^= std::byte{4};
    };
    const auto result = run_plan(plan, fabric, {});
    EXPECT_EQ(result.mismatches, 1U);
    ASSERT_EQ(result.first_mismatches.size(), 1U);
    EXPECT_EQ(result.first_mismatches[0],
              (Mismatch{last, plan.ops[last].dst_pool, move.dst_slot, move.key, 1000}));
}

TEST(RunPlan, SeesATransferThatMovedNothing) {
    // Also where the same block lay before: what lies at a destination is spoilt first.
    const auto plan = sample_plan(Evict::at_end, 40);
    for (std::uint64_t skipped = 0; skipped < plan.ops.size(); skipped += 17) {
        FakeFabric fabric(plan, 1);
        fabric.skip_op = skipped;
        RunOptions options;
        options.speed_up = 1000;
        const auto result = run_plan(plan, fabric, options);
        EXPECT_GE(result.mismatches, plan.ops[skipped].moves.size());
        EXPECT_EQ(result.first_mismatches.at(0).op, skipped);
    }
}

TEST(RunPlan, CountsFailuresAndGoesOn) {
    const auto plan = sample_plan();
    const auto last = plan.ops.size() - 1;
    FakeFabric fabric(plan, 1);
    fabric.fault = [&](std::uint64_t op, auto, auto, Completion &completion) {
        if (op == last)
            completion.status = -EIO;
        if (op == last - 1)
            completion.bytes -= 1;
    };
    const auto result = run_plan(plan, fabric, {});
    EXPECT_EQ(result.failures, 2U);
    std::map<std::uint32_t, std::int32_t> status;
    for (const auto &failure : result.first_failures)
        status[failure.op] = failure.status;
    EXPECT_EQ(status.at(static_cast<std::uint32_t>(last)), -EIO);
    EXPECT_EQ(status.at(static_cast<std::uint32_t>(last - 1)), 0);
}

TEST(RunPlan, GivesUpWhenNothingEndsOrNothingIsAccepted) {
    const auto plan = sample_plan();
    {
        FakeFabric fabric(plan, 1);
        fabric.stalled = true;
        EXPECT_THROW(run_plan(plan, fabric, {}), std::runtime_error);
    }
    {
        FakeFabric fabric(plan, 1);
        fabric.refuse_percent = 100;
        EXPECT_THROW(run_plan(plan, fabric, {}), std::runtime_error);
    }
    FakeFabric fabric(plan, 1);
    RunOptions options;
    options.speed_up = 0;
    EXPECT_THROW(run_plan(plan, fabric, options), std::runtime_error);
}

TEST(RunPlan, RefusesARecordOfATransferItDidNotSubmit) {
    const auto plan = sample_plan();
    FakeFabric fabric(plan, 1);
    fabric.fault = [&](std::uint64_t op, auto, auto, Completion &completion) {
        if (op == 3)
            completion.user_data = 0; // ended long ago
    };
    EXPECT_THROW(run_plan(plan, fabric, {}), std::runtime_error);
}

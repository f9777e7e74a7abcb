// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

using namespace supernode::replay;

namespace {

constexpr std::uint64_t sec = 1'000'000'000;

/// Room for so many blocks.
constexpr std::uint64_t blocks(std::uint64_t count) {
    return count * block_tokens * (std::uint64_t{320} << 10);
}

std::vector<Request> random_trace(std::mt19937 &random, std::size_t count, std::uint64_t gap_ns) {
    std::vector<Request> requests;
    std::vector<std::vector<std::uint64_t>> prefixes{{}};
    std::uint64_t id = 0, now_ns = 0;
    for (std::size_t i = 0; i < count; ++i) {
        Request request;
        request.time_ns = now_ns;
        now_ns += random() % (2 * gap_ns + 1);
        auto ids = prefixes[random() % prefixes.size()];
        if (ids.size() > 5)
            ids.resize(random() % ids.size());
        for (auto more = random() % 4; more-- > 0;)
            ids.push_back(id++);
        request.input_tokens = static_cast<std::uint32_t>(ids.size() * block_tokens);
        if (!ids.empty() && random() % 4 == 0)
            request.input_tokens -= random() % block_tokens;
        request.output_tokens = random() % 200;
        if (random() % 10)
            request.hash_ids = ids;
        prefixes.push_back(ids);
        requests.push_back(request);
    }
    return requests;
}

std::uint32_t block_count(const Request &request) {
    return (request.input_tokens + block_tokens - 1) / block_tokens;
}

std::uint64_t key_of(const Request &request, std::uint32_t i) {
    return block_key(request.hash_ids[i],
                     std::min(block_tokens, request.input_tokens - i * block_tokens));
}

/// Plays a plan on slots that hold keys, with operations that begin and end in random order inside
/// what `after` allows. Fails when an operation reads what is not there, or when a slot is
/// touched by two operations at once of which one writes.
void play(const Plan &plan, std::mt19937 &random) {
    struct Slot {
        std::uint64_t key = ~0ULL;
        int readers = 0;
        int writers = 0;
    };
    std::vector<std::vector<Slot>> pools;
    for (const auto slots : plan.pool_slots)
        pools.emplace_back(slots);
    std::vector<int> state(plan.ops.size()); // 0 to come, 1 running, 2 over
    std::vector<std::uint32_t> open, running;
    std::size_t next = 0, over = 0;

    const auto each = [&](const Op &op, auto &&source, auto &&target) {
        for (const auto &move : op.moves) {
            ASSERT_LT(move.src_slot, pools[op.src_pool].size());
            ASSERT_LT(move.dst_slot, pools[op.dst_pool].size());
            source(move, pools[op.src_pool][move.src_slot]);
            target(move, pools[op.dst_pool][move.dst_slot]);
        }
    };
    while (over < plan.ops.size()) {
        while (next < plan.ops.size() && open.size() < 8)
            open.push_back(static_cast<std::uint32_t>(next++));
        std::vector<std::uint32_t> can;
        for (const auto op : open)
            if (std::all_of(plan.ops[op].after.begin(), plan.ops[op].after.end(),
                            [&](auto before) { return state[before] == 2; }))
                can.push_back(op);
        ASSERT_FALSE(can.empty() && running.empty()) << "plan waits for itself";
        if (!can.empty() && (running.empty() || random() % 2)) {
            const auto index = can[random() % can.size()];
            std::erase(open, index);
            running.push_back(index);
            state[index] = 1;
            each(
                plan.ops[index],
                [&](const Move &move, Slot &slot) {
                    EXPECT_EQ(slot.writers, 0);
                    if (move.produced) {
                        EXPECT_EQ(slot.readers, 0);
                        slot.key = move.key;
                    }
                    EXPECT_EQ(slot.key, move.key) << "op " << index << " reads another block";
                    ++slot.readers;
                },
                [&](const Move &, Slot &slot) {
                    EXPECT_EQ(slot.readers + slot.writers, 0);
                    ++slot.writers;
                    slot.key = ~0ULL;
                });
        } else {
            const auto index = running[random() % running.size()];
            std::erase(running, index);
            state[index] = 2;
            ++over;
            each(
                plan.ops[index], [&](const Move &, Slot &slot) { --slot.readers; },
                [&](const Move &move, Slot &slot) {
                    --slot.writers;
                    slot.key = move.key;
                });
        }
        if (testing::Test::HasFailure())
            return;
    }
}

/// What every plan of a trace must be.
void check_shape(const std::vector<Request> &requests, const Model &model, const Plan &plan) {
    std::vector<std::vector<Move>> loads(requests.size()), handoffs(requests.size());
    std::uint64_t last_ns = 0;
    for (std::uint32_t i = 0; i < plan.ops.size(); ++i) {
        const Op &op = plan.ops[i];
        EXPECT_GE(op.time_ns, last_ns) << "time runs back";
        EXPECT_GE(op.time_ns, requests[op.request].time_ns);
        last_ns = op.time_ns;
        EXPECT_FALSE(op.moves.empty());
        EXPECT_LE(op.moves.size(), model.moves_max);
        EXPECT_TRUE(std::is_sorted(op.after.begin(), op.after.end()));
        EXPECT_TRUE(op.after.empty() || op.after.back() < i);
        const bool prefill = op.dst_pool >= 1 && op.dst_pool <= model.prefill_devices;
        switch (op.kind) {
        case OpKind::load:
            EXPECT_EQ(op.src_pool, Plan::host_pool);
            EXPECT_TRUE(prefill);
            loads[op.request].insert(loads[op.request].end(), op.moves.begin(), op.moves.end());
            EXPECT_TRUE(handoffs[op.request].empty());
            break;
        case OpKind::handoff:
            EXPECT_GT(op.dst_pool, model.prefill_devices);
            EXPECT_TRUE(op.src_pool >= 1 && op.src_pool <= model.prefill_devices);
            handoffs[op.request].insert(handoffs[op.request].end(), op.moves.begin(),
                                        op.moves.end());
            break;
        case OpKind::write_back:
            EXPECT_GT(op.src_pool, model.prefill_devices);
            EXPECT_EQ(op.dst_pool, Plan::host_pool);
            EXPECT_FALSE(handoffs[op.request].empty());
            break;
        }
    }
    std::uint64_t all = 0, hits = 0;
    for (std::size_t r = 0; r < requests.size(); ++r) {
        ASSERT_EQ(handoffs[r].size(), block_count(requests[r]));
        all += handoffs[r].size();
        hits += loads[r].size();
        for (std::uint32_t i = 0; i < handoffs[r].size(); ++i) {
            if (!requests[r].hash_ids.empty()) {
                EXPECT_EQ(handoffs[r][i].key, key_of(requests[r], i));
            }
            // The loaded prefix goes on from where it was loaded to; the rest is computed.
            EXPECT_EQ(handoffs[r][i].produced, i >= loads[r].size());
            if (i < loads[r].size()) {
                EXPECT_EQ(loads[r][i].key, handoffs[r][i].key);
                EXPECT_EQ(loads[r][i].dst_slot, handoffs[r][i].src_slot);
            }
        }
    }
    EXPECT_EQ(plan.blocks, all);
    EXPECT_EQ(plan.hit_blocks, hits);
    EXPECT_EQ(plan.pool_slots.size(), 1 + model.prefill_devices + model.decode_devices);
    EXPECT_LE(plan.pool_slots[0], model.host_bytes / blocks(1));
    for (std::size_t pool = 1; pool < plan.pool_slots.size(); ++pool)
        EXPECT_LE(plan.pool_slots[pool], model.device_bytes / blocks(1));
}

Model small_model(std::mt19937 &random) {
    Model model;
    model.prefill_devices = 1 + random() % 3;
    model.decode_devices = 1 + random() % 3;
    model.device_bytes = blocks(10 + random() % 20);
    model.host_bytes = blocks(random() % 40);
    model.choice = random() % 2 ? Choice::round_robin : Choice::least_loaded;
    model.evict = random() % 2 ? Evict::at_end : Evict::when_full;
    model.moves_max = 1 + random() % 8;
    model.scale = 1e-6;
    return model;
}

} // namespace

TEST(BlockBytes, ScaledInWholePagesAtLeastOne) {
    Model model;
    EXPECT_EQ(block_bytes(model, 512), 160U << 20);
    EXPECT_EQ(block_bytes(model, 1), 320U << 10);
    model.scale = 1.0 / 2560;
    EXPECT_EQ(block_bytes(model, 512), 65536U);
    EXPECT_EQ(block_bytes(model, 511), 65536U);
    EXPECT_EQ(block_bytes(model, 480), 61440U);
    EXPECT_EQ(block_bytes(model, 1), 4096U);
    model.scale = 1e-9;
    EXPECT_EQ(block_bytes(model, 512), 4096U);
    model.scale = 1;
    model.bytes_per_token = 4 << 20;
    EXPECT_THROW(block_bytes(model, 512), PlanError);
}

TEST(MakePlan, OneRequestMovesOnceAndIsFoundByTheNext) {
    std::vector<Request> requests(2);
    requests[0] = {0, 1000, 10, {1, 2}};
    requests[1] = {100 * sec, 1100, 10, {1, 3, 4}};
    const auto plan = make_plan(requests, Model{});
    ASSERT_EQ(plan.ops.size(), 5U);
    EXPECT_EQ(plan.ops[0].kind, OpKind::handoff);
    EXPECT_EQ(plan.ops[0].time_ns, 50'000'000U); // 1000 tokens at 20,000 a second
    EXPECT_EQ(plan.ops[1].kind, OpKind::write_back);
    EXPECT_EQ(plan.ops[1].time_ns, 300'000'000U); // 10 tokens of 25 ms
    EXPECT_EQ(plan.ops[1].after, (std::vector<std::uint32_t>{0}));
    EXPECT_EQ(plan.ops[2].kind, OpKind::load);
    EXPECT_EQ(plan.ops[2].moves.size(), 1U);
    EXPECT_EQ(plan.ops[2].moves[0].key, block_key(1, 512));
    EXPECT_EQ(plan.ops[3].moves.size(), 3U);
    EXPECT_EQ(plan.ops[4].moves.size(), 2U); // block 1 is in host memory already
    EXPECT_EQ(plan.hit_blocks, 1U);
    EXPECT_EQ(plan.blocks, 5U);
}

TEST(MakePlan, NoIdsNoHits) {
    std::vector<Request> requests;
    for (std::uint64_t i = 0; i < 20; ++i)
        requests.push_back({i * 10 * sec, 700, 5, {}});
    const auto plan = make_plan(requests, Model{});
    EXPECT_EQ(plan.hit_blocks, 0U);
    EXPECT_EQ(plan.blocks, 40U);
    check_shape(requests, Model{}, plan);
}

TEST(MakePlan, RefusesWhatNeverFits) {
    Model model;
    model.device_bytes = blocks(2);
    const std::vector<Request> requests = {{0, 512, 1, {1}}, {0, 1025, 1, {1, 2, 3}}};
    try {
        make_plan(requests, model);
        FAIL();
    } catch (const PlanError &error) {
        EXPECT_STREQ(error.what(), "request 2 has 3 KV blocks, but a device has room for 2: give "
                                   "devices more memory");
    }
    for (const auto &change : std::vector<void (*)(Model &)>{
             [](Model &m) { m.prefill_devices = 0; }, [](Model &m) { m.scale = 0; },
             [](Model &m) { m.scale = 1.5; }, [](Model &m) { m.bytes_per_token = 0; },
             [](Model &m) { m.prefill_tokens_per_sec = 0; }, [](Model &m) { m.moves_max = 0; }}) {
        Model bad;
        change(bad);
        EXPECT_THROW(make_plan(requests, bad), PlanError);
    }
}

TEST(MakePlan, WaitsForRoomInOrderOfArrival) {
    Model model;
    model.prefill_devices = model.decode_devices = 1;
    model.device_bytes = blocks(3);
    const std::vector<Request> requests = {
        {0, 1024, 40, {1, 2}}, {1, 1024, 40, {3, 4}}, {2, 512, 40, {5}}};
    const auto plan = make_plan(requests, model);
    check_shape(requests, model, plan);
    // The third would fit beside the first, but the second came before it.
    EXPECT_EQ(plan.delayed_requests, 2U);
    std::vector<std::uint32_t> order;
    for (const auto &op : plan.ops)
        if (op.kind == OpKind::handoff)
            order.push_back(op.request);
    EXPECT_EQ(order, (std::vector<std::uint32_t>{0, 2, 1}));
    EXPECT_EQ(plan.pool_slots[1], 3U);
}

TEST(MakePlan, EvictsWhenFullOnlyThen) {
    Model model;
    model.prefill_devices = model.decode_devices = 1;
    model.device_bytes = blocks(4);
    model.evict = Evict::when_full;
    std::vector<Request> requests = {{0, 1024, 1, {1, 2}}, {10 * sec, 1024, 1, {3, 4}}};
    EXPECT_EQ(make_plan(requests, model).ops.size(), 2U);
    requests.push_back({20 * sec, 1024, 1, {5, 6}});
    const auto plan = make_plan(requests, model);
    check_shape(requests, model, plan);
    ASSERT_EQ(plan.ops.size(), 4U);
    EXPECT_EQ(plan.ops[2].kind, OpKind::write_back);
    EXPECT_EQ(plan.ops[2].request, 0U);
    EXPECT_EQ(plan.ops[2].time_ns, 20 * sec);
}

TEST(MakePlan, EvictingLateDelaysNobody) {
    for (unsigned seed = 1; seed <= 40; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        std::vector<Request> requests;
        for (std::uint64_t i = 0; i < 200; ++i)
            requests.push_back({i * sec / 4,
                                1 + static_cast<std::uint32_t>(random() % 4000),
                                static_cast<std::uint32_t>(random() % 200),
                                {}});
        Model model = small_model(random);
        model.host_bytes = blocks(30);
        model.evict = Evict::at_end;
        const auto early = make_plan(requests, model);
        model.evict = Evict::when_full;
        const auto late = make_plan(requests, model);
        EXPECT_EQ(late.delayed_requests, early.delayed_requests);
        EXPECT_EQ(late.delay_max_ns, early.delay_max_ns);
        check_shape(requests, model, late);
    }
}

TEST(MakePlan, RoundRobinTurnsAndLeastLoadedBalances) {
    std::vector<Request> requests;
    for (std::uint64_t i = 0; i < 8; ++i)
        requests.push_back({i, i % 2 ? 512U : 5120U, 100, {}});
    Model model;
    model.choice = Choice::round_robin;
    for (const auto &op : make_plan(requests, model).ops)
        if (op.kind == OpKind::handoff) {
            EXPECT_EQ(op.src_pool, 1 + op.request % 4);
        }
    model.choice = Choice::least_loaded;
    std::map<std::uint32_t, std::size_t> load;
    for (const auto &op : make_plan(requests, model).ops)
        if (op.kind == OpKind::handoff)
            load[op.dst_pool] += op.moves.size();
    std::size_t low = SIZE_MAX, high = 0;
    for (const auto &[pool, count] : load) {
        low = std::min(low, count);
        high = std::max(high, count);
    }
    EXPECT_EQ(load.size(), 4U);
    EXPECT_LE(high - low, 10U);
}

TEST(MakePlan, HitsAreThoseOfNaiveLru) {
    for (unsigned seed = 1; seed <= 60; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        auto requests = random_trace(random, 120, 0);
        for (std::size_t i = 0; i < requests.size(); ++i)
            requests[i].time_ns = i * 1000 * sec; // one at a time
        Model model = small_model(random);
        model.device_bytes = blocks(1000);
        model.evict = Evict::at_end;
        const std::size_t capacity = model.host_bytes / blocks(1);

        std::vector<std::uint64_t> lru; // the oldest first
        const auto touch = [&](std::uint64_t key) {
            if (std::erase(lru, key))
                lru.push_back(key);
        };
        std::uint64_t hits = 0, anonymous = 1ULL << 53;
        for (const auto &request : requests) {
            std::vector<std::uint64_t> keys;
            for (std::uint32_t i = 0; i < block_count(request); ++i)
                keys.push_back(request.hash_ids.empty() ? anonymous++ << 10 : key_of(request, i));
            std::size_t run = 0;
            while (run < keys.size() && std::find(lru.begin(), lru.end(), keys[run]) != lru.end())
                ++run;
            hits += run;
            for (auto i = run; i-- > 0;)
                touch(keys[i]);
            for (auto i = keys.size(); i-- > 0;)
                touch(keys[i]);
            std::set<std::uint64_t> own;
            for (const auto key : keys) {
                if (std::find(lru.begin(), lru.end(), key) != lru.end())
                    continue;
                if (lru.size() == capacity) {
                    if (lru.empty() || own.contains(lru.front()))
                        continue;
                    lru.erase(lru.begin());
                }
                lru.push_back(key);
                own.insert(key);
            }
            for (auto i = keys.size(); i-- > 0;)
                touch(keys[i]);
        }
        const auto plan = make_plan(requests, model);
        EXPECT_EQ(plan.hit_blocks, hits);
        check_shape(requests, model, plan);
    }
}

TEST(MakePlan, EndlessCacheOneAtATimeHitsAsTheTraceSays) {
    std::mt19937 random(7);
    auto requests = random_trace(random, 300, 0);
    for (std::size_t i = 0; i < requests.size(); ++i) {
        requests[i].time_ns = i * 1000 * sec;
        requests[i].input_tokens = static_cast<std::uint32_t>(
            (requests[i].input_tokens + block_tokens - 1) / block_tokens * block_tokens);
    }
    Model model;
    model.host_bytes = std::uint64_t{1} << 50;
    const auto facts = trace_facts(requests);
    EXPECT_GT(facts.hit_blocks, 100U);
    EXPECT_EQ(make_plan(requests, model).hit_blocks, facts.hit_blocks);
}

TEST(MakePlan, AnyOrderItAllowsReadsTheRightBlocks) {
    int played = 0;
    for (unsigned seed = 1; seed <= 200; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        const auto requests = random_trace(random, 80, random() % 2 ? sec : sec / 20);
        const auto model = small_model(random);
        Plan plan;
        try {
            plan = make_plan(requests, model);
        } catch (const PlanError &) {
            continue; // a prompt longer than the device
        }
        check_shape(requests, model, plan);
        EXPECT_EQ(plan.ops, make_plan(requests, model).ops) << "not deterministic";
        play(plan, random);
        ++played;
        if (HasFailure())
            return;
    }
    EXPECT_GT(played, 150);
}

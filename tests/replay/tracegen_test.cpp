// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "generate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <unordered_map>

using namespace supernode;
using namespace supernode::tracegen;

namespace {

const Profile &profile(std::string_view name) {
    return *std::find_if(profiles().begin(), profiles().end(),
                         [&](const auto &p) { return p.name == name; });
}

struct Published {
    const char *name;
    double per_hour, mean_input, mean_output, hit_rate;
};

/// Where these come from: tools/traces/README.md.
constexpr Published published[] = {
    {"chat", 12'245, 12'035, 343, 0.366},
    {"code", 8'819, 2'048, 28, 0},
    {"agent", 23'608, 8'596, 182, 0.59},
};

} // namespace

TEST(Generate, SamplesAreMadeByTheirCommand) {
    for (const auto &p : profiles()) {
        std::ifstream in(std::string(SAMPLE_TRACES "/") + std::string(p.name) + ".jsonl",
                         std::ios::binary);
        ASSERT_TRUE(in) << p.name;
        std::ostringstream shipped, made;
        shipped << in.rdbuf();
        write_mooncake(made, generate(p, 1, 500));
        EXPECT_TRUE(shipped.str() == made.str()) << p.name << " differs from its command";
        EXPECT_LE(made.str().size(), 300'000U);
    }
}

TEST(Generate, HoursHaveThePublishedStatistics) {
    for (const auto &want : published) {
        double per_hour = 0, input = 0, output = 0, hits = 0;
        constexpr int hours = 6;
        for (int seed = 1; seed <= hours; ++seed) {
            const auto facts = replay::trace_facts(
                generate(profile(want.name), seed, static_cast<std::size_t>(want.per_hour)));
            per_hour += static_cast<double>(facts.requests) / facts.seconds * 3600 / hours;
            input += facts.mean_input / hours;
            output += facts.mean_output / hours;
            hits += facts.hit_rate() / hours;
        }
        EXPECT_NEAR(per_hour / want.per_hour, 1, 0.03) << want.name;
        EXPECT_NEAR(input / want.mean_input, 1, 0.05) << want.name;
        EXPECT_NEAR(output / want.mean_output, 1, 0.03) << want.name;
        EXPECT_NEAR(hits, want.hit_rate, 0.02) << want.name;
    }
}

TEST(Generate, CodeHasThePublishedMedians) {
    auto requests = generate(profile("code"), 3, 20'000);
    const auto median = [&](auto member) {
        std::nth_element(requests.begin(), requests.begin() + 10'000, requests.end(),
                         [&](const auto &a, const auto &b) { return a.*member < b.*member; });
        return requests[10'000].*member;
    };
    EXPECT_NEAR(median(&replay::Request::input_tokens), 1500, 45);
    EXPECT_NEAR(median(&replay::Request::output_tokens), 13, 1);
}

TEST(Generate, SameSeedSameTraceOtherSeedAnother) {
    const auto text = [](std::uint64_t seed) {
        std::ostringstream out;
        write_mooncake(out, generate(profile("agent"), seed, 200));
        return out.str();
    };
    EXPECT_EQ(text(8), text(8));
    EXPECT_NE(text(8), text(9));
}

TEST(Generate, IsReadBackAsItWasMade) {
    for (const auto &p : profiles()) {
        const auto requests = generate(p, 2, 1000);
        std::stringstream file;
        write_mooncake(file, requests);
        const auto trace = replay::read_trace(file, "generated");
        EXPECT_FALSE(trace.dequantised);
        ASSERT_EQ(trace.requests.size(), requests.size());
        std::uint64_t next_id = 0;
        for (std::size_t i = 0; i < requests.size(); ++i) {
            EXPECT_EQ(trace.requests[i].time_ns, requests[i].time_ns);
            EXPECT_EQ(trace.requests[i].input_tokens, requests[i].input_tokens);
            EXPECT_EQ(trace.requests[i].hash_ids, requests[i].hash_ids);
            for (const auto id : requests[i].hash_ids) {
                EXPECT_LE(id, next_id) << "ids count up as they appear";
                next_id = std::max(next_id, id + 1);
            }
        }
    }
}

TEST(Generate, PausesAreLognormal) {
    // Turns of a session share the id of its first own block. Agents answer within 4 s of median.
    Profile one = profile("agent");
    one.system_prompts = 0;
    one.first_tokens = {2000, 0};
    one.output_tokens = {1, 0};
    one.more_tokens = {600, 0};
    std::unordered_map<std::uint64_t, std::uint64_t> last_ns;
    std::vector<double> logs;
    for (const auto &request : generate(one, 1, 20'000)) {
        const auto [it, fresh] = last_ns.try_emplace(request.hash_ids[0], request.time_ns);
        if (!fresh) {
            logs.push_back(
                std::log(std::max(1e-3, static_cast<double>(request.time_ns - it->second) / 1e9)));
            it->second = request.time_ns;
        }
    }
    ASSERT_GT(logs.size(), 5000U);
    double mean = 0, square = 0;
    for (const auto x : logs)
        mean += x / static_cast<double>(logs.size());
    for (const auto x : logs)
        square += (x - mean) * (x - mean) / static_cast<double>(logs.size());
    EXPECT_NEAR(mean, std::log(4.0), 0.05);
    EXPECT_NEAR(std::sqrt(square), 1.3, 0.05);
}

// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "report.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <unistd.h>

using namespace supernode;
using namespace supernode::replay;

namespace {

Report sample_report() {
    const std::vector<Request> requests = {{0, 1000, 10, {1, 2}},
                                           {1'000'000'000, 1000, 10, {1, 2}}};
    Report report;
    report.trace_name = "t.jsonl";
    report.scenario = "replay t";
    report.command = "snctl replay t.jsonl";
    report.model.prefill_devices = report.model.decode_devices = 1;
    report.model.scale = 1e-6;
    report.pool_names = {"cpu0", "gpu0", "gpu1"};
    report.device_names = {{1, "cpu0"}, {2, "gpu0"}, {3, "gpu1"}};
    report.plan = make_plan(requests, report.model);
    report.run.begin_ns = 0;
    report.run.end_ns = 2'000'000'000;
    report.run.kinds[1] = {16384, {5, 15}, {100, 300}};
    return report;
}

bool all_ok(const nlohmann::ordered_json &rows) {
    for (const auto &row : rows)
        if (!row.at("ok").get<bool>())
            return false;
    return true;
}

} // namespace

TEST(Percentiles, AreThoseOfANaiveCount) {
    EXPECT_EQ(percentiles({}).max, 0U);
    std::mt19937 random(5);
    for (std::size_t size = 1; size < 3000; size = size * 3 / 2 + 1) {
        std::vector<std::uint64_t> values(size);
        for (auto &value : values)
            value = random() % 500;
        const auto p = percentiles(values);
        const auto is_rank = [&](std::uint64_t value, double of) {
            // The smallest value that at least this share of all are not above.
            const auto share = [&](std::uint64_t limit) {
                return static_cast<double>(std::count_if(values.begin(), values.end(),
                                                         [&](auto v) { return v <= limit; })) /
                       static_cast<double>(size);
            };
            EXPECT_GE(share(value) + 1e-9, of);
            if (value) {
                EXPECT_LT(share(value - 1), of);
            }
        };
        is_rank(p.p50, 0.5);
        is_rank(p.p90, 0.9);
        is_rank(p.p99, 0.99);
        is_rank(p.p999, 0.999);
        is_rank(p.max, 1);
    }
}

TEST(ToJson, SaysWhatWasMeasured) {
    const auto json = to_json(sample_report());
    EXPECT_EQ(json.at("bytes"), 16384);
    EXPECT_EQ(json.at("bytes_per_sec"), 8192.0);
    EXPECT_EQ(json.at("hit_rate"), 0.5);
    EXPECT_EQ(json.at("classes").at(1).at("class"), "latency");
    EXPECT_EQ(json.at("classes").at(1).at("latency_ns").at("p50"), 100);
    EXPECT_EQ(json.at("classes").at(1).at("queue_ns").at("max"), 15);
    EXPECT_EQ(json.at("ok"), true);
}

TEST(ToJson, NamesThePlaceOfAMismatch) {
    auto report = sample_report();
    report.run.mismatches = 1;
    report.run.first_mismatches = {{0, 2, 1, block_key(2, 488), 64}};
    const auto json = to_json(report);
    EXPECT_EQ(json.at("ok"), false);
    const auto &place = json.at("first_mismatches").at(0);
    EXPECT_EQ(place.at("request"), 1);
    EXPECT_EQ(place.at("kind"), "handoff");
    EXPECT_EQ(place.at("device"), "gpu1");
    EXPECT_EQ(place.at("hash_id"), 2);
    EXPECT_EQ(place.at("offset"), 64);
}

TEST(Figures, FailWithWhatFailed) {
    EXPECT_TRUE(all_ok(figures(sample_report())));
    for (const auto &damage : std::vector<void (*)(Report &)>{
             [](Report &r) { r.run.mismatches = 1; }, [](Report &r) { r.run.failures = 1; },
             [](Report &r) { r.links.counted_bytes = 1; },
             [](Report &r) {
                 r.links.links.push_back({1, 1, 2, 5, 1, 6, 6});
             },
             [](Report &r) { r.links.leaking_devices = {2}; }}) {
        auto report = sample_report();
        damage(report);
        EXPECT_FALSE(report.ok());
        EXPECT_FALSE(all_ok(figures(report)));
    }
}

TEST(Figures, RowsHaveEveryKey) {
    for (const auto &row : figures(sample_report())) {
        for (const auto *key : {"scenario", "figure", "value", "unit", "goal", "better", "ok",
                                "baseline", "spread", "command"})
            EXPECT_TRUE(row.contains(key)) << key;
        EXPECT_TRUE(row.at("better") == "lower" || row.at("better") == "higher");
    }
}

TEST(AppendFigures, KeepsWhatIsThere) {
    const auto path = testing::TempDir() + "figures_" + std::to_string(::getpid()) + ".json";
    const auto rows = figures(sample_report());
    append_figures(path, rows);
    append_figures(path, rows);
    nlohmann::json all;
    std::ifstream(path) >> all;
    EXPECT_EQ(all.size(), 2 * rows.size());

    std::ofstream(path) << "{\"not\": \"an array\"}";
    EXPECT_THROW(append_figures(path, rows), std::runtime_error);
    std::filesystem::remove(path);
    EXPECT_THROW(append_figures("/nonexistent/figures.json", rows), std::runtime_error);
}

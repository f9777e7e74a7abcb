// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Turns results into JSON. Text for people is the command line's.
#include "report.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <numeric>
#include <stdexcept>

namespace supernode::replay {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<const char *, op_kinds> kind_words = {"load", "handoff", "write-back"};

const char *class_word(OpKind kind) {
    switch (class_of(kind)) {
    case Class::latency:
        return "latency";
    case Class::bulk:
        return "bulk";
    default:
        return "normal";
    }
}

Json to_json(const Percentiles &p) {
    return {{"mean", p.mean}, {"p50", p.p50},   {"p90", p.p90},
            {"p99", p.p99},   {"p999", p.p999}, {"max", p.max}};
}

Json class_json(const Report &report, std::size_t kind) {
    const auto &result = report.run.kinds[kind];
    return {{"class", class_word(static_cast<OpKind>(kind))},
            {"kind", kind_words[kind]},
            {"transfers", result.latency_ns.size()},
            {"bytes", result.bytes},
            {"queue_ns", to_json(percentiles(result.queue_ns))},
            {"latency_ns", to_json(percentiles(result.latency_ns))}};
}

Json links_json(const Report &report) {
    Json links = Json::array();
    for (const auto &use : report.links.links) {
        if (!use.bytes && !use.high_bytes)
            continue;
        links.push_back({{"link", use.link},
                         {"from", report.device(use.from)},
                         {"to", report.device(use.to)},
                         {"bytes", use.bytes},
                         {"slices", use.slices},
                         {"low_bytes", use.low_bytes},
                         {"high_bytes", use.high_bytes},
                         {"ok", use.ok()}});
    }
    return links;
}

Json pairs_json(const Report &report) {
    Json pairs = Json::array();
    for (const auto &pair : report.links.pairs)
        pairs.push_back({{"src", report.device(pair.src)},
                         {"dst", report.device(pair.dst)},
                         {"bytes", pair.bytes},
                         {"routes", pair.routes},
                         {"hops_min", pair.hops_min},
                         {"hops_max", pair.hops_max},
                         {"low_bytes", pair.bytes * pair.hops_min},
                         {"high_bytes", pair.bytes * pair.hops_max}});
    return pairs;
}

} // namespace

Percentiles percentiles(std::vector<std::uint64_t> values) {
    Percentiles p;
    if (values.empty())
        return p;
    std::sort(values.begin(), values.end());
    const auto rank = [&](std::size_t permille) {
        return values[(values.size() * permille + 999) / 1000 - 1];
    };
    p.p50 = rank(500);
    p.p90 = rank(900);
    p.p99 = rank(990);
    p.p999 = rank(999);
    p.max = values.back();
    p.mean =
        std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
    return p;
}

std::string Report::device(std::uint32_t id) const {
    const auto it = device_names.find(id);
    return it == device_names.end() ? "#" + std::to_string(id) : it->second;
}

double Report::bytes_per_sec() const {
    const double seconds = run.seconds();
    return seconds > 0 ? static_cast<double>(run.bytes()) / seconds : 0;
}

Json to_json(const Report &report) {
    Json mismatches = Json::array();
    for (const auto &mismatch : report.run.first_mismatches) {
        const Op &op = report.plan.ops[mismatch.op];
        mismatches.push_back({{"request", op.request + 1},
                              {"kind", kind_words[static_cast<std::size_t>(op.kind)]},
                              {"device", report.pool_names[mismatch.pool]},
                              {"slot", mismatch.slot},
                              {"hash_id", mismatch.key >> 10},
                              {"offset", mismatch.offset}});
    }
    Json failures = Json::array();
    for (const auto &failure : report.run.first_failures) {
        const Op &op = report.plan.ops[failure.op];
        failures.push_back({{"request", op.request + 1},
                            {"kind", kind_words[static_cast<std::size_t>(op.kind)]},
                            {"src", report.pool_names[op.src_pool]},
                            {"dst", report.pool_names[op.dst_pool]},
                            {"status", failure.status},
                            {"bytes", failure.bytes}});
    }
    Json leaking = Json::array();
    for (const auto id : report.links.leaking_devices)
        leaking.push_back(report.device(id));
    Json classes = Json::array();
    for (std::size_t kind = 0; kind < op_kinds; ++kind)
        classes.push_back(class_json(report, kind));

    return {{"trace",
             {{"file", report.trace_name},
              {"format", report.format == Format::mooncake ? "mooncake" : "azure"},
              {"stamps_spread", report.dequantised},
              {"requests", report.plan.requests},
              {"seconds", report.trace_seconds}}},
            {"model",
             {{"bytes_per_token", report.model.bytes_per_token},
              {"scale", report.model.scale},
              {"block_bytes", report.plan.slot_bytes},
              {"speed_up", report.speed_up},
              {"devices", report.pool_names},
              {"slots", report.plan.pool_slots}}},
            {"blocks", report.plan.blocks},
            {"hit_blocks", report.plan.hit_blocks},
            {"hit_rate", report.plan.hit_rate()},
            {"dropped_blocks", report.plan.dropped_blocks},
            {"delayed_requests", report.plan.delayed_requests},
            {"delay_max_ns", report.plan.delay_max_ns},
            {"transfers", report.plan.ops.size()},
            {"bytes", report.run.bytes()},
            {"seconds", report.run.seconds()},
            {"bytes_per_sec", report.bytes_per_sec()},
            {"inflight_high", report.run.inflight_high},
            {"late_ns", to_json(percentiles(report.run.late_ns))},
            {"classes", classes},
            {"link_bytes",
             {{"counted", report.links.counted_bytes},
              {"asked_times_hops_low", report.links.low_bytes},
              {"asked_times_hops_high", report.links.high_bytes},
              {"exact", report.links.exact()},
              {"leaking_devices", leaking},
              {"ok", report.links.ok()}}},
            {"pairs", pairs_json(report)},
            {"links", links_json(report)},
            {"blocks_verified", report.run.blocks_verified},
            {"mismatches", report.run.mismatches},
            {"first_mismatches", mismatches},
            {"failures", report.run.failures},
            {"first_failures", failures},
            {"ok", report.ok()}};
}

Json figures(const Report &report) {
    Json rows = Json::array();
    const auto add = [&](const std::string &figure, const Json &value, const char *unit,
                         const Json &goal, const char *better, bool ok) {
        rows.push_back({{"scenario", report.scenario},
                        {"figure", figure},
                        {"value", value},
                        {"unit", unit},
                        {"goal", goal},
                        {"better", better},
                        {"ok", ok},
                        {"baseline", nullptr},
                        {"spread", nullptr},
                        {"command", report.command}});
    };
    const auto &links = report.links;
    std::uint64_t outside = 0;
    if (links.counted_bytes < links.low_bytes)
        outside = links.low_bytes - links.counted_bytes;
    else if (links.counted_bytes > links.high_bytes)
        outside = links.counted_bytes - links.high_bytes;
    const auto wrong_links =
        std::count_if(links.links.begin(), links.links.end(), [](auto &use) { return !use.ok(); });

    add("requests", report.plan.requests, "requests", nullptr, "higher", true);
    add("mismatches", report.run.mismatches, "blocks", 0, "lower", !report.run.mismatches);
    add("failed transfers", report.run.failures, "transfers", 0, "lower", !report.run.failures);
    add(links.exact() ? "link bytes off bytes times hops"
                      : "link bytes outside bytes times hops of the routes in use",
        outside, "bytes", 0, "lower", !outside);
    add("links outside their bounds", wrong_links, "links", 0, "lower", !wrong_links);
    add("devices out of flow balance", links.leaking_devices.size(), "devices", 0, "lower",
        links.leaking_devices.empty());
    add("blocks verified", report.run.blocks_verified, "blocks", nullptr, "higher", true);
    add("prefix hit rate", report.plan.hit_rate(), "ratio", nullptr, "higher", true);
    add("throughput", std::round(report.bytes_per_sec()), "B/s", nullptr, "higher", true);
    add("lateness p99", percentiles(report.run.late_ns).p99, "ns", nullptr, "lower", true);
    for (std::size_t kind = 0; kind < op_kinds; ++kind) {
        const auto &result = report.run.kinds[kind];
        const std::string word = class_word(static_cast<OpKind>(kind));
        const auto latency = percentiles(result.latency_ns);
        add("latency p50, " + word, latency.p50, "ns", nullptr, "lower", true);
        add("latency p99, " + word, latency.p99, "ns", nullptr, "lower", true);
        add("time in queue p99, " + word, percentiles(result.queue_ns).p99, "ns", nullptr, "lower",
            true);
    }
    return rows;
}

void append_figures(const std::string &path, const Json &rows) {
    Json all = Json::array();
    if (std::ifstream in(path); in) {
        try {
            in >> all;
        } catch (const nlohmann::json::exception &) {
            all = nullptr;
        }
        if (!all.is_array())
            throw std::runtime_error(path + ": not a JSON array of figures");
    }
    all.insert(all.end(), rows.begin(), rows.end());
    const std::string fresh = path + ".new";
    std::ofstream out(fresh, std::ios::trunc);
    out << all.dump(2) << '\n';
    out.close();
    if (!out || std::rename(fresh.c_str(), path.c_str()))
        throw std::runtime_error(path + ": cannot write");
}

} // namespace supernode::replay

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Tables and sentences; the numbers are report.cpp's.
#include "replay_print.hpp"

#include <supernode/units.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <iomanip>
#include <string>

namespace supernode::replay {

namespace {

constexpr std::array<const char *, op_kinds> kind_names = {
    "normal   (host -> prefill)", "latency  (prefill -> decode)", "bulk     (decode -> host)"};

std::string percent(double share) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%.1f %%", share * 100);
    return text.data();
}

std::string plural(std::uint64_t count, const std::string &word) {
    return std::to_string(count) + " " + word + (count == 1 ? "" : "s");
}

void print_classes(std::ostream &out, const Report &report) {
    out << std::left << std::setw(30) << "class" << std::right << std::setw(9) << "transfers"
        << std::setw(11) << "bytes" << std::setw(10) << "queue p50" << std::setw(10) << "p99"
        << std::setw(12) << "latency p50" << std::setw(10) << "p90" << std::setw(10) << "p99"
        << std::setw(10) << "p99.9" << '\n';
    for (std::size_t kind = 0; kind < op_kinds; ++kind) {
        const auto &result = report.run.kinds[kind];
        const auto queue = percentiles(result.queue_ns);
        const auto latency = percentiles(result.latency_ns);
        out << std::left << std::setw(30) << kind_names[kind] << std::right << std::setw(9)
            << result.latency_ns.size() << std::setw(11) << human_bytes(result.bytes)
            << std::setw(10) << human_duration(queue.p50) << std::setw(10)
            << human_duration(queue.p99) << std::setw(12) << human_duration(latency.p50)
            << std::setw(10) << human_duration(latency.p90) << std::setw(10)
            << human_duration(latency.p99) << std::setw(10) << human_duration(latency.p999) << '\n';
    }
}

void print_links(std::ostream &out, const Report &report) {
    out << std::left << std::setw(8) << "link" << std::setw(24) << "direction" << std::right
        << std::setw(11) << "bytes" << std::setw(10) << "slices"
        << "  allowed\n";
    for (const auto &use : report.links.links) {
        if (!use.bytes && use.ok())
            continue;
        out << std::left << std::setw(8) << use.link << std::setw(24)
            << report.device(use.from) + " -> " + report.device(use.to) << std::right
            << std::setw(11) << human_bytes(use.bytes) << std::setw(10) << use.slices << "  "
            << (use.low_bytes == use.high_bytes
                    ? "exactly " + human_bytes(use.low_bytes)
                    : human_bytes(use.low_bytes) + " to " + human_bytes(use.high_bytes))
            << (use.ok() ? "" : "  WRONG: " + std::to_string(use.bytes) + " bytes") << '\n';
    }
}

void print_link_sum(std::ostream &out, const Report &report) {
    const auto &links = report.links;
    if (links.exact())
        out << "Link counters: " << links.counted_bytes
            << " bytes; asked for times hops: " << links.low_bytes
            << (links.total_ok() ? ", equal.\n" : ", NOT EQUAL.\n");
    else
        out << "Link counters: " << links.counted_bytes << " bytes; routes of different length are "
            << "in use, so asked for times hops is " << links.low_bytes << " to "
            << links.high_bytes << (links.total_ok() ? ".\n" : ": OUTSIDE.\n");
    for (const auto &pair : links.pairs)
        if (pair.hops_min != pair.hops_max)
            out << "  " << report.device(pair.src) << " -> " << report.device(pair.dst) << ": "
                << pair.bytes << " bytes over " << pair.hops_min << " to " << pair.hops_max
                << " hops: " << pair.bytes * pair.hops_min << " to " << pair.bytes * pair.hops_max
                << '\n';
    if (links.leaking_devices.empty()) {
        out << "Every device let out what it took in, but for what began or ended there.\n";
        return;
    }
    out << "Bytes in and out do NOT balance at:";
    for (const auto id : links.leaking_devices)
        out << ' ' << report.device(id);
    out << '\n';
}

void print_faults(std::ostream &out, const Report &report) {
    const auto json = to_json(report);
    for (const auto &at : json.at("first_mismatches"))
        out << "  wrong bytes: request " << at.at("request") << ", "
            << at.at("kind").get<std::string>() << " to " << at.at("device").get<std::string>()
            << " slot " << at.at("slot") << ", block " << at.at("hash_id") << ", from byte "
            << at.at("offset") << '\n';
    for (const auto &at : json.at("first_failures"))
        out << "  failed: request " << at.at("request") << ", " << at.at("kind").get<std::string>()
            << " from " << at.at("src").get<std::string>() << " to "
            << at.at("dst").get<std::string>() << ", status " << at.at("status") << " after "
            << at.at("bytes") << " bytes\n";
}

} // namespace

void print_plan(std::ostream &out, const Report &report) {
    const auto &plan = report.plan;
    std::array<std::uint64_t, op_kinds> bytes{};
    for (const auto &op : plan.ops)
        bytes[static_cast<std::size_t>(op.kind)] += op.bytes();
    out << report.trace_name << ": " << plural(plan.requests, "request") << " in "
        << human_duration(static_cast<std::uint64_t>(report.trace_seconds * 1e9))
        << (report.dequantised ? " (coarse stamps spread)" : "") << ", "
        << plural(plan.blocks, "KV block") << " of " << human_bytes(plan.slot_bytes) << ", "
        << percent(plan.hit_rate()) << " found in host memory\n"
        << "host -> prefill " << human_bytes(bytes[0]) << ", prefill -> decode "
        << human_bytes(bytes[1]) << ", decode -> host " << human_bytes(bytes[2]) << ", in "
        << plural(plan.ops.size(), "transfer") << '\n';
    if (plan.delayed_requests)
        out << plural(plan.delayed_requests, "request") << " waited for room on a device, at most "
            << human_duration(plan.delay_max_ns) << " of the trace's time\n";
    if (plan.dropped_blocks)
        out << plural(plan.dropped_blocks, "block") << " left host memory for newer ones\n";
}

void print_result(std::ostream &out, const Report &report) {
    print_plan(out, report);
    out << '\n';
    print_classes(out, report);
    out << '\n';
    print_links(out, report);
    const auto late = percentiles(report.run.late_ns);
    out << '\n'
        << human_bytes(report.run.bytes()) << " in "
        << human_duration(report.run.end_ns - report.run.begin_ns) << ": "
        << human_rate(static_cast<std::uint64_t>(report.bytes_per_sec())) << ", at most "
        << plural(report.run.inflight_high, "transfer") << " in flight\n"
        << "Submitted late by p50 " << human_duration(late.p50) << ", p99 "
        << human_duration(late.p99) << ", at most " << human_duration(late.max)
        << " (filling and verifying blocks share the CPU with the copies).\n";
    print_link_sum(out, report);
    out << plural(report.run.blocks_verified, "block") << " verified where they landed: "
        << (report.run.mismatches ? std::to_string(report.run.mismatches) + " WRONG" : "all right")
        << (report.run.failures ? "; " + plural(report.run.failures, "FAILED transfer") : "")
        << ".\n";
    print_faults(out, report);
}

} // namespace supernode::replay

// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// snctl stats: totals since the module was loaded.
#include "json.hpp"
#include "objects.hpp"
#include "table.hpp"

#include <supernode/units.hpp>

#include <fmt/format.h>

namespace snctl {
namespace {

using namespace supernode;

std::string mean(std::uint64_t sum_ns, const ClassStats &stats) {
    const std::uint64_t ended = stats.completed + stats.failed;
    return ended == 0 ? "-" : human_duration(sum_ns / ended);
}

void print(const Stats &stats) {
    fmt::print("{}", describe({{"sessions", std::to_string(stats.sessions)},
                               {"buffers", fmt::format("{} with {}", stats.buffers,
                                                       human_bytes(stats.buffer_bytes))},
                               {"slices", std::to_string(stats.slices)},
                               {"retries", std::to_string(stats.retries)},
                               {"quarantined", human_bytes(stats.quarantined_bytes)}}));
    Table table({{"CLASS"},
                 {"SUBMITTED", Table::Align::right},
                 {"COMPLETED", Table::Align::right},
                 {"FAILED", Table::Align::right},
                 {"ARRIVED", Table::Align::right},
                 {"MEAN QUEUED", Table::Align::right},
                 {"MEAN TOTAL", Table::Align::right}});
    for (const ClassStats &one : stats.classes)
        table.row({std::string(to_string(one.priority)), std::to_string(one.submitted),
                   std::to_string(one.completed), std::to_string(one.failed),
                   human_bytes(one.bytes), mean(one.queue_ns, one), mean(one.total_ns, one)});
    fmt::print("\n");
    table.print();
}

} // namespace

void add_stats(CLI::App &app, Context &context) {
    add_verb(app, "stats", "Show totals since the module was loaded", "stats", [&context] {
        const Stats stats = context.client().stats();
        context.answer(to_json(stats), [&] { print(stats); });
    });
}

} // namespace snctl

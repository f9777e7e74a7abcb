// SPDX-License-Identifier: GPL-2.0-only OR MIT
// A replay's results as JSON and as rows of a figures file.
#ifndef SUPERNODE_REPLAY_REPORT_HPP
#define SUPERNODE_REPLAY_REPORT_HPP

#include "links.hpp"
#include "run.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <vector>

namespace supernode::replay {

/// Nearest-rank percentiles: each is a value that was measured.
struct Percentiles {
    std::uint64_t p50 = 0;
    std::uint64_t p90 = 0;
    std::uint64_t p99 = 0;
    std::uint64_t p999 = 0;
    std::uint64_t max = 0;
    double mean = 0;
};

/// All 0 for no values.
Percentiles percentiles(std::vector<std::uint64_t> values);

struct Report {
    std::string trace_name;
    std::string command;  ///< that makes this report
    std::string scenario; ///< of its figures
    Format format = Format::mooncake;
    bool dequantised = false;
    double trace_seconds = 0; ///< before speed-up
    double speed_up = 1;
    Model model;
    std::vector<std::string> pool_names;               ///< devices, by pool
    std::map<std::uint32_t, std::string> device_names; ///< by id
    Plan plan;
    RunResult run;
    LinkReport links;

    std::string device(std::uint32_t id) const;
    double bytes_per_sec() const;
    bool ok() const { return !run.mismatches && !run.failures && links.ok(); }
};

nlohmann::ordered_json to_json(const Report &report);

/// Rows {scenario, figure, value, unit, goal, better, ok, baseline, spread, command}. A figure
/// without a goal is always ok.
nlohmann::ordered_json figures(const Report &report);

/// Appends rows to the JSON array in a file, which need not exist. The file is replaced whole.
/// Throws std::runtime_error.
void append_figures(const std::string &path, const nlohmann::ordered_json &rows);

} // namespace supernode::replay

#endif

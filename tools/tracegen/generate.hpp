// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Makes LLM-serving traces that have the statistics of published ones. Same profile and seed,
// same trace.
#ifndef SUPERNODE_TRACEGEN_GENERATE_HPP
#define SUPERNODE_TRACEGEN_GENERATE_HPP

#include "trace.hpp"

#include <cstdint>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace supernode::tracegen {

/// A lognormal distribution by its median and the deviation of its logarithm.
struct Lognormal {
    double median = 0;
    double sigma = 0;
};

/// A workload: sessions that come at random. The first prompt of a session is a system prompt,
/// which sessions share, and the user's text; each later one repeats all that was said, the answer
/// included, and adds a tool's result or the user's next words after a pause.
struct Profile {
    std::string_view name;
    std::string_view about;
    double sessions_per_sec = 0;
    double go_on = 0;            ///< chance of one more turn after each
    unsigned system_prompts = 0; ///< sessions choose among so many, the popular ones more often
    Lognormal system_tokens;
    Lognormal first_tokens;
    Lognormal more_tokens;
    Lognormal output_tokens;
    Lognormal pause_sec;                ///< of the user or the tool, after an answer
    std::uint32_t input_tokens_max = 0; ///< the model's context; a session ends there
};

/// chat, code and agent.
std::span<const Profile> profiles();

/// The first @p count requests from a moment at which the workload has long been running.
/// Stamps are whole milliseconds from 0 on, hash ids count up from 0 as they appear.
std::vector<replay::Request> generate(const Profile &profile, std::uint64_t seed,
                                      std::size_t count);

/// Writes Mooncake's JSON lines.
void write_mooncake(std::ostream &out, std::span<const replay::Request> requests);

} // namespace supernode::tracegen

#endif

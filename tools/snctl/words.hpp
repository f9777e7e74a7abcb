// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Options whose values are words of an enum or quantities with units.
#pragma once

#include <supernode/types.hpp>
#include <supernode/units.hpp>

#include <optional>
#include <string>

#include <CLI/CLI.hpp>

namespace snctl {

/// --class: one of the enum's words, which help and completion list.
template<typename Enum>
CLI::Option *add_word(CLI::App &verb, const std::string &name, std::optional<Enum> &value,
                      const std::string &summary) {
    std::vector<std::string> words;
    for (const std::string_view word : supernode::words<Enum>())
        words.emplace_back(word);
    CLI::Option *option = verb.add_option_function<std::string>(
        name, [&value](const std::string &text) { value = supernode::from_string<Enum>(text); },
        summary);
    return option->check(CLI::IsMember(words));
}

/// --bytes 64MiB: what parse() takes.
inline CLI::Option *add_quantity(CLI::App &verb, const std::string &name,
                                 std::optional<std::uint64_t> &value,
                                 std::uint64_t (*parse)(std::string_view),
                                 const std::string &summary, const std::string &type) {
    CLI::Option *option = verb.add_option_function<std::string>(
        name,
        [&value, parse, name](const std::string &text) {
            try {
                value = parse(text);
            } catch (const std::invalid_argument &refusal) {
                throw CLI::ValidationError(name, refusal.what());
            }
        },
        summary);
    return option->type_name(type);
}

inline CLI::Option *add_bytes(CLI::App &verb, const std::string &name,
                              std::optional<std::uint64_t> &value, const std::string &summary) {
    return add_quantity(verb, name, value, supernode::parse_bytes, summary, "SIZE");
}

inline CLI::Option *add_rate(CLI::App &verb, const std::string &name,
                             std::optional<std::uint64_t> &value, const std::string &summary) {
    return add_quantity(verb, name, value, supernode::parse_rate, summary, "RATE");
}

inline CLI::Option *add_duration(CLI::App &verb, const std::string &name,
                                 std::optional<std::uint64_t> &value, const std::string &summary) {
    return add_quantity(verb, name, value, supernode::parse_duration, summary, "TIME");
}

} // namespace snctl

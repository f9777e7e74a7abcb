// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// Names in series: "gpu[0-7]", "gpu[0,2,4-6]", "rack[0-3]-npu[0-7]".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace supernode {

// More names than any topology has; what expands to more is refused.
inline constexpr std::size_t name_range_max = 65536;

// The names in order, the last bracket running fastest. Leading zeroes are kept
// ("n[00-15]" is n00 ... n15). Throws std::invalid_argument with a sentence.
std::vector<std::string> expand_names(std::string_view text);

// The name in the list that is nearest to a misspelt one; empty if none is near.
std::string nearest_name(std::string_view name, const std::vector<std::string> &known);

} // namespace supernode

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// From what a person writes to what the kernel numbers.
#pragma once

#include <supernode/client.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace snctl {

/// A whole decimal number.
std::optional<std::uint64_t> as_number(std::string_view text);

/// By name, else by id. Throws Failure.
const supernode::Device &find_device(const std::vector<supernode::Device> &devices,
                                     const std::string &text);
/// By id, or by its two ends "gpu0-nvsw1" or "gpu0:3-nvsw1:0". Throws Failure.
supernode::Link find_link(const std::vector<supernode::Link> &links,
                          const std::vector<supernode::Device> &devices, const std::string &text);
/// "gpu0" (its first region), "gpu0/hbm", "gpu0/1" (by index) or a region's id. Throws Failure.
supernode::Region find_region(const std::vector<supernode::Device> &devices,
                              const std::string &text);

} // namespace snctl

// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// Quantities as people write and read them: 80GiB, 450GB/s, 400Gbit/s, 300ns.
//
// parse_*() is exact integer arithmetic: what is not a whole number of bytes,
// bytes per second or nanoseconds, or does not fit 64 bits, is refused with
// std::invalid_argument, whose text is a sentence for the user.
// exact_*() writes what parse_*() reads back to the same number; human_*()
// rounds to three digits for tables.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace supernode {

std::uint64_t parse_bytes(std::string_view text);
std::uint64_t parse_rate(std::string_view text);
std::uint64_t parse_duration(std::string_view text);

std::string exact_bytes(std::uint64_t bytes);
std::string exact_rate(std::uint64_t bytes_per_sec);
std::string exact_duration(std::uint64_t ns);

std::string human_bytes(std::uint64_t bytes);
std::string human_rate(std::uint64_t bytes_per_sec);
std::string human_duration(std::uint64_t ns);

} // namespace supernode

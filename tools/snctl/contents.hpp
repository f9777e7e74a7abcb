// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The bytes of a buffer, through its CPU mapping.
#pragma once

#include <cstdint>
#include <string>

namespace snctl {

/// CRC-32 (the one of zlib, gzip and Ethernet) of a range, as "crc32:1a2b3c4d".
std::string hash_contents(int fd, std::uint64_t offset, std::uint64_t bytes);

/// Bytes that depend on the seed and on their place in the range, and on nothing else.
void fill_contents(int fd, std::uint64_t offset, std::uint64_t bytes, std::uint64_t seed);

/// From a file descriptor until its end, or until the range is full. Returns how many.
std::uint64_t write_contents(int fd, std::uint64_t offset, std::uint64_t bytes, int from);
void read_contents(int fd, std::uint64_t offset, std::uint64_t bytes, int to);

/// What is left of a buffer behind an offset, or @p wanted. Throws Failure when it does not fit.
std::uint64_t range_bytes(std::uint64_t size, std::uint64_t offset, const std::uint64_t *wanted);

} // namespace snctl

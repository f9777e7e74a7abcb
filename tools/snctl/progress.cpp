// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// Draws at most ten times a second and leaves nothing behind.
#include "progress.hpp"

#include <supernode/units.hpp>

#include <algorithm>
#include <string>

#include <fmt/core.h>
#include <unistd.h>

namespace snctl {
namespace {

constexpr auto patience = std::chrono::seconds(2);
constexpr auto interval = std::chrono::milliseconds(100);
constexpr std::size_t bar_width = 30;

} // namespace

Progress::Progress(std::string what, std::uint64_t total, bool bytes)
    : what_(std::move(what)), total_(total), bytes_(bytes), terminal_(isatty(STDERR_FILENO) == 1),
      begin_(std::chrono::steady_clock::now()), drawn_(begin_) {}

Progress::~Progress() {
    if (shown_)
        fmt::print(stderr, "\r\033[K");
}

void Progress::update(std::uint64_t done) {
    const auto now = std::chrono::steady_clock::now();
    if (!terminal_ || total_ == 0 || now - begin_ < patience || now - drawn_ < interval)
        return;
    drawn_ = now;
    shown_ = true;
    const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total_));
    const auto full = static_cast<std::size_t>(share * bar_width);
    const double seconds = std::chrono::duration<double>(now - begin_).count();
    std::string rate;
    if (bytes_)
        rate =
            supernode::human_rate(static_cast<std::uint64_t>(static_cast<double>(done) / seconds));
    fmt::print(stderr, "\r\033[K{} [{:<{}}] {:3.0f} %  {}", what_, std::string(full, '='),
               bar_width, share * 100, rate);
    std::fflush(stderr);
}

} // namespace snctl

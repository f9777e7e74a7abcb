// SPDX-License-Identifier: GPL-2.0-only OR MIT
// A progress bar on stderr, for what takes longer than two seconds and only on a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace snctl {

class Progress {
public:
    /// @param bytes true: amounts are bytes, and a rate is shown
    Progress(std::string what, std::uint64_t total, bool bytes = true);
    Progress(const Progress &) = delete;
    Progress &operator=(const Progress &) = delete;
    ~Progress();

    void update(std::uint64_t done);

private:
    std::string what_;
    std::uint64_t total_;
    bool bytes_;
    bool terminal_;
    bool shown_ = false;
    std::chrono::steady_clock::time_point begin_;
    std::chrono::steady_clock::time_point drawn_;
};

} // namespace snctl

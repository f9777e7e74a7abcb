// SPDX-License-Identifier: GPL-2.0-only OR MIT
// A timeout that has begun to run: what is left of it, as poll() takes it.
#pragma once

#include <supernode/types.hpp>

#include <algorithm>
#include <chrono>

namespace supernode {

class Deadline {
public:
    explicit Deadline(Timeout timeout) : timeout_(timeout), start_(Clock::now()) {}

    /// What is left; never below 0.
    Timeout left() const {
        using std::chrono::milliseconds;

        if (!timeout_)
            return forever;
        auto passed = std::chrono::duration_cast<milliseconds>(Clock::now() - start_);
        return std::clamp(*timeout_ - passed, milliseconds(0), milliseconds(1 << 30));
    }

    /// The same for poll(): -1 is for ever.
    int poll_ms() const {
        Timeout rest = left();

        return rest ? static_cast<int>(rest->count()) : -1;
    }

private:
    using Clock = std::chrono::steady_clock;

    Timeout timeout_;
    Clock::time_point start_;
};

} // namespace supernode

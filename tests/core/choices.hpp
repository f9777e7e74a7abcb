// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Where a test's choices come from: a random generator here, the bytes of an input in tests/fuzz.
#pragma once

#include <cstdint>

class Choices {
public:
    virtual ~Choices() = default;

    // Any number below n, which is not 0.
    virtual uint64_t below(uint64_t n) = 0;
    uint32_t below32(uint32_t n) { return static_cast<uint32_t>(below(n)); }
    bool one_in(uint64_t n) { return below(n) == 0; }
};

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The fuzzer's bytes as choices: a number below n takes as many bytes as n - 1 has. When they are
// used up every choice is 0.
#pragma once

#include "../core/choices.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

class Input final : public Choices {
public:
    Input(const uint8_t *data, size_t size) : bytes_(data, size) {}

    bool empty() const { return bytes_.empty(); }

    uint64_t below(uint64_t n) override {
        uint64_t value = 0;

        for (uint64_t left = n - 1; left && !bytes_.empty(); left >>= 8) {
            value = value << 8 | bytes_.front();
            bytes_ = bytes_.subspan(1);
        }
        return value % n;
    }
    // Any number, small ones and those around powers of two above all.
    uint64_t number() {
        uint64_t bits = below(72);
        uint64_t power = bits < 64 ? uint64_t{1} << bits : 0;

        switch (below(4)) {
        case 0:
            return below(256);
        case 1:
            return power - below(3);
        case 2:
            return power + below(256);
        default:
            return (below(UINT64_MAX) << 1 | below(2)) & (power - 1);
        }
    }
    uint32_t number32() { return static_cast<uint32_t>(number()); }

    // Up to this many bytes as they are.
    std::span<const uint8_t> take(size_t most) {
        auto taken = bytes_.first(std::min(most, bytes_.size()));

        bytes_ = bytes_.subspan(taken.size());
        return taken;
    }
    std::string text(size_t most) {
        auto taken = take(below(most + 1));

        return {taken.begin(), taken.end()};
    }

private:
    std::span<const uint8_t> bytes_;
};

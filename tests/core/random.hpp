// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Random input for the tests: the seed is printed, and SN_SEED repeats a run.
#pragma once

#include "choices.hpp"

#include <cstdio>
#include <cstdlib>
#include <random>

class Random final : public Choices {
public:
    Random() : Random(seed_from_environment()) {}
    explicit Random(uint64_t seed) : engine_(seed) {
        std::printf("seed: SN_SEED=%llu\n", static_cast<unsigned long long>(seed));
    }

    uint64_t below(uint64_t n) override {
        return std::uniform_int_distribution<uint64_t>(0, n - 1)(engine_);
    }
    uint64_t next() { return engine_(); }

private:
    static uint64_t seed_from_environment() {
        if (const char *text = std::getenv("SN_SEED"))
            return std::strtoull(text, nullptr, 0);
        return std::random_device{}();
    }

    std::mt19937_64 engine_;
};

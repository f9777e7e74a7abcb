// SPDX-License-Identifier: GPL-2.0-only OR MIT
// What the programs of the machine tests share: a check that says what it saw, and a main that
// turns an exception into a sentence and a status.
#pragma once

#include <supernode/client.hpp>

#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace vmtest {

template<typename... Args>
void require(bool holds, fmt::format_string<Args...> what, Args &&...args) {
    if (!holds)
        throw std::runtime_error(fmt::format(what, std::forward<Args>(args)...));
}

/// The first region of a device.
inline supernode::Region region_of(supernode::Client &client, std::string_view device) {
    for (const auto &d : client.devices())
        if (d.name == device && !d.regions.empty())
            return client.region(d.regions.front().id);
    throw std::runtime_error(fmt::format("there is no device '{}' with a region", device));
}

inline std::uint32_t device_id(supernode::Client &client, std::string_view name) {
    for (const auto &d : client.devices())
        if (d.name == name)
            return d.id;
    throw std::runtime_error(fmt::format("there is no device '{}'", name));
}

/// A word at an index, the same in every process that knows the seed (splitmix64).
inline std::uint64_t pattern(std::uint64_t seed, std::uint64_t index) {
    std::uint64_t z = seed * 0x9e3779b97f4a7c15 + index;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

template<typename Main>
int run(Main &&main) {
    try {
        std::forward<Main>(main)();
        return 0;
    } catch (const std::exception &e) {
        fmt::print(stderr, "FAILED: {}\n", e.what());
        return 1;
    }
}

} // namespace vmtest

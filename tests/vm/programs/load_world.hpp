// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The topology that the load runs on.
//
//   cpu0 ===== cpu1                registered by sn_host (cpu1 on two nodes)
//    |  \        |
//   sim0 frail*  sim1 = cpu0       sim*: stay, and fail now and then in ways nobody may notice
//     \   |                        frail*: fail in all ways, vanish and come back
//      switch                      dyn*, victim*: made and removed by those who test that
//
// sim0 and sim1 have a link of their own that comes, goes and flaps; without it what goes between
// them is staged in the host's memory.
#pragma once

#include "load_board.hpp"

#include <filesystem>

namespace load {

inline bool is_frail(std::string_view device) {
    return !device.starts_with("cpu") && !device.starts_with("sim");
}

/// A dump gives up when the topology moves all the time: then it is asked for again.
template<typename Ask>
auto insist(Ask &&ask) {
    for (const auto end = Clock::now() + 60s;;) {
        try {
            return ask();
        } catch (const Error &e) {
            if (e.code() != EAGAIN || Clock::now() > end)
                throw;
        }
    }
}

/// Nothing when the device is not there just now.
inline std::optional<Device> find(Client &client, std::string_view name) {
    for (auto &device : insist([&] { return client.devices(); }))
        if (device.name == name)
            return std::move(device);
    return std::nullopt;
}

inline std::optional<std::uint32_t> find_device(Client &client, std::string_view name) {
    const auto device = find(client, name);
    return device ? std::optional(device->id) : std::nullopt;
}

inline std::optional<std::uint32_t> find_region(Client &client, std::string_view name) {
    const auto device = find(client, name);
    return device && !device->regions.empty() ? std::optional(device->regions.front().id)
                                              : std::nullopt;
}

/// Of a device that stays.
inline std::uint32_t device_id(Client &client, std::string_view name) {
    const auto id = find_device(client, name);
    require(id.has_value(), "device {} is gone", name);
    return *id;
}

inline DeviceSpec accelerator(std::string name, std::uint64_t bytes = 96 * simtest::mib) {
    auto spec = simtest::gpu(std::move(name), bytes);
    spec.ports = 32;
    spec.engines = {{.channels = 2, .depth = 4, .bytes_per_sec = 10'000'000'000},
                    {.channels = 1, .depth = 2, .bytes_per_sec = 5'000'000'000}};
    return spec;
}

inline void build_world(Client &client) {
    const auto cpu0 = device_id(client, "cpu0");
    const auto cpu1 = find_device(client, "cpu1").value_or(cpu0);
    auto txn = client.begin("load");
    const auto sim0 = txn.device_new(accelerator("sim0"));
    const auto sim1 = txn.device_new(accelerator("sim1"));
    DeviceSpec fabric;
    fabric.name = "switch";
    fabric.kind = DeviceKind::switch_;
    fabric.ports = 64;
    const auto middle = txn.device_new(fabric);
    txn.link_new(simtest::link(sim0, cpu0));
    txn.link_new(simtest::link(sim1, cpu1));
    txn.link_new(simtest::link(sim1, cpu0, 5'000'000'000));
    txn.link_new(simtest::link(sim0, middle, 20'000'000'000));
    txn.commit();
}

/// The knobs of a device and of those of its name that still drain: sim0, sim0+2 ...
template<typename Visit>
void for_each_knobs(std::string_view device, Visit &&visit) {
    std::error_code gone;
    for (std::filesystem::directory_iterator at("/sys/kernel/debug/sn_sim", gone), end;
         !gone && at != end; at.increment(gone)) {
        const std::string name = at->path().filename();
        if (name == device || name.starts_with(fmt::format("{}+", device)))
            visit(name);
    }
}

/// False when the device is gone.
inline bool turn(std::string_view device, std::string_view knob, std::int64_t value) {
    std::ofstream out(simtest::knob_path(device, knob));
    out << value << std::flush;
    return out.good();
}

/// Staged: the device and all its links. False when somebody else has taken it out.
inline bool stage_removal(Client &client, Transaction &txn, std::uint32_t id, bool force) {
    try {
        for (const auto &link : insist([&] { return client.links(); }))
            if (link.device_a == id || link.device_b == id)
                txn.link_del(link.id);
        txn.device_del(id, force);
        return true;
    } catch (const Error &e) {
        if (e.code() != ENOENT && e.code() != EBUSY)
            throw;
        return false;
    }
}

/// Tries until it is gone: others commit meanwhile.
inline void remove_device(Client &client, const std::string &name) {
    for (const auto end = Clock::now() + 60s; const auto id = find_device(client, name);) {
        require(Clock::now() < end, "device {} cannot be removed", name);
        auto txn = client.begin();
        if (!stage_removal(client, txn, *id, true))
            continue;
        try {
            txn.commit();
        } catch (const Error &e) {
            require(e.code() == ESTALE || e.code() == EBUSY, "removing {}: {}", name, e.what());
        }
    }
}

} // namespace load

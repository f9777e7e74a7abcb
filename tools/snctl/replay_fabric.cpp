// SPDX-License-Identifier: GPL-2.0-only OR MIT
// KV pools as buffers and plan operations as transfers.
#include "replay_fabric.hpp"

#include <supernode/name_range.hpp>
#include <supernode/units.hpp>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <map>
#include <set>
#include <stdexcept>

namespace supernode::replay {

namespace {

/// Where a device keeps KV: the region with the most room.
const Region *kv_region(const Device &device) {
    const auto it = std::max_element(device.regions.begin(), device.regions.end(),
                                     [](const Region &a, const Region &b) {
                                         return a.largest_free_bytes < b.largest_free_bytes;
                                     });
    return it == device.regions.end() ? nullptr : &*it;
}

} // namespace

std::vector<Device> find_devices(Client &client, const std::vector<std::string> &names) {
    const auto all = client.devices();
    std::vector<std::string> known;
    known.reserve(all.size());
    for (const auto &device : all)
        known.push_back(device.name);
    std::vector<Device> found;
    std::set<std::string> met;
    for (const auto &name : names) {
        const auto it = std::find_if(all.begin(), all.end(),
                                     [&](const Device &device) { return device.name == name; });
        if (it == all.end()) {
            const auto near = nearest_name(name, known);
            throw std::runtime_error("there is no device '" + name + "'" +
                                     (near.empty() ? "" : "; did you mean '" + near + "'?"));
        }
        if (it->regions.empty())
            throw std::runtime_error("device '" + name + "' has no memory for KV blocks");
        if (it->state != DeviceState::live)
            throw std::runtime_error("device '" + name + "' is " +
                                     std::string(to_string(it->state)) + ", not live");
        if (!met.insert(name).second)
            throw std::runtime_error("device '" + name +
                                     "' is named twice: it can have one part in a replay");
        found.push_back(*it);
    }
    return found;
}

std::vector<Demand> find_demands(Client &client, const Plan &plan,
                                 const std::vector<Device> &devices) {
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> bytes;
    for (const auto &op : plan.ops)
        bytes[{op.src_pool, op.dst_pool}] += op.bytes();
    std::vector<Demand> demands;
    for (const auto &[pools, sum] : bytes) {
        const Device &src = devices[pools.first];
        const Device &dst = devices[pools.second];
        Path path = client.path(src.id, dst.id);
        if (path.routes.empty())
            throw std::runtime_error("no path from " + src.name + " to " + dst.name + ": " +
                                     std::string(explain(path.reason)));
        // Of what is on offer the kernel uses the routes with the fewest DMA stages.
        const auto stages =
            std::min_element(path.routes.begin(), path.routes.end(), [](auto &a, auto &b) {
                return a.stages < b.stages;
            })->stages;
        std::erase_if(path.routes, [&](const Route &route) { return route.stages != stages; });
        demands.push_back({src.id, dst.id, sum, std::move(path.routes)});
    }
    return demands;
}

SessionFabric::SessionFabric(Client &client, const Plan &plan, const std::vector<Device> &devices)
    : session_(client.open_session()), pools_(devices.size()) {
    for (std::size_t i = 0; i < devices.size(); ++i) {
        Pool &pool = pools_[i];
        const auto bytes = std::uint64_t{plan.pool_slots[i]} * plan.slot_bytes;
        if (bytes) {
            const Region *region = kv_region(devices[i]);
            if (!region || region->largest_free_bytes < bytes)
                throw std::runtime_error("the KV pool of " + devices[i].name + " needs " +
                                         human_bytes(bytes) + " in one piece, but " +
                                         human_bytes(region ? region->largest_free_bytes : 0) +
                                         " is free: replay with a smaller scale");
            BufferSpec spec;
            spec.region = region->id;
            spec.bytes = bytes;
            spec.name = "kv-" + devices[i].name.substr(0, 28);
            pool.buffer = session_.alloc_ready(spec);
            pool.mapping = UniqueMapping(pool.buffer.fd.get(), bytes);
        }
    }
}

std::span<std::byte> SessionFabric::begin_access(std::uint32_t pool, bool write) {
    Pool &at = pools_[pool];
    at.access.emplace(at.buffer.fd.get(), write ? Access::write : Access::read);
    return at.mapping.span();
}

void SessionFabric::end_access(std::uint32_t pool, bool /*write*/) {
    pools_[pool].access.reset();
}

bool SessionFabric::submit(std::uint32_t src_pool, std::uint32_t dst_pool,
                           std::span<const Piece> pieces, Class priority, std::uint64_t user_data) {
    segments_.clear();
    for (const auto &piece : pieces)
        segments_.push_back({pools_[src_pool].buffer.fd.get(), pools_[dst_pool].buffer.fd.get(),
                             piece.src_offset, piece.dst_offset, piece.bytes});
    submit_options_.priority = priority;
    submit_options_.user_data = user_data;
    try {
        session_.submit(segments_, submit_options_);
    } catch (const Error &error) {
        if (error.code() == EAGAIN) // the session is full
            return false;
        throw;
    }
    return true;
}

std::vector<Completion> SessionFabric::completions(std::uint64_t timeout_ns) {
    return session_.completions(std::chrono::milliseconds(timeout_ns / 1'000'000));
}

std::uint64_t SessionFabric::now_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
           static_cast<std::uint64_t>(now.tv_nsec);
}

} // namespace supernode::replay

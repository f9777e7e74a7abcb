// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The fabric of a replay on the real thing: one buffer of each device as its KV pool, one session.
#pragma once

#include "links.hpp"
#include "run.hpp"

#include <supernode/client.hpp>

#include <optional>
#include <string>
#include <vector>

namespace supernode::replay {

/// The devices with these names, in this order. Throws std::runtime_error with a sentence when
/// there is none, when it has no memory, or when one is named twice.
std::vector<Device> find_devices(Client &client, const std::vector<std::string> &names);

/// What the plan asks for between devices, with the routes that the kernel uses. Throws
/// std::runtime_error when there is none.
std::vector<Demand> find_demands(Client &client, const Plan &plan,
                                 const std::vector<Device> &devices);

class SessionFabric : public Fabric {
public:
    /// Allocates and maps the pools: @p devices by pool. Throws Error and std::runtime_error.
    SessionFabric(Client &client, const Plan &plan, const std::vector<Device> &devices);

    std::uint32_t transfers_max() const { return session_.transfers_max(); }

    std::span<std::byte> begin_access(std::uint32_t pool, bool write) override;
    void end_access(std::uint32_t pool, bool write) override;
    bool submit(std::uint32_t src_pool, std::uint32_t dst_pool, std::span<const Piece> pieces,
                Class priority, std::uint64_t user_data) override;
    std::vector<Completion> completions(std::uint64_t timeout_ns) override;
    std::uint64_t now_ns() override;

private:
    struct Pool {
        Buffer buffer;
        UniqueMapping mapping;
        std::optional<CpuAccess> access;
    };

    Session session_;
    std::vector<Pool> pools_;
    std::vector<Segment> segments_;
    SubmitOptions submit_options_;
};

} // namespace supernode::replay

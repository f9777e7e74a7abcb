// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Executes a plan, open loop, on anything that can move bytes, and verifies every block where it
// lands. One thread; the fabric is the only thing it talks to.
#ifndef SUPERNODE_REPLAY_RUN_HPP
#define SUPERNODE_REPLAY_RUN_HPP

#include "plan.hpp"

#include <supernode/types.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace supernode::replay {

/// One range of a transfer between two pools.
struct Piece {
    std::uint64_t src_offset = 0;
    std::uint64_t dst_offset = 0;
    std::uint64_t bytes = 0;
};

/// Pools of memory and transfers between them: the library, or a fake in tests.
class Fabric {
public:
    virtual ~Fabric() = default;

    /// CPU access to a part of a pool, as a bracket: every begin has its end.
    virtual std::span<std::byte> begin_access(std::uint32_t pool, bool write) = 0;
    virtual void end_access(std::uint32_t pool, bool write) = 0;

    /// False when it has to be tried again after a completion.
    virtual bool submit(std::uint32_t src_pool, std::uint32_t dst_pool,
                        std::span<const Piece> pieces, Class priority, std::uint64_t user_data) = 0;
    /// What ended by now; waits up to @p timeout_ns for the first.
    virtual std::vector<Completion> completions(std::uint64_t timeout_ns) = 0;
    virtual std::uint64_t now_ns() = 0;
};

struct RunOptions {
    double speed_up = 1;                            ///< of the trace's time; over 0
    std::uint32_t inflight_max = 256;               ///< transfers
    std::uint64_t stall_ns = 60'000'000'000;        ///< no completion for so long: give up
    std::function<void(std::size_t done)> progress; ///< after every operation
};

/// A block that did not arrive as it should.
struct Mismatch {
    std::uint32_t op = 0;
    std::uint32_t pool = 0;
    std::uint32_t slot = 0;
    std::uint64_t key = 0;
    std::uint64_t offset = 0; ///< of the first wrong word in the block

    bool operator==(const Mismatch &) const = default;
};

struct FailedOp {
    std::uint32_t op = 0;
    std::int32_t status = 0; ///< negative errno; 0: fewer bytes than asked for
    std::uint64_t bytes = 0; ///< that arrived
};

/// What became of one class of transfers. Times in nanoseconds, one per transfer.
struct ClassResult {
    std::uint64_t bytes = 0;
    std::vector<std::uint64_t> queue_ns;   ///< accepted to first slice
    std::vector<std::uint64_t> latency_ns; ///< accepted to end
};

struct RunResult {
    std::array<ClassResult, op_kinds> kinds; ///< by OpKind
    std::vector<std::uint64_t> late_ns;      ///< submitted after its time, one per transfer
    std::uint64_t begin_ns = 0;              ///< first submission
    std::uint64_t end_ns = 0;                ///< last end
    std::uint64_t blocks_verified = 0;
    std::uint64_t mismatches = 0;
    std::vector<Mismatch> first_mismatches; ///< at most 16
    std::uint64_t failures = 0;
    std::vector<FailedOp> first_failures; ///< at most 16
    std::uint32_t inflight_high = 0;

    std::uint64_t bytes() const {
        std::uint64_t sum = 0;
        for (const auto &kind : kinds)
            sum += kind.bytes;
        return sum;
    }
    double seconds() const { return static_cast<double>(end_ns - begin_ns) / 1e9; }
};

/// The class of a kind's transfers.
Class class_of(OpKind kind);

/// Throws std::runtime_error when the fabric stalls, and what the fabric throws.
RunResult run_plan(const Plan &plan, Fabric &fabric, const RunOptions &options);

} // namespace supernode::replay

#endif

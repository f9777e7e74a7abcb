// SPDX-License-Identifier: GPL-2.0-only OR MIT
// What a disaggregated LLM server moves for a trace: which KV block goes when from where to where.
//
// The model. Prompts are computed on prefill devices, answers on decode devices; host memory
// keeps the KV blocks of finished requests for later ones with the same prefix. A request
//   1. waits until its prefill and its decode device have room for all its blocks, in order of
//      arrival;
//   2. loads the longest prefix whose blocks host memory has (class normal);
//   3. computes the rest on its prefill device, then hands all its blocks to its decode device
//      (class latency), which frees the prefill device;
//   4. decodes; then the blocks that host memory lacks are evicted into it (class bulk), at once
//      or when the decode device needs the room. Host memory drops what was used longest ago.
// KV that decoding itself adds stays on the decode device and is dropped: no trace says whether a
// later prompt continues it.
//
// Planning is pure: it knows no clock but the trace's and no device but by index. Data hazards
// are part of a plan: an operation names those that must be over before it may begin.
#ifndef SUPERNODE_REPLAY_PLAN_HPP
#define SUPERNODE_REPLAY_PLAN_HPP

#include "trace.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace supernode::replay {

enum class Choice { round_robin, least_loaded };
enum class Evict { at_end, when_full };

struct Model {
    std::uint32_t prefill_devices = 4;
    std::uint32_t decode_devices = 4;
    /// Capacities of the machine that is modelled: before scale.
    std::uint64_t device_bytes = std::uint64_t{64} << 30;
    std::uint64_t host_bytes = std::uint64_t{1} << 40;
    std::uint64_t bytes_per_token = std::uint64_t{320} << 10;
    double scale = 1; ///< fraction of its bytes that a block has in the replay, at most 1
    Choice choice = Choice::least_loaded;
    Evict evict = Evict::at_end;
    std::uint64_t prefill_tokens_per_sec = 20'000; ///< per request
    std::uint64_t decode_ns_per_token = 25'000'000;
    std::uint32_t moves_max = 1024; ///< in one operation
};

enum class OpKind { load, handoff, write_back };
inline constexpr std::size_t op_kinds = 3;

/// A block on its way from a slot of one pool to a slot of another.
struct Move {
    std::uint64_t key = 0; ///< what the block contains: see block_key()
    std::uint32_t src_slot = 0;
    std::uint32_t dst_slot = 0;
    std::uint32_t bytes = 0;
    bool produced = false; ///< computed at the source just now: fill the source before the move

    bool operator==(const Move &) const = default;
};

/// Becomes one transfer.
struct Op {
    OpKind kind = OpKind::load;
    std::uint64_t time_ns = 0; ///< of the trace; not before this
    std::uint32_t request = 0; ///< index into the trace
    std::uint32_t src_pool = 0;
    std::uint32_t dst_pool = 0;
    std::vector<Move> moves;
    std::vector<std::uint32_t> after; ///< operations that must be over, ascending, all lower

    bool operator==(const Op &) const = default;
    std::uint64_t bytes() const {
        std::uint64_t sum = 0;
        for (const auto &move : moves)
            sum += move.bytes;
        return sum;
    }
};

struct Plan {
    // Pools: 0 is host memory, then the prefill devices, then the decode devices.
    std::uint32_t prefill_devices = 0;
    std::uint32_t decode_devices = 0;
    std::uint32_t slot_bytes = 0;
    std::vector<std::uint32_t> pool_slots; ///< slots in use at most, by pool
    std::vector<Op> ops;                   ///< by time

    std::size_t requests = 0;
    std::uint64_t blocks = 0;
    std::uint64_t hit_blocks = 0;
    std::uint64_t dropped_blocks = 0; ///< host memory was full of newer ones
    std::size_t delayed_requests = 0; ///< waited for room
    std::uint64_t delay_max_ns = 0;

    static constexpr std::uint32_t host_pool = 0;
    std::uint32_t prefill_pool(std::uint32_t device) const { return 1 + device; }
    std::uint32_t decode_pool(std::uint32_t device) const { return 1 + prefill_devices + device; }
    double hit_rate() const {
        return blocks ? static_cast<double>(hit_blocks) / static_cast<double>(blocks) : 0;
    }
};

/// A model that cannot serve a trace, in a sentence.
class PlanError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Content of a block: its id and how many of its tokens are there. A block of a request without
/// ids has a key that no other block has.
constexpr std::uint64_t block_key(std::uint64_t hash_id, std::uint32_t tokens) {
    return hash_id << 10 | tokens;
}

/// Bytes of a block in the replay: scaled, at least 4 KiB, in whole pages of 4 KiB.
/// Throws PlanError when that is not under 2 GiB.
std::uint32_t block_bytes(const Model &model, std::uint32_t tokens);

/// Throws PlanError.
Plan make_plan(const std::vector<Request> &requests, const Model &model);

} // namespace supernode::replay

#endif

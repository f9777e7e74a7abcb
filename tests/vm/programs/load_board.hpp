// SPDX-License-Identifier: GPL-2.0-only OR MIT
// What all processes of the load share: the count of each operation, the first failure, the end.
#pragma once

#include "simtest.hpp"

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cstring>
#include <initializer_list>
#include <random>
#include <span>
#include <string_view>

namespace load {

using namespace supernode;
using vmtest::require;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

/// Every kind of operation; each has to succeed, or a load would be one of refusals.
enum class Op {
    txn_begin,
    txn_commit,
    txn_dry_run,
    txn_stale,
    txn_abort,
    device_add,
    device_remove,
    device_force_remove,
    link_add,
    link_remove,
    link_down,
    link_up,
    session_open,
    session_close,
    session_close_busy,
    buffer_small,
    buffer_large,
    buffer_map,
    buffer_unmap,
    buffer_cpu_access,
    buffer_pass,
    buffer_fork,
    buffer_release,
    buffer_info,
    submit_single,
    submit_many,
    submit_staged,
    submit_in_fence,
    submit_out_fence,
    host_to_sim,
    sim_to_host,
    sim_to_sim,
    transfer_get,
    transfer_cancel,
    wait_by_fence,
    wait_by_poll,
    wait_by_read,
    transfer_done,
    transfer_cancelled,
    transfer_failed,
    fault_error,
    fault_hang,
    fault_late,
    fault_disobey,
    fault_vanish,
    get_one,
    dump,
    path,
    stats,
    debugfs_read,
    event_topology,
    event_buffer,
    event_transfer,
    event_fault,
    process_killed,
    importer_attach,
    importer_map,
    importer_checksum,
    importer_detach,
    importer_unload,
    unload_refused,
    count
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(Op::count)> op_names{
    "txn begin",
    "txn commit",
    "txn dry run",
    "txn stale",
    "txn abort",
    "device add",
    "device remove",
    "device force remove",
    "link add",
    "link remove",
    "link down",
    "link up",
    "session open",
    "session close",
    "session close busy",
    "buffer small",
    "buffer large",
    "buffer map",
    "buffer unmap",
    "buffer cpu access",
    "buffer pass fd",
    "buffer fork",
    "buffer release",
    "buffer info",
    "submit 1 segment",
    "submit segments",
    "submit staged",
    "submit in-fence",
    "submit out-fence",
    "host to sim",
    "sim to host",
    "sim to sim",
    "transfer get",
    "transfer cancel",
    "wait by fence",
    "wait by poll",
    "wait by read",
    "transfer done",
    "transfer cancelled",
    "transfer failed",
    "fault error",
    "fault hang",
    "fault late",
    "fault disobedience",
    "fault vanish",
    "get",
    "dump",
    "path",
    "stats",
    "debugfs read",
    "event topology",
    "event buffer",
    "event transfer",
    "event fault",
    "process killed",
    "importer attach",
    "importer map",
    "importer checksum",
    "importer detach",
    "importer unload",
    "unload refused"};

struct Counter {
    std::atomic<std::uint64_t> done;
    std::atomic<std::uint64_t> refused;
};

/// Shared memory: everything in it works across processes, and after one of them was killed.
struct Board {
    std::array<Counter, static_cast<std::size_t>(Op::count)> ops;
    std::atomic<std::uint64_t> verified_transfers;
    std::atomic<std::uint64_t> verified_bytes;
    std::atomic<std::uint64_t> accepted;
    std::atomic<bool> stop;
    std::atomic<bool> failed;
    std::atomic<bool> told; ///< why is whole
    char why[1024];

    Counter &operator[](Op op) { return ops[static_cast<std::size_t>(op)]; }
    void done(Op op) { (*this)[op].done++; }

    /// The first one's words stay.
    void fail(std::string_view who, std::string_view what) {
        if (!failed.exchange(true)) {
            const auto text = fmt::format("{}: {}", who, what);
            std::strncpy(why, text.c_str(), sizeof(why) - 1);
            told = true;
        }
        stop = true;
    }

    static Board &create() {
        void *const at =
            mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        require(at != MAP_FAILED, "no shared memory");
        return *new (at) Board{};
    }
};

using Errnos = std::initializer_list<int>;

/// Counts the call. A refusal with one of the errnos gives false; with any other it is a failure.
template<typename Call>
bool attempt(Board &board, Op op, Errnos allowed, Call &&call) {
    try {
        call();
    } catch (const Error &e) {
        if (std::ranges::find(allowed, e.code()) == allowed.end())
            throw std::runtime_error(fmt::format("{}: {} ({}) is not among what it may say",
                                                 op_names[static_cast<std::size_t>(op)], e.what(),
                                                 errno_name(e.code())));
        board[op].refused++;
        return false;
    }
    board.done(op);
    return true;
}

/// Each actor has its own, made of the load's seed and its number.
class Random {
public:
    Random(std::uint64_t seed, std::uint64_t number) : engine_(vmtest::pattern(seed, number)) {}
    std::uint64_t below(std::uint64_t n) { return engine_() % n; }
    std::uint64_t between(std::uint64_t low, std::uint64_t high) {
        return low + below(high - low + 1);
    }
    bool chance(unsigned percent) { return below(100) < percent; }

private:
    std::mt19937_64 engine_;
};

/// What an actor needs to know; copied into its thread.
struct Actor {
    Board &board;
    std::uint64_t seed;
    std::uint64_t number;
    std::string name;

    bool going() const { return !board.stop.load(std::memory_order_relaxed); }
    Random random() const { return Random(seed, number); }
    void pause(std::uint64_t ms) const {
        for (const auto end = Clock::now() + std::chrono::milliseconds(ms);
             going() && Clock::now() < end;)
            std::this_thread::sleep_for(
                std::min<std::chrono::milliseconds>(20ms, std::chrono::milliseconds(ms)));
    }
};

/// Runs an actor; what it throws is the load's failure.
template<typename Function>
void act(const Actor &actor, Function &&function) {
    try {
        function(actor);
    } catch (const std::exception &e) {
        actor.board.fail(fmt::format("{} (seed {})", actor.name, actor.seed), e.what());
    }
}

} // namespace load

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// What a fuzzer's worker does: a flat list of plain nodes, so that a program is copied, cut,
// mutated and kept in shared memory as it is. Fds and ids are named by kind and number and get
// their values when the program runs: the same program means the same in another machine.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace fuzz {

/// splitmix64: a stream that depends on nothing but its seed.
class Rng {
public:
    explicit Rng(std::uint64_t seed) : state_(seed) {}
    Rng(std::uint64_t seed, std::uint64_t worker, std::uint64_t iteration)
        : state_(seed * 0x9e3779b97f4a7c15 ^ worker * 0xd1342543de82ef95 ^
                 iteration * 0xaf251af3b0f025b5) {}

    std::uint64_t next() {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
    std::uint32_t below(std::uint64_t limit) {
        return limit ? static_cast<std::uint32_t>(next() % limit) : 0;
    }
    bool chance(std::uint32_t percent) { return below(100) < percent; }
    template<typename Container>
    const auto &pick(const Container &from) {
        return from[below(std::size(from))];
    }

private:
    std::uint64_t state_;
};

enum class What : std::uint8_t {
    message,   ///< type: command; size: netlink flags; kind: socket; value: version and reserved
    attribute, ///< type: number and flags
    nest,      ///< the same, up to its end
    binary,    ///< the same, with parts
    part,      ///< a value without a header
    end,
    action, ///< type: Action; kind: of the fd; value: its number; size: argument
};
inline constexpr std::array what_names{"message", "attr", "nest", "binary", "part", "end", "do"};

enum class Form : std::uint8_t { none, u8, u16, u32, u64, s32, string, bytes, fd, id, id64 };
inline constexpr std::array form_names{"none",   "u8",    "u16", "u32", "u64", "s32",
                                       "string", "bytes", "fd",  "id",  "id64"};

/// Fds that a worker has. Those from `first_foreign` on are made once and stay.
enum FdKind : std::uint8_t {
    fd_session,
    fd_buffer,
    fd_txn,
    fd_fence,
    fd_first_foreign,
    fd_file = fd_first_foreign,
    fd_pipe,
    fd_event,
    fd_memory,
    fd_epoll,
    fd_dmabuf, ///< of another driver
    fd_socket, ///< its own
    fd_timer,
    fd_closed,
    fd_odd, ///< no number of an fd at all
    fd_kinds
};
inline constexpr std::array fd_names{"session", "buffer", "txn",    "fence", "file",
                                     "pipe",    "event",  "memory", "epoll", "dmabuf",
                                     "socket",  "timer",  "closed", "odd"};

enum IdKind : std::uint8_t {
    id_device,
    id_region,
    id_engine,
    id_link,
    id_buffer,
    id_transfer,
    id_session,
    id_other,
    id_kinds
};
inline constexpr std::array id_names{"device", "region",   "engine",  "link",
                                     "buffer", "transfer", "session", "other"};

enum class Action : std::uint16_t {
    close,
    close_kind,
    replace, ///< dup2() of a foreign fd over it
    dup,
    read,
    poll,
    map,
    unmap,
    touch,
    sync_begin,
    sync_end,
    export_fence,
    import_fence,
    merge,
    rename,
    seek,
    share, ///< to whoever adopts it
    adopt,
    join,
    leave,
    reopen,
    hold, ///< do not read answers for the next messages
    drain,
    fence, ///< of another driver, signalled when its fourth successor comes
    knob,
    pause,
    fork,
};
inline constexpr std::array action_names{
    "close",  "close-kind", "replace",    "dup",      "read",         "poll",         "map",
    "unmap",  "touch",      "sync-begin", "sync-end", "export-fence", "import-fence", "merge",
    "rename", "seek",       "share",      "adopt",    "join",         "leave",        "reopen",
    "hold",   "drain",      "fence",      "knob",     "pause",        "fork"};

struct Node {
    What what = What::end;
    Form form = Form::none;
    std::uint16_t type = 0;
    std::uint16_t count = 1; ///< how often
    std::int16_t twist = 0;  ///< added to the length that its header claims
    std::uint32_t size = 0;  ///< of string and bytes
    std::uint32_t kind = 0;  ///< of fd and id
    std::uint64_t value = 0; ///< literal, number of the fd or id, or seed of the bytes

    bool operator==(const Node &) const = default;
};
static_assert(sizeof(Node) == 32 || sizeof(Node) == 24);

using Program = std::vector<Node>;

inline bool begins_call(const Node &node) {
    return node.what == What::message || node.what == What::action;
}

/// Where each message and action begins, and the end of the last.
inline std::vector<std::size_t> calls(const Program &program) {
    std::vector<std::size_t> starts;
    for (std::size_t i = 0; i < program.size(); i++)
        if (begins_call(program[i]))
            starts.push_back(i);
    starts.push_back(program.size());
    return starts;
}

/// The node behind the end of the one at @at, with all that is nested in it.
inline std::size_t after(const Program &program, std::size_t at) {
    int depth = 0;
    for (; at < program.size(); at++) {
        const What what = program[at].what;
        depth += what == What::nest || what == What::binary;
        depth -= what == What::end;
        if (depth <= 0)
            return at + 1;
        if (at + 1 < program.size() && begins_call(program[at + 1]))
            return at + 1;
    }
    return at;
}

} // namespace fuzz

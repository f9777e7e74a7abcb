// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The kernel's multicast events.
#pragma once

#include <supernode/transport.hpp>
#include <supernode/types.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

namespace supernode {

struct TopologyEvent {
    std::uint64_t generation = 0;
};

struct BufferEvent {
    std::uint64_t id = 0;
    BufferState state = BufferState::pending;
    std::uint64_t bytes = 0;
};

/// A transfer ended.
struct TransferEvent {
    std::uint64_t id = 0;
    std::uint32_t session = 0;
    TransferState state = TransferState::done;
    std::int32_t status = 0;
    std::uint64_t done_bytes = 0;
};

struct FaultEvent {
    std::uint32_t device = 0;
    std::optional<std::uint32_t> engine;
    std::optional<std::uint64_t> transfer;
    std::int32_t status = 0;
};

/// The reader was too slow and the kernel dropped events: look at the state again.
struct LostEvent {};

using Event = std::variant<TopologyEvent, BufferEvent, TransferEvent, FaultEvent, LostEvent>;

namespace group {
inline constexpr std::string_view topology = "topology";
inline constexpr std::string_view memory = "memory";     // administrator, initial namespace
inline constexpr std::string_view transfer = "transfer"; // likewise
inline constexpr std::string_view fault = "fault";       // likewise
} // namespace group

class EventStream {
public:
    /// Joins the groups. Throws Error.
    explicit EventStream(std::span<const std::string_view> groups);
    EventStream(std::unique_ptr<Transport> transport, std::span<const std::string_view> groups);

    /// Nothing when the time is over. Throws Error. Events of kinds it does not know are skipped.
    std::optional<Event> next(Timeout timeout = forever);
    /// For poll(). Call next(0 ms) until it gives nothing: one datagram may hold several.
    int fd() const { return transport_->fd(); }

private:
    void decode(std::span<const std::byte> datagram);

    std::unique_ptr<Transport> transport_;
    std::deque<Event> events_;
};

} // namespace supernode

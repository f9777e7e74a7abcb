// SPDX-License-Identifier: GPL-2.0-only OR MIT
// What the kernel answers, as values. Bytes are bytes, rates bytes per second, times
// CLOCK_MONOTONIC nanoseconds. See linux/supernode.h, whose values these enums have.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace supernode {

enum class DeviceKind : std::uint32_t { cpu, gpu, npu, dpu, nic, memory, storage, switch_ };
enum class DeviceState : std::uint32_t { known, live, dead };
enum class RegionKind : std::uint32_t { dram, hbm, gddr, cxl, sram, bar };
enum class LinkType : std::uint32_t {
    other,
    pcie,
    cxl,
    nvlink,
    xgmi,
    ub,
    ualink,
    ethernet,
    socket
};
enum class LinkState : std::uint32_t { down, up };
enum class Class : std::uint32_t { deadline, latency, normal, bulk, scavenger };
enum class BufferState : std::uint32_t { pending, ready, failed, lost };
enum class TransferState : std::uint32_t { waiting, queued, running, done };
enum class PathReason : std::uint32_t {
    ok,
    no_src,
    no_dst,
    src_switch,
    dst_switch,
    no_link,
    link_down,
    too_many_stages,
    no_engine,
    no_relay,
    search_limit
};
enum class CompletionType : std::uint32_t { transfer, buffer };

/// The lower-case word of a value; "unknown" for one that a newer kernel made up.
std::string_view to_string(DeviceKind value);
std::string_view to_string(DeviceState value);
std::string_view to_string(RegionKind value);
std::string_view to_string(LinkType value);
std::string_view to_string(LinkState value);
std::string_view to_string(Class value);
std::string_view to_string(BufferState value);
std::string_view to_string(TransferState value);
std::string_view to_string(PathReason value);
std::string_view to_string(CompletionType value);

/// The value of a word, for each enum above: from_string<LinkType>("pcie").
template<typename Enum>
std::optional<Enum> from_string(std::string_view word);

/// All words of an enum, in the order of their values (for help and error texts).
template<typename Enum>
std::span<const std::string_view> words();

/// A sentence for a person: "the only links that lead there are down".
std::string_view explain(PathReason reason);

/// No value: for ever.
using Timeout = std::optional<std::chrono::milliseconds>;
inline constexpr Timeout forever = std::nullopt;

/// PORT that asks the kernel for the lowest free one.
inline constexpr std::uint32_t port_any = 0xffffffff;
inline constexpr std::size_t segments_max = 1024;

struct Features {
    std::string version;
    std::uint32_t segments_max = 0;
    std::uint32_t in_fences_max = 0;
    std::uint32_t stages_max = 0;
    std::uint32_t paths_max = 0;
    std::uint64_t fence_limit_ns = 0;
    std::vector<std::string> backends;

    bool operator==(const Features &) const = default;
};

struct TopologyInfo {
    std::uint64_t generation = 0;
    std::string name;
    std::uint32_t devices = 0;
    std::uint32_t links = 0;

    bool operator==(const TopologyInfo &) const = default;
};

struct Region {
    std::uint32_t id = 0;
    std::uint32_t device = 0;
    std::uint32_t index = 0;
    RegionKind kind = RegionKind::dram;
    std::uint64_t bytes = 0;
    std::uint32_t page_bytes = 0;
    std::int32_t node = -1; ///< NUMA node, -1: none
    std::uint64_t free_bytes = 0;
    std::uint64_t largest_free_bytes = 0;
    std::uint32_t buffers = 0;

    bool operator==(const Region &) const = default;
};

struct Engine {
    std::uint32_t id = 0;
    std::uint32_t device = 0;
    std::uint32_t index = 0;
    std::uint32_t channels = 0;
    std::uint32_t depth = 0;
    std::uint64_t bytes_per_sec = 0; ///< per channel, 0: not stated
    std::uint64_t latency_ns = 0;
    std::uint64_t bytes = 0;
    std::uint64_t copies = 0;
    std::uint64_t errors = 0;
    std::uint32_t inflight = 0;

    bool operator==(const Engine &) const = default;
};

struct Device {
    std::uint32_t id = 0;
    std::string name;
    DeviceKind kind = DeviceKind::cpu;
    DeviceState state = DeviceState::known;
    std::string backend;
    std::uint32_t host = 0;
    std::int32_t node = -1; ///< NUMA node, -1: none
    std::uint32_t ports = 0;
    std::uint32_t buffers = 0;
    std::vector<Region> regions;
    std::vector<Engine> engines;

    bool operator==(const Device &) const = default;
};

struct Link {
    std::uint32_t id = 0;
    std::uint32_t device_a = 0;
    std::uint32_t port_a = 0;
    std::uint32_t device_b = 0;
    std::uint32_t port_b = 0;
    LinkType type = LinkType::other;
    std::uint64_t bytes_per_sec_ab = 0;
    std::uint64_t bytes_per_sec_ba = 0; ///< 0: one way
    std::uint64_t latency_ns_ab = 0;
    std::uint64_t latency_ns_ba = 0;
    LinkState admin = LinkState::up;
    LinkState oper = LinkState::up;
    std::uint64_t bytes_ab = 0;
    std::uint64_t bytes_ba = 0;
    std::uint64_t slices_ab = 0;
    std::uint64_t slices_ba = 0;
    std::uint64_t inflight_bytes_ab = 0;
    std::uint64_t inflight_bytes_ba = 0;

    bool operator==(const Link &) const = default;
};

struct Partition {
    std::uint32_t id = 0;
    std::string name;
    std::uint32_t devices = 0;

    bool operator==(const Partition &) const = default;
};

struct Tenant {
    std::uint32_t id = 0;
    std::string name;
    std::uint32_t partition = 0;
    std::uint32_t sessions = 0;
    std::uint32_t buffers = 0;
    std::uint64_t buffer_bytes = 0;

    bool operator==(const Tenant &) const = default;
};

struct Hop {
    std::uint32_t link = 0;
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    std::uint32_t stage = 0;

    bool operator==(const Hop &) const = default;
};

struct Route {
    std::uint64_t bytes_per_sec = 0; ///< of its narrowest link, 0: no link
    std::uint64_t latency_ns = 0;
    std::uint32_t stages = 0;
    std::vector<Hop> hops;

    bool operator==(const Route &) const = default;
};

/// All candidate routes, widest first; or the reason why there is none, and the id of the device
/// or link that it is about.
struct Path {
    std::uint32_t src = 0;
    std::uint32_t dst = 0;
    std::uint64_t generation = 0;
    PathReason reason = PathReason::ok;
    std::optional<std::uint32_t> culprit;
    std::vector<Route> routes;

    bool operator==(const Path &) const = default;
};

struct BufferInfo {
    std::uint64_t id = 0;
    std::string name;
    std::uint32_t region = 0;
    std::uint32_t device = 0;
    std::uint64_t bytes = 0; ///< rounded up to the region's pages
    std::uint64_t offset = 0;
    BufferState state = BufferState::pending;
    std::uint32_t tenant = 0;
    std::uint32_t pid = 0; ///< of the creator, 0: not in our pid namespace
    std::string comm;
    std::uint32_t mappings = 0;
    std::uint32_t transfers = 0;
    std::vector<std::string> attachments; ///< importers by device name
    std::uint64_t user_data = 0;

    bool operator==(const BufferInfo &) const = default;
};

struct TransferInfo {
    std::uint64_t id = 0;
    std::uint32_t session = 0;
    Class priority = Class::normal;
    TransferState state = TransferState::waiting;
    std::int32_t status = 0; ///< 0 or a negative errno, when done
    std::uint64_t bytes = 0;
    std::uint64_t done_bytes = 0;
    std::uint64_t submit_ns = 0;
    std::uint64_t start_ns = 0; ///< 0: no slice dispatched yet
    std::uint64_t end_ns = 0;
    std::uint64_t user_data = 0;

    bool operator==(const TransferInfo &) const = default;
};

struct ClassStats {
    Class priority = Class::normal;
    std::uint64_t submitted = 0;
    std::uint64_t completed = 0;
    std::uint64_t failed = 0;
    std::uint64_t bytes = 0;
    std::uint64_t queue_ns = 0; ///< sum over transfers, submit to first slice
    std::uint64_t total_ns = 0; ///< sum over transfers, submit to end

    bool operator==(const ClassStats &) const = default;
};

struct Stats {
    std::uint32_t sessions = 0;
    std::uint32_t buffers = 0;
    std::uint64_t buffer_bytes = 0;
    std::uint64_t slices = 0;
    std::uint64_t retries = 0;
    std::uint64_t quarantined_bytes = 0;
    std::vector<ClassStats> classes;

    bool operator==(const Stats &) const = default;
};

/// One range of a transfer; laid out as struct sn_segment.
struct Segment {
    std::int32_t src_fd = -1;
    std::int32_t dst_fd = -1;
    std::uint64_t src_offset = 0;
    std::uint64_t dst_offset = 0;
    std::uint64_t bytes = 0;

    bool operator==(const Segment &) const = default;
};

/// What reading a session gives; laid out as struct sn_completion.
struct Completion {
    std::uint64_t id = 0;
    std::uint64_t user_data = 0;
    std::uint64_t bytes = 0;
    std::uint64_t submit_ns = 0;
    std::uint64_t start_ns = 0; ///< 0: no slice was dispatched
    std::uint64_t end_ns = 0;
    std::int32_t status = 0; ///< 0 or a negative errno
    CompletionType type = CompletionType::transfer;

    bool operator==(const Completion &) const = default;
};

// What the administrator states. An empty optional leaves the choice to the kernel.

struct RegionSpec {
    RegionKind kind = RegionKind::dram;
    std::uint64_t bytes = 0;
    std::optional<std::uint32_t> page_bytes;
    std::optional<std::int32_t> node;
};

struct EngineSpec {
    std::optional<std::uint32_t> channels;
    std::optional<std::uint32_t> depth;
    std::optional<std::uint64_t> bytes_per_sec;
    std::optional<std::uint64_t> latency_ns;
};

struct DeviceSpec {
    std::string name;
    DeviceKind kind = DeviceKind::cpu;
    std::optional<std::string> backend;
    std::optional<std::uint32_t> ports;
    std::vector<RegionSpec> regions;
    std::vector<EngineSpec> engines;
};

struct LinkSpec {
    std::uint32_t device_a = 0;
    std::uint32_t device_b = 0;
    std::optional<std::uint32_t> port_a;
    std::optional<std::uint32_t> port_b;
    std::optional<LinkType> type;
    std::uint64_t bytes_per_sec_ab = 0;
    std::optional<std::uint64_t> bytes_per_sec_ba; ///< 0: one way
    std::optional<std::uint64_t> latency_ns_ab;
    std::optional<std::uint64_t> latency_ns_ba;
};

} // namespace supernode

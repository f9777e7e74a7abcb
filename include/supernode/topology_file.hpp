// SPDX-License-Identifier: GPL-2.0-only OR MIT
// A topology as an administrator states it, and its YAML form.
//
//   name: small
//   defaults:                        # optional: for keys that an entry leaves out
//     device: {backend: sim}
//     link: {latency: 1us}
//   devices:
//     - {name: cpu0, kind: cpu, backend: host}
//     - name: "gpu[0-1]"
//       kind: gpu
//       ports: 8                     # optional: as many as the links need
//       regions: [{kind: hbm, bytes: 64MiB, page: 4KiB}]
//       engines: [{count: 2, channels: 2, depth: 4, bandwidth: 40GB/s, latency: 1us}]
//   links:
//     - {between: [cpu0, "gpu[0-1]"], type: pcie, bandwidth: {ab: 53GB/s, ba: 50GB/s}}
//
// The two ends of a link may be ranges. "pair: cross" (the default) links each with each;
// "pair: zip" the first to the first and so on, and if one list is k times as long as the other,
// k consecutive ones to each; "pair: mesh" each two of the one list that both ends name. An end is
// "gpu0:3" (port 3) or "gpu0" (the lowest free port). A bandwidth of 0 for ba is a one-way link.
//
// Devices of a backend that registers its own (host) are not created: the file names them so that
// links can, and applying it checks that they are there.
#pragma once

#include <supernode/types.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace supernode::topology {

struct StatedRegion {
    RegionKind kind = RegionKind::dram;
    std::uint64_t bytes = 0;
    std::uint32_t page_bytes = 4096;
    std::optional<std::int32_t> node; ///< NUMA node that its pages come from

    bool operator==(const StatedRegion &) const = default;
};

struct StatedEngine {
    std::uint32_t channels = 1;
    std::uint32_t depth = 1;
    std::uint64_t bytes_per_sec = 0;
    std::uint64_t latency_ns = 0;

    bool operator==(const StatedEngine &) const = default;
};

struct StatedDevice {
    std::string name;
    DeviceKind kind = DeviceKind::cpu;
    std::string backend = "none";
    std::optional<std::uint32_t> ports; ///< unset: as many as its links need
    std::vector<StatedRegion> regions;
    std::vector<StatedEngine> engines;

    bool operator==(const StatedDevice &) const = default;
};

struct StatedLink {
    std::string device_a;
    std::uint32_t port_a = port_any;
    std::string device_b;
    std::uint32_t port_b = port_any;
    LinkType type = LinkType::other;
    std::uint64_t bytes_per_sec_ab = 0;
    std::uint64_t bytes_per_sec_ba = 0; ///< 0: one way
    std::uint64_t latency_ns_ab = 0;
    std::uint64_t latency_ns_ba = 0;

    bool operator==(const StatedLink &) const = default;
};

struct Topology {
    std::string name;
    std::vector<StatedDevice> devices;
    std::vector<StatedLink> links;

    bool operator==(const Topology &) const = default;
};

inline constexpr std::size_t name_bytes_max = 31;
inline constexpr std::size_t device_regions_max = 8;
inline constexpr std::size_t device_engines_max = 16;
inline constexpr std::uint32_t device_ports_max = 1024;
inline constexpr std::size_t devices_max = 4096;
inline constexpr std::size_t links_max = 65536;
inline constexpr std::size_t problems_max = 20;
inline constexpr std::size_t file_bytes_max = std::size_t{1} << 20;

struct Problem {
    int line; ///< from 1; 0: the file as a whole
    int column;
    std::string sentence;
};

/// All that is wrong with a file, at most problems_max; what() has one "file:line:col: sentence"
/// per line.
class FileError : public std::runtime_error {
public:
    FileError(const std::string &file, std::vector<Problem> problems);

    const std::vector<Problem> &problems() const { return problems_; }

private:
    std::vector<Problem> problems_;
};

/// True for a backend whose devices come by themselves and not from a topology.
bool registers_its_own(std::string_view backend);

/// Throws FileError; @file is the name that its messages use.
Topology read_topology(const std::string &text, const std::string &file);

/// Text that read_topology() reads back to the same topology.
std::string write_topology(const Topology &topology);

} // namespace supernode::topology

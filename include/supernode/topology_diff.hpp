// SPDX-License-Identifier: GPL-2.0-only OR MIT
// What has to change in the kernel so that it has the topology that a file states.
#pragma once

#include <supernode/client.hpp>
#include <supernode/topology_file.hpp>
#include <supernode/types.hpp>

#include <string>
#include <vector>

namespace supernode::topology {

/// What the kernel has.
struct Current {
    TopologyInfo info;
    std::vector<std::string> backends; ///< that create what a topology states
    std::vector<Device> devices;
    std::vector<Link> links;

    /// True when a topology made the device, and not its backend.
    bool is_stated(const Device &device) const;
};

Current read_current(Client &client);

/// The kernel's topology as a file would state it. Ports of links are explicit.
Topology stated(const Current &current);

/// A changed device or link is in both lists. What is deleted comes first when it is applied.
/// Devices that backends registered stay, and so do links between two of them, unless the file
/// states links between the same two, or insists on a port that such a link has.
struct Diff {
    std::vector<Device> deleted_devices;
    std::vector<Link> deleted_links;
    std::vector<StatedDevice> added_devices; ///< with their ports filled in
    std::vector<StatedLink> added_links;     ///< with their ports filled in
    std::vector<std::string> missing;        ///< sentences: what a backend should have registered
    bool renamed = false;

    bool empty() const {
        return deleted_devices.empty() && deleted_links.empty() && added_devices.empty() &&
               added_links.empty() && !renamed;
    }
};

Diff diff(const Topology &wanted, const Current &current);

/// What a link is for the kernel once its ends have ids.
LinkSpec link_spec(const StatedLink &link, std::uint32_t device_a, std::uint32_t device_b);
DeviceSpec device_spec(const StatedDevice &device);

/// Stages the difference in one transaction and commits it. Throws Error.
TopologyInfo apply(Client &client, const Topology &wanted, const Current &current,
                   const Diff &difference, bool dry_run);

} // namespace supernode::topology

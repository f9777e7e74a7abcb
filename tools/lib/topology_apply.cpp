// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// Reads what the kernel has and stages a difference in one transaction. Decides nothing.
#include <supernode/topology_diff.hpp>

#include <cerrno>
#include <map>

namespace supernode::topology {

Current read_current(Client &client) {
    // The dumps are consistent each by itself; the generation tells whether they are together.
    constexpr int attempts = 8;
    Current current;
    for (int i = 0; i < attempts; i++) {
        current.info = client.topology();
        current.backends = client.features().backends;
        current.devices = client.devices();
        current.links = client.links();
        if (client.topology().generation == current.info.generation)
            return current;
    }
    throw Error(EAGAIN, "TOPOLOGY_GET", "the topology changed each time it was read");
}

DeviceSpec device_spec(const StatedDevice &device) {
    DeviceSpec spec{device.name, device.kind, device.backend, device.ports, {}, {}};
    for (const StatedRegion &region : device.regions)
        spec.regions.push_back({region.kind, region.bytes, region.page_bytes, region.node});
    for (const StatedEngine &engine : device.engines)
        spec.engines.push_back(
            {engine.channels, engine.depth, engine.bytes_per_sec, engine.latency_ns});
    return spec;
}

LinkSpec link_spec(const StatedLink &link, std::uint32_t device_a, std::uint32_t device_b) {
    const auto port = [](std::uint32_t number) {
        return number == port_any ? std::nullopt : std::optional(number);
    };
    LinkSpec spec;
    spec.device_a = device_a;
    spec.device_b = device_b;
    spec.port_a = port(link.port_a);
    spec.port_b = port(link.port_b);
    spec.type = link.type;
    spec.bytes_per_sec_ab = link.bytes_per_sec_ab;
    spec.bytes_per_sec_ba = link.bytes_per_sec_ba;
    spec.latency_ns_ab = link.latency_ns_ab;
    spec.latency_ns_ba = link.latency_ns_ba;
    return spec;
}

TopologyInfo apply(Client &client, const Topology &wanted, const Current &current,
                   const Diff &difference, bool dry_run) {
    std::map<std::string, std::uint32_t> ids;
    for (const Device &device : current.devices)
        ids[device.name] = device.id;

    Transaction transaction = client.begin(wanted.name.empty() ? current.info.name : wanted.name);
    if (transaction.generation() != current.info.generation)
        throw Error(ESTALE, "TOPOLOGY_BEGIN", "the topology changed since it was read");
    // Links go before the devices that have them, and come after.
    for (const Link &link : difference.deleted_links)
        transaction.link_del(link.id);
    for (const Device &device : difference.deleted_devices)
        transaction.device_del(device.id);
    for (const StatedDevice &device : difference.added_devices)
        ids[device.name] = transaction.device_new(device_spec(device));
    for (const StatedLink &link : difference.added_links)
        transaction.link_new(link_spec(link, ids.at(link.device_a), ids.at(link.device_b)));
    return transaction.commit(dry_run);
}

} // namespace supernode::topology

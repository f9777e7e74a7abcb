// SPDX-License-Identifier: GPL-2.0-only OR MIT
#pragma once

#include <supernode/topology_diff.hpp>

#include <algorithm>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace supernode::topology {

/// What the kernel would have: applies differences by the rules of the contract.
class FakeKernel {
public:
    FakeKernel() { state_.backends = {"sim"}; }

    const Current &state() const { return state_; }

    void register_host(const std::string &name) {
        Device device;
        device.id = next_id_++;
        device.name = name;
        device.backend = "host";
        device.state = DeviceState::live;
        device.ports = 1024;
        device.regions = {{next_id_++, device.id, 0, RegionKind::dram, 1 << 20, 4096, 0, 0, 0, 0}};
        device.engines = {{next_id_++, device.id, 0, 1, 2, 0, 0, 0, 0, 0, 0}};
        state_.devices.push_back(device);
    }

    void link(StatedLink stated) {
        Link link;
        link.id = next_id_++;
        link.device_a = id(stated.device_a);
        link.device_b = id(stated.device_b);
        link.port_a = take_port(link.device_a, stated.port_a);
        link.port_b = take_port(link.device_b, stated.port_b);
        link.type = stated.type;
        link.bytes_per_sec_ab = stated.bytes_per_sec_ab;
        link.bytes_per_sec_ba = stated.bytes_per_sec_ba;
        link.latency_ns_ab = stated.latency_ns_ab;
        link.latency_ns_ba = stated.latency_ns_ba;
        state_.links.push_back(link);
    }

    void apply(const Topology &wanted) {
        const Diff difference = diff(wanted, state_);
        ASSERT_TRUE(difference.missing.empty()) << difference.missing.front();
        for (const Link &link : difference.deleted_links)
            ASSERT_EQ(std::erase_if(state_.links, [&](auto &l) { return l.id == link.id; }), 1U);
        for (const Device &device : difference.deleted_devices) {
            for (const Link &link : state_.links)
                ASSERT_TRUE(link.device_a != device.id && link.device_b != device.id);
            ASSERT_EQ(std::erase_if(state_.devices, [&](auto &d) { return d.id == device.id; }),
                      1U);
        }
        for (const StatedDevice &stated : difference.added_devices) {
            for (const Device &device : state_.devices)
                ASSERT_NE(device.name, stated.name);
            Device device;
            device.id = next_id_++;
            device.name = stated.name;
            device.kind = stated.kind;
            device.backend = stated.backend;
            device.ports = *stated.ports;
            for (const StatedRegion &region : stated.regions)
                device.regions.push_back({next_id_++, device.id, 0, region.kind, region.bytes,
                                          region.page_bytes, region.node.value_or(-1), 0, 0, 0});
            for (const StatedEngine &engine : stated.engines)
                device.engines.push_back({next_id_++, device.id, 0, engine.channels, engine.depth,
                                          engine.bytes_per_sec, engine.latency_ns, 0, 0, 0, 0});
            state_.devices.push_back(device);
        }
        for (const StatedLink &stated : difference.added_links)
            link(stated);
        state_.info.name = wanted.name;
        state_.info.generation++;
        EXPECT_TRUE(diff(wanted, state_).empty()) << "applying it twice changes something";
    }

private:
    std::uint32_t id(const std::string &name) const {
        const auto found = std::find_if(state_.devices.begin(), state_.devices.end(),
                                        [&](const Device &device) { return device.name == name; });
        EXPECT_NE(found, state_.devices.end()) << name;
        return found == state_.devices.end() ? 0 : found->id;
    }

    std::uint32_t take_port(std::uint32_t device, std::uint32_t wanted) const {
        std::set<std::uint32_t> taken;
        for (const Link &link : state_.links) {
            if (link.device_a == device)
                taken.insert(link.port_a);
            if (link.device_b == device)
                taken.insert(link.port_b);
        }
        std::uint32_t port = wanted == port_any ? 0 : wanted;
        while (wanted == port_any && taken.contains(port))
            port++;
        EXPECT_FALSE(taken.contains(port)) << "port " << port << " is taken";
        const auto owner = std::find_if(state_.devices.begin(), state_.devices.end(),
                                        [&](const Device &d) { return d.id == device; });
        EXPECT_LT(port, owner->ports) << owner->name;
        return port;
    }

    Current state_;
    std::uint32_t next_id_ = 1;
};

} // namespace supernode::topology

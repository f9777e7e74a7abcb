// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include <supernode/topology_diff.hpp>

#include <algorithm>
#include <fstream>
#include <random>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

namespace supernode::topology {
namespace {

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

Topology shipped(const std::string &name) {
    std::stringstream text;
    text << std::ifstream(std::string(TOPOLOGIES_DIR) + "/" + name + ".yaml").rdbuf();
    return read_topology(text.str(), name);
}

FakeKernel two_sockets() {
    FakeKernel kernel;
    kernel.register_host("cpu0");
    kernel.register_host("cpu1");
    return kernel;
}

TEST(TopologyDiff, apply_reaches_each_shipped_topology_from_each_other) {
    FakeKernel kernel = two_sockets();
    bool sockets = false;
    for (const char *name :
         {"small", "dgx-h100", "mi300x-8", "staged-3hop", "cloudmatrix-384", "dgx-h100", "small"}) {
        const Topology wanted = shipped(name);
        kernel.apply(wanted);
        std::size_t devices = 2;
        for (const StatedDevice &device : wanted.devices)
            devices += device.backend != "host";
        EXPECT_EQ(kernel.state().devices.size(), devices) << name;
        // Between registered devices a link stays until a file speaks of the same two.
        const bool speaks =
            std::any_of(wanted.links.begin(), wanted.links.end(),
                        [](const auto &link) { return link.type == LinkType::socket; });
        sockets = sockets || speaks;
        EXPECT_EQ(kernel.state().links.size(), wanted.links.size() + (sockets && !speaks)) << name;
    }
}

TEST(TopologyDiff, export_is_read_back_and_changes_nothing) {
    FakeKernel kernel = two_sockets();
    for (const char *name : {"small", "dgx-h100", "mi300x-8", "staged-3hop", "cloudmatrix-384"}) {
        kernel.apply(shipped(name));
        const std::string text = write_topology(stated(kernel.state()));
        const Topology back = read_topology(text, "export");
        EXPECT_EQ(back, stated(kernel.state())) << text;
        EXPECT_TRUE(diff(back, kernel.state()).empty()) << text;
        // ... and on a machine that has nothing yet it makes the same.
        FakeKernel other = two_sockets();
        other.apply(back);
        EXPECT_EQ(write_topology(stated(other.state())), text);
    }
}

TEST(TopologyDiff, empty_file_removes_what_was_stated_and_keeps_what_is_registered) {
    FakeKernel kernel = two_sockets();
    kernel.link({"cpu0", port_any, "cpu1", port_any, LinkType::socket, 1000, 1000, 10, 10});
    Topology small = shipped("small");
    kernel.apply(small);
    EXPECT_EQ(kernel.state().links.size(), 3U);
    kernel.apply(Topology{"empty", {}, {}});
    EXPECT_EQ(kernel.state().devices.size(), 2U);
    EXPECT_EQ(kernel.state().links.size(), 1U);
}

TEST(TopologyDiff, stated_link_between_registered_devices_replaces_the_backends) {
    FakeKernel kernel = two_sockets();
    kernel.link({"cpu0", port_any, "cpu1", port_any, LinkType::socket, 1000, 1000, 10, 10});
    kernel.apply(shipped("dgx-h100"));
    int sockets = 0;
    for (const Link &link : kernel.state().links)
        if (link.type == LinkType::socket) {
            sockets++;
            EXPECT_EQ(link.bytes_per_sec_ab, 40000000000U);
        }
    EXPECT_EQ(sockets, 1);
}

TEST(TopologyDiff, changed_device_takes_its_links_along) {
    FakeKernel kernel = two_sockets();
    Topology small = shipped("small");
    kernel.apply(small);
    small.devices[1].regions[0].bytes *= 2;
    const Diff difference = diff(small, kernel.state());
    ASSERT_EQ(difference.deleted_devices.size(), 1U);
    EXPECT_EQ(difference.deleted_devices[0].name, "gpu0");
    EXPECT_EQ(difference.added_devices.size(), 1U);
    EXPECT_EQ(difference.deleted_links.size(), 1U);
    EXPECT_EQ(difference.added_links.size(), 1U);
    kernel.apply(small);
}

TEST(TopologyDiff, changed_rate_is_one_link_deleted_and_added) {
    FakeKernel kernel = two_sockets();
    Topology small = shipped("small");
    kernel.apply(small);
    small.links[1].bytes_per_sec_ba = 1;
    const Diff difference = diff(small, kernel.state());
    EXPECT_TRUE(difference.deleted_devices.empty() && difference.added_devices.empty());
    EXPECT_EQ(difference.deleted_links.size(), 1U);
    EXPECT_EQ(difference.added_links.size(), 1U);
}

TEST(TopologyDiff, dead_device_is_replaced) {
    FakeKernel kernel = two_sockets();
    const Topology small = shipped("small");
    kernel.apply(small);
    Current state = kernel.state();
    state.devices.back().state = DeviceState::dead;
    EXPECT_EQ(diff(small, state).deleted_devices.size(), 1U);
}

TEST(TopologyDiff, order_of_ends_does_not_matter) {
    FakeKernel kernel = two_sockets();
    Topology small = shipped("small");
    small.links[0].bytes_per_sec_ba = 7;
    kernel.apply(small);
    StatedLink &link = small.links[0];
    std::swap(link.device_a, link.device_b);
    std::swap(link.bytes_per_sec_ab, link.bytes_per_sec_ba);
    EXPECT_TRUE(diff(small, kernel.state()).empty());
}

TEST(TopologyDiff, link_on_any_port_makes_room_for_one_that_insists) {
    FakeKernel kernel = two_sockets();
    Topology small = shipped("small");
    kernel.apply(small);
    StatedLink extra = small.links[0];
    extra.type = LinkType::cxl;
    extra.port_a = 0;
    extra.port_b = 1;
    small.links.push_back(extra);
    kernel.apply(small);
    EXPECT_EQ(kernel.state().links.size(), 3U);
}

TEST(TopologyDiff, missing_and_different_host_devices_are_named) {
    FakeKernel kernel;
    kernel.register_host("cpu0");
    EXPECT_EQ(diff(shipped("dgx-h100"), kernel.state()).missing,
              (std::vector<std::string>{"the backend \"host\" has no device \"cpu1\""}));
    const Topology other{"", {{"cpu0", DeviceKind::memory, "sim", {}, {}, {}}}, {}};
    EXPECT_EQ(diff(other, kernel.state()).missing,
              (std::vector<std::string>{"\"cpu0\" is of the backend \"host\" and the kind cpu; the "
                                        "file says \"sim\" and memory"}));
}

TEST(TopologyDiff, random_topologies_follow_each_other) {
    std::mt19937 random(GTEST_FLAG_GET(random_seed));
    FakeKernel kernel = two_sockets();
    for (int round = 0; round < 300 && !testing::Test::HasFailure(); round++) {
        Topology wanted{"random", {}, {}};
        std::map<std::string, std::set<std::uint32_t>> taken;
        for (int i = 0; i < 6; i++)
            if (random() % 3 != 0)
                wanted.devices.push_back({"d" + std::to_string(i),
                                          random() % 2 ? DeviceKind::gpu : DeviceKind::npu,
                                          "sim",
                                          random() % 2 ? std::optional(12U) : std::nullopt,
                                          {{RegionKind::hbm, 4096, 4096, {}}},
                                          {}});
        for (std::size_t a = 0; a < wanted.devices.size(); a++)
            for (std::size_t b = a + 1; b < wanted.devices.size(); b++)
                if (random() % 2 != 0) {
                    StatedLink link{wanted.devices[a].name,
                                    port_any,
                                    wanted.devices[b].name,
                                    port_any,
                                    LinkType::ub,
                                    1 + random() % 2,
                                    1,
                                    0,
                                    0};
                    const std::uint32_t port = random() % 12;
                    if (random() % 3 == 0 && taken[link.device_a].insert(port).second)
                        link.port_a = port;
                    wanted.links.push_back(link);
                }
        kernel.apply(wanted);
        EXPECT_EQ(kernel.state().links.size(), wanted.links.size());
    }
}

} // namespace
} // namespace supernode::topology

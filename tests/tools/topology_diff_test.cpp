// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "fake_kernel.hpp"

#include <algorithm>
#include <fstream>
#include <random>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

namespace supernode::topology {
namespace {

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

TEST(TopologyDiff, link_of_backends_makes_room_for_one_that_insists) {
    FakeKernel kernel = two_sockets();
    kernel.link({"cpu0", 3, "cpu1", 4, LinkType::socket, 1000, 1000, 10, 10});
    Topology wanted = read_topology("devices:\n"
                                    "  - {name: cpu0, kind: cpu, backend: host}\n"
                                    "  - {name: n0, kind: npu, backend: sim}\n"
                                    "links: [{between: [n0, \"cpu0:2\"], bandwidth: 1GB/s}]\n",
                                    "t.yaml");
    kernel.apply(wanted);
    EXPECT_EQ(kernel.state().links.size(), 2U);
    for (StatedLink &link : wanted.links)
        link.port_b = 3;
    kernel.apply(wanted);
    ASSERT_EQ(kernel.state().links.size(), 1U);
    EXPECT_EQ(stated(kernel.state()).links.front().port_b, 3U);
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

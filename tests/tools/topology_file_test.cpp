// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include <supernode/topology_file.hpp>

#include "malformed_topologies.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

namespace supernode::topology {
namespace {

std::string what_is_said(const std::string &text) {
    try {
        read_topology(text, "t.yaml");
    } catch (const FileError &error) {
        return error.what();
    }
    return "accepted";
}

class MalformedFile : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedFile, is_refused_with_its_place_and_sentence) {
    EXPECT_EQ(what_is_said(GetParam().text), GetParam().said);
}

INSTANTIATE_TEST_SUITE_P(TopologyFile, MalformedFile, testing::ValuesIn(malformed_topologies()),
                         [](const auto &info) { return std::string(info.param.name); });

TEST(TopologyFile, read_expands_ranges_counts_and_defaults) {
    const Topology topology = read_topology("name: x\n"
                                            "defaults:\n"
                                            "  device:\n"
                                            "    backend: sim\n"
                                            "    regions: [{kind: hbm, bytes: 1MiB}]\n"
                                            "  link: {type: nvlink, latency: 300ns}\n"
                                            "devices:\n"
                                            "  - name: gpu[0-1]\n"
                                            "    kind: gpu\n"
                                            "    engines: [{count: 2, channels: 3}, {depth: 7}]\n"
                                            "  - {name: sw0, kind: switch, ports: 8}\n"
                                            "  - {name: cpu0, kind: cpu, backend: host}\n"
                                            "links:\n"
                                            "  - between: [\"gpu[0-1]:2\", \"sw0:[4-5]\"]\n"
                                            "    pair: zip\n"
                                            "    bandwidth: {ab: 2GB/s, ba: 0}\n"
                                            "  - {between: [cpu0, gpu1], bandwidth: 8Gbit/s}\n",
                                            "t.yaml");
    EXPECT_EQ(topology.name, "x");
    ASSERT_EQ(topology.devices.size(), 4U);
    EXPECT_EQ(topology.devices[1].name, "gpu1");
    EXPECT_EQ(topology.devices[1].backend, "sim");
    EXPECT_EQ(topology.devices[1].regions,
              (std::vector<StatedRegion>{{RegionKind::hbm, 1 << 20, 4096, {}}}));
    EXPECT_EQ(topology.devices[1].engines,
              (std::vector<StatedEngine>{{3, 1, 0, 0}, {3, 1, 0, 0}, {1, 7, 0, 0}}));
    EXPECT_TRUE(topology.devices[2].regions.empty());
    EXPECT_EQ(topology.devices[2].ports, 8U);
    EXPECT_TRUE(topology.devices[3].regions.empty());
    ASSERT_EQ(topology.links.size(), 3U);
    EXPECT_EQ(topology.links[1],
              (StatedLink{"gpu1", 2, "sw0", 5, LinkType::nvlink, 2000000000, 0, 300, 300}));
    EXPECT_EQ(topology.links[2], (StatedLink{"cpu0", port_any, "gpu1", port_any, LinkType::nvlink,
                                             1000000000, 1000000000, 300, 300}));
}

TEST(TopologyFile, read_pairs_cross_zip_and_mesh) {
    const std::string devices = "devices: [{name: \"a[0-3]\", kind: npu}, {name: \"b[0-1]\", kind: "
                                "switch}]\n";
    const auto links = [&](const std::string &entry) {
        std::string text;
        for (const StatedLink &link :
             read_topology(devices + "links: [{bandwidth: 1GB/s, " + entry + "}]", "t").links)
            text += link.device_a + "-" + link.device_b + " ";
        return text;
    };
    EXPECT_EQ(links("between: [\"a[0-1]\", \"b[0-1]\"]"), "a0-b0 a0-b1 a1-b0 a1-b1 ");
    EXPECT_EQ(links("between: [\"a[0-3]\", \"b[0-1]\"], pair: zip"), "a0-b0 a1-b0 a2-b1 a3-b1 ");
    EXPECT_EQ(links("between: [\"b[0-1]\", \"a[0-3]\"], pair: zip"), "b0-a0 b0-a1 b1-a2 b1-a3 ");
    EXPECT_EQ(links("between: [\"a[0-2]\", \"a[0-2]\"], pair: mesh"), "a0-a1 a0-a2 a1-a2 ");
}

TEST(TopologyFile, shipped_files_are_read_and_written_back_the_same) {
    int files = 0;
    for (const auto &entry : std::filesystem::directory_iterator(TOPOLOGIES_DIR)) {
        if (entry.path().extension() != ".yaml")
            continue;
        std::stringstream text;
        text << std::ifstream(entry.path()).rdbuf();
        const Topology topology = read_topology(text.str(), entry.path().filename());
        EXPECT_EQ(topology.name, entry.path().stem());
        EXPECT_EQ(read_topology(write_topology(topology), "written"), topology) << entry.path();
        files++;
    }
    EXPECT_EQ(files, 5);
}

TEST(TopologyFile, words_that_yaml_would_misread_are_written_back_the_same) {
    const Topology topology{
        "a \"b\" \\ \xc3\xbc", {{"gpu0", DeviceKind::gpu, "x\": [", {}, {}, {}}}, {}};
    EXPECT_EQ(read_topology(write_topology(topology), "written"), topology);
}

TEST(TopologyFile, dgx_has_the_links_of_eight_gpus) {
    std::stringstream text;
    text << std::ifstream(std::string(TOPOLOGIES_DIR) + "/dgx-h100.yaml").rdbuf();
    const Topology topology = read_topology(text.str(), "dgx-h100.yaml");
    EXPECT_EQ(topology.devices.size(), 2U + 8 + 4 + 8);
    EXPECT_EQ(topology.links.size(), 8U * 4 + 8 + 8 + 1);
    std::uint64_t gpu3 = 0;
    for (const StatedLink &link : topology.links)
        if (link.device_a == "gpu3" && link.type == LinkType::nvlink)
            gpu3 += link.bytes_per_sec_ab;
    EXPECT_EQ(gpu3, 450000000000U);
}

} // namespace
} // namespace supernode::topology

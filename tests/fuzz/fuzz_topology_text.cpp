// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Topology files of any bytes: refused with a place and a sentence, or read, written and read back.
#include <supernode/topology_diff.hpp>

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

namespace {

using namespace supernode::topology;

void expect_told(const FileError &error) {
    const std::string_view what = error.what();
    auto &problems = error.problems();

    ASSERT_GE(problems.size(), 1u);
    ASSERT_LE(problems.size(), problems_max);
    ASSERT_EQ(std::count(what.begin(), what.end(), '\n') + 1, static_cast<long>(problems.size()))
        << what;
    for (auto &problem : problems) {
        ASSERT_FALSE(problem.sentence.empty());
        ASSERT_GE(problem.line, 0);
        ASSERT_EQ(problem.line == 0, problem.column == 0);
    }
}

void expect_sound(const Topology &topology) {
    std::set<std::string> names;

    ASSERT_LE(topology.name.size(), name_bytes_max);
    ASSERT_LE(topology.devices.size(), devices_max);
    ASSERT_LE(topology.links.size(), links_max);
    for (auto &device : topology.devices) {
        ASSERT_TRUE(names.insert(device.name).second) << device.name;
        ASSERT_LE(device.name.size(), name_bytes_max);
        ASSERT_LE(device.backend.size(), name_bytes_max);
        ASSERT_LE(device.ports.value_or(0), device_ports_max);
        ASSERT_LE(device.regions.size(), device_regions_max);
        ASSERT_LE(device.engines.size(), device_engines_max);
        for (auto &region : device.regions) {
            ASSERT_GT(region.bytes, 0u);
            ASSERT_EQ(region.bytes % region.page_bytes, 0u);
        }
    }
    for (auto &link : topology.links) {
        ASSERT_TRUE(names.contains(link.device_a) && names.contains(link.device_b));
        ASSERT_NE(link.device_a, link.device_b);
        ASSERT_GT(link.bytes_per_sec_ab, 0u);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Topology topology;

    try {
        topology = read_topology({reinterpret_cast<const char *>(data), size}, "t.yaml");
    } catch (const FileError &error) {
        expect_told(error);
        return 0;
    }
    expect_sound(topology);
    const std::string written = write_topology(topology);
    try {
        EXPECT_TRUE(read_topology(written, "written") == topology) << written;
    } catch (const FileError &error) {
        ADD_FAILURE() << error.what() << "\n" << written;
    }
    EXPECT_EQ(diff(topology, {}).added_links.size(), topology.links.size());
    return 0;
}

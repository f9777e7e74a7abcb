// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Writes a topology file, and beside it what the file means.
#pragma once

#include <supernode/topology_file.hpp>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "input.hpp"

class Author {
public:
    explicit Author(Input &input);

    std::string text;
    supernode::topology::Topology meant;
    bool valid = true; ///< as far as links go: ports taken, ends that do not match

private:
    struct Group {
        std::string pattern; ///< as written: "a[0-3]"
        std::vector<std::string> names;
    };
    struct Used {
        uint32_t ports;
        uint32_t links = 0;
        std::set<uint32_t> taken;
    };
    struct Both {
        uint64_t ab, ba;
    };

    Group draw_names(char letter);
    Group part_of(const Group &group);
    void write_defaults();
    void write_group(char letter);
    std::string write_regions(std::vector<supernode::topology::StatedRegion> &regions);
    std::string write_engines(std::vector<supernode::topology::StatedEngine> &engines);
    void write_link();
    std::string write_both(Both &both, std::string (*write)(Input &input, uint64_t value));
    void claim(const std::string &device, uint32_t port);

    Input &input_;
    supernode::topology::StatedDevice default_device_;
    supernode::topology::StatedLink default_link_;
    std::vector<Group> groups_;
    std::map<std::string, Used> used_;
};

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The contract in a form that can be compared, read from the uapi header's text and from the YAML.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace contract {

using Entries = std::vector<std::pair<std::string, std::int64_t>>;
using Members = std::vector<std::pair<std::string, std::string>>; // type, name

/// How an operation is called.
struct Call {
    std::set<std::string> request; ///< attribute names as in the YAML
    bool dump = false;
    bool admin = false;

    bool operator==(const Call &) const = default;
};

struct Contract {
    std::string family;
    std::int64_t version = 0;
    std::set<std::string> groups;
    std::map<std::string, std::int64_t> constants; ///< by C name
    std::map<std::string, Entries> enums;          ///< by C name, in order
    std::map<std::string, Members> structs;        ///< by C name, in order
    std::map<std::string, std::string> types; ///< of attributes by C name: "u32", "nest, multi"
    std::map<std::string, Call> calls;        ///< by "DEVICE_NEW"
};

Contract read_header(const std::string &text);
Contract read_spec(const std::string &yaml);

} // namespace contract

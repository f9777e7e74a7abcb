// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Reads the YAML and gives its entries the C names that the header has to have. The names follow
// the kernel's generator, with "sn" for the family.
#include "contract.hpp"

#include <algorithm>
#include <regex>
#include <stdexcept>
#include <yaml-cpp/yaml.h>

namespace contract {
namespace {

std::string underscored(std::string name) {
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

std::string upper(std::string name) {
    name = underscored(name);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return std::toupper(c); });
    return name;
}

std::string entry_name(const YAML::Node &entry) {
    return entry.IsScalar() ? entry.as<std::string>() : entry["name"].as<std::string>();
}

void add_max(Entries &entries, const std::string &prefix) {
    entries.emplace_back(prefix + "MAX", entries.back().second);
}

void read_definition(const YAML::Node &node, Contract &contract) {
    auto name = node["name"].as<std::string>();
    auto type = node["type"].as<std::string>();
    std::string prefix = "SN_" + upper(name) + "_";
    Entries entries;

    if (type == "const") {
        contract.constants["SN_" + upper(name)] = node["value"].as<std::int64_t>();
        return;
    }
    for (const YAML::Node &entry : node["entries"]) {
        auto index = static_cast<std::int64_t>(entries.size());
        entries.emplace_back(prefix + upper(entry_name(entry)),
                             type == "flags" ? std::int64_t{1} << index : index);
    }
    if (type == "enum") {
        if (!node["render-max"] || !node["render-max"].as<bool>())
            throw std::runtime_error(name + " has no render-max");
        add_max(entries, prefix);
        contract.enums["sn_" + underscored(name)] = entries;
    } else {
        // "topology-f" has the bits of enum sn_topology_flags
        if (!name.ends_with("-f"))
            throw std::runtime_error("flags " + name + " should end in -f");
        name = name.substr(0, name.size() - 2);
        contract.enums["sn_" + underscored(name) + "_flags"] = entries;
    }
}

/// "struct sn_x: TYPE MEMBER, ..." in a doc.
void read_struct(const std::string &doc, Contract &contract) {
    static const std::regex head(R"(struct (\w+): ([^.]*)\.)");
    static const std::regex member(R"((\w+) ([\w-]+))");
    std::smatch match;

    if (!std::regex_search(doc, match, head))
        return;
    Members members;
    std::string body = match[2];
    for (auto m = std::sregex_iterator(body.begin(), body.end(), member);
         m != std::sregex_iterator(); ++m)
        members.emplace_back((*m)[1], underscored((*m)[2]));
    contract.structs[match[1]] = members;
}

void read_set(const YAML::Node &set, Contract &contract) {
    auto prefix = upper(set["name-prefix"].as<std::string>());
    Entries entries{{prefix + "UNSPEC", 0}};

    for (const YAML::Node &attribute : set["attributes"]) {
        std::string name = prefix + upper(attribute["name"].as<std::string>());
        bool multi = attribute["multi-attr"] && attribute["multi-attr"].as<bool>();

        entries.emplace_back(name, static_cast<std::int64_t>(entries.size()));
        contract.types[name] = attribute["type"].as<std::string>() + (multi ? ", multi" : "");
        if (attribute["doc"])
            read_struct(attribute["doc"].as<std::string>(), contract);
    }
    add_max(entries, prefix);
    contract.enums[set["enum-name"].as<std::string>()] = entries;
}

void read_operations(const YAML::Node &operations, Contract &contract) {
    auto prefix = upper(operations["name-prefix"].as<std::string>());
    Entries entries{{prefix + "UNSPEC", 0}};

    for (const YAML::Node &op : operations["list"]) {
        std::string name = upper(op["name"].as<std::string>());

        entries.emplace_back(prefix + name, static_cast<std::int64_t>(entries.size()));
        if (!op["do"] && !op["dump"])
            continue;
        Call &call = contract.calls[name];
        call.dump = static_cast<bool>(op["dump"]);
        for (const YAML::Node &flag : op["flags"])
            call.admin |= flag.as<std::string>() == "admin-perm";
        if (op["do"] && op["do"]["request"])
            for (const YAML::Node &attribute : op["do"]["request"]["attributes"])
                call.request.insert(attribute.as<std::string>());
    }
    add_max(entries, prefix);
    contract.enums[operations["enum-name"].as<std::string>()] = entries;
}

} // namespace

Contract read_spec(const std::string &yaml) {
    YAML::Node root = YAML::Load(yaml);
    Contract contract;

    contract.family = root["name"].as<std::string>();
    contract.version = 1; // all that the genetlink schema knows
    for (const YAML::Node &definition : root["definitions"])
        read_definition(definition, contract);
    for (const YAML::Node &set : root["attribute-sets"])
        read_set(set, contract);
    read_operations(root["operations"], contract);
    for (const YAML::Node &group : root["mcast-groups"]["list"])
        contract.groups.insert(group["name"].as<std::string>());
    return contract;
}

} // namespace contract

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// include/netlink/supernode.yaml, include/uapi/linux/supernode.h and the library's own tables say
// the same, in both directions.
#include "contract.hpp"
#include "schema.hpp"

#include <supernode/types.hpp>

#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <yaml-cpp/yaml.h>

namespace {

using namespace supernode;

std::string slurp(const char *path) {
    std::ifstream file(path);
    std::ostringstream text;

    text << file.rdbuf();
    if (!file || text.str().empty())
        throw std::runtime_error(std::string("cannot read ") + path);
    return text.str();
}

const contract::Contract &header() {
    static const contract::Contract contract = contract::read_header(slurp(SN_UAPI_HEADER));
    return contract;
}

const contract::Contract &spec() {
    static const contract::Contract contract = contract::read_spec(slurp(SN_SPEC));
    return contract;
}

YAML::Node root() {
    return YAML::LoadFile(SN_SPEC);
}

/// Both directions, one failure per name.
template<typename Map>
void expect_same(const Map &left, const Map &right, const char *what) {
    for (const auto &[name, value] : left) {
        auto other = right.find(name);
        if (other == right.end())
            ADD_FAILURE() << what << " " << name << " is missing in the YAML";
        else
            EXPECT_EQ(value, other->second) << what << " " << name;
    }
    for (const auto &[name, value] : right)
        EXPECT_TRUE(left.contains(name)) << what << " " << name << " is missing in the header";
}

std::set<std::string> keys(const YAML::Node &node) {
    std::set<std::string> names;

    for (const auto &item : node)
        names.insert(item.first.as<std::string>());
    return names;
}

void expect_keys(const YAML::Node &node, const std::set<std::string> &required,
                 const std::set<std::string> &allowed, const std::string &what) {
    std::set<std::string> found = keys(node);

    for (const std::string &key : required)
        EXPECT_TRUE(found.contains(key)) << what << " lacks " << key;
    for (const std::string &key : found)
        EXPECT_TRUE(required.contains(key) || allowed.contains(key))
            << what << ": the schema has no " << key;
}

TEST(Spec, HeaderWasUnderstood) {
    // What a reader that finds nothing would let pass.
    EXPECT_GE(header().enums.size(), 30U);
    EXPECT_GE(header().enums.at("sn_cmd").size(), 30U);
    EXPECT_EQ(header().structs.size(), 2U);
    EXPECT_GE(header().constants.size(), 7U);
    EXPECT_GE(header().calls.size(), 24U);
    EXPECT_GE(header().types.size(), 120U);
    EXPECT_TRUE(header().calls.at("TRANSFER_GET").dump);
    EXPECT_TRUE(header().calls.at("LINK_SET").admin);
}

TEST(Spec, FamilyAndGroupsAgree) {
    EXPECT_EQ(header().family, spec().family);
    EXPECT_EQ(header().version, spec().version);
    EXPECT_EQ(header().groups, spec().groups);
}

TEST(Spec, ConstantsAgree) {
    expect_same(header().constants, spec().constants, "constant");
}

TEST(Spec, EnumsAgree) {
    expect_same(header().enums, spec().enums, "enum");
}

TEST(Spec, StructsAgree) {
    expect_same(header().structs, spec().structs, "struct");
}

TEST(Spec, AttributeTypesAgree) {
    expect_same(header().types, spec().types, "attribute");
}

TEST(Spec, CallsAgree) {
    ASSERT_EQ(header().calls.size(), spec().calls.size());
    for (const auto &[name, call] : header().calls) {
        ASSERT_TRUE(spec().calls.contains(name)) << name << " is missing in the YAML";
        EXPECT_EQ(call.request, spec().calls.at(name).request) << name;
        EXPECT_EQ(call.dump, spec().calls.at(name).dump) << name;
        EXPECT_EQ(call.admin, spec().calls.at(name).admin) << name;
    }
}

TEST(Spec, LibraryTablesAgree) {
    const YAML::Node sets = root()["attribute-sets"];
    auto known = all_attr_sets();

    ASSERT_EQ(known.size(), sets.size());
    for (std::size_t i = 0; i < sets.size(); i++) {
        const YAML::Node attributes = sets[i]["attributes"];

        EXPECT_EQ(known[i]->name, sets[i]["name"].as<std::string>());
        ASSERT_EQ(known[i]->attributes.size(), attributes.size()) << known[i]->name;
        for (std::size_t j = 0; j < attributes.size(); j++) {
            static constexpr const char *types[] = {"u32",    "u64",    "s32",
                                                    "string", "binary", "nest"};
            const AttrDef &def = known[i]->attributes[j];
            const YAML::Node node = attributes[j];

            EXPECT_EQ(def.name, node["name"].as<std::string>()) << known[i]->name;
            EXPECT_EQ(types[static_cast<int>(def.type)], node["type"].as<std::string>())
                << known[i]->name << " " << def.name;
            EXPECT_EQ(def.multi, node["multi-attr"].as<bool>(false)) << def.name;
            EXPECT_EQ(def.nested ? def.nested->name : "",
                      node["nested-attributes"].as<std::string>(""))
                << def.name;
        }
    }
}

TEST(Spec, LibraryCommandsAgree) {
    const contract::Entries &commands = header().enums.at("sn_cmd");

    ASSERT_EQ(all_commands().size() + 2, commands.size()); // UNSPEC, MAX
    for (std::size_t i = 0; i < all_commands().size(); i++)
        EXPECT_EQ("SN_CMD_" + std::string(all_commands()[i].name), commands[i + 1].first);
    const YAML::Node list = root()["operations"]["list"];
    for (std::size_t i = 0; i < list.size(); i++)
        if (list[i]["attribute-set"]) {
            EXPECT_EQ(all_commands()[i].set->name, list[i]["attribute-set"].as<std::string>());
        }
}

template<typename Enum>
void expect_words(const char *name) {
    for (const YAML::Node &definition : root()["definitions"]) {
        if (definition["name"].as<std::string>() != name)
            continue;
        const YAML::Node entries = definition["entries"];
        ASSERT_EQ(words<Enum>().size(), entries.size()) << name;
        for (std::size_t i = 0; i < entries.size(); i++) {
            auto value = static_cast<Enum>(i);
            auto word = entries[i].IsScalar() ? entries[i].as<std::string>()
                                              : entries[i]["name"].as<std::string>();
            EXPECT_EQ(to_string(value), word) << name;
            EXPECT_EQ(from_string<Enum>(word), value) << name;
        }
        EXPECT_EQ(to_string(static_cast<Enum>(entries.size())), "unknown") << name;
        EXPECT_EQ(from_string<Enum>("unknown"), std::nullopt) << name;
        return;
    }
    ADD_FAILURE() << "the YAML has no enum " << name;
}

TEST(Spec, WordsAgree) {
    expect_words<DeviceKind>("device-kind");
    expect_words<DeviceState>("device-state");
    expect_words<RegionKind>("region-kind");
    expect_words<LinkType>("link-type");
    expect_words<LinkState>("link-state");
    expect_words<Class>("class");
    expect_words<BufferState>("buffer-state");
    expect_words<TransferState>("transfer-state");
    expect_words<PathReason>("path-reason");
    expect_words<CompletionType>("completion-type");
}

// The shape that the kernel's Documentation/netlink/genetlink.yaml asks for.
TEST(Spec, KeepsToTheSchema) {
    const YAML::Node spec = root();

    expect_keys(spec, {"name", "doc", "attribute-sets", "operations"},
                {"protocol", "uapi-header", "definitions", "mcast-groups"}, "the spec");
    EXPECT_EQ(spec["protocol"].as<std::string>(), "genetlink");
    for (const YAML::Node &node : spec["definitions"]) {
        auto name = node["name"].as<std::string>();
        auto type = node["type"].as<std::string>();

        EXPECT_TRUE(type == "const" || type == "enum" || type == "flags") << name;
        expect_keys(node, {"type", "name"},
                    type == "const" ? std::set<std::string>{"value", "doc"}
                                    : std::set<std::string>{"entries", "render-max", "doc"},
                    name);
        for (const YAML::Node &entry : node["entries"])
            if (entry.IsMap())
                expect_keys(entry, {"name"}, {"value", "doc"}, name);
    }
    for (const YAML::Node &set : spec["attribute-sets"]) {
        auto name = set["name"].as<std::string>();

        expect_keys(set, {"name", "attributes"}, {"name-prefix", "enum-name", "doc"}, name);
        for (const YAML::Node &attribute : set["attributes"])
            expect_keys(attribute, {"name", "type"},
                        {"doc", "multi-attr", "nested-attributes", "enum", "checks"}, name);
    }
    expect_keys(spec["operations"], {"list"}, {"name-prefix", "enum-name"}, "operations");
    for (const YAML::Node &op : spec["operations"]["list"])
        expect_keys(op, {"name", "doc"},
                    {"attribute-set", "flags", "do", "dump", "notify", "event", "mcgrp"},
                    op["name"].as<std::string>());
}

// Every name that the spec refers to is defined in it.
TEST(Spec, RefersToWhatItDefines) {
    const YAML::Node spec = root();
    std::map<std::string, std::set<std::string>> sets;
    std::set<std::string> definitions, operations;

    for (const YAML::Node &node : spec["definitions"])
        definitions.insert(node["name"].as<std::string>());
    for (const YAML::Node &set : spec["attribute-sets"])
        for (const YAML::Node &attribute : set["attributes"])
            EXPECT_TRUE(sets[set["name"].as<std::string>()]
                            .insert(attribute["name"].as<std::string>())
                            .second);
    for (const YAML::Node &set : spec["attribute-sets"])
        for (const YAML::Node &attribute : set["attributes"]) {
            if (attribute["enum"]) {
                EXPECT_TRUE(definitions.contains(attribute["enum"].as<std::string>()));
            }
            EXPECT_EQ(attribute["type"].as<std::string>() == "nest",
                      sets.contains(attribute["nested-attributes"].as<std::string>("")));
        }
    for (const YAML::Node &op : spec["operations"]["list"]) {
        auto name = op["name"].as<std::string>();
        auto set = sets.find(op["attribute-set"].as<std::string>(""));

        EXPECT_TRUE(operations.insert(name).second) << name;
        if (op["mcgrp"]) {
            EXPECT_TRUE(header().groups.contains(op["mcgrp"].as<std::string>())) << name;
        }
        if (op["notify"]) {
            EXPECT_TRUE(operations.contains(op["notify"].as<std::string>())) << name;
            continue;
        }
        ASSERT_NE(set, sets.end()) << name;
        if (op["event"]) {
            for (const YAML::Node &attribute : op["event"]["attributes"])
                EXPECT_TRUE(set->second.contains(attribute.as<std::string>()))
                    << name << " " << attribute;
        }
        for (const char *mode : {"do", "dump"})
            for (const char *side : {"request", "reply"}) {
                if (!op[mode] || !op[mode][side])
                    continue;
                for (const YAML::Node &attribute : op[mode][side]["attributes"])
                    EXPECT_TRUE(set->second.contains(attribute.as<std::string>()))
                        << name << " " << attribute;
            }
    }
}

} // namespace

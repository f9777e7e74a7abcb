// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The spec as a fuzzer sees it: which attributes an op takes, of which type, and which fd or id a
// value is. All of it is read from supernode.yaml; a new op or attribute needs nothing here.
#pragma once

#include "fuzz_program.hpp"

#include <yaml-cpp/yaml.h>

#include <map>
#include <regex>
#include <stdexcept>
#include <string>

namespace fuzz {

struct Attribute {
    std::string name;
    std::string set;
    std::uint16_t number = 0;
    Form form = Form::u32;
    bool multi = false;
    std::string nested;
    std::uint32_t entries = 0;      ///< of its enum
    bool flags = false;             ///< the enum's entries are bits
    std::uint32_t kind = 0;         ///< FdKind or IdKind, when that is its form
    std::vector<Attribute> members; ///< of its struct
};

struct Set {
    std::string name;
    std::vector<Attribute> attributes; ///< number 1 is the first

    const Attribute *find(std::string_view wanted) const {
        for (const auto &attribute : attributes)
            if (attribute.name == wanted)
                return &attribute;
        return nullptr;
    }
    const Attribute *find(std::uint32_t number) const {
        return number && number <= attributes.size() ? &attributes[number - 1] : nullptr;
    }
};

struct Operation {
    std::string name;
    std::uint16_t command = 0;
    const Set *set = nullptr;
    std::vector<const Attribute *> request;
    bool can_do = false, can_dump = false;
    bool answers_fd = false;
};

class Spec {
public:
    explicit Spec(const std::string &path) {
        const YAML::Node root = YAML::LoadFile(path);
        for (const YAML::Node &set : root["attribute-sets"])
            read_set(root, set);
        std::uint16_t command = 0;
        for (const YAML::Node &op : root["operations"]["list"])
            read_operation(op, ++command);
        for (const YAML::Node &group : root["mcast-groups"]["list"])
            groups_.push_back(group["name"].as<std::string>());
        if (operations_.empty())
            throw std::runtime_error(path + " has no operations");
    }

    const std::vector<Operation> &operations() const { return operations_; }
    const std::vector<std::string> &groups() const { return groups_; }
    /// nullptr when there is none, or it is an event.
    const Operation *operation(std::uint32_t command) const {
        for (const auto &op : operations_)
            if (op.command == command)
                return &op;
        return nullptr;
    }
    const Operation &operation(std::string_view name) const {
        for (const auto &op : operations_)
            if (op.name == name)
                return op;
        throw std::runtime_error("the spec has no operation " + std::string(name));
    }
    const Set *set(std::string_view name) const {
        const auto found = sets_.find(name);
        return found == sets_.end() ? nullptr : &found->second;
    }

private:
    static Form form_of(const std::string &type) {
        static const std::map<std::string, Form> forms{
            {"u8", Form::u8},     {"u16", Form::u16},     {"u32", Form::u32},
            {"u64", Form::u64},   {"s32", Form::s32},     {"string", Form::string},
            {"nest", Form::none}, {"binary", Form::bytes}};
        const auto found = forms.find(type);
        if (found == forms.end())
            throw std::runtime_error("type " + type + " is new to the fuzzer");
        return found->second;
    }

    /// The naming rules of the spec: "...fd" is an fd, "id" is its own object's, others are told by
    /// name.
    static void name_kind(Attribute &attribute) {
        static const std::map<std::string, FdKind> owners{
            {"session", fd_session}, {"buffer", fd_buffer}, {"topology", fd_txn}};
        static const std::map<std::string, FdKind> fds{
            {"session-fd", fd_session}, {"txn-fd", fd_txn},    {"in-fence-fd", fd_fence},
            {"out-fence-fd", fd_fence}, {"src-fd", fd_buffer}, {"dst-fd", fd_buffer}};
        static const std::map<std::string, IdKind> ids{
            {"device", id_device}, {"device-a", id_device}, {"device-b", id_device},
            {"src", id_device},    {"dst", id_device},      {"from", id_device},
            {"to", id_device},     {"region", id_region},   {"engine", id_engine},
            {"link", id_link},     {"session", id_session}, {"transfer", id_transfer},
            {"buffer", id_buffer}};
        const bool number = attribute.form == Form::u32 || attribute.form == Form::u64;

        if (attribute.form == Form::s32 && attribute.name.ends_with("fd")) {
            const auto fd = fds.find(attribute.name);
            const auto owner = owners.find(attribute.set);
            attribute.form = Form::fd;
            attribute.kind = fd != fds.end()         ? fd->second
                             : owner != owners.end() ? owner->second
                                                     : fd_file;
        } else if (number && (attribute.name == "id" || ids.contains(attribute.name))) {
            const auto id = ids.find(attribute.name == "id" ? attribute.set : attribute.name);
            attribute.form = attribute.form == Form::u64 ? Form::id64 : Form::id;
            attribute.kind = id == ids.end() ? id_other : id->second;
        }
    }

    /// "struct sn_x: TYPE MEMBER, ..." in a doc.
    static void read_members(const std::string &doc, Attribute &attribute) {
        static const std::regex head(R"(struct (\w+): ([^.]*)\.)");
        static const std::regex member(R"((\w+) ([\w-]+))");
        std::smatch match;

        if (!std::regex_search(doc, match, head))
            return;
        const std::string body = match[2];
        for (auto m = std::sregex_iterator(body.begin(), body.end(), member);
             m != std::sregex_iterator(); ++m) {
            Attribute part;
            part.name = (*m)[2];
            part.set = attribute.set;
            part.form = form_of((*m)[1]);
            name_kind(part);
            attribute.members.push_back(part);
        }
    }

    static void read_enum(const YAML::Node &root, const YAML::Node &node, Attribute &attribute) {
        for (const YAML::Node &definition : root["definitions"])
            if (definition["name"].as<std::string>() == node["enum"].as<std::string>()) {
                attribute.entries = static_cast<std::uint32_t>(definition["entries"].size());
                attribute.flags = definition["type"].as<std::string>() == "flags";
            }
    }

    void read_set(const YAML::Node &root, const YAML::Node &node) {
        Set &set = sets_[node["name"].as<std::string>()];
        set.name = node["name"].as<std::string>();
        for (const YAML::Node &entry : node["attributes"]) {
            Attribute attribute;
            attribute.name = entry["name"].as<std::string>();
            attribute.set = set.name;
            attribute.number = static_cast<std::uint16_t>(set.attributes.size() + 1);
            attribute.form = form_of(entry["type"].as<std::string>());
            attribute.multi = entry["multi-attr"] && entry["multi-attr"].as<bool>();
            if (entry["nested-attributes"])
                attribute.nested = entry["nested-attributes"].as<std::string>();
            if (entry["enum"])
                read_enum(root, entry, attribute);
            if (entry["doc"] && attribute.form == Form::bytes)
                read_members(entry["doc"].as<std::string>(), attribute);
            name_kind(attribute);
            set.attributes.push_back(attribute);
        }
    }

    void read_operation(const YAML::Node &node, std::uint16_t command) {
        if (!node["do"] && !node["dump"])
            return; // an event
        Operation op;
        op.name = node["name"].as<std::string>();
        op.command = command;
        op.set = set(node["attribute-set"].as<std::string>());
        if (!op.set)
            throw std::runtime_error(op.name + " has no attribute set");
        op.can_do = static_cast<bool>(node["do"]);
        op.can_dump = static_cast<bool>(node["dump"]);
        if (op.can_do && node["do"]["request"])
            for (const YAML::Node &name : node["do"]["request"]["attributes"])
                op.request.push_back(op.set->find(name.as<std::string>()));
        if (op.can_do && node["do"]["reply"])
            for (const YAML::Node &name : node["do"]["reply"]["attributes"]) {
                const Attribute *attribute = op.set->find(name.as<std::string>());
                op.answers_fd |= attribute && attribute->form == Form::fd;
            }
        operations_.push_back(op);
    }

    std::map<std::string, Set, std::less<>> sets_;
    std::vector<Operation> operations_;
    std::vector<std::string> groups_;
};

} // namespace fuzz

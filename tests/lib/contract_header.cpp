// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Reads the uapi header's text. It understands what that header uses and throws on the rest.
#include "contract.hpp"

#include <algorithm>
#include <regex>
#include <sstream>
#include <stdexcept>

namespace contract {
namespace {

std::string lower_dashed(std::string name) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return c == '_' ? '-' : std::tolower(c); });
    return name;
}

std::string without_comments(const std::string &text) {
    // Not by std::regex, which recurses once per character.
    std::string out;
    std::size_t at = 0;

    for (;;) {
        std::size_t open = text.find("/*", at);
        out += text.substr(at, open - at);
        if (open == std::string::npos)
            return out;
        at = text.find("*/", open);
        if (at == std::string::npos)
            throw std::runtime_error("a comment does not end");
        at += 2;
    }
}

void read_defines(const std::string &code, Contract &contract) {
    static const std::regex define(R"(^#define\s+(\w+)\s+(\S+))");
    std::istringstream lines(code);

    for (std::string line; std::getline(lines, line);) {
        std::smatch match;
        if (!std::regex_search(line, match, define))
            continue;
        std::string name = match[1], value = match[2];
        if (value.front() == '"')
            value = value.substr(1, value.size() - 2);
        if (name == "SN_FAMILY_NAME")
            contract.family = value;
        else if (name == "SN_FAMILY_VERSION")
            contract.version = std::stoll(value);
        else if (name.starts_with("SN_MCGRP_"))
            contract.groups.insert(value);
        else
            contract.constants[name] = std::stoll(value, nullptr, 0);
    }
}

Entries read_entries(const std::string &name, const std::string &body) {
    static const std::regex entry(R"(^\s*(\w+)(?:\s*=\s*(\S.*?))?\s*$)");
    std::istringstream parts(body);
    std::int64_t next = 0;
    Entries entries;
    std::string last;

    for (std::string part; std::getline(parts, part, ',');) {
        std::smatch match;
        if (part.find_first_not_of(" \t\n") == std::string::npos)
            continue;
        std::replace(part.begin(), part.end(), '\n', ' ');
        if (!std::regex_match(part, match, entry))
            throw std::runtime_error("enum " + name + ": cannot read '" + part + "'");
        std::string key = match[1], value = match[2];
        if (key.starts_with("__")) {
            last = key;
        } else if (!last.empty()) {
            // X_MAX = (__X_MAX - 1)
            if ("__" + key != last || value != "(" + last + " - 1)")
                throw std::runtime_error("enum " + name + ": " + key + " does not end it");
            entries.emplace_back(key, next - 1);
        } else {
            if (!value.empty())
                next = std::stoll(value, nullptr, 0);
            entries.emplace_back(key, next++);
        }
    }
    return entries;
}

void read_blocks(const std::string &code, Contract &contract) {
    static const std::regex head(R"((enum|struct) (\w+) \{)");
    static const std::regex member(R"(__(\w+)\s+(\w+);)");

    for (auto block = std::sregex_iterator(code.begin(), code.end(), head);
         block != std::sregex_iterator(); ++block) {
        std::size_t start = static_cast<std::size_t>(block->position() + block->length());
        std::string body = code.substr(start, code.find("};", start) - start);
        std::string name = (*block)[2];

        if ((*block)[1] == "enum") {
            contract.enums[name] = read_entries(name, body);
            continue;
        }
        Members members;
        for (auto m = std::sregex_iterator(body.begin(), body.end(), member);
             m != std::sregex_iterator(); ++m)
            members.emplace_back((*m)[1], (*m)[2]);
        if (static_cast<std::ptrdiff_t>(members.size()) !=
            std::count(body.begin(), body.end(), ';'))
            throw std::runtime_error("struct " + name + ": a member of unknown type");
        contract.structs[name] = members;
    }
}

/// The comment beside an attribute begins with its type.
void read_types(const std::string &text, Contract &contract) {
    static const std::regex attribute(
        R"(^\t(SN_A_\w+),\s*/\* (u32|u64|s32|string|binary|nest)(, multi)?\b)");
    std::istringstream lines(text);

    for (std::string line; std::getline(lines, line);) {
        std::smatch match;
        if (std::regex_search(line, match, attribute))
            contract.types[match[1]] = match[2].str() + match[3].str();
    }
}

/// The message tree at the top: "CMD  > REQUEST  < REPLY  admin", requests go on over lines.
void read_tree(const std::string &text, Contract &contract) {
    static const std::regex first(R"(^ \*   ([A-Z]+_[A-Z]+) +> )");
    static const std::regex word(R"([A-Za-z_]+)");
    std::istringstream lines(text.substr(0, text.find("*/")));
    std::string command;

    // Past the licence's own comment.
    std::string all = text.substr(text.find("*/") + 2);
    lines.str(all.substr(0, all.find("*/")));
    for (std::string line; std::getline(lines, line);) {
        std::smatch match;
        std::string request;

        if (std::regex_search(line, match, first)) {
            command = match[1];
            contract.calls[command].admin = line.ends_with("admin");
            request = match.suffix();
        } else if (!command.empty() && line.starts_with(" *           ")) {
            request = line.substr(2);
        } else {
            command.clear();
            continue;
        }
        request = request.substr(0, request.find('<'));
        Call &call = contract.calls[command];
        for (auto w = std::sregex_iterator(request.begin(), request.end(), word);
             w != std::sregex_iterator(); ++w) {
            if (w->str() == "dump") {
                call.dump = true;
                continue;
            }
            std::string name = lower_dashed(w->str());
            // TOPOLOGY_NAME of TOPOLOGY_BEGIN
            std::string set = lower_dashed(command.substr(0, command.find('_'))) + "-";
            call.request.insert(name.starts_with(set) ? name.substr(set.size()) : name);
        }
    }
}

} // namespace

Contract read_header(const std::string &text) {
    std::string code = without_comments(text);
    Contract contract;

    read_defines(code, contract);
    read_blocks(code, contract);
    read_types(text, contract);
    read_tree(text, contract);
    return contract;
}

} // namespace contract

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Replay files: what workers did, for people and for the next machine. One line is one node:
//
//   worker ROLE [race]                    a process of its own; all of a file run at once
//   program                               answers are read at its end
//   message OP [flags=N] [socket=N] [header=N] [count=N] [twist=N]
//     attr|nest|binary NAME|#N[+FLAGS] ...  NAME is of the op's set, or the nest's
//     part FORM ...                       a value in a binary
//     end [count=N]
//   do ACTION KIND NUMBER ARGUMENT
//
// A value is a FORM with KIND NUMBER (fd, id), SEED SIZE (string, bytes) or a number.
#pragma once

#include "fuzz_spec.hpp"
#include "fuzz_worker.hpp"

#include <sstream>

namespace fuzz {

struct Section {
    Role role = role_admin;
    bool race = false;
    std::vector<Program> programs;

    bool operator==(const Section &) const = default;
};
using Replay = std::vector<Section>;

class Writer {
public:
    explicit Writer(const Spec &spec) : spec_(spec) {}

    std::string write(const Replay &replay) {
        std::string text = "# SPDX-License-Identifier: GPL-2.0-only OR MIT\n";
        for (const auto &section : replay) {
            text +=
                fmt::format("worker {}{}\n", role_names[section.role], section.race ? " race" : "");
            for (const auto &program : section.programs) {
                text += "program\n";
                sets_.assign(1, nullptr);
                for (const auto &node : program)
                    write_node(text, node);
            }
        }
        return text;
    }

private:
    std::string type_of(const Node &node) const {
        const Attribute *attribute =
            sets_.back() ? sets_.back()->find(node.type & NLA_TYPE_MASK) : nullptr;
        const int flags = node.type & ~NLA_TYPE_MASK;
        std::string text =
            attribute ? attribute->name : fmt::format("#{}", node.type & NLA_TYPE_MASK);
        return flags ? text + fmt::format("+{:#x}", flags) : text;
    }

    static std::string value_of(const Node &node) {
        const auto *form = form_names[static_cast<std::size_t>(node.form)];
        switch (node.form) {
        case Form::none:
            return form;
        case Form::fd:
            return fmt::format("{} {} {}", form, fd_names[node.kind % fd_kinds], node.value);
        case Form::id:
        case Form::id64:
            return fmt::format("{} {} {}", form, id_names[node.kind % id_kinds], node.value);
        case Form::string:
        case Form::bytes:
            return fmt::format("{} {} {}", form, node.value, node.size);
        default:
            return fmt::format("{} {}", form, node.value);
        }
    }

    void write_node(std::string &text, const Node &node) {
        std::string line(2 * (sets_.size() - 1), ' ');
        const Operation *op = spec_.operation(node.type);
        line += what_names[static_cast<std::size_t>(node.what)];
        switch (node.what) {
        case What::message:
            sets_.assign(1, op ? op->set : nullptr);
            sets_.push_back(sets_.back());
            line = fmt::format("message {} flags={:#x} socket={} header={:#x}",
                               op ? op->name : fmt::format("#{}", node.type), node.size, node.kind,
                               node.value);
            break;
        case What::action:
            sets_.assign(1, nullptr);
            line = fmt::format("do {} {} {} {}", action_names[node.type % action_names.size()],
                               fd_names[node.kind % fd_kinds], node.value, node.size);
            break;
        case What::attribute:
            line += fmt::format(" {} {}", type_of(node), value_of(node));
            break;
        case What::part:
            line += " " + value_of(node);
            break;
        case What::nest:
        case What::binary: {
            const Attribute *attribute =
                sets_.back() ? sets_.back()->find(node.type & NLA_TYPE_MASK) : nullptr;
            line += " " + type_of(node);
            if (node.value)
                line += fmt::format(" repeat={}", node.value);
            sets_.push_back(attribute ? spec_.set(attribute->nested) : nullptr);
            break;
        }
        case What::end:
            if (sets_.size() > 2)
                sets_.pop_back();
            break;
        }
        if (node.count != 1)
            line += fmt::format(" count={}", node.count);
        if (node.twist)
            line += fmt::format(" twist={}", node.twist);
        text += line + "\n";
    }

    const Spec &spec_;
    std::vector<const Set *> sets_{nullptr};
};

class Reader {
public:
    explicit Reader(const Spec &spec) : spec_(spec) {}

    Replay read(std::istream &in) {
        Replay replay;
        std::string line;
        for (number_ = 1; std::getline(in, line); number_++) {
            words_.clear();
            std::istringstream text(line.substr(0, line.find("# ")));
            for (std::string word; text >> word;)
                words_.push_back(word);
            if (words_.empty())
                continue;
            if (words_[0] == "worker") {
                replay.emplace_back();
                replay.back().role = static_cast<Role>(index(role_names, word(1)));
                replay.back().race = words_.size() > 2;
                continue;
            }
            vmtest::require(!replay.empty(), "line {}: there is no worker yet", number_);
            auto &programs = replay.back().programs;
            if (words_[0] == "program") {
                programs.emplace_back();
                continue;
            }
            vmtest::require(!programs.empty(), "line {}: there is no program yet", number_);
            programs.back().push_back(node());
        }
        return replay;
    }

private:
    const std::string &word(std::size_t at) const {
        vmtest::require(at < words_.size(), "line {}: a word is missing", number_);
        return words_[at];
    }
    template<typename Names>
    std::uint32_t index(const Names &names, const std::string &name) const {
        const auto found = std::find(names.begin(), names.end(), name);
        vmtest::require(found != names.end(), "line {}: what is '{}'?", number_, name);
        return static_cast<std::uint32_t>(found - names.begin());
    }
    std::uint64_t number(const std::string &text) const {
        return std::strtoull(text.c_str(), nullptr, 0);
    }

    std::uint16_t type_from(const std::string &text) {
        const std::size_t plus = text.find('+');
        const std::string name = text.substr(0, plus);
        const auto flags = plus == std::string::npos ? 0 : number(text.substr(plus + 1));
        attribute_ = nullptr;
        if (name.starts_with("#"))
            return static_cast<std::uint16_t>(number(name.substr(1)) | flags);
        attribute_ = sets_.back() ? sets_.back()->find(name) : nullptr;
        vmtest::require(attribute_, "line {}: there is no attribute '{}'", number_, name);
        return static_cast<std::uint16_t>(attribute_->number | flags);
    }

    void read_value(Node &node, std::size_t at) {
        node.form = static_cast<Form>(index(form_names, word(at)));
        if (node.form == Form::none)
            return;
        if (node.form == Form::fd)
            node.kind = index(fd_names, word(at + 1));
        else if (node.form == Form::id || node.form == Form::id64)
            node.kind = index(id_names, word(at + 1));
        else
            node.value = number(word(at + 1));
        if (node.form == Form::fd || node.form == Form::id || node.form == Form::id64)
            node.value = number(word(at + 2));
        if (node.form == Form::string || node.form == Form::bytes)
            node.size = static_cast<std::uint32_t>(number(word(at + 2)));
    }

    Node node() {
        Node node{.what = static_cast<What>(index(what_names, words_[0]))};
        switch (node.what) {
        case What::message: {
            const bool unknown = word(1).starts_with("#");
            const Operation *op = unknown ? nullptr : &spec_.operation(word(1));
            node.type = op ? op->command : static_cast<std::uint16_t>(number(word(1).substr(1)));
            sets_.assign(1, op ? op->set : nullptr);
            break;
        }
        case What::action:
            node.type = static_cast<std::uint16_t>(index(action_names, word(1)));
            node.kind = index(fd_names, word(2));
            node.value = number(word(3));
            node.size = static_cast<std::uint32_t>(number(word(4)));
            break;
        case What::attribute:
            node.type = type_from(word(1));
            read_value(node, 2);
            break;
        case What::part:
            read_value(node, 1);
            break;
        case What::nest:
        case What::binary:
            node.type = type_from(word(1));
            sets_.push_back(attribute_ ? spec_.set(attribute_->nested) : nullptr);
            break;
        case What::end:
            if (sets_.size() > 1)
                sets_.pop_back();
        }
        for (const auto &text : words_)
            read_option(node, text);
        return node;
    }

    void read_option(Node &node, const std::string &text) const {
        const std::size_t equals = text.find('=');
        if (equals == std::string::npos)
            return;
        const std::string key = text.substr(0, equals), value = text.substr(equals + 1);
        if (key == "flags")
            node.size = static_cast<std::uint32_t>(number(value));
        else if (key == "socket")
            node.kind = static_cast<std::uint32_t>(number(value));
        else if (key == "header" || key == "repeat")
            node.value = number(value);
        else if (key == "count")
            node.count = static_cast<std::uint16_t>(number(value));
        else if (key == "twist")
            node.twist = static_cast<std::int16_t>(std::strtol(value.c_str(), nullptr, 0));
        else
            throw std::runtime_error(fmt::format("line {}: what is '{}'?", number_, text));
    }

    const Spec &spec_;
    std::vector<std::string> words_;
    std::vector<const Set *> sets_{nullptr};
    const Attribute *attribute_ = nullptr;
    int number_ = 0;
};

} // namespace fuzz

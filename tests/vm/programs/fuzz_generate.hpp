// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Programs that mean something: ops of the spec with values that fit, one by one and in the order
// in which a user would send them. What is said here by name are values that the spec cannot know.
#pragma once

#include "fuzz_spec.hpp"

#include <linux/netlink.h>

#include <iterator>

namespace fuzz {

inline constexpr std::uint64_t strings_max = 12; ///< see text_of()

/// Strings by number: the names that devices have, backends, what is too long, and names of others.
inline std::string text_of(std::uint64_t number) {
    static const std::array<std::string, strings_max> texts{"fz0",
                                                            "fz1",
                                                            "fz2",
                                                            "fz3",
                                                            "fz4",
                                                            "sim",
                                                            "none",
                                                            "host",
                                                            "",
                                                            "a/b%s",
                                                            std::string(31, 'n'),
                                                            std::string(32, 'm')};
    return number < 2 * strings_max ? texts[number % texts.size()]
                                    : "d" + std::to_string(number % 100);
}

class Generator {
public:
    Generator(const Spec &spec, Rng &rng) : spec_(spec), rng_(rng) {}

    /// Only what is needed, and nothing that is refused for its own sake.
    void be_careful(bool careful) { careful_ = careful; }

    /// Something that a user does, from its beginning to its end.
    Program scenario() {
        static const std::vector<std::vector<std::string_view>> scenarios{
            {"session-open", "buffer-alloc", "buffer-alloc", "transfer-submit", "do read",
             "transfer-get", "transfer-cancel"},
            {"session-open", "buffer-alloc", "transfer-submit", "transfer-submit", "do close",
             "dump transfer-get", "transfer-get"},
            {"buffer-alloc", "do map", "do touch", "buffer-info", "transfer-submit", "do unmap",
             "do sync-begin", "do sync-end", "dump buffer-get", "buffer-get"},
            {"buffer-alloc", "transfer-submit", "do export-fence", "do merge", "transfer-submit",
             "do poll", "do import-fence", "transfer-submit", "do read"},
            {"topology-begin", "device-new", "device-new", "link-new", "device-del", "link-del",
             "topology-commit", "dump device-get"},
            {"device-new", "device-new", "link-new", "link-new", "path-get", "link-set", "path-get",
             "link-set", "dump link-get", "link-del", "device-del"},
            {"dump device-get", "device-new", "dump region-get", "dump engine-get", "device-get",
             "region-get", "engine-get", "path-get", "topology-get"},
            {"do hold", "dump device-get", "dump link-get", "device-new", "link-set", "do drain"},
            {"do hold", "dump buffer-get", "buffer-alloc", "do close", "do drain", "stats-get"},
            {"do join", "buffer-alloc", "link-set", "transfer-submit", "transfer-cancel",
             "do leave"},
            {"device-new", "dump region-get", "buffer-alloc", "transfer-submit", "do knob",
             "transfer-submit", "device-del", "buffer-info", "do read"},
            {"topology-begin", "topology-begin", "link-new", "topology-commit", "topology-commit",
             "topology-abort"},
            {"session-open", "do share", "do adopt", "buffer-alloc", "do share", "do adopt",
             "transfer-submit", "do close-kind"},
            {"features-get", "dump partition-get", "dump tenant-get", "stats-get", "topology-get"},
        };
        Program program;
        const bool careful = careful_;
        careful_ |= rng_.chance(50);
        for (const auto step : rng_.pick(scenarios))
            if (!rng_.chance(4))
                add(program, step);
        careful_ = careful;
        return program;
    }

    /// Any ops in any order.
    Program soup() {
        Program program;
        for (std::uint32_t left = 2 + rng_.below(14); left; left--) {
            if (rng_.chance(12))
                action(program, static_cast<Action>(rng_.below(action_names.size())));
            else
                message(program, rng_.pick(spec_.operations()), rng_.chance(15));
        }
        return program;
    }

    /// Many messages that make nothing: what is parsed and looked up, at the least cost.
    Program burst() {
        Program program;
        for (std::uint32_t left = 12 + rng_.below(24); left && program.size() < 120; left--) {
            const Operation &op = rng_.pick(spec_.operations());
            const bool cheap = !op.answers_fd && !op.name.ends_with("-new") &&
                               !op.name.ends_with("-commit") && op.can_do;
            const std::size_t begin = program.size();
            if (!cheap)
                continue;
            message(program, op, rng_.chance(3));
            program[begin].count = static_cast<std::uint16_t>(
                program[begin].size & NLM_F_DUMP ? 1 : 2 + rng_.below(10));
        }
        return program;
    }

    void add(Program &program, std::string_view step) {
        if (step.starts_with("do ")) {
            for (std::size_t i = 0; i < action_names.size(); i++)
                if (step.substr(3) == action_names[i])
                    action(program, static_cast<Action>(i));
            return;
        }
        const bool dump = step.starts_with("dump ");
        message(program, spec_.operation(dump ? step.substr(5) : step), dump);
    }

    void action(Program &program, Action action) {
        Node node{.what = What::action, .type = static_cast<std::uint16_t>(action)};
        node.kind = rng_.chance(85) ? rng_.below(fd_first_foreign) : rng_.below(fd_kinds);
        const bool of_buffer = action >= Action::map && action <= Action::import_fence;
        if (of_buffer && rng_.chance(90))
            node.kind = fd_buffer;
        if (action == Action::read && rng_.chance(80))
            node.kind = fd_session;
        if (action == Action::merge && rng_.chance(90))
            node.kind = fd_fence;
        node.value = rng_.below(8);
        node.size = rng_.below(1 << 12);
        program.push_back(node);
    }

    void message(Program &program, const Operation &op, bool dump) {
        Node node{.what = What::message, .type = op.command};
        dump = op.can_dump && (dump || !op.can_do);
        node.size = NLM_F_REQUEST | (rng_.chance(25) ? NLM_F_ACK : 0) | (dump ? NLM_F_DUMP : 0);
        node.kind = rng_.chance(80) ? 0 : rng_.below(3);
        program.push_back(node);
        if (dump)
            return;
        for (const Attribute *one : op.request)
            if (one && wanted(likely(*one)))
                for (std::uint32_t n = one->multi ? repeats() : 1; n; n--)
                    attribute(program, *one, 0);
    }

    void attribute(Program &program, const Attribute &attribute, int depth) {
        Node node{.what = What::attribute, .form = attribute.form, .type = attribute.number};
        if (!attribute.nested.empty())
            return nest(program, attribute, depth);
        if (!attribute.members.empty())
            return segments(program, attribute);
        set_value(node, attribute);
        program.push_back(node);
    }

    /// Something of that form, fit or not.
    void set_any_value(Node &node) {
        static const std::array<std::uint64_t, 22> edges{
            0,          1,          2,          7,          8,          9,
            255,        256,        4095,       4096,       4097,       65535,
            0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 1ull << 32, 1ull << 40,
            1ull << 62, 1ull << 63, ~0ull - 1,  ~0ull};
        node.value = rng_.chance(70) ? rng_.pick(edges) : rng_.next() >> rng_.below(64);
        node.size = rng_.chance(70) ? rng_.below(64) : rng_.below(5000);
        if (node.form == Form::fd) {
            node.kind = rng_.below(fd_kinds);
            node.value = rng_.below(8);
        } else if (node.form == Form::id || node.form == Form::id64) {
            node.kind = rng_.below(id_kinds);
            node.value = rng_.below(16);
        }
    }

private:
    /// The spec does not say what is required: what decides about depth comes more often.
    static std::uint32_t likely(const Attribute &attribute) {
        if (attribute.name == "txn-fd")
            return 30;
        if (attribute.name == "in-fence-fd")
            return 15;
        if (attribute.entries || attribute.name == "fd-flags" || attribute.name.ends_with("-ba") ||
            attribute.name.starts_with("port") || attribute.name == "user-data")
            return attribute.name == "kind" || attribute.name == "admin" ? 96 : 35;
        return 96;
    }

    bool wanted(std::uint32_t percent) { return careful_ ? percent > 90 : rng_.chance(percent); }
    std::uint32_t repeats() {
        if (careful_)
            return 1;
        return rng_.chance(90) ? 1 + rng_.below(2) : rng_.below(20);
    }

    void nest(Program &program, const Attribute &attribute, int depth) {
        const Set *set = spec_.set(attribute.nested);
        if (!set || depth > 2)
            return;
        program.push_back({.what = What::nest,
                           .type = static_cast<std::uint16_t>(attribute.number | NLA_F_NESTED)});
        for (const auto &inner : set->attributes)
            if (wanted(stated(inner) ? 96 : 1))
                this->attribute(program, inner, depth + 1);
        program.push_back({.what = What::end});
    }

    /// Of a region or engine in a request; the others are only told.
    static bool stated(const Attribute &attribute) {
        static const std::array<std::string_view, 9> names{
            "kind",  "page-bytes",    "channels", "depth",     "bytes-per-sec",
            "bytes", "bytes-per-sec", "node",     "latency-ns"};
        for (const auto name : names)
            if (attribute.name == name)
                return attribute.set != "engine" || name != "bytes";
        return false;
    }

    void segments(Program &program, const Attribute &attribute) {
        program.push_back({.what = What::binary, .type = attribute.number});
        std::uint32_t left = careful_ || rng_.chance(90) ? 1 + rng_.below(3) : 1 + rng_.below(12);
        const bool valid = careful_ || rng_.chance(80);
        for (std::uint32_t fds = 0; left; left--)
            for (const auto &member : attribute.members) {
                Node part{.what = What::part, .form = member.form};
                set_value(part, member);
                if (valid && member.name.ends_with("offset"))
                    part.value = rng_.chance(90) ? 0 : 4096;
                if (valid && member.name == "bytes")
                    part.value = rng_.chance(85) ? 4096u : 1024u << rng_.below(8);
                if (careful_ && part.form == Form::fd)
                    part.value = fds++; // not onto itself
                program.push_back(part);
            }
        program.push_back({.what = What::end});
    }

    void set_value(Node &node, const Attribute &attribute) {
        static const std::array<std::uint64_t, 9> bytes{4096,  4096,  8192,    8192,    4097,
                                                        65536, 65536, 1 << 20, 3u << 20};
        static const std::array<std::uint64_t, 4> rates{10'000'000'000, 1'000'000'000, 100'000'000,
                                                        1'000'000};
        switch (node.form) {
        case Form::fd:
        case Form::id:
        case Form::id64:
            node.kind = attribute.kind;
            node.value = careful_ || rng_.chance(60) ? rng_.below(4) : rng_.below(24);
            return;
        case Form::string:
            node.value = attribute.name == "backend"
                             ? (careful_ || rng_.chance(85) ? 5 : rng_.below(strings_max))
                         : rng_.chance(60) ? 24 + rng_.below(60)
                                           : rng_.below(8);
            node.size = ~0u; // as long as it is, with its 0
            return;
        default:
            break;
        }
        if (careful_ && attribute.entries && attribute.name != "admin")
            node.value = 1;
        else if (attribute.entries)
            node.value = attribute.flags ? rng_.below(1u << attribute.entries)
                                         : rng_.below(attribute.entries);
        else if (attribute.name.find("per-sec") != std::string::npos)
            node.value = rng_.pick(rates);
        else if (careful_ && (attribute.name == "node" || attribute.name == "page-bytes"))
            node.value = attribute.name == "node" ? 0 : 4096;
        else if (attribute.name == "page-bytes")
            node.value = 4096u << (rng_.chance(80) ? 0 : rng_.below(10));
        else if (attribute.name == "bytes" && attribute.set == "region")
            node.value = (1ull << 20) << rng_.below(5);
        else if (attribute.name == "bytes")
            node.value = rng_.pick(bytes);
        else if (attribute.name == "fd-flags")
            node.value = rng_.chance(85) ? 2 : rng_.below(4);
        else if (attribute.name.find("latency") != std::string::npos)
            node.value = rng_.below(20000);
        else if (attribute.name == "node")
            node.value = rng_.below(3) - 1u;
        else if (attribute.name.starts_with("port-"))
            node.value = rng_.chance(50) ? ~0u : rng_.below(5);
        else
            node.value = 1 + rng_.below(8);
    }

    const Spec &spec_;
    Rng &rng_;
    bool careful_ = false;
};

} // namespace fuzz

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Programs that mean something else: values at their edges, fds of the wrong kind, lengths that
// lie, attributes that are doubled, lost, unknown, nested anew or another op's.
#pragma once

#include "fuzz_generate.hpp"

#include <algorithm>

namespace fuzz {

inline constexpr std::size_t nodes_max = 160;

class Mutator {
public:
    Mutator(const Spec &spec, Rng &rng) : generator_(spec, rng), rng_(rng) {}

    /// @other gives calls to splice in
    void mutate(Program &program, const Program &other) {
        const std::size_t many = rng_.chance(70) ? 3 : 4 + program.size() / 8;
        for (std::uint32_t left = 1 + rng_.below(many); left; left--) {
            if (program.empty())
                program = generator_.soup();
            if (rng_.chance(25))
                change_calls(program, other);
            else
                change_node(program, rng_.below(program.size()));
        }
        if (program.size() > nodes_max)
            program.resize(nodes_max);
        while (!program.empty() && program.front().what != What::message &&
               program.front().what != What::action)
            program.erase(program.begin());
    }

private:
    using Difference = Program::difference_type;

    static Program::iterator at(Program &program, std::size_t index) {
        return program.begin() + static_cast<Difference>(index);
    }

    void change_calls(Program &program, const Program &other) {
        const auto starts = calls(program);
        const std::size_t call = rng_.below(starts.size() - 1);
        const std::size_t begin = starts[call];
        const std::size_t end = starts.size() > call + 1 ? starts[call + 1] : program.size();
        switch (rng_.below(6)) {
        case 0: // lose one
            program.erase(at(program, begin), at(program, end));
            break;
        case 1: { // twice
            const Program copy(at(program, begin), at(program, end));
            program.insert(at(program, end), copy.begin(), copy.end());
            break;
        }
        case 2: { // another program's, from here on
            if (other.empty())
                break;
            const auto theirs = calls(other);
            const auto from = static_cast<Difference>(theirs[rng_.below(theirs.size() - 1)]);
            program.insert(at(program, begin), other.begin() + from, other.end());
            break;
        }
        case 3: { // an action between two messages
            Program one;
            generator_.action(one, static_cast<Action>(rng_.below(action_names.size())));
            program.insert(at(program, begin), one.begin(), one.end());
            break;
        }
        case 4: { // more of what is meant
            const Program more = generator_.scenario();
            program.insert(at(program, rng_.chance(50) ? end : begin), more.begin(), more.end());
            break;
        }
        default: { // the order
            Program copy(at(program, begin), at(program, end));
            program.erase(at(program, begin), at(program, end));
            program.insert(program.begin(), copy.begin(), copy.end());
        }
        }
    }

    void change_message(Node &node) {
        static const std::array<std::uint32_t, 9> flags{NLM_F_ACK,     NLM_F_DUMP,    NLM_F_ECHO,
                                                        NLM_F_REPLACE, NLM_F_EXCL,    NLM_F_CREATE,
                                                        NLM_F_APPEND,  NLM_F_REQUEST, NLM_F_MULTI};
        switch (rng_.below(8)) {
        case 0:
        case 1:
            node.size ^= rng_.pick(flags);
            break;
        case 2: // its attributes go to another op
            node.type = static_cast<std::uint16_t>(rng_.below(34));
            break;
        case 3:
            node.kind = rng_.below(3);
            break;
        case 4:
            node.value = rng_.chance(50) ? rng_.below(4) : rng_.next() & 0xffffff;
            break;
        case 5:
            node.twist = static_cast<std::int16_t>(static_cast<int>(rng_.below(40)) - 20);
            break;
        default:
            node.count = static_cast<std::uint16_t>(1 + rng_.below(6));
        }
    }

    void change_node(Program &program, std::size_t index) {
        Node &node = program[index];
        switch (node.what) {
        case What::message:
            return change_message(node);
        case What::action:
            node.value = rng_.below(12);
            node.kind = rng_.below(fd_kinds);
            node.size = rng_.below(1 << 12);
            if (rng_.chance(20))
                node.type = static_cast<std::uint16_t>(rng_.below(action_names.size()));
            return;
        case What::end:
            if (rng_.chance(20))
                program.erase(at(program, index));
            return;
        default:
            change_attribute(program, index);
        }
    }

    void change_attribute(Program &program, std::size_t index) {
        static const std::array<std::uint16_t, 8> counts{2, 3, 8, 9, 16, 17, 64, 1100};
        static const std::array<int, 8> twists{-4, -1, 1, 4, 8, -8, 200, 32000};
        Node &node = program[index];
        switch (rng_.below(10)) {
        case 0:
        case 1:
        case 2:
            generator_.set_any_value(node);
            break;
        case 3:
            node.form = static_cast<Form>(rng_.below(form_names.size()));
            generator_.set_any_value(node);
            break;
        case 4: // unknown, or another one
            node.type = static_cast<std::uint16_t>(rng_.chance(70) ? rng_.below(24) : rng_.next());
            break;
        case 5:
            node.type ^= rng_.chance(70) ? NLA_F_NESTED : NLA_F_NET_BYTEORDER;
            break;
        case 6:
            node.count = rng_.pick(counts);
            break;
        case 7:
            node.twist = static_cast<std::int16_t>(rng_.pick(twists));
            break;
        case 8: { // lost, with what is in it
            program.erase(at(program, index), at(program, after(program, index)));
            break;
        }
        default: { // doubled, or nested in itself
            const std::size_t end = after(program, index);
            const Program copy(at(program, index), at(program, end));
            const bool inside = node.what == What::nest && rng_.chance(50);
            program.insert(at(program, inside ? index + 1 : end), copy.begin(), copy.end());
        }
        }
    }

    Generator generator_;
    Rng &rng_;
};

} // namespace fuzz

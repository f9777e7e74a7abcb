// SPDX-License-Identifier: GPL-2.0-only OR MIT
// A replay file made smaller, one step at a time: all that could be left out, the most first. Which
// of it still makes the kernel complain is for machines to try.
#pragma once

#include "fuzz_record.hpp"
#include "fuzz_text.hpp"

#include <functional>

namespace fuzz {

/// Candidates in an order that depends on the replay alone: number N means the same here and there.
/// One at a time: all of them would not fit in a machine.
class Reduction {
public:
    using Visit = std::function<bool(std::size_t number, const Replay &candidate)>;

    explicit Reduction(Replay replay) : replay_(std::move(replay)) {}

    /// Number of the candidate that @visit liked, 0 when it liked none. The first has number 1.
    std::size_t find(const Visit &visit) {
        visit_ = &visit;
        number_ = 0;
        found_ = false;
        leave_out_workers();
        leave_out_programs();
        for (std::size_t s = 0; s < replay_.size() && !found_; s++)
            for (std::size_t p = 0; p < replay_[s].programs.size() && !found_; p++) {
                leave_out_calls(s, p);
                if (programs() <= few)
                    leave_out_nodes(s, p);
            }
        if (programs() <= few)
            calm_down();
        return found_ ? number_ : 0;
    }

private:
    static constexpr std::size_t few = 6;
    using Difference = std::ptrdiff_t;

    std::size_t programs() const {
        std::size_t sum = 0;
        for (const auto &section : replay_)
            sum += section.programs.size();
        return sum;
    }

    void keep(Replay candidate) {
        std::erase_if(candidate, [](const Section &s) { return s.programs.empty(); });
        if (!found_ && !candidate.empty() && candidate != replay_)
            found_ = (*visit_)(++number_, candidate);
    }

    void leave_out_workers() {
        for (std::size_t s = 0; s < replay_.size() && replay_.size() > 1; s++)
            keep({replay_[s]});
        for (std::size_t s = 0; s < replay_.size() && replay_.size() > 2; s++) {
            Replay candidate = replay_;
            candidate.erase(candidate.begin() + static_cast<Difference>(s));
            keep(candidate);
        }
    }

    /// What came last is the likeliest cause: 1, 2, 4 ... of each worker's last programs.
    void leave_out_programs() {
        std::size_t most = 0;
        for (const auto &section : replay_)
            most = std::max(most, section.programs.size());
        for (std::size_t last = 1; last < most; last *= 2) {
            Replay candidate = replay_;
            for (auto &section : candidate)
                if (section.programs.size() > last)
                    section.programs.erase(section.programs.begin(),
                                           section.programs.end() - static_cast<Difference>(last));
            keep(candidate);
        }
        for (std::size_t s = 0; s < replay_.size(); s++)
            for (std::size_t piece = replay_[s].programs.size() / 2; piece; piece /= 2)
                for (std::size_t at = 0; at < replay_[s].programs.size(); at += piece) {
                    Replay candidate = replay_;
                    auto &list = candidate[s].programs;
                    const std::size_t end = std::min(at + piece, list.size());
                    list.erase(list.begin() + static_cast<Difference>(at),
                               list.begin() + static_cast<Difference>(end));
                    keep(candidate);
                }
    }

    Program &program_of(Replay &candidate, std::size_t s, std::size_t p) {
        return candidate[s].programs[p];
    }

    void without(std::size_t s, std::size_t p, std::size_t begin, std::size_t end) {
        Replay candidate = replay_;
        Program &program = program_of(candidate, s, p);
        program.erase(program.begin() + static_cast<Difference>(begin),
                      program.begin() + static_cast<Difference>(end));
        keep(candidate);
    }

    void leave_out_calls(std::size_t s, std::size_t p) {
        const auto starts = calls(replay_[s].programs[p]);
        const std::size_t count = starts.size() - 1;
        for (std::size_t piece = std::max<std::size_t>(count / 2, 1); piece; piece /= 2)
            for (std::size_t at = 0; at < count; at += piece)
                if (piece < count)
                    without(s, p, starts[at], starts[std::min(at + piece, count)]);
    }

    void leave_out_nodes(std::size_t s, std::size_t p) {
        const Program &program = replay_[s].programs[p];
        for (std::size_t i = 0; i < program.size(); i++)
            if (!begins_call(program[i]) && program[i].what != What::end)
                without(s, p, i, after(program, i));
    }

    /// Lies and repetitions that do not matter.
    void calm_down() {
        for (std::size_t s = 0; s < replay_.size(); s++) {
            if (replay_[s].race || replay_[s].role) {
                Replay candidate = replay_;
                candidate[s].race = false;
                keep(candidate);
                candidate[s].role = role_admin;
                keep(candidate);
            }
            for (std::size_t p = 0; p < replay_[s].programs.size(); p++)
                for (std::size_t i = 0; i < replay_[s].programs[p].size(); i++) {
                    Replay candidate = replay_;
                    Node &node = program_of(candidate, s, p)[i];
                    node.count = 1;
                    node.twist = 0;
                    if (node.what == What::message) {
                        node.kind = 0;
                        node.value = 0;
                    }
                    keep(candidate);
                }
        }
    }

    const Replay replay_;
    const Visit *visit_ = nullptr;
    std::size_t number_ = 0;
    bool found_ = false;
};

/// What the workers of a record did, in order: before they last let go of everything, and since.
inline Replay replay_of(RecordFile &record) {
    Replay replay;
    for (std::uint32_t w = 0; w < workers_max; w++) {
        auto &halves = record.worker(w).halves;
        const int first = halves[0].began < halves[1].began ? 0 : 1;
        std::uint32_t life = ~0u;
        for (const int h : {first, 1 - first}) {
            const Record::Half &half = halves[static_cast<std::size_t>(h)];
            if (half.magic != Record::magic)
                continue;
            Section section;
            section.role = static_cast<Role>(half.role % roles);
            section.race = half.racing;
            for (std::size_t at = 0; at + sizeof(Record::Entry) <= half.used;) {
                Record::Entry entry{};
                std::memcpy(&entry, half.entries.data() + at, sizeof(entry));
                at += sizeof(entry);
                if (at + entry.nodes * sizeof(Node) > sizeof(half.entries))
                    break;
                Program program(entry.nodes);
                std::memcpy(program.data(), half.entries.data() + at, entry.nodes * sizeof(Node));
                at += entry.nodes * sizeof(Node);
                section.programs.push_back(std::move(program));
            }
            if (section.programs.empty())
                continue;
            if (half.life == life) {
                auto &before = replay.back().programs;
                before.insert(before.end(), section.programs.begin(), section.programs.end());
            } else {
                replay.push_back(std::move(section));
            }
            life = half.life;
        }
    }
    return replay;
}

} // namespace fuzz

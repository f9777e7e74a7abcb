// SPDX-License-Identifier: GPL-2.0-only OR MIT
// What a fuzzer's processes share: counters, coverage and corpus in anonymous memory, and the
// record of what each worker does, in a file or device that outlives the machine. No locks: a
// worker may be killed between any two instructions.
#pragma once

#include "fuzz_program.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <ctime>
#include <span>

namespace fuzz {

inline constexpr std::uint32_t workers_max = 16;
inline constexpr std::uint32_t commands_max = 32;
inline constexpr std::uint32_t errors_max = 134;
inline constexpr std::uint64_t fnv_basis = 0xcbf29ce484222325;

inline std::uint64_t fnv(std::span<const std::uint8_t> bytes, std::uint64_t hash = fnv_basis) {
    for (const auto byte : bytes)
        hash = (hash ^ byte) * 0x100000001b3;
    return hash;
}

/// A set that only grows.
template<std::size_t bits>
class Bitmap {
public:
    /// True when it was not in there.
    bool add(std::size_t bit) {
        bit %= bits;
        const std::uint64_t mask = 1ull << bit % 64;
        auto &word = words_[bit / 64];
        return !(word.load(std::memory_order_relaxed) & mask) && !(word.fetch_or(mask) & mask);
    }
    bool has(std::size_t bit) const { return words_[bit / 64].load() >> bit % 64 & 1; }
    std::uint32_t count() const {
        std::uint32_t sum = 0;
        for (const auto &word : words_)
            sum += static_cast<std::uint32_t>(__builtin_popcountll(word.load()));
        return sum;
    }
    static constexpr std::size_t size() { return bits; }

private:
    std::array<std::atomic<std::uint64_t>, bits / 64> words_;
};

/// Programs that reached something new. A slot that is being written does not match its sum.
class Corpus {
public:
    static constexpr std::size_t slots_max = 1024;
    static constexpr std::size_t program_max = 192;

    void add(const Program &program) {
        if (program.empty() || program.size() > program_max)
            return;
        Slot &slot = slots_[added_.fetch_add(1) % slots_max];
        slot.sum = 0;
        slot.size = static_cast<std::uint32_t>(program.size());
        std::memcpy(slot.nodes.data(), program.data(), program.size() * sizeof(Node));
        slot.sum = sum(slot);
    }
    std::uint32_t size() const {
        return std::min<std::uint32_t>(added_.load(), static_cast<std::uint32_t>(slots_max));
    }
    bool get(std::uint32_t index, Program &program) const {
        const Slot &slot = slots_[index % slots_max];
        const std::uint32_t size = slot.size;
        const std::uint64_t expected = slot.sum;
        if (!size || size > program_max)
            return false;
        program.assign(slot.nodes.begin(), slot.nodes.begin() + size);
        return expected == sum(slot);
    }

private:
    struct Slot {
        std::uint64_t sum;
        std::uint32_t size;
        std::array<Node, program_max> nodes;
    };
    static std::uint64_t sum(const Slot &slot) {
        return fnv({reinterpret_cast<const std::uint8_t *>(slot.nodes.data()),
                    std::min<std::size_t>(slot.size, program_max) * sizeof(Node)});
    }

    std::atomic<std::uint32_t> added_;
    std::array<Slot, slots_max> slots_;
};

inline constexpr std::array modules{"supernode", "sn_sim", "sn_host"};
inline constexpr std::size_t module_bytes = 1 << 21;

struct WorkerState {
    std::atomic<std::uint64_t> messages, programs, lives;
    std::array<std::array<std::atomic<std::uint32_t>, errors_max>, commands_max> errors;
};

/// An answer as it came, the first time.
struct Sentence {
    std::atomic<std::uint32_t> count, command, error;
    std::array<char, 100> text;
};

struct Shared {
    std::atomic<std::uint32_t> stop;    ///< end
    std::atomic<std::uint32_t> quiesce; ///< hold nothing: the modules go
    std::atomic<std::uint32_t> loads;   ///< of the modules
    std::array<std::atomic<std::uint64_t>, modules.size()> module_at;
    std::array<WorkerState, workers_max> workers;
    Bitmap<1 << 16> answers; ///< op, errno and sentence, hashed
    std::array<Sentence, 4096> sentences;
    std::array<Bitmap<module_bytes>, modules.size()> reached;
    std::atomic<std::uint64_t> foreign_pcs; ///< of coverage outside of the modules
    Corpus corpus;

    static Shared *make() {
        void *memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        return memory == MAP_FAILED ? nullptr : static_cast<Shared *>(memory);
    }
};

/// What a worker did since it last let go of everything, and before that. Written before it is
/// done.
class Record {
public:
    static constexpr std::size_t half_bytes = 448 * 1024;
    static constexpr std::uint64_t magic = 0x736e2d66757a7a31; // "sn-fuzz1"

    struct Entry {
        std::uint64_t stamp; ///< nanoseconds
        std::uint32_t iteration;
        std::uint32_t nodes;
    };
    struct Half {
        std::uint64_t magic;
        std::uint64_t began; ///< nanoseconds
        std::uint64_t seed;
        std::uint32_t worker, life, role, racing;
        std::uint32_t used; ///< bytes of entries
        std::uint32_t at;   ///< node of the last one that was sent
        std::array<std::uint8_t, half_bytes - 48> entries;
    };
    struct Worker {
        std::array<Half, 2> halves;
    };
    static constexpr std::size_t bytes = sizeof(Worker) * workers_max;
};
static_assert(sizeof(Record::Half) == Record::half_bytes);

/// The record of one worker, while it works.
class Recorder {
public:
    explicit Recorder(Record::Worker &where) : where_(where) {
        turn_ = where.halves[0].began > where.halves[1].began ? 0 : 1;
    }

    /// A new beginning, with nothing held.
    void begin(std::uint64_t seed, std::uint32_t worker, std::uint32_t life, std::uint32_t role,
               bool racing) {
        turn_ ^= 1;
        Record::Half &half = where_.halves[turn_];
        half.used = 0;
        half.at = 0;
        half.seed = seed;
        half.worker = worker;
        half.life = life;
        half.role = role;
        half.racing = racing;
        half.began = now();
        half.magic = Record::magic;
    }
    bool full() const { return where_.halves[turn_].used + 16384 > half_room; }
    void add(const Program &program, std::uint64_t iteration) {
        Record::Half &half = where_.halves[turn_];
        const std::size_t size = sizeof(Record::Entry) + program.size() * sizeof(Node);
        if (half.used + size > half_room)
            return;
        const Record::Entry entry{now(), static_cast<std::uint32_t>(iteration),
                                  static_cast<std::uint32_t>(program.size())};
        std::uint8_t *to = half.entries.data() + half.used;
        std::memcpy(to, &entry, sizeof(entry));
        std::memcpy(to + sizeof(entry), program.data(), program.size() * sizeof(Node));
        half.at = 0;
        std::atomic_signal_fence(std::memory_order_release);
        half.used += static_cast<std::uint32_t>(size);
    }
    void at(std::size_t node) { where_.halves[turn_].at = static_cast<std::uint32_t>(node); }

    static std::uint64_t now() {
        timespec time{};
        clock_gettime(CLOCK_MONOTONIC, &time);
        return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
               static_cast<std::uint64_t>(time.tv_nsec);
    }

private:
    static constexpr std::size_t half_room = sizeof(Record::Half::entries);

    Record::Worker &where_;
    int turn_ = 0;
};

} // namespace fuzz

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// A Weyl sequence with folded halves: one addition and one shift a word, since an emulated CPU
// fills and checks every byte that a replay moves.
#include "content.hpp"

#include <algorithm>
#include <cstring>

namespace supernode::replay {

namespace {

constexpr std::size_t page_bytes = 4096;

/// splitmix64: every bit of the key moves every bit of the answer.
std::uint64_t mix(std::uint64_t value) {
    value += 0x9e3779b97f4a7c15;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
    value = (value ^ value >> 27) * 0x94d049bb133111eb;
    return value ^ value >> 31;
}

struct Words {
    explicit Words(std::uint64_t key) : state(mix(key)), step(mix(~key) | 1) {}

    std::uint64_t next() {
        state += step;
        return state ^ state >> 32;
    }

    std::uint64_t state;
    std::uint64_t step;
};

} // namespace

void fill_block(std::span<std::byte> block, std::uint64_t key) {
    Words words(key);
    for (std::size_t at = 0; at + 8 <= block.size(); at += 8) {
        const auto word = words.next();
        std::memcpy(block.data() + at, &word, 8);
    }
}

std::optional<std::size_t> find_mismatch(std::span<const std::byte> block, std::uint64_t key) {
    Words words(key);
    for (std::size_t page = 0; page < block.size(); page += page_bytes) {
        const auto end = std::min(page + page_bytes, block.size());
        const Words begin = words;
        std::uint64_t difference = 0;
        for (std::size_t at = page; at + 8 <= end; at += 8) {
            std::uint64_t word;
            std::memcpy(&word, block.data() + at, 8);
            difference |= word ^ words.next();
        }
        if (!difference)
            continue;
        words = begin;
        for (std::size_t at = page; at + 8 <= end; at += 8) {
            std::uint64_t word;
            std::memcpy(&word, block.data() + at, 8);
            if (word != words.next())
                return at;
        }
    }
    return std::nullopt;
}

void spoil_block(std::span<std::byte> block, std::uint64_t salt) {
    const auto word = mix(~salt);
    for (std::size_t at = 0; at + 8 <= block.size(); at += page_bytes) {
        // The salt picks the word, so that in the long run every word is tried.
        const auto offset = std::min(at + (salt * 8) % page_bytes, block.size() - 8);
        std::memcpy(block.data() + offset, &word, 8);
    }
}

} // namespace supernode::replay

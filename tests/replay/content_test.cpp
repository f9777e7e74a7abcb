// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "content.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <set>
#include <vector>

using namespace supernode::replay;

namespace {

std::vector<std::byte> block(std::uint64_t key, std::size_t bytes = 16384) {
    std::vector<std::byte> memory(bytes);
    fill_block(memory, key);
    return memory;
}

} // namespace

TEST(Content, IsFoundRight) {
    for (const std::uint64_t key : {0ULL, 1ULL, 77ULL << 10 | 512, ~0ULL})
        EXPECT_FALSE(find_mismatch(block(key), key));
}

TEST(Content, OtherKeysDifferFromTheFirstWord) {
    std::set<std::uint64_t> firsts;
    for (std::uint64_t key = 0; key < 4096; ++key) {
        const auto memory = block(key, 64);
        std::uint64_t first;
        std::memcpy(&first, memory.data(), 8);
        firsts.insert(first);
        EXPECT_EQ(find_mismatch(memory, key + 1), 0U);
    }
    EXPECT_EQ(firsts.size(), 4096U);
}

TEST(Content, WordsDoNotRepeat) {
    const auto memory = block(42, 1 << 20);
    std::set<std::uint64_t> words;
    for (std::size_t at = 0; at < memory.size(); at += 8) {
        std::uint64_t word;
        std::memcpy(&word, memory.data() + at, 8);
        words.insert(word);
    }
    EXPECT_EQ(words.size(), memory.size() / 8);
}

TEST(Content, FindsAnyFlippedBitAtItsWord) {
    std::mt19937 random(1);
    for (int round = 0; round < 500; ++round) {
        auto memory = block(9);
        const std::size_t at = random() % memory.size();
        memory[at] ^= std::byte{1} << random() % 8;
        EXPECT_EQ(find_mismatch(memory, 9), at / 8 * 8);
    }
}

TEST(Content, FindsSwappedPages) {
    auto memory = block(9);
    std::swap_ranges(memory.begin(), memory.begin() + 4096, memory.begin() + 4096);
    EXPECT_EQ(find_mismatch(memory, 9), 0U);
}

TEST(Content, SpoiltBlockIsWrongInEveryPage) {
    for (std::uint64_t salt = 0; salt < 1000; ++salt) {
        auto memory = block(9);
        spoil_block(memory, salt);
        spoil_block(memory, salt); // twice is no less
        for (std::size_t page = 0; page < memory.size(); page += 4096) {
            auto fresh = block(9);
            std::memcpy(fresh.data() + page, memory.data() + page, 4096);
            const auto wrong = find_mismatch(fresh, 9);
            ASSERT_TRUE(wrong);
            EXPECT_EQ(*wrong / 4096, page / 4096);
        }
    }
}

// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "extent_model.hpp"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "random.hpp"

namespace {

struct Space {
    explicit Space(uint64_t bytes, uint32_t ranges)
        : limits{bytes, ranges}, memory(sn_extent_bytes(&limits)) {
        EXPECT_EQ(sn_extent_init(memory.get(), &limits, &extent), 0);
    }
    struct sn_extent_state state() const {
        struct sn_extent_state s;
        sn_extent_state(extent, &s);
        return s;
    }

    sn_extent_limits limits;
    Memory memory;
    sn_extent *extent = nullptr;
};

TEST(Extent, RandomOperationsAgreeWithTheModel) {
    Random random;

    for (uint64_t size : {1, 300, 5000}) {
        ModelledSpace space(size, static_cast<uint32_t>(std::min<uint64_t>(size + 1, 700)));

        for (int op = 0; op < 35000 && !HasFailure(); op++) {
            uint64_t align = 1ull << random.below(8);
            auto &ranges = space.ranges();

            if (random.below(100) < 52)
                space.alloc(1 + random.below(random.one_in(50) ? size : 24), align);
            else
                space.free(ranges[random.below(ranges.size())].start);
            space.free(random.below(size + 2));
            space.find(random.below(size + 2));
            if (op % 8 == 0 || size < 1000)
                space.compare();
        }
    }
}

TEST(Extent, AllocRefusesAndChangesNothing) {
    Space space(1000, 3);
    uint64_t offset = 77;
    auto refused = [&](int error, uint64_t bytes, uint64_t align) {
        Memory before(space.memory);
        EXPECT_EQ(sn_extent_alloc(space.extent, bytes, align, &offset), error);
        EXPECT_TRUE(space.memory == before);
        EXPECT_EQ(offset, 77u);
    };

    refused(-EINVAL, 0, 1);
    refused(-EINVAL, 1, 0);
    refused(-EINVAL, 1, 3);
    refused(-ENOSPC, 1001, 1);
    refused(-ENOSPC, SN_U64_MAX, 1ull << 63);
    ASSERT_EQ(sn_extent_alloc(space.extent, 10, 1, &offset), 0);
    offset = 77;
    // Needs a node for what is skipped and one for what is left, and there is one.
    refused(-E2BIG, 100, 64);
    ASSERT_EQ(sn_extent_alloc(space.extent, 10, 1, &offset), 0);
    offset = 77;
    refused(-E2BIG, 10, 1);
    // The whole rest takes no further node.
    ASSERT_EQ(sn_extent_alloc(space.extent, 980, 4, &offset), 0);
    EXPECT_EQ(offset, 20u);
    EXPECT_EQ(space.state().largest_free_bytes, 0u);
    EXPECT_EQ(sn_extent_check(space.extent), 0);
}

TEST(Extent, InitRefusesBadLimits) {
    alignas(8) unsigned char mem[256];
    sn_extent *extent;

    for (sn_extent_limits limits : {sn_extent_limits{0, 1}, {1, 0}, {1, SN_NONE}})
        EXPECT_EQ(sn_extent_init(mem, &limits, &extent), -EINVAL);
    sn_extent_limits limits{1, 1};
    EXPECT_EQ(sn_extent_init(mem + 4, &limits, &extent), -EINVAL);
}

TEST(Extent, GrowKeepsEverything) {
    Space small(1 << 20, 3);
    uint64_t offset[2], start, bytes;

    ASSERT_EQ(sn_extent_alloc(small.extent, 100, 1, &offset[0]), 0);
    ASSERT_EQ(sn_extent_alloc(small.extent, 100, 1, &offset[1]), 0);
    ASSERT_EQ(sn_extent_alloc(small.extent, 100, 1, &start), -E2BIG);

    sn_extent_limits limits{1 << 20, 9}, fewer{1 << 20, 2}, other{1 << 21, 9};
    Memory memory(sn_extent_bytes(&limits));
    sn_extent *grown = nullptr;
    EXPECT_EQ(sn_extent_grow(memory.get(), &fewer, small.extent, &grown), -EINVAL);
    EXPECT_EQ(sn_extent_grow(memory.get(), &other, small.extent, &grown), -EINVAL);
    ASSERT_EQ(sn_extent_grow(memory.get(), &limits, small.extent, &grown), 0);
    EXPECT_EQ(sn_extent_check(grown), 0);
    EXPECT_EQ(sn_extent_check(small.extent), 0);
    ASSERT_EQ(sn_extent_alloc(grown, 100, 4096, &start), 0);
    EXPECT_EQ(start, 4096u);
    EXPECT_EQ(sn_extent_find(grown, 150, &start, &bytes), 0);
    EXPECT_EQ(start, offset[1]);
    EXPECT_EQ(sn_extent_free(grown, offset[0], nullptr), 0);
    EXPECT_EQ(sn_extent_check(grown), 0);
}

TEST(Extent, EndsOfTheNumbers) {
    Space space(SN_U64_MAX, 8);
    uint64_t offset;

    ASSERT_EQ(sn_extent_alloc(space.extent, 5, 1, &offset), 0);
    ASSERT_EQ(sn_extent_alloc(space.extent, 1ull << 63, 1ull << 63, &offset), -ENOSPC);
    ASSERT_EQ(sn_extent_alloc(space.extent, (1ull << 63) - 1, 1ull << 63, &offset), 0);
    EXPECT_EQ(offset, 1ull << 63);
    EXPECT_EQ(sn_extent_check(space.extent), 0);
}

// A space in use, with every kind of node.
Space used_space(Random &random) {
    Space space(10000, 120);
    std::vector<uint64_t> offsets;

    for (int i = 0; i < 60; i++) {
        uint64_t offset;
        if (!sn_extent_alloc(space.extent, 1 + random.below(90), 1, &offset))
            offsets.push_back(offset);
    }
    for (size_t i = 0; i < offsets.size(); i += 2)
        EXPECT_EQ(sn_extent_free(space.extent, offsets[i], nullptr), 0);
    EXPECT_EQ(sn_extent_check(space.extent), 0);
    return space;
}

TEST(ExtentCheck, CatchesEveryStrayWord) {
    Random random;
    Space space = used_space(random);
    sn_extent_limits one{1, 1}, two{1, 2};
    size_t node_words = (sn_extent_bytes(&two) - sn_extent_bytes(&one)) / 4;
    size_t header_words = sn_extent_bytes(&one) / 4 - node_words, live = 0;
    uint32_t *words = space.memory.words();

    ASSERT_EQ(node_words, 12u);
    for (size_t i = 0; i < space.memory.word_count(); i++) {
        uint32_t saved = words[i];
        do
            words[i] = static_cast<uint32_t>(random.next() >> (32 + random.below(32)));
        while (words[i] == saved);
        bool caught = sn_extent_check(space.extent) != 0;
        words[i] = saved;

        if (i < header_words) {
            // limits has four bytes of padding.
            ASSERT_TRUE(caught || i == 3) << "header word " << i;
            continue;
        }
        // A node: start, bytes (two words each), children by start, by size, prev, next, state,
        // pad.
        size_t word = (i - header_words) % node_words;
        uint32_t state = words[i - word + 10];
        bool matters = state && word != 11 && (state == 1 || (word != 6 && word != 7));
        ASSERT_TRUE(caught || !matters) << "word " << word << " of a node, state " << state;
        live += matters;
    }
    EXPECT_GT(live, 300u);
    EXPECT_EQ(sn_extent_check(space.extent), 0);
}

} // namespace

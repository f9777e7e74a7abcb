// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "core/base.h"

#include <gtest/gtest.h>

#include "random.hpp"

TEST(Base, MulDivAgreesWith128Bits) {
    Random random;

    for (int i = 0; i < 100000; i++) {
        uint64_t value = random.next() >> random.below(64);
        auto mul = static_cast<uint32_t>(random.next() >> (32 + random.below(32)));
        auto div = static_cast<uint32_t>((random.next() >> (32 + random.below(32))) | 1);
        unsigned __int128 exact = static_cast<unsigned __int128>(value) * mul / div;
        uint64_t want = exact > SN_U64_MAX ? SN_U64_MAX : static_cast<uint64_t>(exact);

        ASSERT_EQ(sn_mul_div_u64(value, mul, div), want) << value << " * " << mul << " / " << div;
    }
}

TEST(Base, AddSaturates) {
    EXPECT_EQ(sn_add_sat_u64(1, 2), 3u);
    EXPECT_EQ(sn_add_sat_u64(SN_U64_MAX, 1), SN_U64_MAX);
    EXPECT_EQ(sn_add_sat_u64(SN_U64_MAX - 1, 1), SN_U64_MAX);
}

TEST(Base, LayoutKeepsAlignmentAndOrder) {
    size_t end = 5;

    EXPECT_EQ(sn_layout(&end, 3, 4), 8u);
    EXPECT_EQ(end, 20u);
    EXPECT_EQ(sn_layout(&end, 1, 16), 24u);
    EXPECT_EQ(end, 40u);
}

// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "context.hpp"
#include "segments.hpp"

#include <gtest/gtest.h>

namespace snctl {
namespace {

using supernode::Segment;

TEST(Segments, make_covers_the_range_once) {
    EXPECT_EQ(make_segments(3, 4, {10, 20, 25, 10}),
              (std::vector<Segment>{{3, 4, 10, 20, 10}, {3, 4, 20, 30, 10}, {3, 4, 30, 40, 5}}));
    EXPECT_EQ(make_segments(3, 4, {0, 0, 25, 0}), (std::vector<Segment>{{3, 4, 0, 0, 25}}));
    EXPECT_EQ(make_segments(3, 4, {0, 0, 1024, 1}).size(), 1024U);
}

TEST(Segments, make_leaves_an_empty_range_to_the_kernel) {
    EXPECT_EQ(make_segments(3, 4, {0, 0, 0, 10}), (std::vector<Segment>{{3, 4, 0, 0, 0}}));
}

TEST(Segments, make_refuses_more_than_a_transfer_takes) {
    EXPECT_THROW(make_segments(3, 4, {0, 0, 1025, 1}), Failure);
}

} // namespace
} // namespace snctl

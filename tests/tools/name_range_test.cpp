// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include <supernode/name_range.hpp>

#include <stdexcept>

#include <gtest/gtest.h>

namespace supernode {
namespace {

using Names = std::vector<std::string>;

TEST(NameRange, expand_names_of_one_bracket) {
    EXPECT_EQ(expand_names("gpu0"), (Names{"gpu0"}));
    EXPECT_EQ(expand_names("gpu[0-2]"), (Names{"gpu0", "gpu1", "gpu2"}));
    EXPECT_EQ(expand_names("gpu[0,2,4-6]"), (Names{"gpu0", "gpu2", "gpu4", "gpu5", "gpu6"}));
    EXPECT_EQ(expand_names("gpu[3]x"), (Names{"gpu3x"}));
    EXPECT_EQ(expand_names("n[08-11]"), (Names{"n08", "n09", "n10", "n11"}));
    EXPECT_EQ(expand_names("n[8-11]"), (Names{"n8", "n9", "n10", "n11"}));
}

TEST(NameRange, expand_names_of_several_brackets_runs_the_last_fastest) {
    EXPECT_EQ(expand_names("h[0-1]-g[0-1]"), (Names{"h0-g0", "h0-g1", "h1-g0", "h1-g1"}));
    EXPECT_EQ(expand_names("sw0:[0-2]"), (Names{"sw0:0", "sw0:1", "sw0:2"}));
    EXPECT_EQ(expand_names("a[0-255][0-255]").size(), 65536U);
}

TEST(NameRange, expand_names_refuses) {
    for (const char *text :
         {"gpu[", "gpu]", "gpu[]", "gpu[0", "gpu[0-", "gpu[0-]", "gpu[-1]", "gpu[0,]", "gpu[,0]",
          "gpu[a]", "gpu[0-1-2]", "gpu[0][", "gpu[[0]]", "gpu[3-1]", "gpu[0-65536]",
          "gpu[0-65535][0-1]", "gpu[0 - 1]", "gpu[0-9999999999]"})
        EXPECT_THROW(expand_names(text), std::invalid_argument) << text;
}

TEST(NameRange, nearest_name_finds_slips_and_not_strangers) {
    const Names known{"bandwidth", "between", "latency", "pair", "type"};
    EXPECT_EQ(nearest_name("bandwith", known), "bandwidth");
    EXPECT_EQ(nearest_name("betwen", known), "between");
    EXPECT_EQ(nearest_name("typ", known), "type");
    EXPECT_EQ(nearest_name("colour", known), "");
}

} // namespace
} // namespace supernode

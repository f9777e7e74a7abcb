// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "table.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

namespace snctl {
namespace {

TEST(Table, text_aligns_columns_and_leaves_no_trailing_blanks) {
    Table table({{"ID", Table::Align::right}, {"NAME"}, {"KIND"}});
    table.row({"1", "gpu0", "gpu"});
    table.row({"12", "a-long-name", ""});
    EXPECT_EQ(table.text(), "ID  NAME         KIND\n"
                            " 1  gpu0         gpu\n"
                            "12  a-long-name\n");
}

TEST(Table, text_counts_characters_and_not_bytes) {
    Table table({{"T", Table::Align::right}});
    table.row({"1 \u00b5s"});
    table.row({"10 ns"});
    EXPECT_EQ(table.text(), "    T\n 1 \u00b5s\n10 ns\n");
}

TEST(Table, text_of_no_rows_has_the_titles) {
    EXPECT_EQ(Table({{"ID"}, {"NAME"}}).text(), "ID  NAME\n");
}

TEST(Table, row_of_another_length_is_refused) {
    Table table({{"ID"}, {"NAME"}});
    EXPECT_THROW(table.row({"1"}), std::logic_error);
}

TEST(Table, describe_aligns_values) {
    EXPECT_EQ(describe({{"id", "1"}, {"name", "gpu0"}}), "id:   1\nname: gpu0\n");
}

} // namespace
} // namespace snctl

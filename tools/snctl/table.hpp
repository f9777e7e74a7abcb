// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Columns for a person to read.
#pragma once

#include <string>
#include <vector>

namespace snctl {

class Table {
public:
    enum class Align { left, right };
    struct Column {
        std::string title;
        Align align = Align::left;
    };

    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

    /// As many cells as there are columns.
    void row(std::vector<std::string> cells);

    /// Two spaces between columns, none at the end of a line; with titles even if there are no
    /// rows.
    std::string text() const;
    void print() const;

private:
    std::vector<Column> columns_;
    std::vector<std::vector<std::string>> rows_;
};

/// "name: value" lines of one object.
std::string describe(const std::vector<std::pair<std::string, std::string>> &fields);

} // namespace snctl

// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// Lays out text in columns. Widths are counted in characters, not bytes: "µs" has two.
#include "table.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/core.h>

namespace snctl {
namespace {

std::size_t width(const std::string &text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

} // namespace

void Table::row(std::vector<std::string> cells) {
    if (cells.size() != columns_.size())
        throw std::logic_error("a row has another number of cells than the table has columns");
    rows_.push_back(std::move(cells));
}

std::string Table::text() const {
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < columns_.size(); i++) {
        widths.push_back(width(columns_[i].title));
        for (const auto &row : rows_)
            widths[i] = std::max(widths[i], width(row[i]));
    }
    std::string out;
    const auto line = [&](const auto &cell) {
        std::string text;
        for (std::size_t i = 0; i < columns_.size(); i++) {
            const std::string padding(widths[i] - width(cell(i)), ' ');
            if (i > 0)
                text += "  ";
            text += columns_[i].align == Align::right ? padding + cell(i) : cell(i) + padding;
        }
        text.erase(text.find_last_not_of(' ') + 1);
        out += text + "\n";
    };
    line([&](std::size_t i) -> const std::string & { return columns_[i].title; });
    for (const auto &row : rows_)
        line([&](std::size_t i) -> const std::string & { return row[i]; });
    return out;
}

void Table::print() const {
    fmt::print("{}", text());
}

std::string describe(const std::vector<std::pair<std::string, std::string>> &fields) {
    std::size_t widest = 0;
    for (const auto &field : fields)
        widest = std::max(widest, width(field.first));
    std::string out;
    for (const auto &[name, value] : fields)
        out += fmt::format("{}:{} {}\n", name, std::string(widest - width(name), ' '), value);
    return out;
}

} // namespace snctl

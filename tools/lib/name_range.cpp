// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// Expansion of bracketed ranges, and the search for what a misspelt name meant.
// Knows nothing of devices.
#include <supernode/name_range.hpp>

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include <fmt/format.h>

namespace supernode {
namespace {

constexpr std::size_t number_digits_max = 9;

struct Number {
    unsigned value;
    std::size_t digits;
};

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
    throw std::invalid_argument(
        fmt::format("\"{}\" {}; write for example gpu[0-7] or gpu[0,2,4-6]", text, why));
}

Number take_number(std::string_view text, std::string_view &rest) {
    Number number{0, 0};
    while (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') {
        number.value = number.value * 10 + static_cast<unsigned>(rest.front() - '0');
        rest.remove_prefix(1);
        if (++number.digits > number_digits_max)
            refuse(text, fmt::format("has a number of over {} digits", number_digits_max));
    }
    if (number.digits == 0)
        refuse(text, "has a bracket with something else than numbers");
    return number;
}

// What is between one pair of brackets: 0,2,4-6
std::vector<std::string> expand_bracket(std::string_view text, std::string_view inside) {
    std::vector<std::string> out;
    for (;;) {
        const Number first = take_number(text, inside);
        Number last = first;
        if (inside.starts_with('-')) {
            inside.remove_prefix(1);
            last = take_number(text, inside);
        }
        if (last.value < first.value)
            refuse(text, "has a range that runs backwards");
        if (out.size() + (last.value - first.value) >= name_range_max)
            refuse(text, fmt::format("stands for more than {} names", name_range_max));
        const bool padded = first.digits > 1 && first.digits == last.digits;
        for (unsigned i = first.value; i <= last.value; i++)
            out.push_back(padded ? fmt::format("{:0{}}", i, first.digits) : fmt::format("{}", i));
        if (inside.empty())
            return out;
        if (!inside.starts_with(','))
            refuse(text, "has a bracket with something else than numbers");
        inside.remove_prefix(1);
    }
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); i++) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); j++) {
            const std::size_t above = row[j];
            row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
            diagonal = above;
        }
    }
    return row.back();
}

} // namespace

std::vector<std::string> expand_names(std::string_view text) {
    std::vector<std::string> names{""};
    std::string_view rest = text;

    while (!rest.empty()) {
        const std::size_t open = rest.find_first_of("[]");
        const std::string_view literal = rest.substr(0, open);
        for (std::string &name : names)
            name += literal;
        if (open == std::string_view::npos)
            break;
        if (rest[open] == ']')
            refuse(text, "closes a bracket that it did not open");
        const std::size_t close = rest.find_first_of("[]", open + 1);
        if (close == std::string_view::npos || rest[close] == '[')
            refuse(text, "opens a bracket that it does not close");
        const auto numbers = expand_bracket(text, rest.substr(open + 1, close - open - 1));
        if (names.size() * numbers.size() > name_range_max)
            refuse(text, fmt::format("stands for more than {} names", name_range_max));
        std::vector<std::string> next;
        next.reserve(names.size() * numbers.size());
        for (const std::string &name : names)
            for (const std::string &number : numbers)
                next.push_back(name + number);
        names = std::move(next);
        rest.remove_prefix(close + 1);
    }
    return names;
}

std::string nearest_name(std::string_view name, const std::vector<std::string> &known) {
    const std::size_t far = std::max<std::size_t>(1, name.size() / 3) + 1;
    std::size_t best = far;
    std::string found;
    for (const std::string &candidate : known) {
        const std::size_t distance = edit_distance(name, candidate);
        if (distance < best) {
            best = distance;
            found = candidate;
        }
    }
    return found;
}

} // namespace supernode

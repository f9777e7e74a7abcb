// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// Parsing and printing of quantities with units. Not of numbers without one:
// those are the business of whoever reads them.
#include <supernode/units.hpp>

#include <array>
#include <limits>
#include <span>
#include <stdexcept>

#include <fmt/format.h>

namespace supernode {
namespace {

__extension__ using u128 = unsigned __int128;

// value = digits * times / over
struct Unit {
    std::string_view name;
    std::uint64_t times;
    std::uint64_t over = 1;
};

constexpr std::uint64_t kilo = 1000;
constexpr std::uint64_t mega = kilo * 1000;
constexpr std::uint64_t giga = mega * 1000;
constexpr std::uint64_t tera = giga * 1000;
constexpr std::uint64_t peta = tera * 1000;

constexpr std::array byte_units{
    Unit{"PiB", 1ULL << 50}, Unit{"TiB", 1ULL << 40}, Unit{"GiB", 1ULL << 30},
    Unit{"MiB", 1ULL << 20}, Unit{"KiB", 1ULL << 10}, Unit{"PB", peta},
    Unit{"TB", tera},        Unit{"GB", giga},        Unit{"MB", mega},
    Unit{"KB", kilo},        Unit{"kB", kilo},        Unit{"B", 1},
};

constexpr std::array rate_units{
    Unit{"TB/s", tera},        Unit{"GB/s", giga},        Unit{"MB/s", mega},
    Unit{"KB/s", kilo},        Unit{"kB/s", kilo},        Unit{"B/s", 1},
    Unit{"TiB/s", 1ULL << 40}, Unit{"GiB/s", 1ULL << 30}, Unit{"MiB/s", 1ULL << 20},
    Unit{"KiB/s", 1ULL << 10}, Unit{"Tbit/s", tera, 8},   Unit{"Gbit/s", giga, 8},
    Unit{"Mbit/s", mega, 8},   Unit{"Kbit/s", kilo, 8},   Unit{"kbit/s", kilo, 8},
    Unit{"bit/s", 1, 8},
};

constexpr std::array time_units{
    Unit{"s", giga}, Unit{"ms", mega}, Unit{"us", kilo}, Unit{"\u00b5s", kilo}, Unit{"ns", 1},
};

struct Quantity {
    std::string_view kind;     // "a size"
    std::string_view smallest; // "bytes"
    std::string_view example;  // "80GiB or 64MB"
    std::span<const Unit> units;
    bool bare; // a number without a unit is the smallest unit
};

constexpr Quantity size_quantity{"a size", "bytes", "80GiB, 64MB or 4096", byte_units, true};
constexpr Quantity rate_quantity{"a rate", "bytes per second", "450GB/s or 400Gbit/s", rate_units,
                                 false};
constexpr Quantity time_quantity{"a duration", "nanoseconds", "300ns or 1.5us", time_units, false};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

[[noreturn]] void refuse(const Quantity &quantity, std::string_view text, std::string_view why) {
    throw std::invalid_argument(fmt::format("\"{}\" is not {}: {}; write for example {}", text,
                                            quantity.kind, why, quantity.example));
}

const Unit &find_unit(const Quantity &quantity, std::string_view text, std::string_view name) {
    if (name.empty())
        refuse(quantity, text, "the unit is missing");
    for (const Unit &unit : quantity.units)
        if (unit.name == name)
            return unit;
    refuse(quantity, text, fmt::format("there is no unit \"{}\"", name));
}

std::uint64_t parse(const Quantity &quantity, std::string_view text) {
    constexpr unsigned digits_max = 20;
    std::size_t at = 0;
    unsigned digits = 0;
    u128 mantissa = 0;
    u128 over = 1;
    const auto take_digits = [&](bool fraction) {
        const std::size_t from = at;
        for (; at < text.size() && is_digit(text[at]); at++) {
            if (mantissa != 0 || text[at] != '0')
                digits++;
            if (digits > digits_max || at - from > digits_max)
                refuse(quantity, text, fmt::format("it has over {} digits", digits_max));
            mantissa = mantissa * 10 + static_cast<unsigned>(text[at] - '0');
            if (fraction)
                over *= 10;
        }
        return at > from;
    };

    if (!take_digits(false))
        refuse(quantity, text, "it does not begin with a number");
    if (at < text.size() && text[at] == '.') {
        at++;
        if (!take_digits(true))
            refuse(quantity, text, "no digit follows the point");
    }
    std::string_view name = text.substr(at);
    while (!name.empty() && name.front() == ' ')
        name.remove_prefix(1);
    if (name.empty() && over == 1 && (quantity.bare || mantissa == 0)) {
        if (mantissa > std::numeric_limits<std::uint64_t>::max())
            refuse(quantity, text, "it does not fit 64 bits");
        return static_cast<std::uint64_t>(mantissa);
    }
    const Unit &unit = find_unit(quantity, text, name);

    // 20 digits are below 2^67 and the largest unit is 2^50: no overflow.
    const u128 scaled = mantissa * unit.times;
    over *= unit.over;
    if (scaled % over != 0)
        refuse(quantity, text, fmt::format("it is not a whole number of {}", quantity.smallest));
    if (scaled / over > std::numeric_limits<std::uint64_t>::max())
        refuse(quantity, text, "it does not fit 64 bits");
    return static_cast<std::uint64_t>(scaled / over);
}

// The largest of the units, which are given in falling order, that writes the
// value with at most three decimals.
std::string exact(std::uint64_t value, std::span<const Unit> units) {
    for (const Unit &unit : units) {
        if (value < unit.times || static_cast<u128>(value) * 1000 % unit.times != 0)
            continue;
        const auto thousandths =
            static_cast<std::uint64_t>(static_cast<u128>(value % unit.times) * 1000 / unit.times);
        std::string text = fmt::format("{}", value / unit.times);
        if (thousandths != 0) {
            text += fmt::format(".{:03}", thousandths);
            text.erase(text.find_last_not_of('0') + 1);
        }
        return text.append(unit.name);
    }
    return fmt::format("{}{}", value, units.back().name);
}

std::string human(std::uint64_t value, std::span<const Unit> units, std::string_view separator) {
    const Unit *unit = &units.back();
    for (const Unit &candidate : units)
        if (value >= candidate.times) {
            unit = &candidate;
            break;
        }
    if (unit->times == 1)
        return fmt::format("{}{}{}", value, separator, unit->name);
    const double scaled = static_cast<double>(value) / static_cast<double>(unit->times);
    const int decimals = scaled < 99.95 ? 1 : 0;
    return fmt::format("{:.{}f}{}{}", scaled, decimals, separator, unit->name);
}

constexpr std::array binary_units{byte_units[0], byte_units[1], byte_units[2],
                                  byte_units[3], byte_units[4], byte_units.back()};
constexpr std::array decimal_rates{rate_units[0], rate_units[1], rate_units[2], rate_units[3],
                                   rate_units[5]};
constexpr std::array plain_times{time_units[0], time_units[1], time_units[2], time_units[4]};

} // namespace

std::uint64_t parse_bytes(std::string_view text) {
    return parse(size_quantity, text);
}

std::uint64_t parse_rate(std::string_view text) {
    return parse(rate_quantity, text);
}

std::uint64_t parse_duration(std::string_view text) {
    return parse(time_quantity, text);
}

std::string exact_bytes(std::uint64_t bytes) {
    return exact(bytes, binary_units);
}

std::string exact_rate(std::uint64_t bytes_per_sec) {
    return exact(bytes_per_sec, decimal_rates);
}

std::string exact_duration(std::uint64_t ns) {
    return exact(ns, plain_times);
}

std::string human_bytes(std::uint64_t bytes) {
    return human(bytes, binary_units, " ");
}

std::string human_rate(std::uint64_t bytes_per_sec) {
    return human(bytes_per_sec, decimal_rates, " ");
}

std::string human_duration(std::uint64_t ns) {
    return human(ns, plain_times, " ");
}

} // namespace supernode

// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include <supernode/units.hpp>

#include <functional>
#include <random>
#include <stdexcept>

#include <gtest/gtest.h>

namespace supernode {
namespace {

std::string refusal(std::uint64_t (*parse)(std::string_view), std::string_view text) {
    try {
        parse(text);
    } catch (const std::invalid_argument &error) {
        return error.what();
    }
    return "accepted";
}

TEST(Units, parse_bytes_takes_binary_and_decimal_units) {
    EXPECT_EQ(parse_bytes("0"), 0U);
    EXPECT_EQ(parse_bytes("4096"), 4096U);
    EXPECT_EQ(parse_bytes("4096B"), 4096U);
    EXPECT_EQ(parse_bytes("4KiB"), 4096U);
    EXPECT_EQ(parse_bytes("64MB"), 64000000U);
    EXPECT_EQ(parse_bytes("80GiB"), 80ULL << 30);
    EXPECT_EQ(parse_bytes("80 GiB"), 80ULL << 30);
    EXPECT_EQ(parse_bytes("1.5KiB"), 1536U);
    EXPECT_EQ(parse_bytes("16383PiB"), 16383ULL << 50);
    EXPECT_EQ(parse_bytes("18446744073709551615"), UINT64_MAX);
}

TEST(Units, parse_rate_takes_bytes_and_bits) {
    EXPECT_EQ(parse_rate("450GB/s"), 450000000000U);
    EXPECT_EQ(parse_rate("112.5GB/s"), 112500000000U);
    EXPECT_EQ(parse_rate("400Gbit/s"), 50000000000U);
    EXPECT_EQ(parse_rate("1.6Tbit/s"), 200000000000U);
    EXPECT_EQ(parse_rate("8bit/s"), 1U);
    EXPECT_EQ(parse_rate("1GiB/s"), 1ULL << 30);
    EXPECT_EQ(parse_rate("0"), 0U);
}

TEST(Units, parse_duration_takes_fractions) {
    EXPECT_EQ(parse_duration("300ns"), 300U);
    EXPECT_EQ(parse_duration("1.5us"), 1500U);
    EXPECT_EQ(parse_duration("1.5\u00b5s"), 1500U);
    EXPECT_EQ(parse_duration("2ms"), 2000000U);
    EXPECT_EQ(parse_duration("0.000000001s"), 1U);
}

TEST(Units, parse_refuses_overflow) {
    EXPECT_EQ(refusal(parse_bytes, "16384PiB"),
              "\"16384PiB\" is not a size: it does not fit 64 bits; write for example 80GiB, 64MB "
              "or 4096");
    EXPECT_EQ(refusal(parse_bytes, "18446744073709551616"),
              "\"18446744073709551616\" is not a size: it does not fit 64 bits; write for example "
              "80GiB, 64MB or 4096");
    EXPECT_EQ(refusal(parse_rate, "999999999999999999999TB/s"),
              "\"999999999999999999999TB/s\" is not a rate: it has over 20 digits; write for "
              "example 450GB/s or 400Gbit/s");
    EXPECT_EQ(refusal(parse_duration, "99999999999999999999s"),
              "\"99999999999999999999s\" is not a duration: it does not fit 64 bits; write for "
              "example 300ns or 1.5us");
}

TEST(Units, parse_refuses_what_is_not_whole) {
    EXPECT_EQ(refusal(parse_bytes, "0.5B"), "\"0.5B\" is not a size: it is not a whole number of "
                                            "bytes; write for example 80GiB, 64MB or 4096");
    EXPECT_EQ(refusal(parse_rate, "1bit/s"),
              "\"1bit/s\" is not a rate: it is not a whole number of bytes per second; write for "
              "example 450GB/s or 400Gbit/s");
    EXPECT_EQ(refusal(parse_duration, "0.3ns"),
              "\"0.3ns\" is not a duration: it is not a whole number of nanoseconds; write for "
              "example 300ns or 1.5us");
}

TEST(Units, parse_refuses_nonsense) {
    for (const char *text : {"", " ", "GiB", "-1GiB", "+1", "1..5GiB", "1.GiB", ".5GiB", "1e3B",
                             "0x10", "4K", "4KiBs", "4kib", "1,5GiB", "NaN", "4KiB ", " 4KiB"})
        EXPECT_THROW(parse_bytes(text), std::invalid_argument) << '"' << text << '"';
    for (const char *text : {"450", "450GB", "450Gb/s", "450Gbps", "fast"})
        EXPECT_THROW(parse_rate(text), std::invalid_argument) << '"' << text << '"';
    for (const char *text : {"300", "300GB", "300 nanoseconds"})
        EXPECT_THROW(parse_duration(text), std::invalid_argument) << '"' << text << '"';
}

TEST(Units, exact_is_read_back_to_the_same_number) {
    std::mt19937_64 random(GTEST_FLAG_GET(random_seed));
    for (int i = 0; i < 100000; i++) {
        const std::uint64_t value = random() >> (random() % 64);
        ASSERT_EQ(parse_bytes(exact_bytes(value)), value) << exact_bytes(value);
        ASSERT_EQ(parse_rate(exact_rate(value)), value) << exact_rate(value);
        ASSERT_EQ(parse_duration(exact_duration(value)), value) << exact_duration(value);
    }
    EXPECT_EQ(exact_rate(112500000000), "112.5GB/s");
    EXPECT_EQ(exact_bytes(80ULL << 30), "80GiB");
    EXPECT_EQ(exact_bytes(4097), "4097B");
    EXPECT_EQ(exact_duration(1500), "1.5us");
    EXPECT_EQ(exact_duration(0), "0ns");
}

TEST(Units, human_rounds_to_three_digits) {
    EXPECT_EQ(human_bytes(80ULL << 30), "80.0 GiB");
    EXPECT_EQ(human_bytes(512), "512 B");
    EXPECT_EQ(human_bytes(1536), "1.5 KiB");
    EXPECT_EQ(human_rate(450000000000), "450 GB/s");
    EXPECT_EQ(human_rate(112500000000), "112 GB/s");
    EXPECT_EQ(human_duration(1234567), "1.2 ms");
    EXPECT_EQ(human_duration(300), "300 ns");
}

} // namespace
} // namespace supernode

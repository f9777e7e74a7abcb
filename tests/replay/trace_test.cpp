// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "trace.hpp"

#include <gtest/gtest.h>

#include <random>
#include <sstream>

using namespace supernode::replay;

namespace {

Trace read(const std::string &text, const ReadOptions &options = {}) {
    std::istringstream in(text);
    return read_trace(in, "t", options);
}

std::string refusal(const std::string &text, const ReadOptions &options = {}) {
    try {
        read(text, options);
    } catch (const TraceError &error) {
        return error.what();
    }
    return "accepted";
}

const std::string header = "TIMESTAMP,ContextTokens,GeneratedTokens\r\n";

std::string mooncake(std::uint64_t ms) {
    return "{\"timestamp\": " + std::to_string(ms) +
           ", \"input_length\": 1, \"output_length\": 1, \"hash_ids\": [7]}\n";
}

} // namespace

TEST(ReadTrace, MooncakeLines) {
    const auto trace = read("{\"timestamp\": 5, \"input_length\": 513, \"output_length\": 3, "
                            "\"hash_ids\": [4, 9]}\n\n"
                            "{\"timestamp\": 27.0, \"input_length\": 0, \"output_length\": 0}\n");
    EXPECT_EQ(trace.format, Format::mooncake);
    ASSERT_EQ(trace.requests.size(), 2U);
    EXPECT_EQ(trace.requests[0].time_ns, 0U);
    EXPECT_EQ(trace.requests[0].input_tokens, 513U);
    EXPECT_EQ(trace.requests[0].output_tokens, 3U);
    EXPECT_EQ(trace.requests[0].hash_ids, (std::vector<std::uint64_t>{4, 9}));
    EXPECT_EQ(trace.requests[1].time_ns, 22'000'000U);
    EXPECT_TRUE(trace.requests[1].hash_ids.empty());
}

TEST(ReadTrace, AzureWithCrlfAndNoLastLineEnd) {
    const auto trace = read(header + "2023-12-31 23:59:59.6805900,374,44\r\n"
                                     "2024-01-01 00:00:00,396,109");
    EXPECT_EQ(trace.format, Format::azure);
    ASSERT_EQ(trace.requests.size(), 2U);
    EXPECT_EQ(trace.requests[1].time_ns, 319'410'000U);
    EXPECT_EQ(trace.requests[1].input_tokens, 396U);
    EXPECT_EQ(trace.requests[1].output_tokens, 109U);
}

TEST(ReadTrace, AzureAcrossLeapDay) {
    const auto trace = read(header + "2024-02-28 12:00:00,1,1\n2024-03-01 12:00:00,1,1\n");
    EXPECT_EQ(trace.requests[1].time_ns, 172'800'000'000'000U);
}

TEST(ReadTrace, FormatGivenNeedsNoHeader) {
    ReadOptions options;
    options.format = Format::azure;
    EXPECT_EQ(read("2023-11-16 18:15:46,1,2\n", options).requests.size(), 1U);
    options.format = Format::mooncake;
    EXPECT_EQ(refusal(header, options), "t:1: not JSON at column 1");
}

TEST(ReadTrace, StopsAfterMaxRequests) {
    ReadOptions options;
    options.max_requests = 2;
    EXPECT_EQ(read(mooncake(1) + mooncake(2) + "rubbish", options).requests.size(), 2U);
}

TEST(ReadTrace, RefusesWithFileLineAndReason) {
    const std::string good = mooncake(10);
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"", "t:1: no request in this trace"},
        {header, "t:1: no request in this trace"},
        {"hello\n", "t:1: neither a Mooncake trace (a JSON object a line) nor an Azure LLM trace "
                    "(CSV that begins with TIMESTAMP): 'hello'"},
        {good + "{\"timestamp\": 1", "t:2: not JSON at column 16"},
        {good + "[1]\n", "t:2: not a JSON object"},
        {good + "{\"input_length\": 1}", "t:2: no \"timestamp\""},
        {good + "{\"timestamp\": 11, \"input_length\": 1}", "t:2: no \"output_length\""},
        {good + "{\"timestamp\": -1, \"input_length\": 1, \"output_length\": 1}",
         "t:2: \"timestamp\" is -1, want a number from 0 to 8640000000000"},
        {good + "{\"timestamp\": 1e99, \"input_length\": 1, \"output_length\": 1}",
         "t:2: \"timestamp\" is 1e+99, want a number from 0 to 8640000000000"},
        {good + "{\"timestamp\": 11, \"input_length\": \"9\", \"output_length\": 1}",
         "t:2: \"input_length\" is \"9\", want a number from 0 to 16777216"},
        {good + "{\"timestamp\": 11, \"input_length\": 1, \"output_length\": 16777217}",
         "t:2: \"output_length\" is 16777217, want a number from 0 to 16777216"},
        {good + "{\"timestamp\": 11, \"input_length\": 513, \"output_length\": 1, "
                "\"hash_ids\": [1]}",
         "t:2: \"hash_ids\" has 1 ids, but 513 input tokens are 2 blocks of 512"},
        {good + "{\"timestamp\": 11, \"input_length\": 1, \"output_length\": 1, "
                "\"hash_ids\": [-1]}",
         "t:2: hash id -1 is not a whole number below 2^53"},
        {good + "{\"timestamp\": 11, \"input_length\": 1, \"output_length\": 1, "
                "\"hash_ids\": 3}",
         "t:2: \"hash_ids\" is not an array"},
        {good + mooncake(9), "t:2: time runs back: this request came before the one above it"},
        {"TIMESTAMP,Tokens\n",
         "t:1: header is 'TIMESTAMP,Tokens', want TIMESTAMP,ContextTokens,GeneratedTokens"},
        {header + "2023-11-16 18:15:46,1\n",
         "t:2: want three columns: TIMESTAMP,ContextTokens,GeneratedTokens"},
        {header + "2023-11-16 18:15:46,1,2,3\n",
         "t:2: want three columns: TIMESTAMP,ContextTokens,GeneratedTokens"},
        {header + "2023-13-16 18:15:46,1,2\n",
         "t:2: TIMESTAMP is '2023-13-16 18:15:46', want YYYY-MM-DD HH:MM:SS[.fraction]"},
        {header + "yesterday,1,2\n",
         "t:2: TIMESTAMP is 'yesterday', want YYYY-MM-DD HH:MM:SS[.fraction]"},
        {header + "2023-11-16 18:15:46.,1,2\n",
         "t:2: TIMESTAMP is '2023-11-16 18:15:46.', want YYYY-MM-DD HH:MM:SS[.fraction]"},
        {header + "2023-11-16 18:15:46,1.5,2\n",
         "t:2: ContextTokens is '1.5', want a number from 0 to 16777216"},
        {header + "2023-11-16 18:15:46,1,\n",
         "t:2: GeneratedTokens is '', want a number from 0 to 16777216"},
    };
    for (const auto &[text, sentence] : cases)
        EXPECT_EQ(refusal(text), sentence) << text;
}

TEST(ReadTrace, NeverCrashesOnDamagedInput) {
    std::mt19937 random(20231116);
    const std::string sources[] = {mooncake(1) + mooncake(22), header + "2023-11-16 18:15:46,1,2"};
    int refused = 0;
    for (int round = 0; round < 4000; ++round) {
        std::string text = sources[round % 2];
        for (int edits = 0; edits < 3; ++edits)
            text[random() % text.size()] = static_cast<char>(random());
        refused += refusal(text) != "accepted";
    }
    EXPECT_GT(refused, 2000);
}

TEST(SpreadStamps, EvenlyInOrderAndInsideTheStamp) {
    std::string text;
    for (const auto ms : {0, 0, 0, 3000, 3000, 5999, 15000, 15000, 15000, 15000})
        text += mooncake(ms);
    const auto trace = read(text);
    EXPECT_TRUE(trace.dequantised);
    std::vector<std::uint64_t> ms;
    for (const auto &request : trace.requests)
        ms.push_back(request.time_ns / 1'000'000);
    // The quantum is the commonest gap, 3000; a longer one to the next stamp is not filled.
    EXPECT_EQ(ms, (std::vector<std::uint64_t>{0, 1000, 2000, 3000, 4499, 5999, 15000, 15750, 16500,
                                              17250}));
    ReadOptions keep;
    keep.keep_stamps = true;
    EXPECT_FALSE(read(text, keep).dequantised);
    EXPECT_EQ(read(text, keep).requests[2].time_ns, 0U);
}

TEST(SpreadStamps, LeavesFineStampsAlone) {
    std::string text;
    for (const auto ms : {0, 17, 17, 950, 2000, 2001, 7777})
        text += mooncake(ms);
    const auto trace = read(text);
    EXPECT_FALSE(trace.dequantised);
    EXPECT_EQ(trace.requests[2].time_ns, 17'000'000U);
}

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Reads traces line by line and says what is wrong with file and line.
#include "trace.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <limits>
#include <map>
#include <string_view>
#include <system_error>
#include <unordered_set>

#include <nlohmann/json.hpp>

namespace supernode::replay {

namespace {

constexpr std::uint64_t ns_per_ms = 1'000'000;
constexpr std::uint64_t ns_per_s = 1'000'000'000;
/// Ids share a 64-bit key with a token count (see plan.hpp).
constexpr std::uint64_t hash_id_max = (std::uint64_t{1} << 53) - 1;
/// 16 M tokens: a hundred times the longest context there is.
constexpr std::uint64_t tokens_max = std::uint64_t{1} << 24;
/// A million days: stamps stay far from overflow.
constexpr std::uint64_t time_ms_max = std::uint64_t{86'400'000} * 100'000;

struct Cursor {
    const std::string &file;
    std::size_t line = 0;

    [[noreturn]] void fail(const std::string &what) const { throw TraceError(file, line, what); }
};

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.back() == '\r' || text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    return text;
}

std::string quoted(std::string_view text) {
    return "'" + std::string(text.substr(0, 40)) + (text.size() > 40 ? "...'" : "'");
}

std::uint64_t json_number(const Cursor &at, const nlohmann::json &object, const char *key,
                          std::uint64_t max) {
    const auto it = object.find(key);
    if (it == object.end())
        at.fail(std::string("no \"") + key + "\"");
    // Some published files write whole numbers as 3000.0.
    if (it->is_number_float()) {
        const auto value = it->get<double>();
        if (value >= 0 && value <= static_cast<double>(max))
            return static_cast<std::uint64_t>(value);
    } else if (it->is_number_unsigned() && it->get<std::uint64_t>() <= max) {
        return it->get<std::uint64_t>();
    }
    at.fail(std::string("\"") + key + "\" is " + it->dump().substr(0, 40) +
            ", want a number from 0 to " + std::to_string(max));
}

Request parse_mooncake(const Cursor &at, std::string_view text) {
    nlohmann::json object;
    try {
        object = nlohmann::json::parse(text);
    } catch (const nlohmann::json::parse_error &error) {
        at.fail("not JSON at column " + std::to_string(error.byte));
    }
    if (!object.is_object())
        at.fail("not a JSON object");

    Request request;
    request.time_ns = json_number(at, object, "timestamp", time_ms_max) * ns_per_ms;
    request.input_tokens =
        static_cast<std::uint32_t>(json_number(at, object, "input_length", tokens_max));
    request.output_tokens =
        static_cast<std::uint32_t>(json_number(at, object, "output_length", tokens_max));

    const auto ids = object.find("hash_ids");
    if (ids == object.end())
        return request;
    if (!ids->is_array())
        at.fail("\"hash_ids\" is not an array");
    const std::size_t want = (request.input_tokens + block_tokens - 1) / block_tokens;
    if (!ids->empty() && ids->size() != want)
        at.fail("\"hash_ids\" has " + std::to_string(ids->size()) + " ids, but " +
                std::to_string(request.input_tokens) + " input tokens are " + std::to_string(want) +
                " blocks of " + std::to_string(block_tokens));
    request.hash_ids.reserve(ids->size());
    for (const auto &id : *ids) {
        if (!id.is_number_unsigned() || id.get<std::uint64_t>() > hash_id_max)
            at.fail("hash id " + id.dump().substr(0, 40) + " is not a whole number below 2^53");
        request.hash_ids.push_back(id.get<std::uint64_t>());
    }
    return request;
}

template<typename Number>
bool parse_number(std::string_view text, Number &value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

std::uint32_t csv_tokens(const Cursor &at, std::string_view text, const char *column) {
    std::uint64_t value = 0;
    if (!parse_number(text, value) || value > tokens_max)
        at.fail(std::string(column) + " is " + quoted(text) + ", want a number from 0 to " +
                std::to_string(tokens_max));
    return static_cast<std::uint32_t>(value);
}

/// Days since 1970-01-01 of a date in the Gregorian calendar.
std::int64_t days_from_civil(std::int64_t year, unsigned month, unsigned day) {
    year -= month <= 2;
    const std::int64_t era = year / 400;
    const auto year_of_era = static_cast<std::int64_t>(year - era * 400);
    const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719'468;
}

/// "2023-11-16 18:15:46.6805900" to nanoseconds since 1970.
std::uint64_t csv_time(const Cursor &at, std::string_view text) {
    const auto bad = [&]() {
        at.fail("TIMESTAMP is " + quoted(text) + ", want YYYY-MM-DD HH:MM:SS[.fraction]");
    };
    unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
    if (text.size() < 19 || text[4] != '-' || text[7] != '-' ||
        (text[10] != ' ' && text[10] != 'T') || text[13] != ':' || text[16] != ':' ||
        !parse_number(text.substr(0, 4), year) || !parse_number(text.substr(5, 2), month) ||
        !parse_number(text.substr(8, 2), day) || !parse_number(text.substr(11, 2), hour) ||
        !parse_number(text.substr(14, 2), minute) || !parse_number(text.substr(17, 2), second) ||
        year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 ||
        second > 60)
        bad();
    std::uint64_t fraction_ns = 0;
    if (text.size() > 19) {
        const auto digits = text.substr(20);
        if (text[19] != '.' || digits.empty() || digits.size() > 9 ||
            !parse_number(digits, fraction_ns))
            bad();
        for (std::size_t i = digits.size(); i < 9; ++i)
            fraction_ns *= 10;
    }
    const auto seconds = static_cast<std::uint64_t>(days_from_civil(year, month, day)) * 86'400 +
                         hour * 3'600 + minute * 60 + second;
    return seconds * ns_per_s + fraction_ns;
}

Request parse_azure(const Cursor &at, std::string_view text) {
    const auto first = text.find(',');
    const auto second = first == text.npos ? text.npos : text.find(',', first + 1);
    if (second == text.npos || text.find(',', second + 1) != text.npos)
        at.fail("want three columns: TIMESTAMP,ContextTokens,GeneratedTokens");
    Request request;
    request.time_ns = csv_time(at, trim(text.substr(0, first)));
    request.input_tokens =
        csv_tokens(at, trim(text.substr(first + 1, second - first - 1)), "ContextTokens");
    request.output_tokens = csv_tokens(at, trim(text.substr(second + 1)), "GeneratedTokens");
    return request;
}

Format detect(const Cursor &at, std::string_view text) {
    if (text.front() == '{')
        return Format::mooncake;
    if (text.starts_with("TIMESTAMP"))
        return Format::azure;
    at.fail("neither a Mooncake trace (a JSON object a line) nor an Azure LLM trace (CSV that "
            "begins with TIMESTAMP): " +
            quoted(text));
}

} // namespace

Trace read_trace(std::istream &in, const std::string &name, const ReadOptions &options) {
    Trace trace;
    Cursor at{name};
    std::string line;
    bool first = true;
    std::uint64_t base_ns = 0, last_ns = 0;

    while (trace.requests.size() < options.max_requests && std::getline(in, line)) {
        ++at.line;
        std::string_view text = trim(line);
        if (at.line == 1 && text.starts_with("\xef\xbb\xbf"))
            text.remove_prefix(3);
        if (text.empty())
            continue;
        if (first) {
            first = false;
            trace.format = options.format ? *options.format : detect(at, text);
            if (trace.format == Format::azure && text.starts_with("TIMESTAMP")) {
                if (text != "TIMESTAMP,ContextTokens,GeneratedTokens")
                    at.fail("header is " + quoted(text) +
                            ", want TIMESTAMP,ContextTokens,GeneratedTokens");
                continue;
            }
        }
        Request request =
            trace.format == Format::mooncake ? parse_mooncake(at, text) : parse_azure(at, text);
        if (!trace.requests.empty() && request.time_ns < last_ns)
            at.fail("time runs back: this request came before the one above it");
        if (trace.requests.empty())
            base_ns = request.time_ns;
        last_ns = request.time_ns;
        request.time_ns -= base_ns;
        trace.requests.push_back(std::move(request));
    }
    if (in.bad())
        at.fail("reading stopped with an error");
    if (trace.requests.empty()) {
        at.line += at.line == 0;
        at.fail("no request in this trace");
    }
    if (!options.keep_stamps) {
        if (const auto quantum_ns = stamp_quantum(trace.requests))
            trace.dequantised = spread_stamps(trace.requests, quantum_ns);
    }
    return trace;
}

Trace read_trace_file(const std::string &path, const ReadOptions &options) {
    std::ifstream in(path, std::ios::binary);
    if (!in)
        throw std::system_error(errno, std::generic_category(), path);
    return read_trace(in, path, options);
}

std::uint64_t stamp_quantum(const std::vector<Request> &requests) {
    std::map<std::uint64_t, std::size_t> gaps; // rounded to 10 ms: 2999 and 3001 are one clock
    std::size_t stamps = 1;
    for (std::size_t i = 1; i < requests.size(); ++i) {
        const auto gap_ns = requests[i].time_ns - requests[i - 1].time_ns;
        if (!gap_ns)
            continue;
        ++stamps;
        ++gaps[(gap_ns + 5 * ns_per_ms) / (10 * ns_per_ms) * (10 * ns_per_ms)];
    }
    if (gaps.empty() || requests.size() * 2 < stamps * 3)
        return 0;
    const auto commonest = std::max_element(
        gaps.begin(), gaps.end(), [](const auto &a, const auto &b) { return a.second < b.second; });
    return commonest->first >= ns_per_s ? commonest->first : 0;
}

bool spread_stamps(std::vector<Request> &requests, std::uint64_t quantum_ns) {
    bool moved = false;
    for (std::size_t begin = 0; begin < requests.size();) {
        const auto stamp_ns = requests[begin].time_ns;
        std::size_t end = begin + 1;
        while (end < requests.size() && requests[end].time_ns == stamp_ns)
            ++end;
        std::uint64_t width_ns = quantum_ns;
        if (end < requests.size())
            width_ns = std::min(width_ns, requests[end].time_ns - stamp_ns);
        const auto count = end - begin;
        for (std::size_t i = 1; i < count; ++i)
            requests[begin + i].time_ns = stamp_ns + width_ns / count * i;
        moved |= count > 1;
        begin = end;
    }
    return moved;
}

TraceFacts trace_facts(const std::vector<Request> &requests) {
    TraceFacts facts;
    facts.requests = requests.size();
    if (requests.empty())
        return facts;
    std::unordered_set<std::uint64_t> seen;
    std::vector<std::uint32_t> inputs;
    double input = 0, output = 0;
    for (const auto &request : requests) {
        input += request.input_tokens;
        output += request.output_tokens;
        inputs.push_back(request.input_tokens);
        facts.blocks += (request.input_tokens + block_tokens - 1) / block_tokens;
        bool hit = true;
        for (const auto id : request.hash_ids) {
            hit = hit && seen.contains(id);
            facts.hit_blocks += hit;
        }
        seen.insert(request.hash_ids.begin(), request.hash_ids.end());
    }
    const auto count = static_cast<double>(requests.size());
    facts.mean_input = input / count;
    facts.mean_output = output / count;
    facts.seconds =
        static_cast<double>(requests.back().time_ns - requests.front().time_ns) / ns_per_s;
    std::sort(inputs.begin(), inputs.end());
    facts.p50_input = inputs[(inputs.size() - 1) / 2];
    facts.p99_input = inputs[(inputs.size() - 1) * 99 / 100];
    return facts;
}

} // namespace supernode::replay

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Published LLM-serving traces, read into plain requests. Knows two formats and nothing of devices.
#ifndef SUPERNODE_REPLAY_TRACE_HPP
#define SUPERNODE_REPLAY_TRACE_HPP

#include <cstdint>
#include <istream>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace supernode::replay {

/// Tokens of one KV block; the unit of Mooncake's hash ids.
inline constexpr std::uint32_t block_tokens = 512;

enum class Format {
    mooncake, ///< JSON lines: timestamp (ms), input_length, output_length, hash_ids
    azure,    ///< CSV: TIMESTAMP,ContextTokens,GeneratedTokens
};

struct Request {
    std::uint64_t time_ns = 0; ///< after the first request of the trace
    std::uint32_t input_tokens = 0;
    std::uint32_t output_tokens = 0;
    std::vector<std::uint64_t> hash_ids; ///< one per block of the input; empty: none are known
};

struct Trace {
    Format format = Format::mooncake;
    bool dequantised = false; ///< stamps were spread
    std::vector<Request> requests;
};

/// What is wrong with a trace; what() begins with "file:line: ".
class TraceError : public std::runtime_error {
public:
    TraceError(const std::string &file, std::size_t line, const std::string &what)
        : std::runtime_error(file + ":" + std::to_string(line) + ": " + what) {}
};

struct ReadOptions {
    std::optional<Format> format;        ///< detected from the first line when not given
    std::size_t max_requests = SIZE_MAX; ///< stop after so many
    bool keep_stamps = false;            ///< leave quantised stamps as they are
};

/// Reads a trace. @p name is what errors call it. Throws TraceError.
Trace read_trace(std::istream &in, const std::string &name, const ReadOptions &options = {});

/// Opens and reads a file. Throws TraceError or std::system_error.
Trace read_trace_file(const std::string &path, const ReadOptions &options = {});

/// Spreads the requests that share a stamp evenly, in order, up to the next stamp (at most
/// @p quantum_ns later). Order never changes. Returns whether anything moved.
bool spread_stamps(std::vector<Request> &requests, std::uint64_t quantum_ns);

/// The step of a trace's clock when its stamps look quantised (1.5 requests a stamp or more, on
/// average, with the commonest gap at least a second), else 0.
std::uint64_t stamp_quantum(const std::vector<Request> &requests);

/// Facts about a trace, to compare with what was published about it.
struct TraceFacts {
    std::size_t requests = 0;
    double seconds = 0; ///< first to last request
    double mean_input = 0;
    double mean_output = 0;
    std::uint32_t p50_input = 0;
    std::uint32_t p99_input = 0;
    std::uint64_t blocks = 0;
    std::uint64_t hit_blocks = 0; ///< in a leading run of ids seen before, with an endless cache
    double hit_rate() const {
        return blocks ? static_cast<double>(hit_blocks) / static_cast<double>(blocks) : 0;
    }
};

TraceFacts trace_facts(const std::vector<Request> &requests);

} // namespace supernode::replay

#endif

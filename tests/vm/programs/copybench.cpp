// SPDX-License-Identifier: GPL-2.0-only OR MIT
// How fast transfers between two buffers are, from submission to end by the kernel's own clock, in
// rounds that take turns with the kernel's memcpy() between the same pages, so that both meet the
// same machine and the same caches.
//
// copybench SRC_DEVICE DST_DEVICE SEGMENT_BYTES TOTAL_BYTES ROUNDS PASSES
//
// A round is so many passes of each, and counts as the median of them. It takes two or three
// until a cache holds what it can.
//
// Prints one JSON object: bytes_per_sec and memcpy_bytes_per_sec (median, min, max over rounds) and
// ratio (median, min, max of the rounds' ratios).
#include "vmtest.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace {

using namespace supernode;
using vmtest::require;

constexpr auto memcpy_file = "/sys/kernel/debug/sn_test_memcpy/run";

/// The faster of page by page and contiguous, from @p src to @p dst.
double memcpy_rate(int src, int dst, std::uint64_t bytes, unsigned long passes) {
    {
        std::ofstream out(memcpy_file);
        out << bytes << ' ' << passes << ' ' << src << ' ' << dst << std::flush;
        require(out.good(), "cannot write {}", memcpy_file);
    }
    std::ifstream in(memcpy_file);
    double best = 0;
    for (std::string line; std::getline(in, line);)
        best = std::max(best, nlohmann::json::parse(line).at("bytes_per_sec_median").get<double>());
    require(best > 0, "{} has no figure", memcpy_file);
    return best;
}

struct Job {
    Session &session;
    std::vector<Segment> segments;
    std::uint64_t bytes;

    double rate() {
        const auto id = session.submit(segments).id;
        const auto end = session.wait(id, std::chrono::seconds(120));
        require(end && end->status == 0 && end->bytes == bytes, "the transfer failed");
        return static_cast<double>(bytes) * 1e9 / static_cast<double>(end->end_ns - end->submit_ns);
    }
};

nlohmann::json spread(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return {{"median", values[values.size() / 2]}, {"min", values.front()}, {"max", values.back()}};
}

void run(char **argv) {
    Client client;
    auto session = client.open_session();
    const auto segment_bytes = std::strtoull(argv[3], nullptr, 0);
    const auto total = std::strtoull(argv[4], nullptr, 0);
    const auto rounds = std::strtoul(argv[5], nullptr, 0);
    const auto passes = std::strtoul(argv[6], nullptr, 0);
    require(rounds && passes, "there is a round at least, and a pass");
    const BufferSpec from{.region = vmtest::region_of(client, argv[1]).id, .bytes = segment_bytes};
    const BufferSpec to{.region = vmtest::region_of(client, argv[2]).id, .bytes = segment_bytes};
    const auto src = session.alloc_ready(from);
    const auto dst = session.alloc_ready(to);

    // Each segment is the whole buffer, as each memcpy() is of the whole of its memory.
    Job job{session, {}, total};
    for (std::uint64_t at = 0; at < total; at += segment_bytes)
        job.segments.push_back(
            {.src_fd = src.fd.get(), .dst_fd = dst.fd.get(), .bytes = segment_bytes});

    std::vector<double> ours, theirs, ratios;
    for (unsigned long i = 0; i < rounds; i++) {
        std::vector<double> each;
        while (each.size() < passes)
            each.push_back(job.rate());
        ours.push_back(spread(each).at("median"));
        theirs.push_back(memcpy_rate(src.fd.get(), dst.fd.get(), segment_bytes, passes));
        ratios.push_back(ours.back() / theirs.back());
    }
    fmt::print("{}\n", nlohmann::json{{"segment_bytes", segment_bytes},
                                      {"bytes_per_sec", spread(ours)},
                                      {"memcpy_bytes_per_sec", spread(theirs)},
                                      {"ratio", spread(ratios)}}
                           .dump());
}

} // namespace

int main(int argc, char **argv) {
    return vmtest::run([&] {
        require(argc == 7, "usage: copybench SRC DST SEGMENT_BYTES TOTAL_BYTES ROUNDS PASSES");
        run(argv);
    });
}

// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// snctl copy: from here to there, in the foreground. An end that is a region gets a buffer for the
// time of the copy; then the bytes are made up, and compared where they land.
#include "contents.hpp"
#include "holder_client.hpp"
#include "json.hpp"
#include "objects.hpp"
#include "progress.hpp"
#include "resolve.hpp"
#include "segments.hpp"
#include "words.hpp"

#include <chrono>
#include <cstring>

#include <fmt/format.h>

namespace snctl {
namespace {

using namespace supernode;

constexpr std::uint64_t default_bytes = std::uint64_t{64} << 20;
constexpr std::uint64_t pattern_seed = 1;
constexpr auto look_again = std::chrono::milliseconds(100);

struct Request {
    std::string src;
    std::string dst;
    std::optional<std::uint64_t> src_offset;
    std::optional<std::uint64_t> dst_offset;
    std::optional<std::uint64_t> bytes;
    std::optional<std::uint64_t> segment_bytes;
    std::optional<Class> priority;
    std::uint32_t count = 1;
    std::uint32_t repeat = 1;
    bool verify = false;
};

struct Result {
    std::uint64_t bytes = 0;
    std::uint64_t copies = 0;
    double seconds = 0;
    std::string src_hash; // empty: not asked for
    std::string dst_hash;

    double bytes_per_sec() const { return seconds > 0 ? static_cast<double>(bytes) / seconds : 0; }
};

struct End {
    Fd fd;
    bool made_here; // a buffer for the time of the copy
};

End find_end(Context &context, Session &session, const std::string &text, std::uint64_t bytes) {
    if (auto fd = holder::find(text))
        return {std::move(*fd), false};
    BufferSpec spec;
    spec.region = find_region(context.client().devices(), text).id;
    spec.bytes = bytes;
    spec.name = "snctl-copy";
    return {session.alloc_ready(spec).fd, true};
}

Completion wait_for(Session &session, std::uint64_t id, Progress &progress, std::uint64_t before) {
    for (;;) {
        if (auto record = session.wait(id, look_again))
            return *record;
        progress.update(before + session.transfer(id).done_bytes);
    }
}

void check(const Completion &record, std::uint64_t bytes) {
    if (record.status != 0)
        throw Failure(fmt::format("transfer {} failed after {} of {} bytes: {}", record.id,
                                  record.bytes, bytes, std::strerror(-record.status)));
    if (record.bytes != bytes)
        throw Failure(
            fmt::format("transfer {} brought {} of {} bytes", record.id, record.bytes, bytes));
}

// As many transfers at once as asked for, and that again and again. Times are the kernel's.
Result run(Session &session, const Request &wanted, const std::vector<Segment> &segments,
           std::uint64_t bytes) {
    Result result;
    Progress progress("copying", bytes * wanted.count * wanted.repeat);
    SubmitOptions options;
    options.priority = wanted.priority;
    for (std::uint32_t round = 0; round < wanted.repeat; round++) {
        std::vector<std::uint64_t> ids;
        for (std::uint32_t i = 0; i < wanted.count; i++)
            ids.push_back(session.submit(segments, options).id);
        std::uint64_t begin_ns = UINT64_MAX;
        std::uint64_t end_ns = 0;
        for (const std::uint64_t id : ids) {
            const Completion record = wait_for(session, id, progress, result.bytes);
            check(record, bytes);
            begin_ns = std::min(begin_ns, record.submit_ns);
            end_ns = std::max(end_ns, record.end_ns);
            result.bytes += record.bytes;
            result.copies++;
            progress.update(result.bytes);
        }
        result.seconds += static_cast<double>(end_ns - begin_ns) / 1e9;
    }
    return result;
}

void copy(Context &context, const Request &wanted) {
    Session session = context.client().open_session();
    Range range{wanted.src_offset.value_or(0), wanted.dst_offset.value_or(0), 0,
                wanted.segment_bytes.value_or(0)};
    const auto held = holder::find(wanted.src);
    if (wanted.bytes)
        range.bytes = *wanted.bytes;
    else
        range.bytes = held ? range_bytes(dmabuf_bytes(held->get()), range.src_offset, nullptr)
                           : default_bytes;
    const End src = find_end(context, session, wanted.src, range.src_offset + range.bytes);
    const End dst = find_end(context, session, wanted.dst, range.dst_offset + range.bytes);
    if (src.made_here)
        fill_contents(src.fd.get(), range.src_offset, range.bytes, pattern_seed);

    const auto segments = make_segments(src.fd.get(), dst.fd.get(), range);
    Result result = run(session, wanted, segments, range.bytes);
    if (wanted.verify || src.made_here || dst.made_here) {
        result.src_hash = hash_contents(src.fd.get(), range.src_offset, range.bytes);
        result.dst_hash = hash_contents(dst.fd.get(), range.dst_offset, range.bytes);
    }
    const bool hashed = !result.src_hash.empty();
    const bool match = result.src_hash == result.dst_hash;
    const auto rate = static_cast<std::uint64_t>(result.bytes_per_sec());
    const auto or_null = [](const std::string &text) {
        return text.empty() ? Json(nullptr) : Json(text);
    };
    context.answer({{"bytes", result.bytes},
                    {"copies", result.copies},
                    {"seconds", result.seconds},
                    {"bytes_per_sec", rate},
                    {"src_hash", or_null(result.src_hash)},
                    {"dst_hash", or_null(result.dst_hash)},
                    {"match", hashed ? Json(match) : Json(nullptr)}},
                   [&] {
                       fmt::print("{} in {}: {:.3f} GB/s\n", human_bytes(result.bytes),
                                  human_duration(static_cast<std::uint64_t>(result.seconds * 1e9)),
                                  result.bytes_per_sec() / 1e9);
                       if (hashed)
                           fmt::print("{}, {} at the destination\n", result.src_hash,
                                      match ? "the same" : result.dst_hash);
                   });
    if (hashed && !match)
        throw Failure("the bytes at the destination are not those of the source");
}

} // namespace

void add_copy(CLI::App &app, Context &context) {
    const auto request = std::make_shared<Request>();
    CLI::App &verb =
        add_verb(app, "copy", "Copy between held buffers or regions, and wait for it",
                 "copy cpu0 gpu0 --bytes 256MiB  # in buffers of its own, compared at the end",
                 [&context, request] { copy(context, *request); });
    verb.add_option("SRC", request->src, "Name of a held buffer, or a region as gpu0/hbm")
        ->required();
    verb.add_option("DST", request->dst, "Name of a held buffer, or a region as gpu0/hbm")
        ->required();
    add_bytes(verb, "--src-offset", request->src_offset, "First byte in SRC; default 0");
    add_bytes(verb, "--dst-offset", request->dst_offset, "First byte in DST; default 0");
    add_bytes(verb, "--bytes", request->bytes,
              "Length; default up to the end of SRC, or 64MiB of a region");
    add_bytes(verb, "--segment-bytes", request->segment_bytes, "State it in pieces of this size");
    add_word(verb, "--class", request->priority, "Default normal");
    verb.add_option("--count", request->count, "So many transfers at once")
        ->check(CLI::Range(1U, 1024U));
    verb.add_option("--repeat", request->repeat, "So often, one after the other")
        ->check(CLI::Range(1U, 1000000U));
    verb.add_flag("--verify", request->verify, "Compare checksums between held buffers too");
}

} // namespace snctl

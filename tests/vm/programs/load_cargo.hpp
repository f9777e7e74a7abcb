// SPDX-License-Identifier: GPL-2.0-only OR MIT
// What a mover moves. Sources hold bytes that never change. Sinks hold one byte value all over
// while no transfer has them: after a transfer's end a sink holds the sources' bytes where they
// belong and its paint elsewhere, and nothing but paint when it is used again, so that what is
// written after an end is seen.
#pragma once

#include "load_world.hpp"

#include <map>

namespace load {

struct Source {
    std::string device;
    Buffer buffer;
    std::vector<std::byte> bytes; ///< what it holds
};

struct Sink {
    std::string device;
    Buffer buffer;
    UniqueMapping map;
    std::byte paint{0x5a};
    bool busy = false;
};

/// One segment.
struct Piece {
    std::size_t source;
    std::size_t sink;
    std::uint64_t from, to, bytes;
};

class Cargo {
public:
    Cargo(Board &board, Random &random, Client &client)
        : board_(board), random_(random), client_(client) {
        for (const auto *name : {"cpu0", "cpu1", "sim0", "sim1", "frail0", "frail1"}) {
            sources_.push_back({.device = name});
            sinks_.push_back({.device = name});
            sinks_.push_back({.device = name});
        }
    }

    const Source &source(const Piece &piece) const { return sources_[piece.source]; }
    const Sink &sink(const Piece &piece) const { return sinks_[piece.sink]; }

    /// Pieces for one transfer, whose sinks are idle; none when there are none just now.
    std::vector<Piece> choose(Session &session) {
        std::vector<Piece> pieces;
        const std::size_t sinks = random_.chance(25) ? 3 : 1;
        const std::size_t count = random_.chance(50) ? 1 : random_.between(2, 12);
        for (std::size_t i = 0; i < sinks; i++) {
            const auto index = random_.below(sinks_.size());
            const auto taken = std::ranges::find(pieces, index, &Piece::sink);
            if (taken != pieces.end() || !ready(session, sinks_[index]))
                continue;
            auto &sink = sinks_[index];
            require(painted(sink, 0, sink.map.size()) || lost(sink.buffer),
                    "a buffer in {} was written after its transfer's end", sink.device);
            cut(session, pieces, index, count);
        }
        return pieces;
    }

    void load(const std::vector<Piece> &pieces) {
        for (const auto &p : pieces)
            sinks_[p.sink].busy = true;
    }

    /// Another buffer for a source that none of the transfers reads.
    void renew(const auto &reads) {
        const auto index = random_.below(sources_.size());
        if (!reads(index))
            sources_[index].buffer = {};
    }

    /// Others in the place of those that are lost.
    void forget_lost(const std::vector<Piece> &pieces, const auto &reads) {
        for (const auto &p : pieces) {
            auto &source = sources_[p.source];
            if (source.buffer.fd && !reads(p.source) && lost(source.buffer))
                source.buffer = {};
            auto &sink = sinks_[p.sink];
            if (sink.buffer.fd && !sink.busy && lost(sink.buffer))
                drop(sink);
        }
    }

    /// After a transfer's end: true when all its bytes are there. Others must not be.
    bool unload(const std::vector<Piece> &pieces, bool complete) {
        std::map<std::size_t, std::uint64_t> looked;
        bool all = true;
        for (const auto &p : pieces) {
            auto &sink = sinks_[p.sink];
            auto &from = looked[p.sink];
            const bool good = painted(sink, from, p.to) && is_good(p, complete);
            from = p.to + p.bytes;
            require(good || lost(sink.buffer), "wrong bytes in {} at {} ({} bytes, {} at {}, {})",
                    sink.device, p.to, p.bytes, source(p).device, p.from,
                    complete ? "complete" : "ended early");
            all &= good;
        }
        for (const auto &[index, from] : looked) {
            auto &sink = sinks_[index];
            const bool good = painted(sink, from, sink.map.size());
            require(good || lost(sink.buffer), "bytes were written after a segment in {}",
                    sink.device);
            all &= good;
            sink.busy = false;
            if (!good || random_.chance(20))
                drop(sink);
            else
                repaint(sink);
        }
        return complete && all;
    }

private:
    bool lost(const Buffer &buffer) {
        return client_.buffer_info(buffer.fd.get()).state == BufferState::lost;
    }

    /// Nothing when the device is away.
    std::optional<Buffer> allocate(Session &session, const std::string &device,
                                   std::uint64_t bytes) {
        const auto region = find_region(client_, device);
        if (!region)
            return std::nullopt;
        std::optional<Buffer> buffer;
        const auto call = [&] {
            buffer = session.alloc({.region = *region, .bytes = bytes, .name = device});
        };
        if (is_frail(device))
            attempt(board_, Op::buffer_small, {ENOENT, ENODEV}, call);
        else
            attempt(board_, Op::buffer_small, {}, call);
        return buffer;
    }

    bool ready(Session &session, Source &source) {
        if (source.buffer.fd)
            return true;
        const std::uint64_t bytes = random_.between(1, 512) * 1024 + random_.below(4096);
        auto buffer = allocate(session, source.device, bytes);
        if (!buffer)
            return false;
        source.bytes.resize(bytes);
        const auto salt = random_.below(UINT64_MAX);
        for (std::size_t i = 0; i + 8 <= bytes; i += 8) {
            const auto word = vmtest::pattern(salt, i);
            std::memcpy(&source.bytes[i], &word, 8);
        }
        UniqueMapping map(buffer->fd.get());
        board_.done(Op::buffer_map);
        std::memcpy(map.data(), source.bytes.data(), bytes);
        source.buffer = std::move(*buffer);
        return true;
    }

    bool ready(Session &session, Sink &sink) {
        if (sink.busy)
            return false;
        if (sink.buffer.fd)
            return true;
        auto buffer = allocate(session, sink.device, random_.between(1, 384) * 1024);
        if (!buffer)
            return false;
        sink.map = UniqueMapping(buffer->fd.get());
        board_.done(Op::buffer_map);
        sink.buffer = std::move(*buffer);
        repaint(sink);
        return true;
    }

    void repaint(Sink &sink) {
        sink.paint = static_cast<std::byte>(random_.between(1, 255));
        std::memset(sink.map.data(), static_cast<int>(sink.paint), sink.map.size());
    }

    static bool painted(const Sink &sink, std::uint64_t from, std::uint64_t to) {
        const auto *const at = sink.map.data();
        return from >= to || (at[from] == sink.paint &&
                              std::memcmp(at + from, at + from + 1, to - from - 1) == 0);
    }

    /// In order, apart, of any alignment.
    void cut(Session &session, std::vector<Piece> &pieces, std::size_t sink, std::size_t count) {
        const auto room = sinks_[sink].map.size() / count;
        for (std::size_t i = 0; i < count; i++) {
            const auto index = random_.below(sources_.size());
            if (!ready(session, sources_[index]))
                continue;
            const auto have = sources_[index].bytes.size();
            const auto skip = random_.below(room / 2);
            const auto bytes = 1 + random_.below(std::min<std::uint64_t>(room - skip, have));
            pieces.push_back(
                {index, sink, random_.below(have - bytes + 1), i * room + skip, bytes});
        }
    }

    void drop(Sink &sink) {
        sink.map = UniqueMapping();
        board_.done(Op::buffer_unmap);
        sink.buffer = {};
        board_.done(Op::buffer_release);
    }

    bool is_good(const Piece &p, bool complete) const {
        const auto *const is = sink(p).map.data() + p.to;
        const auto *const should = source(p).bytes.data() + p.from;
        if (std::memcmp(is, should, p.bytes) == 0)
            return true;
        if (complete)
            return false;
        for (std::uint64_t i = 0; i < p.bytes; i++)
            if (is[i] != should[i] && is[i] != sink(p).paint)
                return false;
        return true;
    }

    Board &board_;
    Random &random_;
    Client &client_;
    std::vector<Source> sources_;
    std::vector<Sink> sinks_;
};

} // namespace load

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Copies of many lengths and alignments, from 1 byte to 64 MiB, between every pair of regions.
// After each the destination holds the source's bytes, and those around them are as they were.
//
// copy_matrix [MAX_BYTES [EVERY]]: one in EVERY of these copies, counted over all pairs
#include "vmtest.hpp"

#include <algorithm>
#include <cstring>

namespace {

using namespace supernode;
using vmtest::require;

constexpr std::uint64_t mib = 1 << 20;
constexpr std::size_t guard = 256;
constexpr std::byte paint{0xa5};

struct Place {
    Region region;
    Buffer buffer;
    UniqueMapping bytes;
};

std::vector<std::uint64_t> lengths(std::uint64_t most) {
    std::vector<std::uint64_t> all;
    for (std::uint64_t power = 1; power <= most; power *= 2) {
        all.push_back(power);
        if (power > 2 && power <= mib) {
            all.push_back(power - 1);
            all.push_back(power + 1);
        }
    }
    std::erase_if(all, [most](auto n) { return n > most; });
    return all;
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> alignments(std::uint64_t bytes) {
    if (bytes > mib)
        return {{3, 4093}};
    if (bytes > 64 * 1024)
        return {{0, 0}, {1, 4095}, {4095, 64}};
    std::vector<std::pair<std::uint64_t, std::uint64_t>> all;
    for (const std::uint64_t src : {0, 1, 63, 4095})
        for (const std::uint64_t dst : {0, 1, 64, 4095})
            all.emplace_back(src, dst);
    return all;
}

class Matrix {
public:
    Matrix(std::uint64_t most, std::uint64_t every)
        : most_(most), every_(every), session_(client_.open_session()) {
        for (const auto &region : client_.regions())
            places_.push_back(make(region));
        require(places_.size() >= 2, "{} regions, too few", places_.size());
    }

    void run() {
        for (auto &src : places_)
            for (auto &dst : places_)
                pair(src, dst);
        fmt::print("{} copies between {} regions, {} bytes\n", copies_, places_.size(), bytes_);
    }

private:
    /// Two halves, so that a region can be copied onto itself.
    Place make(const Region &region) {
        const std::uint64_t half = most_ + 2 * 4096;
        Place place{region, session_.alloc_ready({.region = region.id, .bytes = 2 * half}), {}};
        place.bytes = UniqueMapping(place.buffer.fd.get());
        const auto words = reinterpret_cast<std::uint64_t *>(place.bytes.data());
        for (std::size_t i = 0; i < half / 8; i++) {
            require(words[i] == 0, "region {}: fresh memory is not zero at {}", region.id, i * 8);
            words[i] = vmtest::pattern(region.id, i);
        }
        half_ = half;
        return place;
    }

    void pair(Place &src, Place &dst) {
        for (const auto bytes : lengths(most_))
            for (const auto &[from, to] : alignments(bytes))
                if (looked_at_++ % every_ == 0)
                    copy(src, from, dst, half_ + to, bytes);
    }

    void copy(Place &src, std::uint64_t from, Place &dst, std::uint64_t to, std::uint64_t bytes) {
        const auto first = to - std::min<std::uint64_t>(guard, to - half_);
        const auto last = std::min<std::uint64_t>(to + bytes + guard, 2 * half_);
        std::byte *const out = dst.bytes.data();
        std::memset(out + first, static_cast<int>(paint), last - first);

        const Segment segment{.src_fd = src.buffer.fd.get(),
                              .dst_fd = dst.buffer.fd.get(),
                              .src_offset = from,
                              .dst_offset = to,
                              .bytes = bytes};
        const auto id = session_.submit({&segment, 1}).id;
        const auto end = session_.wait(id, std::chrono::seconds(60));
        const auto what = fmt::format("region {} +{} to {} +{}, {} bytes", src.region.id, from,
                                      dst.region.id, to - half_, bytes);
        require(end.has_value(), "{}: no completion", what);
        require(end->status == 0 && end->bytes == bytes, "{}: status {}, {} bytes arrived", what,
                end->status, end->bytes);
        require(std::memcmp(out + to, src.bytes.data() + from, bytes) == 0, "{}: wrong bytes",
                what);
        const auto painted = [](std::byte b) { return b == paint; };
        require(std::all_of(out + first, out + to, painted), "{}: wrote before it", what);
        require(std::all_of(out + to + bytes, out + last, painted), "{}: wrote after it", what);
        copies_++;
        bytes_ += bytes;
    }

    std::uint64_t most_;
    std::uint64_t every_;
    std::uint64_t looked_at_ = 0;
    std::uint64_t half_ = 0;
    Client client_;
    Session session_;
    std::vector<Place> places_;
    std::uint64_t copies_ = 0;
    std::uint64_t bytes_ = 0;
};

} // namespace

int main(int argc, char **argv) {
    const auto number = [&](int i, std::uint64_t otherwise) {
        return argc > i ? std::strtoull(argv[i], nullptr, 0) : otherwise;
    };
    return vmtest::run([&] { Matrix(number(1, 64 * mib), number(2, 1)).run(); });
}

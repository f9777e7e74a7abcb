// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Simulated devices for the programs that need some, and the knobs that make them fail.
#pragma once

#include "vmtest.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <optional>
#include <thread>

namespace simtest {

using namespace supernode;

inline constexpr std::uint64_t kib = 1024;
inline constexpr std::uint64_t mib = 1024 * kib;
inline constexpr std::uint64_t slice_bytes = 256 * kib;
inline constexpr auto moment = std::chrono::seconds(20); ///< under emulation, on a busy machine

/// A GPU with an engine of one channel, on which the order of copies is known.
inline DeviceSpec gpu(std::string name, std::uint64_t bytes = 64 * mib) {
    DeviceSpec spec;
    spec.name = std::move(name);
    spec.kind = DeviceKind::gpu;
    spec.backend = "sim";
    spec.regions.push_back({.kind = RegionKind::hbm, .bytes = bytes, .page_bytes = 4096});
    spec.engines.push_back({.channels = 1, .depth = 4, .bytes_per_sec = 10'000'000'000});
    return spec;
}

inline LinkSpec link(std::uint32_t a, std::uint32_t b, std::uint64_t rate = 10'000'000'000) {
    LinkSpec spec;
    spec.device_a = a;
    spec.device_b = b;
    spec.bytes_per_sec_ab = rate;
    return spec;
}

inline std::string knob_path(std::string_view device, std::string_view name) {
    return fmt::format("/sys/kernel/debug/sn_sim/{}/{}", device, name);
}

inline void knob(std::string_view device, std::string_view name, std::int64_t value) {
    std::ofstream out(knob_path(device, name));
    out << value << std::flush;
    vmtest::require(out.good(), "knob {} of {} refuses {}", name, device, value);
}

inline std::uint64_t counter(std::string_view device, std::string_view name) {
    std::ifstream in(knob_path(device, name));
    std::uint64_t value = 0;
    vmtest::require(static_cast<bool>(in >> value), "no counter {} of {}", name, device);
    return value;
}

template<typename Condition>
void until(std::string_view what, Condition &&condition,
           std::chrono::milliseconds limit = std::chrono::milliseconds(moment)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        vmtest::require(std::chrono::steady_clock::now() < end, "never came true: {}", what);
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

/// At its end everything that was stated goes, so that the modules can be unloaded.
class Cleaner {
public:
    explicit Cleaner(Client &client) : client_(client) {}
    Cleaner(const Cleaner &) = delete;
    Cleaner &operator=(const Cleaner &) = delete;
    ~Cleaner() {
        try {
            clean();
        } catch (const std::exception &e) {
            fmt::print(stderr, "the topology stays: {}\n", e.what());
        }
    }

private:
    void clean() {
        std::vector<std::uint32_t> going;
        auto txn = client_.begin();
        for (const auto &device : client_.devices())
            if (device.backend != "host")
                going.push_back(device.id);
        for (const auto &link : client_.links())
            if (std::ranges::count(going, link.device_a) ||
                std::ranges::count(going, link.device_b))
                txn.link_del(link.id);
        for (const auto id : going)
            txn.device_del(id, true);
        txn.commit();
    }

    Client &client_;
};

/// Two buffers and the transfer from the first, which holds a pattern, to the second.
struct Copy {
    Copy(Session &session_, std::uint32_t src, std::uint32_t dst, std::uint64_t bytes_)
        : session(session_), from(session_.alloc_ready({.region = src, .bytes = bytes_}, moment)),
          to(session_.alloc_ready({.region = dst, .bytes = bytes_}, moment)), bytes(bytes_) {
        UniqueMapping map(from.fd.get());
        auto *const words = reinterpret_cast<std::uint64_t *>(map.data());
        for (std::size_t i = 0; i < bytes / 8; i++)
            words[i] = vmtest::pattern(from.id, i);
    }

    Segment segment() const {
        return {.src_fd = from.fd.get(), .dst_fd = to.fd.get(), .bytes = bytes};
    }
    Submission submit(const SubmitOptions &options = {}) {
        const Segment one = segment();
        return session.submit({&one, 1}, options);
    }
    Completion wait(std::uint64_t id) {
        const auto end = session.wait(id, moment);
        vmtest::require(end.has_value(), "transfer {} never ended", id);
        return *end;
    }
    void expect_arrived() const {
        UniqueMapping map(to.fd.get());
        const auto *const words = reinterpret_cast<const std::uint64_t *>(map.data());
        for (std::size_t i = 0; i < bytes / 8; i++)
            vmtest::require(words[i] == vmtest::pattern(from.id, i),
                            "wrong bytes at {}: {:#x}, should be {:#x}", i * 8, words[i],
                            vmtest::pattern(from.id, i));
    }

    Session &session;
    Buffer from;
    Buffer to;
    std::uint64_t bytes;
};

inline void expect_end(const Completion &end, int status, std::string_view what) {
    vmtest::require(end.status == status, "{}: ended with {} ({} bytes), should be {}", what,
                    end.status, end.bytes, status);
}

/// The call must be refused with this errno.
template<typename Call>
void refused(int code, std::string_view what, Call &&call) {
    try {
        call();
    } catch (const Error &e) {
        vmtest::require(e.code() == code, "{}: {}, should be {}", what, e.what(), errno_name(code));
        return;
    }
    throw std::runtime_error(fmt::format("{}: was not refused", what));
}

} // namespace simtest

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// KCOV of this thread: which instrumented places of the modules a program reached. A kernel without
// it gives nothing, and the answers alone tell what is new.
#pragma once

#include "fuzz_pool.hpp"
#include "fuzz_shared.hpp"

#include <sys/ioctl.h>

#include <fstream>
#include <string>

namespace fuzz {

inline constexpr const char *kcov_path = "/sys/kernel/debug/kcov";

inline bool has_kcov() {
    return access(kcov_path, R_OK | W_OK) == 0;
}

/// Where the modules are now, for those who turn places into offsets.
inline void publish_modules(Shared &shared) {
    std::ifstream in("/proc/modules");
    std::string name, size, users, by, state, at;
    std::array<std::uint64_t, modules.size()> found{};
    for (std::string rest; in >> name >> size >> users >> by >> state >> at; std::getline(in, rest))
        for (std::size_t i = 0; i < modules.size(); i++)
            if (name == modules[i])
                found[i] = std::stoull(at, nullptr, 16);
    for (std::size_t i = 0; i < modules.size(); i++)
        shared.module_at[i] = found[i];
}

class Coverage {
public:
    Coverage() {
        if (!has_kcov())
            return;
        fd_ = keep_fd(open(kcov_path, O_RDWR | O_CLOEXEC));
        if (fd_ < 0 || ioctl(fd_, init_trace, words))
            return;
        void *memory = mmap(nullptr, words * sizeof(std::uint64_t), PROT_READ | PROT_WRITE,
                            MAP_SHARED, fd_, 0);
        if (memory == MAP_FAILED || ioctl(fd_, enable, trace_pc))
            return;
        places_ = static_cast<std::uint64_t *>(memory);
    }
    Coverage(const Coverage &) = delete;
    Coverage &operator=(const Coverage &) = delete;
    ~Coverage() {
        if (places_)
            ioctl(fd_, disable, 0);
    }

    explicit operator bool() const { return places_ != nullptr; }
    void begin() {
        if (places_)
            __atomic_store_n(&places_[0], 0, __ATOMIC_RELAXED);
    }
    /// How many places are new since begin().
    std::uint32_t collect(Shared &shared) {
        std::uint32_t fresh = 0;
        if (!places_)
            return 0;
        const std::uint64_t count =
            std::min<std::uint64_t>(__atomic_load_n(&places_[0], __ATOMIC_RELAXED), words - 1);
        std::uint64_t last = 0, strangers = 0;
        for (std::uint64_t i = 1; i <= count; i++) {
            const std::uint64_t place = places_[i];
            if (place == last)
                continue;
            last = place;
            bool ours = false;
            for (std::size_t m = 0; m < modules.size(); m++) {
                const std::uint64_t at = shared.module_at[m].load(std::memory_order_relaxed);
                if (at && place >= at && place < at + module_bytes) {
                    fresh += shared.reached[m].add(place - at);
                    ours = true;
                    break;
                }
            }
            strangers += !ours;
        }
        shared.foreign_pcs += strangers;
        return fresh;
    }

private:
    /* linux/kcov.h is not with the others' headers everywhere. */
    static constexpr unsigned long words = 1 << 16;
    static constexpr unsigned long init_trace = _IOR('c', 1, unsigned long);
    static constexpr unsigned long enable = _IO('c', 100);
    static constexpr unsigned long disable = _IO('c', 101);
    static constexpr unsigned long trace_pc = 0;

    int fd_ = -1;
    std::uint64_t *places_ = nullptr;
};

} // namespace fuzz

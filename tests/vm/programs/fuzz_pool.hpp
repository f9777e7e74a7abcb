// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The fds and ids that a worker knows, and the foreign fds that it passes where they do not belong.
// Few of a kind are open at once: a guest out of memory would be no finding.
#pragma once

#include "fuzz_program.hpp"

#include <supernode/fd.hpp>

#include <fcntl.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <climits>
#include <cstdio>

namespace fuzz {

/// Fds from here on are the worker's own: nothing that it fuzzes closes them.
inline constexpr int first_own_fd = 900;
inline constexpr int last_own_fd = 1023;

/// Moves an fd to where nothing closes it.
inline int keep_fd(int fd) {
    if (fd < 0)
        return fd;
    const int kept = fcntl(fd, F_DUPFD_CLOEXEC, first_own_fd);
    close(fd);
    return kept;
}

class Pool {
public:
    Pool() {
        forget();
        make_foreign();
    }

    int fd(std::uint32_t kind, std::uint64_t number) const {
        static constexpr std::array odd{-1, INT_MIN, INT_MAX, 1024, 1 << 20, AT_FDCWD};
        kind %= fd_kinds;
        if (kind == fd_odd)
            return odd[number % odd.size()];
        if (kind == fd_closed)
            return 870 + static_cast<int>(number % 16);
        const auto &slots = fds_[kind];
        const std::uint32_t count = counts_[kind];
        return count ? slots[number % count].load(std::memory_order_relaxed)
                     : 870 + static_cast<int>(number % 16);
    }

    /// One more; where there are enough, the oldest one is closed for it.
    void add(std::uint32_t kind, int fd) {
        static constexpr std::array<std::uint32_t, fd_first_foreign> caps{6, 20, 4, 10};
        if (kind >= fd_first_foreign) {
            if (fd >= 0 && fd < first_own_fd)
                close(fd);
            return;
        }
        if (kind == fd_session)
            fcntl(fd, F_SETFL, O_NONBLOCK);
        auto &slots = fds_[kind];
        if (counts_[kind] < caps[kind]) {
            slots[counts_[kind]++] = fd;
            return;
        }
        std::atomic<int> &slot = slots[turn_[kind]++ % caps[kind]];
        const int old = slot.exchange(fd);
        if (old >= 3 && old < first_own_fd && old != fd)
            close(old);
    }

    /// It was closed, and is not meant any more.
    void drop(std::uint32_t kind, std::uint64_t number) {
        if (kind >= fd_first_foreign || !counts_[kind])
            return;
        auto &slots = fds_[kind];
        const std::uint32_t last = counts_[kind] - 1;
        slots[number % counts_[kind]] = slots[last].load();
        counts_[kind] = last;
    }

    std::uint64_t id(std::uint32_t kind, std::uint64_t number) const {
        const auto &known = ids_[kind % id_kinds];
        if (known.empty())
            return number;
        return known[number % known.size()] + (number > 20 ? number - 20 : 0);
    }

    void learn(std::uint32_t kind, std::uint64_t id) {
        auto &known = ids_[kind % id_kinds];
        if (std::find(known.begin(), known.end(), id) != known.end())
            return;
        if (known.size() < 12)
            known.push_back(id);
        else
            known[learned_++ % known.size()] = id;
    }

    /// Closes all that programs opened.
    void forget() {
        for (auto &map : maps_)
            if (map != MAP_FAILED)
                munmap(map, map_bytes);
        maps_.fill(MAP_FAILED);
        close_range(3, first_own_fd - 1, 0);
        for (std::uint32_t kind = 0; kind < fd_first_foreign; kind++)
            counts_[kind] = 0;
        for (auto &known : ids_)
            known.clear();
        turn_.fill(0);
        learned_ = 0;
    }

    /// The worker's socket, too, is an fd that a message may name.
    void add_socket(int fd) { add_foreign(fd_socket, fd); }
    void forget_sockets() { counts_[fd_socket] = 0; }
    int foreign(std::uint64_t number) const {
        return fd(fd_first_foreign + static_cast<std::uint32_t>(number % 8), number / 8);
    }

    static constexpr std::size_t map_bytes = 8192;
    std::array<void *, 4> maps_{MAP_FAILED, MAP_FAILED, MAP_FAILED, MAP_FAILED};

private:
    static constexpr std::size_t slots_max = 24;

    void add_foreign(std::uint32_t kind, int fd) {
        if (fd >= 0 && counts_[kind] < slots_max)
            fds_[kind][counts_[kind]++] = fd;
    }

    void make_foreign() {
        std::array<int, 2> ends{-1, -1};
        add_foreign(fd_file, keep_fd(open("/tmp/fuzz-file", O_RDWR | O_CREAT, 0666)));
        add_foreign(fd_file, keep_fd(open("/dev/null", O_RDWR)));
        add_foreign(fd_file, keep_fd(open("/proc/self/maps", O_RDONLY)));
        if (!pipe2(ends.data(), O_NONBLOCK)) {
            add_foreign(fd_pipe, keep_fd(ends[0]));
            add_foreign(fd_pipe, keep_fd(ends[1]));
        }
        add_foreign(fd_event, keep_fd(eventfd(0, EFD_NONBLOCK)));
        add_foreign(fd_epoll, keep_fd(epoll_create1(0)));
        add_foreign(fd_timer, keep_fd(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)));
        const int memory = keep_fd(memfd_create("fuzz", MFD_ALLOW_SEALING));
        if (memory >= 0 && !ftruncate(memory, 65536))
            fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK);
        add_foreign(fd_memory, memory);
        add_udmabuf(memory);
        add_heap("/dev/dma_heap/system");
    }

    void add_udmabuf(int memory) {
        const int device = open("/dev/udmabuf", O_RDWR);
        if (device < 0)
            return;
        udmabuf_create create{};
        create.memfd = static_cast<std::uint32_t>(memory);
        create.size = 65536;
        add_foreign(fd_dmabuf, keep_fd(ioctl(device, UDMABUF_CREATE, &create)));
        close(device);
    }

    void add_heap(const char *path) {
        const int heap = open(path, O_RDWR);
        if (heap < 0)
            return;
        dma_heap_allocation_data data{};
        data.len = 65536;
        data.fd_flags = O_RDWR | O_CLOEXEC;
        if (!ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data))
            add_foreign(fd_dmabuf, keep_fd(static_cast<int>(data.fd)));
        close(heap);
    }

    /* Atomic, since a racing thread reads them. */
    std::array<std::array<std::atomic<int>, slots_max>, fd_kinds> fds_{};
    std::array<std::atomic<std::uint32_t>, fd_kinds> counts_{};
    std::array<std::uint32_t, fd_kinds> turn_{};
    std::array<std::vector<std::uint64_t>, id_kinds> ids_;
    std::uint32_t learned_ = 0;
};

} // namespace fuzz

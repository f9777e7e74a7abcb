// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Fences: those that a test signals itself, and a pool of those that transfers gave, for others to
// wait for.
#pragma once

#include "load_board.hpp"

#include <fcntl.h>
#include <linux/sync_file.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <mutex>

namespace load {

inline bool readable(int fd, int timeout_ms) {
    pollfd p{.fd = fd, .events = POLLIN, .revents = 0};
    int ready;
    while ((ready = poll(&p, 1, timeout_ms)) < 0)
        require(errno == EINTR, "poll: {}", std::strerror(errno));
    return ready && p.revents & POLLIN;
}

/// 1 signalled, 0 not yet, else a negative errno.
inline int fence_status(int fd) {
    sync_file_info info{};
    require(ioctl(fd, SYNC_IOC_FILE_INFO, &info) == 0, "SYNC_IOC_FILE_INFO: {}",
            std::strerror(errno));
    return info.status;
}

/// A fence of sn_test_fence: it signals when told to, or when this goes.
class TestFence {
public:
    TestFence() : control_(open("/dev/sn_test_fence", O_RDWR | O_CLOEXEC)) {
        require(static_cast<bool>(control_), "no /dev/sn_test_fence: {}", std::strerror(errno));
        sync_ = Fd(ioctl(control_.get(), _IO('T', 1)));
        require(static_cast<bool>(sync_), "no sync_file: {}", std::strerror(errno));
    }
    int fd() const { return sync_.get(); }
    void signal(int error) {
        require(ioctl(control_.get(), _IO('T', 2), error) == 0, "signal: {}", std::strerror(errno));
    }

private:
    Fd control_;
    Fd sync_;
};

class FencePool {
public:
    void add(const Fd &fence) {
        const std::scoped_lock lock(mutex_);
        if (fences_.size() < 16)
            fences_.emplace_back();
        fences_[next_++ % fences_.size()] = fence.duplicate();
    }
    /// One of them, or nothing.
    Fd any(Random &random) {
        const std::scoped_lock lock(mutex_);
        return fences_.empty() ? Fd() : fences_[random.below(fences_.size())].duplicate();
    }

private:
    std::mutex mutex_;
    std::vector<Fd> fences_;
    std::size_t next_ = 0;
};

} // namespace load

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// A file descriptor that closes itself.
#pragma once

#include <utility>

namespace supernode {

class Fd {
public:
    Fd() noexcept = default;
    explicit Fd(int fd) noexcept : fd_(fd) {}
    Fd(Fd &&other) noexcept : fd_(other.release()) {}
    Fd &operator=(Fd &&other) noexcept {
        if (this != &other)
            reset(other.release());
        return *this;
    }
    ~Fd() { reset(); }

    int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }
    int release() noexcept { return std::exchange(fd_, -1); }
    void reset(int fd = -1) noexcept;

    /// A second descriptor of the same open file, close-on-exec. Throws Error.
    Fd duplicate() const;

private:
    int fd_ = -1;
};

} // namespace supernode

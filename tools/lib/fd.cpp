// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include <supernode/error.hpp>
#include <supernode/fd.hpp>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace supernode {

void Fd::reset(int fd) noexcept {
    int old = std::exchange(fd_, fd);

    if (old >= 0 && old != fd)
        close(old);
}

Fd Fd::duplicate() const {
    int fd = fcntl(fd_, F_DUPFD_CLOEXEC, 0);

    if (fd < 0)
        throw Error(errno, "dup");
    return Fd(fd);
}

} // namespace supernode

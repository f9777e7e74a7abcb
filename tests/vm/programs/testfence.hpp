// SPDX-License-Identifier: GPL-2.0-only OR MIT
// A fence of the module sn_test_fence: it signals when told to.
#pragma once

#include "vmtest.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>

class TestFence {
public:
    TestFence() : control_(open("/dev/sn_test_fence", O_RDWR | O_CLOEXEC)) {
        vmtest::require(static_cast<bool>(control_), "no /dev/sn_test_fence: {}",
                        std::strerror(errno));
        sync_ = supernode::Fd(ioctl(control_.get(), _IO('T', 1)));
        vmtest::require(static_cast<bool>(sync_), "no sync_file: {}", std::strerror(errno));
    }
    int fd() const { return sync_.get(); }
    void signal(int error = 0) {
        vmtest::require(ioctl(control_.get(), _IO('T', 2), error) == 0, "signal: {}",
                        std::strerror(errno));
    }

private:
    supernode::Fd control_;
    supernode::Fd sync_;
};

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The module sn_test_inject: arm it, do something, see what failed.
#pragma once

#include "vmtest.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace inject {

enum class Mode {
    once,    ///< the n-th under our modules
    wide,    ///< the n-th of the caller, wherever it is, and of others under our modules
    persist, ///< the n-th under our modules and all that follow
};

inline std::string_view to_string(Mode mode) {
    return mode == Mode::once ? "once" : mode == Mode::wide ? "wide" : "persist";
}

struct Hit {
    unsigned seen = 0;
    unsigned failed = 0;
    std::string where; ///< kind of memory, and who wanted it
};

/// Files that are open before, so that nothing is allocated for the arming itself.
class Probe {
public:
    Probe() : nth_(file("nth", O_WRONLY)), seen_(file("seen", O_RDONLY)) {}

    void arm(unsigned nth, Mode mode) {
        set("wide", mode == Mode::wide);
        set("persist", mode == Mode::persist);
        put(nth);
    }
    Hit disarm() {
        put(0);
        char text[512] = {};
        char place[448] = {};
        vmtest::require(pread(seen_.get(), text, sizeof(text) - 1, 0) > 0, "seen: {}",
                        std::strerror(errno));
        Hit hit;
        vmtest::require(std::sscanf(text, "%u %u %447[^\n]", &hit.seen, &hit.failed, place) == 3,
                        "seen: '{}'", text);
        hit.where = place;
        return hit;
    }

private:
    static supernode::Fd file(const char *name, int flags) {
        const auto path = fmt::format("/sys/kernel/debug/sn_test_inject/{}", name);
        supernode::Fd fd(open(path.c_str(), flags | O_CLOEXEC));
        vmtest::require(static_cast<bool>(fd), "{}: {}", path, std::strerror(errno));
        return fd;
    }
    static void write_number(int fd, unsigned number) {
        char text[16];
        const auto size = std::snprintf(text, sizeof(text), "%u", number);
        const auto written = write(fd, text, static_cast<std::size_t>(size));
        vmtest::require(written == size, "sn_test_inject: {}", std::strerror(errno));
    }
    static void set(const char *name, unsigned number) {
        write_number(file(name, O_WRONLY).get(), number);
    }
    void put(unsigned nth) { write_number(nth_.get(), nth); }

    supernode::Fd nth_, seen_;
};

} // namespace inject

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The kernel below libsupernode's own transport: what poll(), recvfrom(), read() and close() answer
// is decided here. The linker puts these in the place of the C library's and of libnl's; outside a
// SyscallScope they do what they always do.
#pragma once

#include "../lib/fake_transport.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <vector>

#include "input.hpp"

/// What recvfrom() finds next.
struct Arrival {
    supernode::fake::Datagram bytes;
    uint32_t from = 0;  ///< port id; 0: the kernel
    size_t missing = 0; ///< bytes that did not fit the reader's buffer
    int error = 0;      ///< instead of all that
};

class SyscallScope {
public:
    explicit SyscallScope(Input &input);
    SyscallScope(const SyscallScope &) = delete;
    ~SyscallScope();

    /// A descriptor that a reply will name, and what can be read from it.
    int install(std::vector<std::byte> content = {});

    Input &input;
    /// Called with each request; what it wants to answer it puts into inbox.
    std::function<void(const supernode::fake::Request &)> answer;
    std::deque<Arrival> inbox;
    std::map<int, std::vector<std::byte>> open; ///< descriptors that were installed
    size_t strange_closes = 0;                  ///< of what never was, or twice

private:
    int next_ = 1000000;
};

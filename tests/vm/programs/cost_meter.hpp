// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Counts instructions, on a machine whose clock is its instructions (qemu/vm --icount 0).
//
// Under icount with a shift of 0 the time stamp counter is the number of instructions the one CPU
// has executed, of the kernel and of us. It also jumps ahead when the CPU idles until a timer, so
// nothing that waits for a timer may be measured. The program is a real-time task of the one CPU:
// a worker that it wakes runs when it blocks, not in the middle of a request.
#pragma once

#include "raw.hpp"

#include <sched.h>

#include <algorithm>
#include <array>

namespace cost {

using vmtest::require;

inline std::uint64_t instructions() {
    return __builtin_ia32_rdtsc();
}

/// Lets works, freed memory and grace periods of what went before end. Costs virtual time only.
inline void settle() {
    usleep(40000);
}

/// A request that is built once, so that what is counted is the kernel's work and three system
/// calls: send, receive the answer, receive the acknowledgement.
class Request {
public:
    Request(raw::Socket &socket, const raw::Message &message, int flags = 0)
        : fd_(socket.fd()), dump_(flags == NLM_F_DUMP) {
        nlmsghdr header = {};
        header.nlmsg_len = static_cast<std::uint32_t>(sizeof(header) + message.data().size());
        header.nlmsg_type = socket.family();
        header.nlmsg_flags =
            static_cast<std::uint16_t>(NLM_F_REQUEST | flags | (dump_ ? 0 : NLM_F_ACK));
        datagram_.resize(header.nlmsg_len);
        std::memcpy(datagram_.data(), &header, sizeof(header));
        std::memcpy(datagram_.data() + sizeof(header), message.data().data(),
                    message.data().size());
    }

    /// Throws when the kernel refuses it.
    void run() {
        const sockaddr_nl kernel = {.nl_family = AF_NETLINK};
        const auto sent = sendto(fd_, datagram_.data(), datagram_.size(), 0,
                                 reinterpret_cast<const sockaddr *>(&kernel), sizeof(kernel));
        require(sent == static_cast<ssize_t>(datagram_.size()), "sendto: {}", std::strerror(errno));
        objects_ = 0;
        while (!receive())
            ;
    }

    /// Of the last answer. Also good for what was asked in a dump: how many objects it had.
    std::size_t objects() const { return objects_; }
    template<typename Value>
    Value answer(int type) const {
        const auto body = std::span<const std::uint8_t>(reply_).first(reply_bytes_);
        const auto payload = raw::find(body.subspan(sizeof(nlmsghdr) + sizeof(genlmsghdr)), type);
        Value value{};
        require(payload.size() == sizeof(value), "the answer has no attribute {}", type);
        std::memcpy(&value, payload.data(), sizeof(value));
        return value;
    }

private:
    bool receive() {
        const ssize_t size = recv(fd_, room_.data(), room_.size(), 0);
        require(size > 0, "no answer: {}", std::strerror(errno));
        const auto bytes = static_cast<std::size_t>(size);
        for (std::size_t at = 0; at + sizeof(nlmsghdr) <= bytes;) {
            nlmsghdr header{};
            std::memcpy(&header, room_.data() + at, sizeof(header));
            if (header.nlmsg_type == NLMSG_ERROR || header.nlmsg_type == NLMSG_DONE) {
                int error = 0;
                std::memcpy(&error, room_.data() + at + sizeof(header), sizeof(error));
                require(!error, "a request to be measured is refused: {}", std::strerror(-error));
                return true;
            }
            if (!objects_++) {
                reply_bytes_ = std::min<std::size_t>(header.nlmsg_len, reply_.size());
                std::memcpy(reply_.data(), room_.data() + at, reply_bytes_);
            }
            at += (header.nlmsg_len + 3u) & ~3u;
        }
        return false;
    }

    int fd_;
    bool dump_;
    raw::Bytes datagram_;
    std::size_t objects_ = 0, reply_bytes_ = 0;
    std::array<std::uint8_t, 512> reply_{};
    static inline std::array<std::uint8_t, 65536> room_{};
};

/// Of one figure: the least is what the table holds, since a timer's tick or an empty cache of the
/// allocator can only add to it.
class Samples {
public:
    void add(std::uint64_t value) { values_.push_back(value); }
    std::uint64_t least() const { return *std::ranges::min_element(values_); }
    std::uint64_t median() const {
        auto sorted = values_;
        std::ranges::sort(sorted);
        return sorted[sorted.size() / 2];
    }

private:
    std::vector<std::uint64_t> values_;
};

class Report {
public:
    static constexpr unsigned rounds = 11;

    void add(std::string_view name, std::uint64_t least, std::uint64_t median) {
        rows_ += fmt::format("row {{\"scenario\": \"cost\", \"figure\": \"{}\", \"value\": {}, "
                             "\"unit\": \"instructions\", \"spread\": {}}}\n",
                             name, least, median - least);
    }
    void add(std::string_view name, const Samples &samples) {
        add(name, samples.least(), samples.median());
    }
    /// What @measured costs, in rounds; @before and @after are not counted.
    template<typename Before, typename Measured, typename After>
    void measure(std::string_view name, Before &&before, Measured &&measured, After &&after) {
        Samples samples;
        for (unsigned i = 0; i < rounds; i++) {
            before();
            settle();
            const auto begin = instructions();
            measured();
            samples.add(instructions() - begin);
            after();
        }
        add(name, samples);
    }
    template<typename Measured>
    void measure(std::string_view name, Measured &&measured) {
        measure(
            name, [] {}, std::forward<Measured>(measured), [] {});
    }
    void print() const { fmt::print("{}", rows_); }

private:
    std::string rows_; ///< printed at the end: writing anything disturbs what follows
};

/// From here on nothing interrupts this task but timers.
inline void be_alone() {
    const sched_param parameter{.sched_priority = 50};
    require(sched_setscheduler(0, SCHED_FIFO, &parameter) == 0, "sched_setscheduler: {}",
            std::strerror(errno));
    /* The counter must count instructions: a known number of them tells. */
    const auto begin = instructions();
    for (unsigned i = 0; i < 1000000; i++)
        asm volatile("nop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop" ::: "memory");
    const auto took = instructions() - begin;
    require(took >= 6000000 && took < 10500000,
            "six million instructions and a loop count as {}: is this icount=0?", took);
}

} // namespace cost

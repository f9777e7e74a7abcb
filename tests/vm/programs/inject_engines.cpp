// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The n-th copy of an engine fails, hangs, is late, ends twice or does not obey, and its device
// vanishes at the n-th step of its copies: for every n, until the transfer does not meet it. Each
// transfer ends once, with the right status, its fence signals, and nothing is written afterwards.
//
// Says figures as lines "NAME NUMBER".
#include "simtest.hpp"

#include <linux/sync_file.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>

namespace {

using namespace supernode;
using simtest::knob;
using vmtest::require;
using namespace std::chrono_literals;

constexpr std::uint64_t bytes = 2 * simtest::slice_bytes;
constexpr auto fence_limit_file = "/sys/module/supernode/parameters/fence_limit_ms";

struct Tally {
    unsigned faults = 0;   ///< of engines
    unsigned vanished = 0; ///< steps at which a device did
    unsigned wrong = 0;
} tally;

/// Two simulated devices, each linked to the host; fresh ones for each attempt.
struct Bench {
    Bench()
        : gpu(client.device_new(simtest::gpu("gpu"))), far(client.device_new(simtest::gpu("far"))),
          cpu(vmtest::device_id(client, "cpu0")) {
        client.link_new(simtest::link(cpu, gpu));
        client.link_new(simtest::link(cpu, far));
    }
    std::uint32_t region(std::uint32_t device) { return client.device(device).regions.at(0).id; }
    bool has(std::uint32_t device) {
        const auto all = client.devices();
        return std::ranges::any_of(all, [&](const auto &d) { return d.id == device; });
    }

    Client client;
    simtest::Cleaner cleaner{client};
    std::uint32_t gpu, far, cpu;
    Session session = client.open_session();
};

/// From where to where, and whose engine is at fault.
struct Route {
    const char *name;
    std::uint32_t Bench::*from;
    std::uint32_t Bench::*to;
    const char *victim;
};

constexpr Route routes[] = {
    {"within a device", &Bench::gpu, &Bench::gpu, "gpu"},
    {"to the host", &Bench::gpu, &Bench::cpu, "gpu"},
    {"from the host", &Bench::cpu, &Bench::gpu, "gpu"},
    {"in two stages, the first", &Bench::gpu, &Bench::far, "gpu"},
    {"in two stages, the second", &Bench::gpu, &Bench::far, "far"},
};

/// A transfer that is watched to its end and beyond.
class Watched {
public:
    Watched(Bench &b, const Route &route)
        : b_(b), copy_(b.session, b.region(b.*route.from), b.region(b.*route.to), bytes) {
        SubmitOptions options;
        options.out_fence = true;
        sent_ = copy_.submit(options);
    }
    std::uint64_t id() const { return sent_.id; }

    /// Its record, its fence, and that nothing is said or written after them.
    Completion end() {
        const Completion end = copy_.wait(sent_.id);
        pollfd p{.fd = sent_.out_fence.get(), .events = POLLIN, .revents = 0};
        require(poll(&p, 1, 0) == 1, "there is a record, and the fence has not signalled");
        sync_file_info info{};
        require(ioctl(p.fd, SYNC_IOC_FILE_INFO, &info) == 0, "SYNC_IOC_FILE_INFO: {}",
                std::strerror(errno));
        require(info.status == (end.status ? end.status : 1), "the fence says {}, the record {}",
                info.status, end.status);
        require((end.status == 0) == (end.bytes == bytes), "ended with {} after {} bytes",
                end.status, end.bytes);
        if (end.status == 0)
            expect_arrived();
        UniqueMapping map(copy_.to.fd.get());
        std::memset(map.data(), 0x5a, bytes);
        let_go();
        for (std::uint64_t i = 0; i < bytes; i++) {
            if (map.data()[i] == std::byte{0x5a})
                continue;
            /* A lost buffer shows zeroes: what was written went with it. */
            require(state(copy_.to) == BufferState::lost,
                    "byte {} was written after the end: {:#x}", i,
                    std::to_integer<unsigned>(map.data()[i]));
            break;
        }
        require(!b_.session.next(0ms), "it ended twice");
        return end;
    }

private:
    /// All bytes, unless they were lost since.
    void expect_arrived() {
        try {
            copy_.expect_arrived();
        } catch (const std::exception &) {
            if (state(copy_.to) != BufferState::lost)
                throw;
        }
    }
    BufferState state(const Buffer &buffer) { return b_.client.buffer_info(buffer.fd.get()).state; }
    /// Nothing of it is left anywhere.
    void let_go() {
        simtest::until("the transfer is released", [&] { return b_.client.transfers().empty(); });
        simtest::until("all engines are idle", [&] {
            const auto engines = b_.client.engines();
            return std::ranges::all_of(engines, [](const auto &e) { return e.inflight == 0; });
        });
        for (const auto &link : b_.client.links())
            require(!link.inflight_bytes_ab && !link.inflight_bytes_ba, "link {} is not empty",
                    link.id);
        for (const auto *buffer : {&copy_.from, &copy_.to})
            simtest::until("no buffer is pinned",
                           [&] { return b_.client.buffer_info(buffer->fd.get()).transfers == 0; });
    }

    Bench &b_;
    simtest::Copy copy_;
    Submission sent_;
};

void sound(Bench &b, const Route &route) {
    simtest::expect_end(Watched(b, route).end(), 0, "the next");
}

bool armed(const char *victim, const char *name) {
    return simtest::counter(victim, name) != 0;
}

// Each meets one fault at the n-th copy and says whether the transfer met it at all.

bool fails(Bench &b, const Route &route, unsigned n) {
    const auto retries = b.client.stats().retries;
    knob(route.victim, "fail_nth", n);
    simtest::expect_end(Watched(b, route).end(), 0, "one failure");
    if (armed(route.victim, "fail_nth"))
        return false;
    require(b.client.stats().retries == retries + 1, "{} retries, should be 1",
            b.client.stats().retries - retries);
    sound(b, route);
    return true;
}

bool lates(Bench &b, const Route &route, unsigned n) {
    knob(route.victim, "late_nth", n);
    const auto end = Watched(b, route).end();
    simtest::expect_end(end, 0, "one late copy");
    if (armed(route.victim, "late_nth"))
        return false;
    require(end.end_ns - end.start_ns >= 100'000'000, "it was not late");
    return true;
}

bool duplicates(Bench &b, const Route &route, unsigned n) {
    knob(route.victim, "duplicate_nth", n);
    simtest::expect_end(Watched(b, route).end(), 0, "one end that is signalled twice");
    if (armed(route.victim, "duplicate_nth"))
        return false;
    simtest::until("the second signal",
                   [&] { return simtest::counter(route.victim, "duplicates") == 1; });
    sound(b, route);
    return true;
}

/// Until it hangs, or ended without.
bool until_hanging(Bench &b, const Route &route, std::uint64_t id) {
    simtest::until("it hangs or ends", [&] {
        return !armed(route.victim, "hang_nth") ||
               b.session.transfer(id).state == TransferState::done;
    });
    return !armed(route.victim, "hang_nth");
}

bool hangs(Bench &b, const Route &route, unsigned n) {
    knob(route.victim, "hang_nth", n);
    Watched transfer(b, route);
    if (!until_hanging(b, route, transfer.id())) {
        simtest::expect_end(transfer.end(), 0, "no copy that hangs");
        return false;
    }
    b.session.cancel(transfer.id());
    simtest::expect_end(transfer.end(), -ECANCELED, "a copy that hangs, cancelled");
    sound(b, route);
    return true;
}

void set_fence_limit(unsigned ms) {
    std::ofstream out(fence_limit_file);
    out << ms << std::flush;
    require(out.good(), "fence_limit_ms refuses {}", ms);
}

bool hangs_for_good(Bench &b, const Route &route, unsigned n) {
    knob(route.victim, "hang_nth", n);
    set_fence_limit(300);
    Watched transfer(b, route);
    set_fence_limit(10000);
    const bool hung = until_hanging(b, route, transfer.id());
    simtest::expect_end(transfer.end(), hung ? -ETIMEDOUT : 0, "a copy that hangs for good");
    return hung;
}

/// Its end comes when the transfer has long been given up.
bool disobeys(Bench &b, const Route &route, unsigned n) {
    const auto victim = vmtest::device_id(b.client, route.victim);
    knob(route.victim, "ignore_abort", 1);
    knob(route.victim, "hang_nth", n);
    Watched transfer(b, route);
    if (!until_hanging(b, route, transfer.id())) {
        simtest::expect_end(transfer.end(), 0, "no copy that does not obey");
        return false;
    }
    b.session.cancel(transfer.id());
    simtest::until("it is given up", [&] { return b.client.stats().quarantined_bytes != 0; });
    simtest::until("the device is given up", [&] { return !b.has(victim); });
    knob(route.victim, "ignore_abort", 0);
    simtest::expect_end(transfer.end(), -ECANCELED, "a copy that does not obey");
    simtest::until("the quarantine ends", [&] { return b.client.stats().quarantined_bytes == 0; });
    return true;
}

/// At each step of each copy, as long as the transfer takes.
bool vanishes(Bench &b, const Route &route, unsigned n) {
    const auto victim = vmtest::device_id(b.client, route.victim);
    knob(route.victim, "vanish_nth", n);
    Watched transfer(b, route);
    const auto end = transfer.end();
    require(end.status == 0 || end.status == -ENODEV, "a device vanished: ended with {}",
            end.status);
    /* The step after a copy's end may be taken a moment after the transfer's. */
    for (int i = 0; i < 50 && b.has(victim); i++) {
        std::ifstream left(simtest::knob_path(route.victim, "vanish_nth"));
        unsigned value = 0;
        if (left >> value && value && i > 5) {
            require(end.status == 0, "no device vanished: ended with {}", end.status);
            knob(route.victim, "vanish_nth", 0);
            sound(b, route);
            return false;
        }
        std::this_thread::sleep_for(4ms);
    }
    simtest::until("the device has left", [&] { return !b.has(victim); });
    return true;
}

struct Fault {
    const char *name;
    bool (*meet)(Bench &, const Route &, unsigned);
    unsigned Tally::*count;
};

constexpr Fault faults[] = {
    {"fails", fails, &Tally::faults},
    {"is late", lates, &Tally::faults},
    {"ends twice", duplicates, &Tally::faults},
    {"hangs", hangs, &Tally::faults},
    {"hangs for good", hangs_for_good, &Tally::faults},
    {"does not obey", disobeys, &Tally::faults},
    {"vanishes", vanishes, &Tally::vanished},
};

void expect_nothing_left() {
    Client client;
    simtest::until("no buffer and no session is left", [&] {
        const auto stats = client.stats();
        return stats.buffers == 0 && stats.sessions == 0 && stats.quarantined_bytes == 0;
    });
}

void exhaust(const Fault &fault, const Route &route) {
    for (unsigned n = 1;; n++) {
        bool met = false;
        try {
            Bench b;
            met = fault.meet(b, route, n);
        } catch (const std::exception &e) {
            throw std::runtime_error(fmt::format("a copy {}, {} {}, at {}: {}", route.name,
                                                 route.victim, fault.name, n, e.what()));
        }
        expect_nothing_left();
        if (!met) {
            require(n > 1, "a copy {}: {} never {}", route.name, route.victim, fault.name);
            return;
        }
        tally.*fault.count += 1;
        require(n < 1000, "{}: for ever", fault.name);
    }
}

constexpr auto vendor_file = "/sys/kernel/debug/sn_test_vendor/control";

void vendor(std::string_view command) {
    std::ofstream out(vendor_file);
    out << command << std::flush;
    require(out.good(), "the vendor refuses '{}'", command);
}

unsigned waiting() {
    unsigned value = 0;
    std::ifstream(vendor_file) >> value;
    return value;
}

/// A backend that ends each of its copies twice: the second time is an error, and nothing else.
void ends_twice() {
    constexpr unsigned slices = 8;
    Client client;
    vendor("register A");
    const auto device = vmtest::device_id(client, "vendor0");
    const auto region = client.device(device).regions.at(0).id;
    for (unsigned n = 1; n <= slices; n++) {
        auto session = client.open_session();
        simtest::Copy copy(session, region, region, slices * simtest::slice_bytes);
        const auto before = client.device(device).engines.at(0);
        vendor("hold 1");
        const auto id = copy.submit().id;
        simtest::until("its engine has all copies", [] { return waiting() == slices; });
        /* All slots are taken and nothing is left to draw: who ends twice meets its own slot. */
        for (unsigned i = 1; i < slices; i++) {
            vendor(i == n ? "twice" : "done");
            simtest::until("the copy has ended", [&] {
                return client.device(device).engines.at(0).inflight == slices - i;
            });
            require(session.transfer(id).state == TransferState::running, "it ended early");
        }
        vendor("done");
        simtest::expect_end(copy.wait(id), 0, "a transfer with an end that came twice");
        copy.expect_arrived();
        const auto after = client.device(device).engines.at(0);
        require(after.inflight == 0 && after.copies == before.copies + slices &&
                    after.errors == before.errors + (n < slices),
                "the engine has {} in flight, {} copies and {} errors more", after.inflight,
                after.copies - before.copies, after.errors - before.errors);
        vendor("hold 0");
        tally.faults += n < slices;
    }
    vendor("unregister A");
}

void run() {
    for (const auto &fault : faults)
        for (const auto &route : routes) {
            const Tally before = tally;
            try {
                exhaust(fault, route);
            } catch (const std::exception &e) {
                fmt::print(stderr, "{}\n", e.what());
                tally.wrong++;
            }
            fmt::print(stderr, "{}, {} {}: {}\n", route.name, route.victim, fault.name,
                       tally.*fault.count - before.*fault.count);
            std::fflush(stderr);
        }
    ends_twice();
    fmt::print("engine-faults {}\nvanish-steps {}\nwrong {}\n", tally.faults, tally.vanished,
               tally.wrong);
    require(!tally.wrong, "{} are wrong", tally.wrong);
}

} // namespace

int main() {
    return vmtest::run(run);
}

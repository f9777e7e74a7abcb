// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Fences: what a transfer waits for, what it signals, and that both end however it ends.
#include "simtest.hpp"
#include "testfence.hpp"

#include <fcntl.h>
#include <linux/sync_file.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace {

using namespace supernode;
using simtest::Copy;
using simtest::expect_end;
using vmtest::require;
using namespace std::chrono_literals;

bool readable(int fd, int timeout_ms = 0) {
    pollfd p{.fd = fd, .events = POLLIN, .revents = 0};
    require(poll(&p, 1, timeout_ms) >= 0, "poll: {}", std::strerror(errno));
    return p.revents & POLLIN;
}

/// 1 signalled, 0 not yet, else a negative errno.
int fence_status(int fd) {
    sync_file_info info{};
    require(ioctl(fd, SYNC_IOC_FILE_INFO, &info) == 0, "SYNC_IOC_FILE_INFO: {}",
            std::strerror(errno));
    return info.status;
}

void expect_fence(int fd, int status, std::string_view what) {
    require(readable(fd, 10000), "{}: the fence never signals", what);
    require(fence_status(fd) == status, "{}: the fence says {}, should say {}", what,
            fence_status(fd), status);
}

SubmitOptions with_fence(std::vector<std::int32_t> in = {}) {
    SubmitOptions options;
    options.out_fence = true;
    options.in_fences = std::move(in);
    return options;
}

struct Bench {
    Bench()
        : gpu(client.device_new(simtest::gpu("gpu"))), region(client.device(gpu).regions.at(0).id),
          session(client.open_session()) {}
    Client client;
    simtest::Cleaner cleaner{client};
    std::uint32_t gpu;
    std::uint32_t region;
    Session session;
};

void out_fences(Bench &b) {
    Copy copy(b.session, b.region, b.region, 1 << 20);
    simtest::knob("gpu", "late_ns", 100'000'000);
    auto sent = copy.submit(with_fence());
    require(!readable(sent.out_fence.get()) && fence_status(sent.out_fence.get()) == 0,
            "the fence signals before the end");
    expect_fence(sent.out_fence.get(), 1, "a copy");
    require(readable(b.session.fd(), 5000), "the fence signals and there is no record");
    expect_end(copy.wait(sent.id), 0, "a copy with a fence");
    copy.expect_arrived();
    simtest::knob("gpu", "late_ns", 0);

    /* Chained by fences, the second begins when the first has ended. */
    Copy second(b.session, b.region, b.region, 1 << 20);
    const Segment chain{.src_fd = copy.to.fd.get(), .dst_fd = second.to.fd.get(), .bytes = 1 << 20};
    auto first = copy.submit(with_fence());
    const auto next = b.session.submit({&chain, 1}, with_fence({first.out_fence.get()}));
    const auto a = copy.wait(first.id), z = second.wait(next.id);
    expect_end(z, 0, "the second of a chain");
    require(z.start_ns >= a.end_ns, "the second began {} ns before the first ended",
            a.end_ns - z.start_ns);
}

void in_fences(Bench &b) {
    Copy copy(b.session, b.region, b.region, 65536);
    TestFence one, two;
    auto sent = copy.submit(with_fence({one.fd(), two.fd()}));
    one.signal();
    std::this_thread::sleep_for(100ms);
    require(b.session.transfer(sent.id).state == TransferState::waiting,
            "it did not wait for its second fence");
    require(!readable(sent.out_fence.get()), "its fence signals while it waits");
    two.signal();
    expect_end(copy.wait(sent.id), 0, "a copy after its fences");
    expect_fence(sent.out_fence.get(), 1, "a copy after its fences");
    copy.expect_arrived();

    TestFence past;
    past.signal();
    expect_end(copy.wait(copy.submit(with_fence({past.fd()})).id), 0, "after a fence of the past");

    /* What it waits for fails: so does it, with that error, and without a byte. */
    for (const bool before : {true, false}) {
        Copy fresh(b.session, b.region, b.region, 65536);
        TestFence bad;
        if (before)
            bad.signal(ENOSPC);
        auto doomed = fresh.submit(with_fence({bad.fd()}));
        if (!before)
            bad.signal(ENOSPC);
        const auto end = fresh.wait(doomed.id);
        expect_end(end, -ENOSPC, "after a fence with an error");
        require(end.bytes == 0 && end.start_ns == 0, "it copied {} bytes", end.bytes);
        expect_fence(doomed.out_fence.get(), -ENOSPC, "after a fence with an error");
        UniqueMapping map(fresh.to.fd.get());
        require(map.data()[0] == std::byte{0}, "it copied");
    }
}

void limits(Bench &b) {
    Copy copy(b.session, b.region, b.region, 65536);
    const auto limit = b.client.features().fence_limit_ns;
    require(limit == 500'000'000, "the fence limit is {} ns", limit);

    simtest::knob("gpu", "hang_nth", 1);
    auto sent = copy.submit(with_fence());
    expect_fence(sent.out_fence.get(), -ETIMEDOUT, "an engine that hangs");
    const auto end = copy.wait(sent.id);
    expect_end(end, -ETIMEDOUT, "an engine that hangs");
    require(end.end_ns - end.submit_ns >= limit, "it ended after {} ns",
            end.end_ns - end.submit_ns);

    TestFence never;
    sent = copy.submit(with_fence({never.fd()}));
    expect_fence(sent.out_fence.get(), -ETIMEDOUT, "an in-fence that never signals");
    expect_end(copy.wait(sent.id), -ETIMEDOUT, "an in-fence that never signals");

    /* Without a fence nobody waits for, there is no limit. */
    SubmitOptions patient;
    patient.in_fences = {never.fd()};
    sent = copy.submit(patient);
    std::this_thread::sleep_for(800ms);
    require(b.session.transfer(sent.id).state == TransferState::waiting,
            "a transfer without a fence was limited");
    never.signal();
    expect_end(copy.wait(sent.id), 0, "a transfer without a fence");
}

void cancels(Bench &b) {
    Copy copy(b.session, b.region, b.region, 4 << 20);
    TestFence never;

    /* Waiting. */
    auto sent = copy.submit(with_fence({never.fd()}));
    b.session.cancel(sent.id);
    auto end = copy.wait(sent.id);
    expect_end(end, -ECANCELED, "cancelled while waiting");
    require(end.bytes == 0 && end.start_ns == 0, "it began");
    expect_fence(sent.out_fence.get(), -ECANCELED, "cancelled while waiting");

    /* Running, and queued behind it: the engine hangs. */
    simtest::knob("gpu", "hang_nth", 1);
    auto running = copy.submit();
    simtest::until("it hangs", [] { return simtest::counter("gpu", "hang_nth") == 0; });
    require(b.session.transfer(running.id).state == TransferState::running, "it does not run");
    std::vector<Copy> more;
    more.reserve(8);
    std::vector<std::uint64_t> queued;
    for (int i = 0; i < 8; i++) {
        more.emplace_back(b.session, b.region, b.region, 65536);
        queued.push_back(more.back().submit().id);
    }
    unsigned states = 0;
    for (const auto id : queued)
        states += b.session.transfer(id).state == TransferState::queued;
    require(states > 0, "none of 8 transfers is queued behind an engine that hangs");
    for (const auto id : queued)
        b.session.cancel(id);
    for (std::size_t i = 0; i < queued.size(); i++)
        expect_end(more[i].wait(queued[i]), -ECANCELED, "cancelled while queued");
    b.session.cancel(running.id);
    b.session.cancel(running.id); /* twice is once */
    end = copy.wait(running.id);
    expect_end(end, -ECANCELED, "cancelled while running");
    require(end.bytes < copy.bytes && end.start_ns != 0, "{} bytes arrived", end.bytes);
    simtest::refused(ENOENT, "a cancel of what was read", [&] { b.session.cancel(running.id); });
    expect_end(copy.wait(copy.submit().id), 0, "a copy after all that");
    copy.expect_arrived();
}

/// Copies by the CPU, of which some wait in its queue.
void cancels_of_the_host(Bench &b) {
    const auto cpu = vmtest::device_id(b.client, "cpu0");
    const auto region = b.client.device(cpu).regions.at(0).id;
    Copy copy(b.session, region, region, 16 << 20);

    for (int i = 0;; i++) {
        require(i < 100, "no copy was cancelled on its way");
        const auto id = copy.submit().id;
        b.session.cancel(id);
        const auto end = copy.wait(id);
        if (end.status == -ECANCELED && end.start_ns)
            break;
        /* Too early or too late. */
        require(end.status == 0 || end.status == -ECANCELED, "it ended with {}", end.status);
    }
    expect_end(copy.wait(copy.submit().id), 0, "a copy after all that");
    copy.expect_arrived();
}

void closing(Bench &b) {
    const auto before = b.client.stats();
    Fd fence;
    TestFence never;
    {
        auto other = b.client.open_session();
        Copy copy(other, b.region, b.region, 4 << 20);
        copy.submit(with_fence({never.fd()}));
        simtest::knob("gpu", "hang_nth", 1);
        auto sent = copy.submit(with_fence());
        simtest::until("it hangs", [] { return simtest::counter("gpu", "hang_nth") == 0; });
        require(other.transfer(sent.id).state == TransferState::running, "it does not run");
        fence = std::move(sent.out_fence);
    }
    expect_fence(fence.get(), -ECANCELED, "a session closed with transfers");
    simtest::until("all is released", [&] { return b.client.transfers().empty(); });
    simtest::until("nothing is left of the session", [&] {
        const auto after = b.client.stats();
        return after.sessions == before.sessions && after.buffers == before.buffers;
    });
    /* The fence is an object of its own, and outlives what it came from. */
    require(fence_status(fence.get()) == -ECANCELED, "the fence forgot");
    Copy last(b.session, b.region, b.region, 65536);
    expect_end(last.wait(last.submit(with_fence({})).id), 0, "another session's copy");
    expect_end(last.wait(last.submit(with_fence({fence.get()})).id), -ECANCELED,
               "a copy after the fence of a closed session");
}

} // namespace

int main() {
    return vmtest::run([] {
        Bench bench;
        const std::pair<const char *, void (*)(Bench &)> parts[] = {
            {"out-fences", out_fences},
            {"in-fences", in_fences},
            {"limits", limits},
            {"cancels", cancels},
            {"cancels of the host", cancels_of_the_host},
            {"closing", closing},
        };
        for (const auto &[name, part] : parts) {
            part(bench);
            fmt::print("{}: ok\n", name);
            std::fflush(stdout);
        }
    });
}

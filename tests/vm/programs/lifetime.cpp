// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Buffers and sessions across fork, exec and kill -9; many of them; what is left afterwards.
//
// lifetime fork DEVICE            a child sees and changes its parent's buffer, and outlives it
// lifetime exec DEVICE            no fd survives an exec
// lifetime kill DEVICE COUNT      clients killed at random moments, SN_SEED seeds the moments
// lifetime cycle DEVICE COUNT     allocate and free
#include "vmtest.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <random>
#include <thread>

namespace {

using namespace supernode;
using vmtest::require;

std::uint64_t seed() {
    const char *text = std::getenv("SN_SEED");
    return text ? std::strtoull(text, nullptr, 0) : 1;
}

/// Runs in a child; its exit status is 0 when the function returned.
template<typename Function>
pid_t child(Function &&function) {
    const pid_t pid = fork();
    require(pid >= 0, "fork failed");
    if (pid == 0)
        _exit(vmtest::run(function));
    return pid;
}

int reap(pid_t pid) {
    int status = 0;
    require(waitpid(pid, &status, 0) == pid, "waitpid failed");
    return status;
}

void expect_success(pid_t pid, std::string_view who) {
    const int status = reap(pid);
    require(WIFEXITED(status) && WEXITSTATUS(status) == 0, "{} ended with {:#x}", who, status);
}

void wait_for_buffers(Client &client, std::uint32_t wanted) {
    using namespace std::chrono;
    const auto end = steady_clock::now() + seconds(10);
    while (client.stats().buffers != wanted) {
        require(steady_clock::now() < end, "{} buffers live, should be {}", client.stats().buffers,
                wanted);
        std::this_thread::sleep_for(milliseconds(2));
    }
}

void test_fork(std::string_view device) {
    Client client;
    const auto before = client.stats().buffers;
    const auto region = vmtest::region_of(client, device).id;
    auto session = client.open_session();
    auto buffer = session.alloc_ready({.region = region, .bytes = 1 << 16});
    UniqueMapping map(buffer.fd.get());
    auto *const words = reinterpret_cast<volatile std::uint64_t *>(map.data());
    words[0] = 42;

    // 1. A child sees what was written, its parent sees what it writes.
    expect_success(child([&] {
                       require(words[0] == 42, "the child sees {}", words[0]);
                       words[1] = 43;
                   }),
                   "the first child");
    require(words[1] == 43, "the parent sees {}", words[1]);

    // 2. The buffer lives as long as anybody holds it: the parent lets go first.
    int ready[2];
    require(pipe(ready) == 0, "pipe failed");
    const pid_t heir = child([&] {
        char byte;
        require(read(ready[0], &byte, 1) == 1, "no word from the parent");
        require(words[0] == 42 && words[1] == 43, "the heir sees {} {}", words[0], words[1]);
        Client own;
        require(own.buffer_info(buffer.fd.get()).id == buffer.id, "the heir's fd is another's");
    });
    map = UniqueMapping();
    buffer.fd.reset();
    require(client.stats().buffers == before + 1, "the heir's buffer is gone");
    require(write(ready[1], "x", 1) == 1, "write failed");
    expect_success(heir, "the heir");
    close(ready[0]);
    close(ready[1]);
    wait_for_buffers(client, before);
}

void test_exec(std::string_view device) {
    Client client;
    const auto before = client.stats();
    const auto region = vmtest::region_of(client, device).id;
    const pid_t pid = child([&] {
        Client own;
        auto session = own.open_session();
        auto buffer = session.alloc_ready({.region = region, .bytes = 4096});
        auto transaction = own.begin("exec");
        execl("/bin/sleep", "sleep", "30", nullptr);
        throw std::runtime_error("exec failed");
    });
    // The child lives on without them; its buffer goes when the exec happens, not when it ends.
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    wait_for_buffers(client, before.buffers);
    require(client.stats().sessions == before.sessions, "the session survived the exec");
    require(waitpid(pid, nullptr, WNOHANG) == 0, "the child ended by itself");
    kill(pid, SIGKILL);
    reap(pid);
}

/// What a client does until it is killed: all that holds something.
[[noreturn]] void busy_client(std::uint32_t region, std::uint64_t number) {
    std::minstd_rand random(static_cast<unsigned>(number + seed()));
    Client client;
    auto session = client.open_session();
    for (;;) {
        const std::uint64_t bytes = 1 + random() % (4 << 20);
        auto a = session.alloc_ready({.region = region, .bytes = bytes});
        auto b = session.alloc_ready({.region = region, .bytes = bytes});
        UniqueMapping map(a.fd.get());
        map.data()[bytes / 2] = std::byte{1};
        const Segment segment{.src_fd = a.fd.get(), .dst_fd = b.fd.get(), .bytes = bytes};
        SubmitOptions options;
        options.out_fence = random() % 2 == 0;
        const auto sent = session.submit({&segment, 1}, options);
        if (random() % 3)
            session.wait(sent.id);
    }
}

void test_kill(std::string_view device, unsigned count) {
    Client client;
    const auto before = client.stats();
    const auto region = vmtest::region_of(client, device).id;
    std::minstd_rand random(static_cast<unsigned>(seed()));
    for (unsigned i = 0; i < count; i++) {
        const pid_t pid = child([&] {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            busy_client(region, i);
        });
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 20000));
        kill(pid, SIGKILL);
        const int status = reap(pid);
        require(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
                "client {} (seed {}) ended by itself with {:#x}", i, seed(), status);
    }
    wait_for_buffers(client, before.buffers);
    require(client.stats().sessions == before.sessions, "{} sessions are left",
            client.stats().sessions);
    require(client.transfers().empty(), "{} transfers are left", client.transfers().size());
    fmt::print("{} clients killed, nothing left\n", count);
}

void test_cycle(std::string_view device, unsigned count) {
    Client client;
    const auto before = client.stats().buffers;
    const auto region = vmtest::region_of(client, device).id;
    auto session = client.open_session();
    for (unsigned i = 0; i < count; i++)
        session.alloc({.region = region, .bytes = 4096});
    wait_for_buffers(client, before);
}

void run(int argc, char **argv) {
    require(argc >= 3, "usage: lifetime fork|exec|kill|cycle DEVICE [COUNT]");
    const std::string verb = argv[1];
    const unsigned count = argc > 3 ? static_cast<unsigned>(std::strtoul(argv[3], nullptr, 0)) : 1;
    if (verb == "fork")
        test_fork(argv[2]);
    else if (verb == "exec")
        test_exec(argv[2]);
    else if (verb == "kill")
        test_kill(argv[2], count);
    else if (verb == "cycle")
        test_cycle(argv[2], count);
    else
        require(false, "no test '{}'", verb);
}

} // namespace

int main(int argc, char **argv) {
    return vmtest::run([&] { run(argc, argv); });
}

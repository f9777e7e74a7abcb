// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Buffers: small and large, mapped, touched, handed to other processes, imported, released.
#pragma once

#include "load_fence.hpp"
#include "load_world.hpp"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

namespace load {

/// Its process must have no other thread: it forks.
class Allocator {
public:
    explicit Allocator(const Actor &actor)
        : actor_(actor), board_(actor.board), random_(actor.random()) {}

    void run() {
        while (actor_.going()) {
            attempt(board_, Op::session_open, {},
                    [&] { session_.emplace(client_.open_session()); });
            for (int i = 0; i < 20 && actor_.going(); i++)
                round();
            held_.clear();
            /* With large buffers under way, now and then. */
            session_.reset();
            board_.done(Op::session_close);
        }
    }

private:
    void round() {
        static constexpr std::array devices{"cpu0", "cpu1", "sim0", "sim1", "frail0", "frail1"};
        const std::string device = devices[random_.below(devices.size())];
        const auto region = find_region(client_, device);
        if (!region)
            return;
        if (random_.chance(25)) {
            large(device, *region);
            return;
        }
        auto buffer = allocate(device, *region, Op::buffer_small, random_.between(1, 256) * 1024);
        if (!buffer)
            return;
        use(*buffer, is_frail(device));
        if (random_.chance(30))
            held_.push_back(std::move(*buffer));
        if (held_.size() > 8)
            held_.erase(held_.begin());
        board_.done(Op::buffer_release);
    }

    std::optional<Buffer> allocate(const std::string &device, std::uint32_t region, Op op,
                                   std::uint64_t bytes) {
        std::optional<Buffer> buffer;
        const auto call = [&] {
            buffer = session_->alloc({.region = region, .bytes = bytes, .name = device});
        };
        if (is_frail(device))
            attempt(board_, op, {ENOENT, ENODEV}, call);
        else
            attempt(board_, op, {}, call);
        return buffer;
    }

    /// A worker makes it; its record comes once, or the session goes before.
    void large(const std::string &device, std::uint32_t region) {
        auto buffer =
            allocate(device, region, Op::buffer_large, random_.between(3, 6) * simtest::mib);
        if (!buffer || random_.chance(20))
            return; /* let go of before it is made */
        if (random_.chance(20)) {
            held_.push_back(std::move(*buffer));
            return;
        }
        std::optional<Completion> record;
        const auto end = Clock::now() + 60s;
        while (!record && Clock::now() < end)
            record = session_->wait(buffer->id, 1s, CompletionType::buffer);
        require(record.has_value(), "buffer {} in {} is never made", buffer->id, device);
        require(!session_->wait(buffer->id, 0ms, CompletionType::buffer),
                "buffer {} was made twice", buffer->id);
        if (record->status == 0)
            use(*buffer, is_frail(device));
        else
            require(is_frail(device) && record->status == -ENODEV, "buffer in {} ends with {}",
                    device, record->status);
    }

    void use(const Buffer &buffer, bool frail) {
        UniqueMapping map(buffer.fd.get());
        board_.done(Op::buffer_map);
        auto *const words = reinterpret_cast<volatile std::uint64_t *>(map.data());
        const auto last = map.size() / 8 - 1;
        require((words[0] == 0 && words[last] == 0), "fresh memory is not zero");
        attempt(board_, Op::buffer_cpu_access, {ENODEV}, [&] {
            CpuAccess access(buffer.fd.get(), Access::read_write);
            words[0] = buffer.id;
            words[last] = buffer.id;
            access.end();
        });
        BufferInfo info;
        attempt(board_, Op::buffer_info, {}, [&] { info = client_.buffer_info(buffer.fd.get()); });
        require(info.id == buffer.id && info.mappings >= 1, "buffer {} says {} with {} mappings",
                buffer.id, info.id, info.mappings);
        if (random_.chance(20))
            fork_with(buffer, words, frail);
        if (random_.chance(20))
            pass(buffer, frail);
        require(words[last] == buffer.id || is_lost(buffer), "buffer {} forgot its bytes",
                buffer.id);
        map = UniqueMapping();
        board_.done(Op::buffer_unmap);
    }

    bool is_lost(const Buffer &buffer) {
        return client_.buffer_info(buffer.fd.get()).state == BufferState::lost;
    }

    void reap(pid_t pid, std::string_view who) {
        int status = 0;
        require(waitpid(pid, &status, 0) == pid, "waitpid failed");
        require(WIFEXITED(status) && WEXITSTATUS(status) == 0, "{} ended with {:#x}", who, status);
    }

    /// The child sees the bytes by the mapping it inherited, and its parent sees the child's.
    void fork_with(const Buffer &buffer, volatile std::uint64_t *words, bool frail) {
        const pid_t pid = fork();
        require(pid >= 0, "fork failed");
        if (pid == 0) {
            const bool good = words[0] == buffer.id || frail;
            words[1] = ~buffer.id;
            _exit(good ? 0 : 1);
        }
        reap(pid, "a child with a mapping");
        require(words[1] == ~buffer.id || is_lost(buffer), "a child's bytes are not seen");
        board_.done(Op::buffer_fork);
    }

    /// Another process gets the fd by a socket, and maps it by itself.
    void pass(const Buffer &buffer, bool frail) {
        int ends[2];
        require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "no socket pair");
        const Fd ours(ends[0]), theirs(ends[1]);
        const pid_t pid = fork();
        require(pid >= 0, "fork failed");
        if (pid == 0)
            _exit(vmtest::run([&] {
                const Fd fd = receive(theirs.get());
                UniqueMapping map(fd.get());
                std::uint64_t first;
                std::memcpy(&first, map.data(), 8);
                require(first == buffer.id || frail, "what came by a socket holds {}", first);
            }));
        send(ours.get(), buffer.fd.get());
        reap(pid, "the process that was handed a buffer");
        board_.done(Op::buffer_pass);
    }

    static void send(int socket, int fd) {
        char byte = 'x';
        iovec data{.iov_base = &byte, .iov_len = 1};
        alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
        msghdr message{};
        message.msg_iov = &data;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof(control);
        cmsghdr *const head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int));
        std::memcpy(CMSG_DATA(head), &fd, sizeof(int));
        require(sendmsg(socket, &message, 0) == 1, "sendmsg: {}", std::strerror(errno));
    }

    static Fd receive(int socket) {
        char byte;
        iovec data{.iov_base = &byte, .iov_len = 1};
        alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
        msghdr message{};
        message.msg_iov = &data;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof(control);
        require(recvmsg(socket, &message, MSG_CMSG_CLOEXEC) == 1, "recvmsg: {}",
                std::strerror(errno));
        const cmsghdr *const head = CMSG_FIRSTHDR(&message);
        require(head && head->cmsg_type == SCM_RIGHTS, "no fd came");
        int fd;
        std::memcpy(&fd, CMSG_DATA(head), sizeof(int));
        return Fd(fd);
    }

    const Actor &actor_;
    Board &board_;
    Random random_;
    Client client_;
    std::optional<Session> session_;
    std::vector<Buffer> held_;
};

} // namespace load

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// What a worker does between messages: with its fds, with other workers, with the knobs of devices.
#pragma once

#include "fuzz_execute.hpp"

#include <linux/dma-buf.h>
#include <linux/sync_file.h>
#include <poll.h>
#include <sys/uio.h>
#include <thread>

namespace fuzz {

/// Where a worker puts fds for others, and where it finds theirs.
struct Exchange {
    int in = -1, out = -1;

    static Exchange make() {
        std::array<int, 2> ends{-1, -1};
        vmtest::require(
            !socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()),
            "socketpair: {}", std::strerror(errno));
        return {keep_fd(ends[0]), keep_fd(ends[1])};
    }
    void give(std::uint32_t kind, int fd) const {
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> space{};
        auto said = static_cast<std::uint8_t>(kind);
        iovec part{&said, 1};
        msghdr head = message(part, space);
        cmsghdr *control = CMSG_FIRSTHDR(&head);
        control->cmsg_level = SOL_SOCKET;
        control->cmsg_type = SCM_RIGHTS;
        control->cmsg_len = CMSG_LEN(sizeof(int));
        std::memcpy(CMSG_DATA(control), &fd, sizeof(fd));
        sendmsg(in, &head, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    /// -1 when there is none.
    int take(std::uint32_t &kind) const {
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> space{};
        std::uint8_t said = 0;
        iovec part{&said, 1};
        msghdr head = message(part, space);
        int fd = -1;
        if (recvmsg(out, &head, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) <= 0)
            return -1;
        kind = said;
        const cmsghdr *control = CMSG_FIRSTHDR(&head);
        if (control && control->cmsg_type == SCM_RIGHTS)
            std::memcpy(&fd, CMSG_DATA(control), sizeof(fd));
        return fd;
    }
    void drop_all() const {
        std::uint32_t kind = 0;
        for (int fd = take(kind); fd >= 0; fd = take(kind))
            close(fd);
    }

private:
    static msghdr message(iovec &part, std::span<char> space) {
        msghdr head{};
        head.msg_iov = &part;
        head.msg_iovlen = 1;
        head.msg_control = space.data();
        head.msg_controllen = space.size();
        return head;
    }
};

class Actor {
public:
    Actor(Executor &executor, const Exchange &exchange)
        : executor_(executor), pool_(executor.pool()), exchange_(exchange),
          scratch_(keep_fd(memfd_create("scratch", 0))) {}
    Actor(const Actor &) = delete;
    Actor &operator=(const Actor &) = delete;
    ~Actor() { close(scratch_); }

    void operator()(const Node &node) {
        const int fd = pool_.fd(node.kind, node.value);
        switch (static_cast<Action>(node.type % action_names.size())) {
        case Action::close:
            shut(fd);
            if (node.size % 8) // else its number may come to mean something else
                pool_.drop(node.kind, node.value);
            return;
        case Action::close_kind:
            for (std::uint64_t i = 0; i < 24; i++) {
                shut(pool_.fd(node.kind, 0));
                pool_.drop(node.kind, 0);
            }
            return;
        case Action::replace:
            if (open_to_all(fd))
                dup2(pool_.foreign(node.size), fd);
            return;
        case Action::dup:
            if (node.kind < fd_first_foreign && open_to_all(fd))
                pool_.add(node.kind, ::dup(fd));
            return;
        case Action::read: {
            std::array<std::uint8_t, 4096> records;
            pollfd ready{fd, POLLIN, 0};
            if (open_to_all(fd) && ::poll(&ready, 1, 0) > 0)
                (void)!::read(fd, records.data(), 1 + node.size % records.size());
            return;
        }
        case Action::poll: {
            pollfd ready{fd, static_cast<short>(node.size), 0};
            ::poll(&ready, 1, static_cast<int>(node.size % 3));
            return;
        }
        case Action::map:
        case Action::unmap:
        case Action::touch:
            return use_map(node, fd);
        case Action::rename:
            ioctl(fd, DMA_BUF_SET_NAME, text_of(node.size).c_str());
            return;
        case Action::seek:
            lseek(fd, node.size, static_cast<int>(node.value % 3));
            return;
        case Action::share:
            return exchange_.give(node.kind, fd);
        case Action::adopt: {
            std::uint32_t kind = 0;
            const int theirs = exchange_.take(kind);
            if (theirs >= 0)
                pool_.add(kind, theirs);
            return;
        }
        case Action::pause:
            usleep(node.size % 2000);
            return;
        case Action::fork:
            return fork_away(node);
        case Action::knob:
            return turn_knob(node);
        case Action::fence:
            return foreign_fence();
        default:
            return sync_or_socket(node, fd);
        }
    }

private:
    static bool open_to_all(int fd) { return fd >= 3 && fd < first_own_fd; }
    static void shut(int fd) {
        if (open_to_all(fd))
            close(fd);
    }

    /// A dma-buf of another driver is no goal: udmabuf warns when directions change.
    static bool is_ours(int fd) {
        std::ifstream in(fmt::format("/proc/self/fdinfo/{}", fd));
        for (std::string line; std::getline(in, line);)
            if (line.starts_with("exp_name:"))
                return line.find("supernode") != std::string::npos;
        return false;
    }

    void sync_or_socket(const Node &node, int fd) {
        const std::uint32_t direction = is_ours(fd) ? 1 + node.size % 3 : DMA_BUF_SYNC_RW;
        const auto &groups = executor_.groups();
        switch (static_cast<Action>(node.type % action_names.size())) {
        case Action::sync_begin:
        case Action::sync_end: {
            const bool end = node.type == static_cast<std::uint16_t>(Action::sync_end);
            dma_buf_sync sync{direction | (end ? DMA_BUF_SYNC_END : 0)};
            ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync);
            return;
        }
        case Action::export_fence: {
            dma_buf_export_sync_file out{direction, -1};
            if (!ioctl(fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &out))
                pool_.add(fd_fence, out.fd);
            return;
        }
        case Action::import_fence: {
            dma_buf_import_sync_file in{direction, pool_.fd(fd_fence, node.size)};
            ioctl(fd, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &in);
            return;
        }
        case Action::merge: {
            sync_merge_data merge{};
            merge.fd2 = pool_.fd(fd_fence, node.size);
            if (!ioctl(fd, SYNC_IOC_MERGE, &merge))
                pool_.add(fd_fence, merge.fence);
            return;
        }
        case Action::join:
        case Action::leave: {
            const bool join = node.type == static_cast<std::uint16_t>(Action::join);
            if (groups.empty())
                return;
            const std::uint32_t group = groups[node.value % groups.size()];
            setsockopt(executor_.socket(node.kind), SOL_NETLINK,
                       join ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP, &group,
                       sizeof(group));
            return;
        }
        case Action::reopen:
            return executor_.reopen(node.kind);
        case Action::hold:
            return executor_.hold(1 + node.size % 6);
        case Action::drain:
            executor_.hold(0);
            return executor_.drain(node.kind % Executor::sockets);
        default:
            return;
        }
    }

    /// Memory is touched by the kernel, which answers what would be a signal with an error.
    void use_map(const Node &node, int fd) {
        void *&map = pool_.maps_[node.size % pool_.maps_.size()];
        const auto action = static_cast<Action>(node.type % action_names.size());
        if (action == Action::touch) {
            if (map == MAP_FAILED)
                return;
            (void)!pwrite(scratch_, static_cast<char *>(map) + node.size % 4096, 64, 0);
            (void)!pread(scratch_, static_cast<char *>(map) + node.size % 8100, 64, 0);
            return;
        }
        if (map != MAP_FAILED)
            munmap(map, Pool::map_bytes);
        map = MAP_FAILED;
        if (action == Action::map)
            map = mmap(nullptr, Pool::map_bytes, 1 + static_cast<int>(node.size >> 2) % 3,
                       node.size % 16 ? MAP_SHARED : MAP_PRIVATE, fd,
                       static_cast<off_t>(node.size >> 4) % 4 * 4096);
    }

    /// What was not closed is closed once more, by another process.
    static void fork_away(const Node &node) {
        if (node.size % 8)
            return; // dear
        /* User-mode Linux 6.12 dies of itself when a task is killed in the middle of fork(). */
        static const bool user_mode = access("/proc/exitcode", F_OK) == 0;
        if (user_mode)
            return;
        if (fork() == 0) {
            usleep(node.size % 4000);
            _exit(0);
        }
    }

    void foreign_fence() {
        const int control = open("/dev/sn_test_fence", O_RDWR | O_CLOEXEC);
        if (control < 0)
            return;
        const int sync = ioctl(control, _IO('T', 1));
        if (sync >= 0)
            pool_.add(fd_fence, sync);
        int &old = controls_[turn_++ % controls_.size()];
        shut(old);
        old = control;
    }

    static void turn_knob(const Node &node) {
        struct Knob {
            const char *name;
            std::uint32_t limit;
        };
        static constexpr std::array<Knob, 12> knobs{{{"fail_nth", 20},
                                                     {"fail_every", 12},
                                                     {"fail_every", 1},
                                                     {"hang_nth", 30},
                                                     {"hang_nth", 1},
                                                     {"slow_percent", 300},
                                                     {"late_ns", 2'000'000},
                                                     {"fail_nth", 20},
                                                     {"ignore_abort", 1},
                                                     {"ignore_abort", 2},
                                                     {"fail_status", 1},
                                                     {"vanish", 2}}};
        const Knob &knob = knobs[node.value % knobs.size()];
        if (std::string_view(knob.name) == "ignore_abort" && node.size % 8)
            return; // a second of standstill
        const std::string path =
            std::string("/sys/kernel/debug/sn_sim/") + text_of(node.kind % 5) + "/" + knob.name;
        const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
        if (fd < 0)
            return;
        const std::string text = std::to_string(node.size % knob.limit);
        (void)!write(fd, text.data(), text.size());
        close(fd);
    }

    Executor &executor_;
    Pool &pool_;
    const Exchange &exchange_;
    int scratch_;
    std::array<int, 4> controls_{-1, -1, -1, -1};
    std::uint32_t turn_ = 0;
};

/// A thread that closes, replaces and polls the worker's fds while the worker passes them.
class Racer {
public:
    Racer(Pool &pool, std::uint64_t seed)
        : thread_([this, &pool, seed] { run(pool, Rng(seed)); }) {}
    Racer(const Racer &) = delete;
    Racer &operator=(const Racer &) = delete;
    ~Racer() {
        stop_ = true;
        thread_.join();
    }

private:
    void run(Pool &pool, Rng rng) {
        while (!stop_) {
            usleep(rng.below(1500));
            const int fd = pool.fd(rng.below(fd_first_foreign), rng.below(24));
            if (fd < 3 || fd >= first_own_fd)
                continue;
            pollfd ready{fd, POLLIN, 0};
            switch (rng.below(4)) {
            case 0:
                dup2(pool.foreign(rng.below(64)), fd);
                break;
            case 1:
                ::poll(&ready, 1, 0);
                break;
            default:
                close(fd);
            }
        }
    }

    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

} // namespace fuzz

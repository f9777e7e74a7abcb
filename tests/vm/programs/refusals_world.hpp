// SPDX-License-Identifier: GPL-2.0-only OR MIT
// What the refused requests name: a topology, a session, buffers, transactions, fds of wrong kinds.
#pragma once

#include "raw.hpp"
#include "simtest.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>

#include <memory>
#include <optional>

namespace refusals {

using namespace supernode;
using raw::Message;

inline DeviceSpec plain(std::string name, std::uint32_t ports) {
    DeviceSpec spec;
    spec.name = std::move(name);
    spec.kind = DeviceKind::switch_;
    spec.ports = ports;
    return spec;
}

/// A topology, a session with buffers, transactions in each state, and fds of the wrong kinds.
struct World {
    explicit World(Client &client) {
        cpu = vmtest::device_id(client, "cpu0");
        gpu = client.device_new(simtest::gpu("gpu", 32 * simtest::mib));
        island = client.device_new(simtest::gpu("island", simtest::mib));
        spare = client.device_new(plain("spare", 2));
        narrow = client.device_new(plain("narrow", 1));
        auto known = simtest::gpu("known", simtest::mib);
        known.backend.reset();
        known.engines.clear();
        known_region = client.device(client.device_new(known)).regions.at(0).id;
        removed = client.device_new(plain("removed", 1));
        client.device_del(removed);
        auto spec = simtest::link(cpu, gpu);
        spec.port_a = 5;
        link = client.link_new(spec);
        client.link_new(simtest::link(cpu, narrow));
        removed_link = client.link_new(simtest::link(cpu, spare));
        client.link_del(removed_link);

        gpu_region = client.device(gpu).regions.at(0).id;
        island_region = client.device(island).regions.at(0).id;
        session.emplace(client.open_session());
        a = session->alloc({.region = gpu_region, .bytes = 65536});
        b = session->alloc({.region = gpu_region, .bytes = 65536});
        alone = session->alloc({.region = island_region, .bytes = 65536});
        readable = session->alloc({.region = gpu_region, .bytes = 65536, .access = Access::read});
        writable = session->alloc({.region = gpu_region, .bytes = 65536, .access = Access::write});

        const auto copy = Segment{.src_fd = a.fd.get(), .dst_fd = b.fd.get(), .bytes = 4096};
        SubmitOptions options;
        options.out_fence = true;
        auto sent = session->submit({&copy, 1}, options);
        session->wait(sent.id, simtest::moment);
        read_transfer = sent.id;
        fence = std::move(sent.out_fence);
        /* Its buffers are let go of a moment after its end. */
        simtest::until("the transfer is released", [&] { return client.transfers().empty(); });

        stale.emplace(client.begin("stale"));
        ended.emplace(client.begin("ended"));
        ended_fd = ended->fd();
        /* By hand, since the library forgets the fd of one that has ended. */
        raw::Socket socket;
        const auto done =
            socket.ask(Message(SN_CMD_TOPOLOGY_COMMIT).s32(SN_A_TOPOLOGY_FD, ended_fd));
        vmtest::require(!done.error, "commit: {}", done.sentence);
        txn.emplace(client.begin("txn"));

        file = Fd(open("/tmp/file", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        int ends[2] = {-1, -1};
        vmtest::require(pipe2(ends, O_CLOEXEC) == 0, "pipe failed");
        pipe_in = Fd(ends[0]);
        pipe_out = Fd(ends[1]);
        event = Fd(eventfd(0, EFD_CLOEXEC));
        net = Fd(socket_fd());
    }

    Message submit(std::vector<Segment> segments, std::optional<int> session_fd = {}) const {
        Message message(SN_CMD_TRANSFER_SUBMIT);
        message.s32(SN_A_TRANSFER_SESSION_FD, session_fd.value_or(session->fd()));
        return message.bytes(SN_A_TRANSFER_SEGMENTS, segments.data(),
                             segments.size() * sizeof(Segment));
    }
    Segment good() const { return {.src_fd = a.fd.get(), .dst_fd = b.fd.get(), .bytes = 4096}; }
    Message good_submit() const { return submit({good()}); }
    Message from(int fd) const {
        auto segment = good();
        segment.src_fd = fd;
        return submit({segment});
    }
    Message to(int fd) const {
        auto segment = good();
        segment.dst_fd = fd;
        return submit({segment});
    }
    Message range(std::uint64_t src, std::uint64_t dst, std::uint64_t bytes) const {
        auto segment = good();
        segment.src_offset = src;
        segment.dst_offset = dst;
        segment.bytes = bytes;
        return submit({segment});
    }
    Message alloc(std::uint64_t bytes) const { return alloc(bytes, gpu_region, session->fd()); }
    Message alloc(std::uint64_t bytes, std::uint32_t region, int session_fd) const {
        return Message(SN_CMD_BUFFER_ALLOC)
            .s32(SN_A_BUFFER_SESSION_FD, session_fd)
            .u32(SN_A_BUFFER_REGION, region)
            .u64(SN_A_BUFFER_BYTES, bytes);
    }
    Message in_fence(int fd) const { return good_submit().s32(SN_A_TRANSFER_IN_FENCE_FD, fd); }

    static int socket_fd() { return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC); }

    static constexpr int closed = 987; ///< an fd that nobody opened
    std::uint32_t cpu = 0, gpu = 0, island = 0, spare = 0, narrow = 0, removed = 0;
    std::uint32_t link = 0, removed_link = 0;
    std::uint32_t gpu_region = 0, island_region = 0, known_region = 0;
    std::optional<Session> session;
    Buffer a, b, alone, readable, writable;
    std::uint64_t read_transfer = 0;
    Fd fence, file, pipe_in, pipe_out, event, net;
    std::optional<Transaction> stale, ended, txn;
    int ended_fd = -1;
};

} // namespace refusals

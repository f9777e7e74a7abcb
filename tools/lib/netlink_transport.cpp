// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The real transport. libnl opens the socket, finds the family and its groups, and joins them.
#include <supernode/error.hpp>
#include <supernode/transport.hpp>

#include "deadline.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <linux/supernode.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>

namespace supernode {
namespace {

// A TRANSFER_SUBMIT of 1,024 segments is 32 KiB, a part of a dump up to 32 KiB too. The receive
// buffer is for events, of which a reader may be late.
constexpr int send_buffer_bytes = 256 << 10;
constexpr int receive_buffer_bytes = 4 << 20;
constexpr std::size_t datagram_bytes = 128 << 10;

struct FreeSocket {
    void operator()(nl_sock *socket) const { nl_socket_free(socket); }
};
using Socket = std::unique_ptr<nl_sock, FreeSocket>;

Socket connect_socket() {
    Socket socket(nl_socket_alloc());

    if (!socket)
        throw Error(ENOMEM, "socket");
    if (genl_connect(socket.get()) < 0)
        throw Error(errno ? errno : EIO, "socket", "cannot open a generic netlink socket");
    return socket;
}

[[noreturn]] void throw_resolve(int nl_error) {
    if (nl_error == -NLE_OBJ_NOTFOUND)
        throw Error(ENOENT, SN_FAMILY_NAME,
                    "the supernode kernel module is not loaded (modprobe supernode)");
    throw Error(EIO, SN_FAMILY_NAME,
                fmt::format("cannot find the netlink family: {}", nl_geterror(nl_error)));
}

void enable(int fd, int option, const char *name) {
    int on = 1;

    if (setsockopt(fd, SOL_NETLINK, option, &on, sizeof(on)) < 0)
        throw Error(errno, "setsockopt", name);
}

void set_buffer(int fd, int forced, int plain, int bytes) {
    // Only root may go beyond the system's limit; less than wished for is no error.
    if (setsockopt(fd, SOL_SOCKET, forced, &bytes, sizeof(bytes)) < 0)
        setsockopt(fd, SOL_SOCKET, plain, &bytes, sizeof(bytes));
}

class NetlinkTransport final : public Transport {
public:
    NetlinkTransport() {
        // Asked for on a socket of its own: the answer would be parsed by libnl, and this one's
        // are not.
        Socket resolver = connect_socket();
        int family = genl_ctrl_resolve(resolver.get(), SN_FAMILY_NAME);

        if (family < 0)
            throw_resolve(family);
        family_ = static_cast<std::uint16_t>(family);

        socket_ = connect_socket();
        enable(fd(), NETLINK_EXT_ACK, "NETLINK_EXT_ACK");
        enable(fd(), NETLINK_CAP_ACK, "NETLINK_CAP_ACK");
        enable(fd(), NETLINK_GET_STRICT_CHK, "NETLINK_GET_STRICT_CHK");
        set_buffer(fd(), SO_SNDBUFFORCE, SO_SNDBUF, send_buffer_bytes);
        set_buffer(fd(), SO_RCVBUFFORCE, SO_RCVBUF, receive_buffer_bytes);
    }

    std::uint16_t family() override { return family_; }
    int fd() const override { return nl_socket_get_fd(socket_.get()); }

    void join(std::string_view group) override {
        Socket resolver = connect_socket();
        std::string name(group);
        int id = genl_ctrl_resolve_grp(resolver.get(), SN_FAMILY_NAME, name.c_str());

        if (id < 0)
            throw Error(ENOENT, "subscribe", fmt::format("there is no event group '{}'", name));
        if (setsockopt(fd(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &id, sizeof(id)) < 0)
            throw Error(errno, "subscribe", fmt::format("cannot join event group '{}'", name));
    }

    void send(std::span<const std::byte> message) override {
        sockaddr_nl kernel{};
        ssize_t sent;

        kernel.nl_family = AF_NETLINK;
        do {
            sent = sendto(fd(), message.data(), message.size(), 0,
                          reinterpret_cast<sockaddr *>(&kernel), sizeof(kernel));
        } while (sent < 0 && errno == EINTR);
        if (sent < 0)
            throw Error(errno, "send");
    }

    std::optional<std::vector<std::byte>> receive(Timeout timeout) override {
        const Deadline deadline(timeout);

        for (;;) {
            pollfd poll_fd{fd(), POLLIN, 0};
            int ready = poll(&poll_fd, 1, deadline.poll_ms());

            if (ready < 0 && errno != EINTR)
                throw Error(errno, "poll");
            if (ready == 0)
                return std::nullopt;
            if (ready > 0)
                if (auto datagram = read_one())
                    return datagram;
        }
    }

private:
    /// Nothing when what came was not from the kernel, or somebody was faster.
    std::optional<std::vector<std::byte>> read_one() {
        sockaddr_nl from{};
        socklen_t from_bytes = sizeof(from);
        std::vector<std::byte> datagram(datagram_bytes);
        ssize_t got = recvfrom(fd(), datagram.data(), datagram.size(), MSG_DONTWAIT | MSG_TRUNC,
                               reinterpret_cast<sockaddr *>(&from), &from_bytes);

        if (got < 0) {
            if (errno == EAGAIN || errno == EINTR)
                return std::nullopt;
            throw Error(errno, "receive",
                        errno == ENOBUFS ? "the kernel had to drop messages" : "");
        }
        if (from.nl_pid != 0)
            return std::nullopt;
        if (static_cast<std::size_t>(got) > datagram.size())
            throw Error(EMSGSIZE, "receive", fmt::format("a message of {} bytes was cut", got));
        datagram.resize(static_cast<std::size_t>(got));
        return datagram;
    }

    Socket socket_;
    std::uint16_t family_ = 0;
};

} // namespace

std::unique_ptr<Transport> open_netlink() {
    return std::make_unique<NetlinkTransport>();
}

} // namespace supernode

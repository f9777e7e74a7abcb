// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "fake_syscalls.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace supernode;

namespace {

constexpr int socket_fd = 999999;
SyscallScope *scope;

} // namespace

SyscallScope::SyscallScope(Input &with) : input(with) {
    scope = this;
}

SyscallScope::~SyscallScope() {
    scope = nullptr;
}

int SyscallScope::install(std::vector<std::byte> content) {
    open[next_] = std::move(content);
    return next_++;
}

extern "C" {

struct nl_sock;

int __real_close(int fd);
ssize_t __real_read(int fd, void *buffer, size_t bytes);
int __real_poll(pollfd *fds, nfds_t count, int timeout);

int __wrap_close(int fd);
ssize_t __wrap_read(int fd, void *buffer, size_t bytes);
int __wrap_poll(pollfd *fds, nfds_t count, int timeout);
ssize_t __wrap_recvfrom(int fd, void *buffer, size_t bytes, int flags, sockaddr *from,
                        socklen_t *from_bytes);
ssize_t __wrap_sendto(int fd, const void *buffer, size_t bytes, int flags, const sockaddr *to,
                      socklen_t to_bytes);
int __wrap_setsockopt(int fd, int level, int option, const void *value, socklen_t bytes);
int __wrap_genl_connect(nl_sock *socket);
int __wrap_genl_ctrl_resolve(nl_sock *socket, const char *family);
int __wrap_genl_ctrl_resolve_grp(nl_sock *socket, const char *family, const char *group);
int __wrap_nl_socket_get_fd(const nl_sock *socket);

int __wrap_close(int fd) {
    if (!scope)
        return __real_close(fd);
    if (!scope->open.erase(fd))
        scope->strange_closes++;
    return 0;
}

ssize_t __wrap_read(int fd, void *buffer, size_t bytes) {
    if (!scope)
        return __real_read(fd, buffer, bytes);
    auto found = scope->open.find(fd);
    if (found == scope->open.end()) {
        errno = EBADF;
        return -1;
    }
    auto &content = found->second;
    bytes = std::min(bytes, content.size());
    std::copy_n(content.begin(), bytes, static_cast<std::byte *>(buffer));
    content.erase(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(bytes));
    return static_cast<ssize_t>(bytes);
}

// Nobody waits here: what is not there by now never comes.
int __wrap_poll(pollfd *fds, nfds_t count, int timeout) {
    if (!scope)
        return __real_poll(fds, count, timeout);
    auto found = scope->open.find(fds->fd);
    bool ready = fds->fd == socket_fd ? !scope->inbox.empty()
                                      : found == scope->open.end() || !found->second.empty();
    if (ready && !scope->input.empty() && scope->input.one_in(64)) {
        errno = EINTR;
        return -1;
    }
    fds->revents = ready ? POLLIN : 0;
    return ready;
}

ssize_t __wrap_recvfrom(int, void *buffer, size_t bytes, int, sockaddr *from, socklen_t *) {
    Arrival arrival = std::move(scope->inbox.front());
    sockaddr_nl address{};

    scope->inbox.pop_front();
    if (arrival.error) {
        errno = arrival.error;
        return -1;
    }
    address.nl_family = AF_NETLINK;
    address.nl_pid = arrival.from;
    std::memcpy(from, &address, sizeof(address));
    if (arrival.missing)
        return static_cast<ssize_t>(bytes + arrival.missing);
    bytes = std::min(bytes, arrival.bytes.size());
    std::copy_n(arrival.bytes.begin(), bytes, static_cast<std::byte *>(buffer));
    return static_cast<ssize_t>(bytes);
}

ssize_t __wrap_sendto(int, const void *buffer, size_t bytes, int, const sockaddr *, socklen_t) {
    auto *data = static_cast<const std::byte *>(buffer);
    fake::Request request;

    request.bytes.assign(data, data + bytes);
    std::memcpy(&request.header, data, sizeof(request.header));
    std::memcpy(&request.command, data + NLMSG_HDRLEN, 1);
    scope->answer(request);
    return static_cast<ssize_t>(bytes);
}

int __wrap_setsockopt(int, int, int, const void *, socklen_t) {
    return 0;
}

int __wrap_genl_connect(nl_sock *) {
    return 0;
}

int __wrap_genl_ctrl_resolve(nl_sock *, const char *) {
    return fake::family;
}

int __wrap_genl_ctrl_resolve_grp(nl_sock *, const char *, const char *) {
    return 1;
}

int __wrap_nl_socket_get_fd(const nl_sock *) {
    return socket_fd;
}

} // extern "C"

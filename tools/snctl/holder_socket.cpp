// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// Sockets, credentials and fd passing. Knows no request.
#include "holder_socket.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace snctl::holder {

using supernode::Fd;
using supernode::Timeout;

namespace {

constexpr std::size_t message_bytes_max = 64 * 1024;

[[noreturn]] void fail(const std::string &what) {
    throw Failure(fmt::format("snctl: {}: {}", what, std::strerror(errno)));
}

sockaddr_un address() {
    sockaddr_un out{};
    out.sun_family = AF_UNIX;
    const std::string path = socket_path();
    if (path.size() >= sizeof(out.sun_path))
        throw Failure(fmt::format("snctl: the path {} is too long for a socket", path));
    std::memcpy(out.sun_path, path.c_str(), path.size() + 1);
    return out;
}

Fd make_socket() {
    Fd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (!fd)
        fail("socket");
    return fd;
}

} // namespace

std::string directory() {
    const char *runtime = std::getenv("XDG_RUNTIME_DIR");
    std::string path = runtime && *runtime == '/' ? std::string(runtime) + "/snctl" : "/run/snctl";
    // A small system may come without /run.
    if (path.starts_with("/run/"))
        mkdir("/run", 0755);
    if (mkdir(path.c_str(), 0700) < 0 && errno != EEXIST)
        fail(path);
    struct stat status {};
    if (lstat(path.c_str(), &status) < 0)
        fail(path);
    if (!S_ISDIR(status.st_mode) || status.st_uid != geteuid() || (status.st_mode & 022) != 0)
        throw Failure(fmt::format("snctl: {} is not a directory of this user alone", path));
    return path;
}

std::string socket_path() {
    return directory() + "/holder.sock";
}

Fd listen_socket() {
    Fd fd = make_socket();
    const sockaddr_un at = address();
    unlink(at.sun_path);
    const mode_t mask = umask(0077);
    const int bound = bind(fd.get(), reinterpret_cast<const sockaddr *>(&at), sizeof(at));
    umask(mask);
    if (bound < 0 || listen(fd.get(), SOMAXCONN) < 0)
        fail(at.sun_path);
    return fd;
}

std::optional<Fd> connect_socket() {
    Fd fd = make_socket();
    const sockaddr_un at = address();
    if (connect(fd.get(), reinterpret_cast<const sockaddr *>(&at), sizeof(at)) < 0) {
        if (errno == ENOENT || errno == ECONNREFUSED)
            return std::nullopt;
        fail(at.sun_path);
    }
    if (!same_user(fd.get()))
        throw Failure(fmt::format("snctl: {} is served by another user", at.sun_path));
    return fd;
}

bool same_user(int socket) {
    ucred peer{};
    socklen_t length = sizeof(peer);
    return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
           peer.uid == geteuid();
}

void send_message(int socket, const Json &document, int fd) {
    std::string text = document.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (text.size() > message_bytes_max)
        throw Failure("snctl: a message to the holder is too long");
    iovec data{text.data(), text.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    if (fd >= 0) {
        message.msg_control = control;
        message.msg_controllen = sizeof(control);
        cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        std::memcpy(CMSG_DATA(header), &fd, sizeof(fd));
    }
    ssize_t sent;
    do
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        fail("the holder cannot be spoken to");
}

std::optional<Message> receive_message(int socket, Timeout timeout) {
    pollfd wait{socket, POLLIN, 0};
    int ready;
    do
        ready = poll(&wait, 1, timeout ? static_cast<int>(timeout->count()) : -1);
    while (ready < 0 && errno == EINTR);
    if (ready <= 0)
        return std::nullopt;

    std::vector<char> text(message_bytes_max);
    iovec data{text.data(), text.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    const ssize_t got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (got <= 0)
        return std::nullopt;
    Message out;
    for (cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header))
        if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
            int fd;
            std::memcpy(&fd, CMSG_DATA(header), sizeof(fd));
            out.fd.reset(fd);
        }
    out.document = Json::parse(text.begin(), text.begin() + got, nullptr, false);
    if ((message.msg_flags & MSG_TRUNC) != 0 || !out.document.is_object())
        return std::nullopt;
    return out;
}

} // namespace snctl::holder

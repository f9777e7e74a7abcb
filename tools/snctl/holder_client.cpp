// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// One connection per request. The holder is started when something is to be given to it.
#include "holder_client.hpp"

#include "holder_socket.hpp"

#include <cerrno>
#include <chrono>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

namespace snctl::holder {

using supernode::Fd;
using supernode::Timeout;

namespace {

constexpr auto start_limit = std::chrono::seconds(20);
constexpr auto start_interval = std::chrono::milliseconds(10);

// The child of the child serves, so that it is nobody's to reap.
void start() {
    const pid_t child = fork();
    if (child < 0)
        throw Failure("snctl: the holder cannot be started: fork fails");
    if (child == 0) {
        setsid();
        if (fork() == 0) {
            const int null = open("/dev/null", O_RDWR);
            for (int fd = 0; fd <= 2; fd++)
                dup2(null, fd);
            if (chdir("/") == 0)
                execl("/proc/self/exe", "snctl", "holder", "serve", nullptr);
        }
        _exit(0);
    }
    waitpid(child, nullptr, 0);
}

Fd connect_or_start() {
    const auto until = std::chrono::steady_clock::now() + start_limit;
    for (bool started = false;; started = true) {
        if (auto socket = connect_socket())
            return std::move(*socket);
        if (std::chrono::steady_clock::now() > until)
            throw Failure(fmt::format("snctl: the holder does not answer on {}", socket_path()));
        if (!started)
            start();
        std::this_thread::sleep_for(start_interval);
    }
}

Message check(std::optional<Message> answer) {
    if (!answer)
        throw Failure("snctl: the holder ended");
    if (answer->document.contains("error"))
        throw Failure(answer->document["error"].get<std::string>());
    return std::move(*answer);
}

// A holder that was just about to end closes the connection: then a new one is asked, once.
Message ask_started(const Json &request, int fd = -1) {
    for (bool again = false;; again = true) {
        const Fd socket = connect_or_start();
        try {
            send_message(socket.get(), request, fd);
        } catch (const Failure &) {
            if (again)
                throw;
            continue;
        }
        auto answer = receive_message(socket.get());
        if (answer || again)
            return check(std::move(answer));
    }
}

std::optional<Message> ask_running(const Json &request) {
    const auto socket = connect_socket();
    if (!socket)
        return std::nullopt;
    send_message(socket->get(), request);
    return check(receive_message(socket->get()));
}

Failure no_buffer(const std::string &name) {
    return Failure(
        fmt::format("no buffer is held by the name \"{}\"; see snctl buffer list", name));
}

Failure no_transfer(std::uint64_t id) {
    return Failure(fmt::format("the holder has no transfer {}", id));
}

} // namespace

void put(const std::string &name, int buffer_fd) {
    ask_started({{"op", "put"}, {"name", name}}, buffer_fd);
}

std::optional<Fd> find(const std::string &name) {
    auto answer = ask_running({{"op", "get"}, {"name", name}});
    if (!answer || !answer->fd)
        return std::nullopt;
    return std::move(answer->fd);
}

Fd get(const std::string &name) {
    auto fd = find(name);
    if (!fd)
        throw no_buffer(name);
    return std::move(*fd);
}

void drop(const std::string &name) {
    if (!ask_running({{"op", "drop"}, {"name", name}}))
        throw no_buffer(name);
}

std::vector<std::string> names() {
    std::vector<std::string> all;
    for (;;) {
        const auto answer = ask_running({{"op", "list"}, {"after", all.empty() ? "" : all.back()}});
        if (!answer || answer->document["names"].empty())
            return all;
        for (const Json &name : answer->document["names"])
            all.push_back(name.get<std::string>());
    }
}

std::uint64_t submit(const Submit &request) {
    Json document{{"op", "submit"},
                  {"src", request.src},
                  {"dst", request.dst},
                  {"src_offset", request.src_offset},
                  {"dst_offset", request.dst_offset},
                  {"bytes", request.bytes},
                  {"segment_bytes", request.segment_bytes}};
    if (request.priority)
        document["class"] = static_cast<std::uint32_t>(*request.priority);
    const auto answer = ask_running(document);
    if (!answer)
        throw no_buffer(request.src);
    return answer->document["id"].get<std::uint64_t>();
}

std::optional<Json> wait(std::uint64_t transfer, Timeout timeout) {
    const auto socket = connect_socket();
    if (!socket)
        throw no_transfer(transfer);
    send_message(socket->get(), {{"op", "wait"}, {"transfer", transfer}});
    auto answer = receive_message(socket->get(), timeout);
    if (!answer && timeout)
        return std::nullopt;
    return check(std::move(answer)).document["completion"];
}

void cancel(std::uint64_t transfer) {
    if (!ask_running({{"op", "cancel"}, {"transfer", transfer}}))
        throw no_transfer(transfer);
}

std::optional<Json> status() {
    const auto answer = ask_running({{"op", "status"}});
    return answer ? std::optional(answer->document) : std::nullopt;
}

bool stop() {
    const auto socket = connect_socket();
    if (!socket)
        return false;
    send_message(socket->get(), {{"op", "stop"}});
    // It answers and then closes; when that is seen, all that it held is free.
    check(receive_message(socket->get()));
    receive_message(socket->get());
    return true;
}

} // namespace snctl::holder

// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// The holder: dma-buf fds by name, and one session for transfers that outlive the command which
// submitted them. One thread, one poll loop. The session exists while it has unfinished transfers,
// so that an idle holder keeps no kernel object.
#include "holder_server.hpp"

#include "holder_socket.hpp"
#include "json.hpp"
#include "segments.hpp"

#include <supernode/client.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <deque>
#include <list>
#include <map>
#include <set>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>

namespace snctl::holder {
namespace {

using namespace supernode;
using Clock = std::chrono::steady_clock;

constexpr auto idle_limit = std::chrono::seconds(5);
constexpr auto unclaimed_limit = std::chrono::minutes(10); // results nobody waited for yet
constexpr std::size_t results_max = 4096;
constexpr std::size_t names_per_answer = 256;

struct Peer {
    Fd socket;
    std::optional<std::uint64_t> waits_for;
};

class Server {
public:
    explicit Server(Fd listener) : listener_(std::move(listener)) {}
    void run();

private:
    void accept_peer();
    bool serve_peer(Peer &peer); ///< false: it is gone
    Json answer(Peer &peer, Message &request, int &fd);
    Json submit(const Json &request);
    void cancel(std::uint64_t transfer);
    void reap();
    void end_session_if_idle();
    bool may_end() const;
    int held(const std::string &name) const;

    Fd listener_;
    std::list<Peer> peers_;
    std::map<std::string, Fd> buffers_;
    std::optional<Client> client_;
    std::optional<Session> session_;
    std::set<std::uint64_t> running_;
    std::deque<Completion> results_;
    Clock::time_point last_request_ = Clock::now();
    bool stopped_ = false;
};

int Server::held(const std::string &name) const {
    const auto found = buffers_.find(name);
    if (found == buffers_.end())
        throw Failure(fmt::format("no buffer is held by the name \"{}\"", name));
    return found->second.get();
}

Json Server::submit(const Json &request) {
    const Range range{request.at("src_offset"), request.at("dst_offset"), request.at("bytes"),
                      request.at("segment_bytes")};
    const auto segments = make_segments(held(request.at("src")), held(request.at("dst")), range);
    SubmitOptions options;
    if (request.contains("class"))
        options.priority = static_cast<Class>(request["class"].get<std::uint32_t>());
    if (!session_) {
        client_.emplace();
        session_.emplace(client_->open_session());
    }
    try {
        const Submission submission = session_->submit(segments, options);
        running_.insert(submission.id);
        return {{"id", submission.id}};
    } catch (...) {
        end_session_if_idle();
        throw;
    }
}

void Server::cancel(std::uint64_t transfer) {
    if (!running_.contains(transfer)) {
        const bool ended = std::any_of(results_.begin(), results_.end(),
                                       [&](const Completion &one) { return one.id == transfer; });
        throw Failure(ended ? fmt::format("transfer {} has ended", transfer)
                            : fmt::format("the holder has no transfer {}", transfer));
    }
    session_->cancel(transfer);
}

void Server::reap() {
    using std::chrono::milliseconds;
    while (session_) {
        const auto record = session_->next(milliseconds(0));
        if (!record)
            break;
        running_.erase(record->id);
        results_.push_back(*record);
        if (results_.size() > results_max)
            results_.pop_front();
        last_request_ = Clock::now();
    }
    end_session_if_idle();
}

void Server::end_session_if_idle() {
    if (!running_.empty())
        return;
    session_.reset();
    client_.reset();
}

Json Server::answer(Peer &peer, Message &request, int &fd) {
    const Json &document = request.document;
    const std::string op = document.value("op", "");
    if (op == "put") {
        const std::string name = document.at("name");
        if (!request.fd)
            throw Failure("no fd came with the buffer");
        if (!buffers_.try_emplace(name, std::move(request.fd)).second)
            throw Failure(fmt::format("a buffer is held by the name \"{}\" already", name));
    } else if (op == "get") {
        const auto found = buffers_.find(document.at("name").get<std::string>());
        fd = found == buffers_.end() ? -1 : found->second.get();
    } else if (op == "drop") {
        held(document.at("name"));
        buffers_.erase(document.at("name").get<std::string>());
    } else if (op == "list") {
        Json names = Json::array();
        for (auto at = buffers_.upper_bound(document.at("after").get<std::string>());
             at != buffers_.end() && names.size() < names_per_answer; ++at)
            names.push_back(at->first);
        return {{"names", names}};
    } else if (op == "submit") {
        return submit(document);
    } else if (op == "cancel") {
        cancel(document.at("transfer"));
    } else if (op == "wait") {
        const std::uint64_t id = document.at("transfer");
        if (!running_.contains(id) &&
            std::none_of(results_.begin(), results_.end(),
                         [&](const Completion &one) { return one.id == id; }))
            throw Failure(fmt::format("the holder has no transfer {}", id));
        peer.waits_for = id;
    } else if (op == "status") {
        return {{"buffers", buffers_.size()},
                {"transfers", running_.size()},
                {"results", results_.size()}};
    } else if (op == "stop") {
        stopped_ = true;
    } else {
        throw Failure("the holder does not know this request; snctl holder stop ends an old one");
    }
    return Json::object();
}

bool Server::serve_peer(Peer &peer) {
    auto request = receive_message(peer.socket.get());
    if (!request)
        return false;
    last_request_ = Clock::now();
    Json document;
    int fd = -1;
    try {
        document = answer(peer, *request, fd);
    } catch (const std::exception &error) {
        document = {{"error", error.what()}};
    }
    if (peer.waits_for)
        return true;
    try {
        send_message(peer.socket.get(), document, fd);
    } catch (const Failure &) {
        return false;
    }
    return true;
}

void Server::accept_peer() {
    Fd socket(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (socket && same_user(socket.get()))
        peers_.push_back({std::move(socket), std::nullopt});
}

bool Server::may_end() const {
    if (!buffers_.empty() || !running_.empty() || !peers_.empty())
        return false;
    const auto limit = results_.empty() ? Clock::duration(idle_limit) : unclaimed_limit;
    return Clock::now() - last_request_ >= limit;
}

void Server::run() {
    while (!stopped_ && !may_end()) {
        std::vector<pollfd> wait{{listener_.get(), POLLIN, 0},
                                 {session_ ? session_->fd() : -1, POLLIN, 0}};
        for (const Peer &peer : peers_)
            wait.push_back({peer.socket.get(), POLLIN, 0});
        if (poll(wait.data(), wait.size(), 1000) < 0 && errno != EINTR)
            return;
        if (wait[1].revents != 0)
            reap();
        std::size_t at = 2;
        for (auto peer = peers_.begin(); peer != peers_.end() && at < wait.size(); at++)
            peer = wait[at].revents != 0 && !serve_peer(*peer) ? peers_.erase(peer) : ++peer;
        // Who waits gets the record, and nobody else after it.
        for (Peer &peer : peers_) {
            const auto found =
                std::find_if(results_.begin(), results_.end(),
                             [&](const Completion &one) { return peer.waits_for == one.id; });
            if (!peer.waits_for || found == results_.end())
                continue;
            try {
                send_message(peer.socket.get(), {{"completion", to_json(*found)}});
                results_.erase(found);
            } catch (const Failure &) {
                // It left; the record stays for the next who waits.
            }
            peer.waits_for.reset();
        }
        if (wait[0].revents != 0)
            accept_peer();
    }
}

} // namespace

void serve() {
    Fd lock(open((directory() + "/holder.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock || flock(lock.get(), LOCK_EX | LOCK_NB) < 0)
        return;
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    Server server(listen_socket());
    server.run();
}

} // namespace snctl::holder

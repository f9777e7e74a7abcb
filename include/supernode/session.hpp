// SPDX-License-Identifier: GPL-2.0-only OR MIT
// A session: the fd that owns transfers and hands out completion records.
#pragma once

#include <supernode/buffer.hpp>
#include <supernode/fd.hpp>
#include <supernode/types.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace supernode {

class Connection;

struct SubmitOptions {
    std::optional<Class> priority;       ///< default: the session's
    std::vector<std::int32_t> in_fences; ///< sync_file fds, which stay the caller's
    bool out_fence = false;
    std::uint64_t user_data = 0;
};

struct Submission {
    std::uint64_t id = 0;
    Fd out_fence; ///< a sync_file, if asked for
};

/// Made by Client::open_session(). Its end cancels and reaps what is unfinished.
class Session {
public:
    int fd() const noexcept { return fd_.get(); } ///< for poll(): readable when records wait
    std::uint32_t id() const noexcept { return id_; }
    Class priority() const noexcept { return priority_; }
    std::uint32_t tenant() const noexcept { return tenant_; }
    std::uint32_t partition() const noexcept { return partition_; }
    std::uint32_t transfers_max() const noexcept { return transfers_max_; }

    /// A large buffer may be pending still: see Buffer::state and alloc_ready().
    Buffer alloc(const BufferSpec &spec);
    /// Waits for a pending buffer. Throws Error when it failed or the time is over.
    Buffer alloc_ready(const BufferSpec &spec, Timeout timeout = forever);

    Submission submit(std::span<const Segment> segments, const SubmitOptions &options = {});
    TransferInfo transfer(std::uint64_t id);
    void cancel(std::uint64_t id);

    /// The records that are there, at least one unless the time is over.
    std::vector<Completion> completions(Timeout timeout = forever);
    /// The next record; nothing when the time is over.
    std::optional<Completion> next(Timeout timeout = forever);
    /// The record of one transfer (or buffer); others are kept for next() and completions().
    /// Nothing when the time is over.
    std::optional<Completion> wait(std::uint64_t id, Timeout timeout = forever,
                                   CompletionType type = CompletionType::transfer);

private:
    friend class Client;
    explicit Session(std::shared_ptr<Connection> connection);
    bool fetch(Timeout timeout);

    std::shared_ptr<Connection> connection_;
    Fd fd_;
    std::uint32_t id_ = 0;
    Class priority_ = Class::normal;
    std::uint32_t tenant_ = 0;
    std::uint32_t partition_ = 0;
    std::uint32_t transfers_max_ = 0;
    std::deque<Completion> records_;
};

} // namespace supernode

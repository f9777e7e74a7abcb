// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include <supernode/error.hpp>
#include <supernode/session.hpp>

#include "connection.hpp"
#include "deadline.hpp"
#include "decode.hpp"
#include "encode.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fmt/format.h>
#include <iterator>
#include <linux/supernode.h>
#include <poll.h>
#include <unistd.h>
#include <utility>

namespace supernode {

Session::Session(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}

Buffer Session::alloc(const BufferSpec &spec) {
    auto reply = decode<BufferReply>(connection_->ask(encode_buffer_alloc(fd_.get(), spec)));

    return {std::move(reply.fd), reply.id, reply.state};
}

Buffer Session::alloc_ready(const BufferSpec &spec, Timeout timeout) {
    Buffer buffer = alloc(spec);

    if (buffer.state == BufferState::pending) {
        auto record = wait(buffer.id, timeout, CompletionType::buffer);

        if (!record)
            throw Error(ETIMEDOUT, "BUFFER_ALLOC",
                        fmt::format("buffer {} is not ready yet", buffer.id));
        if (record->status > 0 || record->status < -4095)
            throw Error(EBADMSG, "BUFFER_ALLOC",
                        fmt::format("the record of buffer {} has the status {}", buffer.id,
                                    record->status));
        if (record->status)
            throw Error(-record->status, "BUFFER_ALLOC",
                        fmt::format("buffer {} got no memory", buffer.id));
        buffer.state = BufferState::ready;
    }
    return buffer;
}

Submission Session::submit(std::span<const Segment> segments, const SubmitOptions &options) {
    auto reply = decode<SubmitReply>(connection_->ask(encode_submit(fd_.get(), segments, options)));

    return {reply.id, std::move(reply.out_fence)};
}

TransferInfo Session::transfer(std::uint64_t id) {
    Message message = request(SN_CMD_TRANSFER_GET);

    message.put_s32(SN_A_TRANSFER_SESSION_FD, fd_.get()).put_u64(SN_A_TRANSFER_ID, id);
    return decode<TransferInfo>(connection_->ask(std::move(message)));
}

void Session::cancel(std::uint64_t id) {
    Message message = request(SN_CMD_TRANSFER_CANCEL);

    message.put_s32(SN_A_TRANSFER_SESSION_FD, fd_.get()).put_u64(SN_A_TRANSFER_ID, id);
    connection_->request(std::move(message));
}

/// Reads what is there, after waiting for it. Return: whether records came.
bool Session::fetch(Timeout timeout) {
    const Deadline deadline(timeout);
    std::array<Completion, 64> records;

    for (;;) {
        pollfd poll_fd{fd_.get(), POLLIN, 0};
        int ready = poll(&poll_fd, 1, deadline.poll_ms());

        if (ready < 0 && errno != EINTR)
            throw Error(errno, "session", "cannot wait for completion records");
        if (ready == 0)
            return false;
        if (ready < 0)
            continue;

        ssize_t got = read(fd_.get(), records.data(), sizeof(records));
        if (got < 0) {
            if (errno == EAGAIN || errno == EINTR)
                continue;
            throw Error(errno, "session", "cannot read completion records");
        }
        if (got == 0 || static_cast<std::size_t>(got) % sizeof(Completion))
            throw Error(EBADMSG, "session",
                        fmt::format("read {} bytes, which are no whole completion records", got));
        std::copy_n(records.begin(), static_cast<std::size_t>(got) / sizeof(Completion),
                    std::back_inserter(records_));
        return true;
    }
}

std::vector<Completion> Session::completions(Timeout timeout) {
    if (records_.empty())
        fetch(timeout);
    std::vector<Completion> records(records_.begin(), records_.end());
    records_.clear();
    return records;
}

std::optional<Completion> Session::next(Timeout timeout) {
    if (records_.empty() && !fetch(timeout))
        return std::nullopt;
    Completion record = records_.front();
    records_.pop_front();
    return record;
}

std::optional<Completion> Session::wait(std::uint64_t id, Timeout timeout, CompletionType type) {
    const Deadline deadline(timeout);
    std::size_t looked_at = 0;

    for (;;) {
        for (; looked_at < records_.size(); looked_at++) {
            const Completion record = records_[looked_at];

            if (record.id == id && record.type == type) {
                records_.erase(records_.begin() + static_cast<std::ptrdiff_t>(looked_at));
                return record;
            }
        }
        if (!fetch(deadline.left()))
            return std::nullopt;
    }
}

} // namespace supernode

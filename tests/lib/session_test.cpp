// SPDX-License-Identifier: GPL-2.0-only OR MIT
// A session whose fd is a pipe, through which the test is the kernel.
#include "fake_transport.hpp"

#include <supernode/client.hpp>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace {

using namespace supernode;
using namespace supernode::fake;
using namespace std::chrono_literals;

class SessionTest : public testing::Test {
protected:
    SessionTest() {
        int ends[2];
        EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
        kernel.reset(ends[1]);
        int session_fd = ends[0];
        auto owned = std::make_unique<FakeTransport>(
            [=, this](const fake::Request &request) { return answer(request, session_fd); });
        transport = owned.get();
        client.emplace(std::move(owned));
        session.emplace(client->open_session(Class::bulk));
    }

    std::vector<Datagram> answer(const fake::Request &request, int session_fd) {
        Message m(0, request.command);

        switch (request.command) {
        case SN_CMD_SESSION_OPEN:
            m.put_s32(SN_A_SESSION_FD, session_fd)
                .put_u32(SN_A_SESSION_ID, 12)
                .put_u32(SN_A_SESSION_CLASS, SN_CLASS_BULK)
                .put_u32(SN_A_SESSION_TENANT, 1)
                .put_u32(SN_A_SESSION_PARTITION, 2)
                .put_u32(SN_A_SESSION_TRANSFERS_MAX, 4096);
            break;
        case SN_CMD_BUFFER_ALLOC:
            m.put_s32(SN_A_BUFFER_FD, open("/dev/null", O_RDWR | O_CLOEXEC))
                .put_u64(SN_A_BUFFER_ID, 5)
                .put_u32(SN_A_BUFFER_STATE, state);
            break;
        case SN_CMD_TRANSFER_SUBMIT:
            m.put_u64(SN_A_TRANSFER_ID, 1ULL << 33);
            if (!request.all(SN_A_TRANSFER_FLAGS).empty())
                m.put_s32(SN_A_TRANSFER_OUT_FENCE_FD, open("/dev/null", O_RDONLY | O_CLOEXEC));
            break;
        case SN_CMD_TRANSFER_GET:
            m.put_u64(SN_A_TRANSFER_ID, 3)
                .put_u32(SN_A_TRANSFER_CLASS, SN_CLASS_BULK)
                .put_u32(SN_A_TRANSFER_STATE, SN_TRANSFER_STATE_RUNNING)
                .put_u64(SN_A_TRANSFER_BYTES, 8);
            break;
        default:
            return {ack(request)};
        }
        return {reply(request, std::move(m)), ack(request)};
    }

    void complete(std::uint64_t id, std::int32_t status = 0,
                  CompletionType type = CompletionType::transfer) {
        Completion record{id, id * 10, 0, 1, 2, 3, status, type};
        ASSERT_EQ(write(kernel.get(), &record, sizeof(record)), ssize_t{sizeof(record)});
    }

    const fake::Request &last() const { return transport->requests.back(); }

    Fd kernel;
    std::uint32_t state = SN_BUFFER_STATE_READY;
    FakeTransport *transport = nullptr;
    std::optional<Client> client;
    std::optional<Session> session;
};

TEST_F(SessionTest, OpenKnowsItsTerms) {
    EXPECT_EQ(as_u32(last().one(SN_A_SESSION_CLASS)), 3U);
    EXPECT_EQ(session->id(), 12U);
    EXPECT_EQ(session->priority(), Class::bulk);
    EXPECT_EQ(session->tenant(), 1U);
    EXPECT_EQ(session->partition(), 2U);
    EXPECT_EQ(session->transfers_max(), 4096U);
}

TEST_F(SessionTest, AllocNamesTheSession) {
    Buffer buffer = session->alloc({7, 4096, "kv", Access::read, 9});

    EXPECT_EQ(buffer.id, 5U);
    EXPECT_TRUE(buffer.fd);
    EXPECT_EQ(buffer.state, BufferState::ready);
    EXPECT_EQ(as_s32(last().one(SN_A_BUFFER_SESSION_FD)), session->fd());
    EXPECT_EQ(as_u32(last().one(SN_A_BUFFER_REGION)), 7U);
    EXPECT_EQ(as_u64(last().one(SN_A_BUFFER_BYTES)), 4096U);
    EXPECT_EQ(as_string(last().one(SN_A_BUFFER_NAME)), "kv");
    EXPECT_EQ(as_u32(last().one(SN_A_BUFFER_FD_FLAGS)), static_cast<unsigned>(O_RDONLY));
    EXPECT_EQ(as_u64(last().one(SN_A_BUFFER_USER_DATA)), 9U);
}

TEST_F(SessionTest, AllocReadyWaitsForItsOwnRecord) {
    state = SN_BUFFER_STATE_PENDING;
    complete(5); // a transfer of the same id
    complete(5, 0, CompletionType::buffer);
    EXPECT_EQ(session->alloc_ready({}, 1s).state, BufferState::ready);
    EXPECT_EQ(session->next(0ms)->type, CompletionType::transfer);

    complete(5, -ENOMEM, CompletionType::buffer);
    try {
        session->alloc_ready({}, 1s);
        FAIL();
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), ENOMEM);
    }
    EXPECT_THROW(session->alloc_ready({}, 0ms), Error);
}

TEST_F(SessionTest, SubmitCarriesManySegments) {
    std::vector<Segment> segments(segments_max);
    SubmitOptions options{Class::latency, {8, 9}, true, 77};

    for (std::size_t i = 0; i < segments.size(); i++)
        segments[i] = {3, 4, i * 10, i * 20, i + 1};
    Submission submission = session->submit(segments, options);
    EXPECT_EQ(submission.id, 1ULL << 33);
    EXPECT_TRUE(submission.out_fence);

    Bytes sent = last().one(SN_A_TRANSFER_SEGMENTS);
    ASSERT_EQ(sent.size(), 1024U * 32);
    sn_segment third;
    std::memcpy(&third, sent.data() + 3 * sizeof(third), sizeof(third));
    EXPECT_EQ(third.src_fd, 3);
    EXPECT_EQ(third.dst_fd, 4);
    EXPECT_EQ(third.src_offset, 30U);
    EXPECT_EQ(third.dst_offset, 60U);
    EXPECT_EQ(third.bytes, 4U);
    EXPECT_EQ(as_u32(last().one(SN_A_TRANSFER_CLASS)), 1U);
    EXPECT_EQ(as_u32(last().one(SN_A_TRANSFER_FLAGS)), 1U);
    auto fences = last().all(SN_A_TRANSFER_IN_FENCE_FD);
    ASSERT_EQ(fences.size(), 2U);
    EXPECT_EQ(as_s32(fences[1]), 9);
    EXPECT_EQ(as_u64(last().one(SN_A_TRANSFER_USER_DATA)), 77U);

    EXPECT_FALSE(session->submit(std::span(segments).first(1)).out_fence);
    EXPECT_TRUE(last().all(SN_A_TRANSFER_CLASS).empty());
}

TEST_F(SessionTest, SubmitBeyondAMessageIsRefusedHere) {
    std::vector<Segment> segments(2048);

    try {
        session->submit(segments);
        FAIL();
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), EMSGSIZE);
        EXPECT_EQ(error.command(), "TRANSFER_SUBMIT");
    }
}

TEST_F(SessionTest, TransferAndCancelNameTheSession) {
    EXPECT_EQ(session->transfer(3).state, TransferState::running);
    EXPECT_EQ(as_s32(last().one(SN_A_TRANSFER_SESSION_FD)), session->fd());
    session->cancel(3);
    EXPECT_EQ(last().command, SN_CMD_TRANSFER_CANCEL);
    EXPECT_EQ(as_s32(last().one(SN_A_TRANSFER_SESSION_FD)), session->fd());
    EXPECT_EQ(as_u64(last().one(SN_A_TRANSFER_ID)), 3U);
}

TEST_F(SessionTest, WaitKeepsWhatOthersWaitFor) {
    for (std::uint64_t id : {1, 2, 3})
        complete(id);
    EXPECT_EQ(session->wait(2, 1s)->user_data, 20U);
    EXPECT_EQ(session->wait(9, 0ms), std::nullopt);
    EXPECT_EQ(session->next(0ms)->id, 1U);
    complete(4);
    EXPECT_EQ(session->wait(4, 1s)->id, 4U);
    EXPECT_EQ(session->completions(0ms).at(0).id, 3U);
    EXPECT_TRUE(session->completions(0ms).empty());
    EXPECT_EQ(session->next(1ms), std::nullopt);
}

TEST_F(SessionTest, WaitFindsARecordAmongHundreds) {
    for (std::uint64_t id = 1; id <= 500; id++)
        complete(id);
    EXPECT_EQ(session->wait(500, 1s)->id, 500U);
    EXPECT_EQ(session->completions(0ms).size(), 499U);
}

TEST_F(SessionTest, BrokenRecordsAreErrors) {
    ASSERT_EQ(write(kernel.get(), "half", 4), 4);
    EXPECT_THROW(session->next(1s), Error);
    kernel.reset();
    EXPECT_THROW(session->next(1s), Error);
}

TEST_F(SessionTest, OutlivesItsClient) {
    client.reset();
    session->cancel(3);
    EXPECT_EQ(last().command, SN_CMD_TRANSFER_CANCEL);
}

} // namespace

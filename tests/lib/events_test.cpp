// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "fake_transport.hpp"

#include <supernode/events.hpp>

#include <gtest/gtest.h>

namespace {

using namespace supernode;
using namespace supernode::fake;
using namespace std::chrono_literals;

struct Rig {
    explicit Rig(std::vector<std::string_view> groups = {group::topology}) {
        auto owned = std::make_unique<FakeTransport>();
        transport = owned.get();
        stream.emplace(std::move(owned), groups);
    }
    void push(std::uint8_t command, std::function<void(Message &)> fill,
              const Datagram &more = {}) {
        Message message(fake::family, command);
        fill(message);
        transport->inbox.push_back(reply({}, std::move(message)) + more);
    }

    FakeTransport *transport;
    std::optional<EventStream> stream;
};

TEST(Events, GroupsAreJoined) {
    Rig rig({group::topology, group::fault});

    EXPECT_EQ(rig.transport->joined, (std::vector<std::string>{"topology", "fault"}));
    EXPECT_THROW(Rig({"nonsense"}), Error);
}

TEST(Events, EveryKindIsDecoded) {
    Rig rig;

    rig.push(SN_CMD_TOPOLOGY_NTF, [](Message &m) { m.put_u64(SN_A_TOPOLOGY_GENERATION, 9); });
    rig.push(SN_CMD_BUFFER_NTF, [](Message &m) {
        m.put_u64(SN_A_BUFFER_ID, 1)
            .put_u64(SN_A_BUFFER_BYTES, 3)
            .put_u32(SN_A_BUFFER_STATE, SN_BUFFER_STATE_READY);
    });
    rig.push(SN_CMD_TRANSFER_NTF, [](Message &m) {
        m.put_u64(SN_A_TRANSFER_ID, 4)
            .put_u32(SN_A_TRANSFER_SESSION, 3)
            .put_u32(SN_A_TRANSFER_STATE, SN_TRANSFER_STATE_DONE)
            .put_s32(SN_A_TRANSFER_STATUS, -EIO)
            .put_u64(SN_A_TRANSFER_DONE_BYTES, 5);
    });
    rig.push(SN_CMD_FAULT_NTF, [](Message &m) {
        m.put_u32(SN_A_FAULT_DEVICE, 6).put_u64(SN_A_FAULT_TRANSFER, 7);
        m.put_s32(SN_A_FAULT_STATUS, -EIO);
    });

    EXPECT_EQ(std::get<TopologyEvent>(*rig.stream->next(0ms)).generation, 9U);
    auto buffer = std::get<BufferEvent>(*rig.stream->next(0ms));
    EXPECT_EQ(buffer.id, 1U);
    EXPECT_EQ(buffer.state, BufferState::ready);
    auto transfer = std::get<TransferEvent>(*rig.stream->next(0ms));
    EXPECT_EQ(transfer.session, 3U);
    EXPECT_EQ(transfer.status, -EIO);
    EXPECT_EQ(transfer.done_bytes, 5U);
    auto fault = std::get<FaultEvent>(*rig.stream->next(0ms));
    EXPECT_EQ(fault.device, 6U);
    EXPECT_EQ(fault.engine, std::nullopt);
    EXPECT_EQ(fault.transfer, 7U);
    EXPECT_EQ(fault.status, -EIO);
    EXPECT_EQ(rig.stream->next(0ms), std::nullopt);
}

TEST(Events, OneDatagramMayHoldSeveral) {
    Rig rig;
    Message second(fake::family, SN_CMD_TOPOLOGY_NTF);

    second.put_u64(SN_A_TOPOLOGY_GENERATION, 2);
    rig.push(
        SN_CMD_TOPOLOGY_NTF, [](Message &m) { m.put_u64(SN_A_TOPOLOGY_GENERATION, 1); },
        reply({}, second));
    EXPECT_EQ(std::get<TopologyEvent>(*rig.stream->next(0ms)).generation, 1U);
    EXPECT_EQ(std::get<TopologyEvent>(*rig.stream->next(0ms)).generation, 2U);
}

TEST(Events, UnknownKindsAreSkipped) {
    Rig rig;

    rig.push(200, [](Message &) {});
    rig.push(SN_CMD_TOPOLOGY_NTF, [](Message &m) { m.put_u64(SN_A_TOPOLOGY_GENERATION, 1); });
    EXPECT_TRUE(std::holds_alternative<TopologyEvent>(*rig.stream->next(0ms)));
}

TEST(Events, LossIsAnEvent) {
    Rig rig;

    rig.transport->lose_next = ENOBUFS;
    rig.push(SN_CMD_TOPOLOGY_NTF, [](Message &m) { m.put_u64(SN_A_TOPOLOGY_GENERATION, 1); });
    EXPECT_TRUE(std::holds_alternative<LostEvent>(*rig.stream->next(0ms)));
    EXPECT_TRUE(std::holds_alternative<TopologyEvent>(*rig.stream->next(0ms)));
    rig.transport->lose_next = EIO;
    EXPECT_THROW(rig.stream->next(0ms), Error);
}

TEST(Events, MalformedOnesAreErrors) {
    Rig rig;

    rig.push(SN_CMD_TOPOLOGY_NTF, [](Message &) {});
    EXPECT_THROW(rig.stream->next(0ms), Error);
    rig.push(SN_CMD_FAULT_NTF, [](Message &m) { m.put_u64(SN_A_FAULT_DEVICE, 1); });
    EXPECT_THROW(rig.stream->next(0ms), Error);
    rig.transport->inbox.push_back(Datagram(7));
    EXPECT_THROW(rig.stream->next(0ms), Error);
}

} // namespace

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Answers that no kernel should give. Each ends in an Error, never in anything undefined: run
// under ASan and UBSan.
#include "fake_transport.hpp"

#include <supernode/client.hpp>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <random>
#include <unistd.h>

namespace {

using namespace supernode;
using namespace supernode::fake;

Client answering(Script script) {
    return Client(std::make_unique<FakeTransport>(std::move(script)));
}

/// A client whose kernel answers with one message that holds these attributes.
Client with_attributes(Datagram raw) {
    return answering([raw](const fake::Request &request) -> std::vector<Datagram> {
        Datagram message = reply(request, Message(0, request.command));
        message = message + raw;
        auto length = static_cast<std::uint32_t>(message.size());
        std::memcpy(message.data(), &length, sizeof(length));
        message.resize(NLMSG_ALIGN(message.size()));
        return {message, ack(request)};
    });
}

template<typename Call>
void expect_malformed(Call &&call, const std::string &what) {
    try {
        call();
        ADD_FAILURE() << "accepted: " << what;
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), EBADMSG) << error.what();
        EXPECT_NE(std::string(error.what()).find(what), std::string::npos) << error.what();
    }
}

Datagram device_attributes() {
    return attributes([](Message &m) {
        m.put_u32(SN_A_DEVICE_ID, 1)
            .put_string(SN_A_DEVICE_NAME, "gpu0")
            .put_u32(SN_A_DEVICE_KIND, 1)
            .put_u32(SN_A_DEVICE_STATE, 1)
            .nest(SN_A_DEVICE_REGION,
                  [](Message &n) {
                      n.put_u32(SN_A_REGION_ID, 1)
                          .put_u32(SN_A_REGION_KIND, 1)
                          .put_u64(SN_A_REGION_BYTES, 4096);
                  })
            .nest(SN_A_DEVICE_ENGINE, [](Message &n) {
                n.put_u32(SN_A_ENGINE_ID, 1).put_u32(SN_A_ENGINE_CHANNELS, 1);
            });
    });
}

TEST(Hostile, WrongSizes) {
    for (std::size_t size : {0U, 1U, 3U, 5U, 8U}) {
        std::vector<std::byte> payload(size);
        Datagram raw = attributes([&](Message &m) { m.put(SN_A_DEVICE_ID, payload); });
        Client client = with_attributes(raw);

        expect_malformed([&] { client.device(1); },
                         "device 'id' has " + std::to_string(size) + " bytes instead of 4");
    }
    Client u64 = with_attributes(attributes([](Message &m) { m.put_u32(SN_A_BUFFER_ID, 1); }));
    expect_malformed([&] { u64.buffer(1); }, "buffer 'id' has 4 bytes instead of 8");
}

TEST(Hostile, MissingWhatMustBeThere) {
    Client client =
        with_attributes(attributes([](Message &m) { m.put_string(SN_A_DEVICE_NAME, "gpu0"); }));

    expect_malformed([&] { client.device(1); }, "device 'id' is missing");
    expect_malformed([&] { with_attributes({}).topology(); }, "topology 'generation' is missing");
    expect_malformed([&] { with_attributes({}).device_new({}); }, "device 'id' is missing");
    expect_malformed([&] { with_attributes({}).begin(); }, "topology 'fd' is missing");
    expect_malformed([&] { with_attributes({}).open_session(); }, "session 'fd' is missing");
}

TEST(Hostile, TruncatedAtEveryByte) {
    Datagram whole = device_attributes();

    EXPECT_EQ(with_attributes(whole).device(1).name, "gpu0");
    for (std::size_t bytes = 0; bytes < whole.size(); bytes++) {
        Datagram cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(bytes));
        Client client = with_attributes(cut);
        try {
            // What ends between two attributes is a shorter device.
            Device device = client.device(1);
            EXPECT_EQ(bytes % 4, 0U) << bytes;
            EXPECT_EQ(device.name, "gpu0");
        } catch (const Error &error) {
            EXPECT_EQ(error.code(), EBADMSG) << bytes;
        }
    }
}

TEST(Hostile, NestOverrun) {
    Datagram whole = attributes([](Message &m) {
        m.put_u32(SN_A_DEVICE_ID, 1)
            .put_string(SN_A_DEVICE_NAME, "x")
            .put_u32(SN_A_DEVICE_KIND, 1)
            .put_u32(SN_A_DEVICE_STATE, 1)
            .nest(SN_A_DEVICE_REGION, [](Message &n) { n.put_u32(SN_A_REGION_ID, 1); });
    });
    std::uint16_t too_long = 64;
    // The region's id says that it reaches beyond its nest.
    std::memcpy(whole.data() + whole.size() - 8, &too_long, sizeof(too_long));

    expect_malformed([&] { with_attributes(whole).device(1); },
                     "an attribute of region overruns it");
}

TEST(Hostile, AttributeLengthsThatLie) {
    for (std::uint16_t length : {0, 1, 3, 9, 4000, 65535}) {
        Datagram raw = attributes([](Message &m) { m.put_u32(SN_A_DEVICE_ID, 1); });
        std::memcpy(raw.data(), &length, sizeof(length));
        expect_malformed([&] { with_attributes(raw).device(1); }, "overruns");
    }
}

TEST(Hostile, MessageLengthsThatLie) {
    for (std::uint32_t length : {0U, 1U, 15U, 60000U, 0x7fffffffU, 0xffffffffU}) {
        Client client = answering([=](const fake::Request &request) -> std::vector<Datagram> {
            Datagram message = reply(request, Message(0, request.command));
            std::memcpy(message.data(), &length, sizeof(length));
            return {message};
        });
        expect_malformed([&] { client.features(); }, "overruns its datagram");
    }
}

TEST(Hostile, ShortMessages) {
    for (std::size_t bytes : {1U, 2U, 3U}) {
        Client client = answering([=](const fake::Request &request) -> std::vector<Datagram> {
            return {control(request, fake::family, Datagram(bytes))};
        });
        expect_malformed([&] { client.features(); }, "no generic netlink header");
    }
    for (std::uint16_t type : {NLMSG_ERROR, NLMSG_DONE}) {
        Client client = answering([=](const fake::Request &request) -> std::vector<Datagram> {
            return {control(request, type, Datagram(3))};
        });
        expect_malformed([&] { client.features(); }, "short acknowledgement");
    }
    Client half = answering([](const fake::Request &request) -> std::vector<Datagram> {
        return {control(request, NLMSG_ERROR, Datagram(12))};
    });
    expect_malformed([&] { half.features(); }, "short acknowledgement");
}

TEST(Hostile, NoReplyOrTooMany) {
    Client none = answering(
        [](const fake::Request &request) -> std::vector<Datagram> { return {ack(request)}; });
    Client two = answering([](const fake::Request &request) -> std::vector<Datagram> {
        Datagram one = reply(request, Message(0, request.command));
        return {one + one, ack(request)};
    });
    Client silent = answering([](const fake::Request &) -> std::vector<Datagram> { return {}; });

    expect_malformed([&] { none.features(); }, "0 replies where one is due");
    expect_malformed([&] { two.features(); }, "2 replies where one is due");
    try {
        silent.features();
        FAIL();
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), ETIMEDOUT);
    }
}

TEST(Hostile, ImpossibleErrnos) {
    for (int code : {1, 100000, -4096, -2147483647 - 1}) {
        Client client = answering([=](const fake::Request &request) -> std::vector<Datagram> {
            return {ack(request, code)};
        });
        expect_malformed([&] { client.features(); }, "FEATURES_GET");
    }
}

TEST(Hostile, EchoedRequestThatLies) {
    for (std::uint32_t length : {0U, 17U, 4000U, 0xffffffffU}) {
        Client client = answering([=](const fake::Request &request) -> std::vector<Datagram> {
            nlmsgerr body{};
            body.error = -EINVAL;
            body.msg.nlmsg_len = length;
            return {
                control(request, NLMSG_ERROR, std::as_bytes(std::span(&body, 1)), NLM_F_ACK_TLVS)};
        });
        try {
            client.features();
            FAIL();
        } catch (const Error &error) {
            EXPECT_EQ(error.code(), EINVAL);
        }
    }
}

TEST(Hostile, DescriptorsThatAreNone) {
    Client negative = with_attributes(attributes(
        [](Message &m) { m.put_s32(SN_A_TOPOLOGY_FD, -9).put_u64(SN_A_TOPOLOGY_GENERATION, 1); }));

    expect_malformed([&] { negative.begin(); }, "topology 'fd' is no descriptor");
}

TEST(Hostile, DescriptorsDoNotLeak) {
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    Client client =
        with_attributes(attributes([&](Message &m) { m.put_s32(SN_A_TOPOLOGY_FD, fd); }));

    expect_malformed([&] { client.begin(); }, "topology 'generation' is missing");
    EXPECT_EQ(fcntl(fd, F_GETFD), -1);
}

TEST(Hostile, TextWithoutAnEnd) {
    Datagram raw = device_attributes() + attributes([](Message &m) {
                       m.put(SN_A_DEVICE_BACKEND, std::as_bytes(std::span("simulator", 3)));
                   });

    EXPECT_EQ(with_attributes(raw).device(1).backend, "sim");
}

TEST(Hostile, NewerAttributesAreSkipped) {
    Datagram raw = device_attributes() + attributes([](Message &m) {
                       m.put_u32(0, 1).put_u64(900, 1).put_u32(0x3fff, 1);
                   });

    EXPECT_EQ(with_attributes(raw).device(1).id, 1U);
}

TEST(Hostile, RandomDamage) {
    const auto seed = std::random_device{}();
    std::mt19937 random(seed);
    Datagram whole = device_attributes();
    int refused = 0, accepted = 0;

    SCOPED_TRACE(testing::Message() << "seed " << seed);
    for (int round = 0; round < 20000; round++) {
        Client client = answering([&](const fake::Request &request) -> std::vector<Datagram> {
            Datagram message = reply(request, Message(0, request.command)) + whole;
            auto length = static_cast<std::uint32_t>(message.size());
            std::memcpy(message.data(), &length, sizeof(length));
            message = message + ack(request);
            for (auto damage = 1 + random() % 4; damage; damage--)
                message[random() % message.size()] = static_cast<std::byte>(random());
            message.resize(message.size() - random() % 3 * (random() % 9));
            return {message, ack(request)};
        });
        try {
            (void)client.device(1);
            accepted++;
        } catch (const Error &) {
            refused++;
        }
    }
    EXPECT_GT(refused, 0);
    EXPECT_GT(accepted, 0);
}

} // namespace

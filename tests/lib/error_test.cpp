// SPDX-License-Identifier: GPL-2.0-only OR MIT
// What a refusal reads like.
#include "fake_transport.hpp"

#include <supernode/client.hpp>

#include <gtest/gtest.h>

namespace {

using namespace supernode;
using namespace supernode::fake;

std::size_t offset_of(const fake::Request &request, Bytes payload) {
    return static_cast<std::size_t>(payload.data() - request.bytes.data()) - NLA_HDRLEN;
}

Client refusing(int error, std::function<void(const fake::Request &, Message &)> fill) {
    return Client(
        std::make_unique<FakeTransport>([=](const fake::Request &request) -> std::vector<Datagram> {
            return {
                ack(request, error, attributes([&](Message &message) { fill(request, message); }))};
        }));
}

template<typename Call>
Error caught(Call &&call) {
    try {
        call();
    } catch (const Error &error) {
        return error;
    }
    throw std::logic_error("nothing was thrown");
}

TEST(Error, SaysTheKernelsSentence) {
    Client client = refusing(-EEXIST, [](const fake::Request &, Message &m) {
        m.put_string(NLMSGERR_ATTR_MSG, "device name 'gpu0' is already taken");
    });
    Error error = caught([&] { client.device_new({}); });

    EXPECT_STREQ(error.what(), "DEVICE_NEW: device name 'gpu0' is already taken (-EEXIST)");
    EXPECT_EQ(error.code(), EEXIST);
    EXPECT_EQ(error.command(), "DEVICE_NEW");
    EXPECT_EQ(error.sentence(), "device name 'gpu0' is already taken");
    EXPECT_EQ(error.attribute(), "");
}

TEST(Error, AddsTheAttributeAndItsValue) {
    Client client = refusing(-EEXIST, [](const fake::Request &request, Message &m) {
        m.put_string(NLMSGERR_ATTR_MSG, "device name is already taken")
            .put_u32(NLMSGERR_ATTR_OFFS,
                     static_cast<std::uint32_t>(offset_of(request, request.one(SN_A_DEVICE_NAME))));
    });
    DeviceSpec spec;
    spec.name = "gpu0";
    Error error = caught([&] { client.device_new(spec); });

    EXPECT_STREQ(error.what(), "DEVICE_NEW: device name is already taken: name 'gpu0' (-EEXIST)");
    EXPECT_EQ(error.attribute(), "name");
    EXPECT_EQ(error.value(), "'gpu0'");
}

TEST(Error, DoesNotSayAValueTwice) {
    Client client = refusing(-EEXIST, [](const fake::Request &request, Message &m) {
        m.put_string(NLMSGERR_ATTR_MSG, "device name 'gpu0' is already taken")
            .put_u32(NLMSGERR_ATTR_OFFS,
                     static_cast<std::uint32_t>(offset_of(request, request.one(SN_A_DEVICE_NAME))));
    });
    DeviceSpec spec;
    spec.name = "gpu0";
    Error error = caught([&] { client.device_new(spec); });

    EXPECT_STREQ(error.what(), "DEVICE_NEW: device name 'gpu0' is already taken (-EEXIST)");
    EXPECT_EQ(error.attribute(), "name");
}

TEST(Error, FindsAnAttributeInsideANest) {
    Client client = refusing(-EINVAL, [](const fake::Request &request, Message &m) {
        Bytes second = request.all(SN_A_DEVICE_REGION).at(1);
        Bytes bytes = fake::Request::all_in(second, SN_A_REGION_BYTES).at(0);
        m.put_string(NLMSGERR_ATTR_MSG, "must be a multiple of the page")
            .put_u32(NLMSGERR_ATTR_OFFS, static_cast<std::uint32_t>(offset_of(request, bytes)));
    });
    DeviceSpec spec;
    spec.regions = {{RegionKind::hbm, 4096, {}, {}}, {RegionKind::hbm, 4097, {}, {}}};

    EXPECT_STREQ(caught([&] { client.device_new(spec); }).what(),
                 "DEVICE_NEW: must be a multiple of the page: region[1].bytes 4097 (-EINVAL)");
}

TEST(Error, NamesAMissingAttribute) {
    Client top = refusing(-EINVAL, [](const fake::Request &, Message &m) {
        m.put_u32(NLMSGERR_ATTR_MISS_TYPE, SN_A_DEVICE_KIND);
    });
    Client nested = refusing(-EINVAL, [](const fake::Request &request, Message &m) {
        m.put_u32(NLMSGERR_ATTR_MISS_TYPE, SN_A_ENGINE_CHANNELS)
            .put_u32(NLMSGERR_ATTR_MISS_NEST, static_cast<std::uint32_t>(offset_of(
                                                  request, request.all(SN_A_DEVICE_ENGINE).at(0))));
    });
    DeviceSpec spec;
    spec.engines.emplace_back().depth = 1;

    EXPECT_STREQ(caught([&] { top.device_new(spec); }).what(),
                 "DEVICE_NEW: a required attribute is missing: kind (-EINVAL)");
    EXPECT_STREQ(caught([&] { nested.device_new(spec); }).what(),
                 "DEVICE_NEW: a required attribute is missing: engine[0].channels (-EINVAL)");
}

TEST(Error, WithoutASentenceHasTheErrnosOwn) {
    Client client = refusing(-ENOENT, [](const fake::Request &, Message &) {});

    EXPECT_STREQ(caught([&] { client.link(3); }).what(),
                 "LINK_GET: No such file or directory (-ENOENT)");
}

TEST(Error, IsFoundAtTheEndOfADump) {
    Client client(
        std::make_unique<FakeTransport>([](const fake::Request &request) -> std::vector<Datagram> {
            return {done(request, -EPERM, 0, attributes([](Message &m) {
                             m.put_string(NLMSGERR_ATTR_MSG, "needs an administrator");
                         }))};
        }));

    EXPECT_STREQ(caught([&] { client.transfers(); }).what(),
                 "TRANSFER_GET: needs an administrator (-EPERM)");
}

TEST(Error, LooksBehindARequestThatWasEchoedWhole) {
    Client client(
        std::make_unique<FakeTransport>([](const fake::Request &request) -> std::vector<Datagram> {
            std::int32_t code = -EINVAL;
            Datagram payload(sizeof(code));
            std::memcpy(payload.data(), &code, sizeof(code));
            payload = payload + request.bytes +
                      attributes([](Message &m) { m.put_string(NLMSGERR_ATTR_MSG, "no"); });
            return {control(request, NLMSG_ERROR, payload, NLM_F_ACK_TLVS)};
        }));

    EXPECT_EQ(caught([&] { client.link(3); }).sentence(), "no");
}

TEST(Error, OffsetsThatLeadNowhereAreIgnored) {
    for (std::uint32_t offset : {0U, 1U, 19U, 21U, 4000U, 0xffffffffU}) {
        Client client = refusing(-EINVAL, [=](const fake::Request &, Message &m) {
            m.put_string(NLMSGERR_ATTR_MSG, "no").put_u32(NLMSGERR_ATTR_OFFS, offset);
        });
        EXPECT_STREQ(caught([&] { client.link(3); }).what(), "LINK_GET: no (-EINVAL)") << offset;
    }
}

TEST(Error, NamesErrnos) {
    EXPECT_EQ(errno_name(EHOSTUNREACH), "EHOSTUNREACH");
    EXPECT_EQ(errno_name(4000), "errno 4000");
}

} // namespace

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Every command: what is sent, and what is made of the answer.
#include "fake_transport.hpp"

#include <supernode/client.hpp>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace {

using namespace supernode;
using namespace supernode::fake;

struct Rig {
    explicit Rig(Script script) {
        auto owned = std::make_unique<FakeTransport>(std::move(script));
        transport = owned.get();
        client.emplace(std::move(owned));
    }
    const fake::Request &last() const { return transport->requests.back(); }

    FakeTransport *transport;
    std::optional<Client> client;
};

/// Answers every request with one reply that @fill makes.
Script one(std::function<void(Message &)> fill) {
    return [fill = std::move(fill)](const fake::Request &request) -> std::vector<Datagram> {
        Message message(0, request.command);
        fill(message);
        return {reply(request, std::move(message)), ack(request)};
    };
}

Script nothing() {
    return [](const fake::Request &request) -> std::vector<Datagram> { return {ack(request)}; };
}

/// Answers a dump with two objects in one datagram and one in the next.
Script three(std::function<void(Message &, std::uint32_t)> fill) {
    return [fill = std::move(fill)](const fake::Request &request) -> std::vector<Datagram> {
        std::vector<Datagram> parts;
        for (std::uint32_t i = 1; i <= 3; i++) {
            Message message(0, request.command);
            fill(message, i);
            parts.push_back(reply(request, std::move(message), NLM_F_MULTI));
        }
        return {parts[0] + parts[1], parts[2] + done(request)};
    };
}

void put_region(Message &m, std::uint32_t id) {
    m.put_u32(SN_A_REGION_ID, id)
        .put_u32(SN_A_REGION_DEVICE, 7)
        .put_u32(SN_A_REGION_INDEX, 1)
        .put_u32(SN_A_REGION_KIND, SN_REGION_KIND_HBM)
        .put_u64(SN_A_REGION_BYTES, 80ULL << 30)
        .put_u32(SN_A_REGION_PAGE_BYTES, 2 << 20)
        .put_s32(SN_A_REGION_NODE, -1)
        .put_u64(SN_A_REGION_FREE_BYTES, 79ULL << 30)
        .put_u64(SN_A_REGION_LARGEST_FREE_BYTES, 78ULL << 30)
        .put_u32(SN_A_REGION_BUFFERS, 3);
}

Region region(std::uint32_t id) {
    return {id, 7, 1, RegionKind::hbm, 80ULL << 30, 2 << 20, -1, 79ULL << 30, 78ULL << 30, 3};
}

void put_engine(Message &m, std::uint32_t id) {
    m.put_u32(SN_A_ENGINE_ID, id)
        .put_u32(SN_A_ENGINE_DEVICE, 7)
        .put_u32(SN_A_ENGINE_INDEX, 2)
        .put_u32(SN_A_ENGINE_CHANNELS, 4)
        .put_u32(SN_A_ENGINE_DEPTH, 8)
        .put_u64(SN_A_ENGINE_BYTES_PER_SEC, 50'000'000'000)
        .put_u64(SN_A_ENGINE_LATENCY_NS, 700)
        .put_u64(SN_A_ENGINE_BYTES, 1ULL << 40)
        .put_u64(SN_A_ENGINE_COPIES, 12)
        .put_u64(SN_A_ENGINE_ERRORS, 1)
        .put_u32(SN_A_ENGINE_INFLIGHT, 5);
}

Engine engine(std::uint32_t id) {
    return {id, 7, 2, 4, 8, 50'000'000'000, 700, 1ULL << 40, 12, 1, 5};
}

void put_device(Message &m, std::uint32_t id) {
    m.put_u32(SN_A_DEVICE_ID, id)
        .put_string(SN_A_DEVICE_NAME, "gpu" + std::to_string(id))
        .put_u32(SN_A_DEVICE_KIND, SN_DEVICE_KIND_GPU)
        .put_u32(SN_A_DEVICE_STATE, SN_DEVICE_STATE_LIVE)
        .put_string(SN_A_DEVICE_BACKEND, "sim")
        .put_u32(SN_A_DEVICE_HOST, 0)
        .put_s32(SN_A_DEVICE_NODE, 1)
        .put_u32(SN_A_DEVICE_PORTS, 18)
        .nest(SN_A_DEVICE_REGION, [](Message &n) { put_region(n, 11); })
        .nest(SN_A_DEVICE_REGION, [](Message &n) { put_region(n, 12); })
        .nest(SN_A_DEVICE_ENGINE, [](Message &n) { put_engine(n, 21); })
        .put_u32(SN_A_DEVICE_BUFFERS, 9);
}

Device device(std::uint32_t id) {
    Device d{id, "gpu" + std::to_string(id), DeviceKind::gpu, DeviceState::live, "sim", 0, 1, 18,
             9,  {region(11), region(12)},   {engine(21)}};
    for (Region &r : d.regions)
        r.device = id;
    for (Engine &e : d.engines)
        e.device = id;
    return d;
}

void put_link(Message &m, std::uint32_t id) {
    m.put_u32(SN_A_LINK_ID, id)
        .put_u32(SN_A_LINK_DEVICE_A, 1)
        .put_u32(SN_A_LINK_PORT_A, 2)
        .put_u32(SN_A_LINK_DEVICE_B, 3)
        .put_u32(SN_A_LINK_PORT_B, 4)
        .put_u32(SN_A_LINK_TYPE, SN_LINK_TYPE_NVLINK)
        .put_u64(SN_A_LINK_BYTES_PER_SEC_AB, 5)
        .put_u64(SN_A_LINK_BYTES_PER_SEC_BA, 6)
        .put_u64(SN_A_LINK_LATENCY_NS_AB, 7)
        .put_u64(SN_A_LINK_LATENCY_NS_BA, 8)
        .put_u32(SN_A_LINK_ADMIN, SN_LINK_STATE_UP)
        .put_u32(SN_A_LINK_OPER, SN_LINK_STATE_DOWN)
        .put_u64(SN_A_LINK_BYTES_AB, 9)
        .put_u64(SN_A_LINK_BYTES_BA, 10)
        .put_u64(SN_A_LINK_SLICES_AB, 11)
        .put_u64(SN_A_LINK_SLICES_BA, 12)
        .put_u64(SN_A_LINK_INFLIGHT_BYTES_AB, 13)
        .put_u64(SN_A_LINK_INFLIGHT_BYTES_BA, 14);
}

Link link(std::uint32_t id) {
    return {id, 1,  2,  3,  4, LinkType::nvlink, 5, 6, 7, 8, LinkState::up, LinkState::down, 9,
            10, 11, 12, 13, 14};
}

void put_buffer(Message &m, std::uint64_t id) {
    m.put_u64(SN_A_BUFFER_ID, id)
        .put_string(SN_A_BUFFER_NAME, "kv")
        .put_u32(SN_A_BUFFER_REGION, 2)
        .put_u32(SN_A_BUFFER_DEVICE, 3)
        .put_u64(SN_A_BUFFER_BYTES, 1ULL << 33)
        .put_u64(SN_A_BUFFER_OFFSET, 4096)
        .put_u32(SN_A_BUFFER_STATE, SN_BUFFER_STATE_LOST)
        .put_u32(SN_A_BUFFER_TENANT, 4)
        .put_u32(SN_A_BUFFER_PID, 99)
        .put_string(SN_A_BUFFER_COMM, "vllm")
        .put_u32(SN_A_BUFFER_MAPPINGS, 5)
        .put_u32(SN_A_BUFFER_TRANSFERS, 6)
        .put_string(SN_A_BUFFER_ATTACHMENT, "0000:01:00.0")
        .put_string(SN_A_BUFFER_ATTACHMENT, "udmabuf")
        .put_u64(SN_A_BUFFER_USER_DATA, 77);
}

BufferInfo buffer(std::uint64_t id) {
    return {id,
            "kv",
            2,
            3,
            1ULL << 33,
            4096,
            BufferState::lost,
            4,
            99,
            "vllm",
            5,
            6,
            {"0000:01:00.0", "udmabuf"},
            77};
}

TEST(Client, FeaturesAreDecoded) {
    Rig rig(one([](Message &m) {
        m.put_string(SN_A_FEATURES_VERSION, "0.1.0")
            .put_u32(SN_A_FEATURES_SEGMENTS_MAX, 1024)
            .put_u32(SN_A_FEATURES_IN_FENCES_MAX, 16)
            .put_u32(SN_A_FEATURES_STAGES_MAX, 4)
            .put_u32(SN_A_FEATURES_PATHS_MAX, 8)
            .put_u64(SN_A_FEATURES_FENCE_LIMIT_NS, 10'000'000'000)
            .put_string(SN_A_FEATURES_BACKEND, "sim")
            .put_string(SN_A_FEATURES_BACKEND, "edu");
    }));

    EXPECT_EQ(rig.client->features(),
              (Features{"0.1.0", 1024, 16, 4, 8, 10'000'000'000, {"sim", "edu"}}));
    EXPECT_EQ(rig.last().command, SN_CMD_FEATURES_GET);
    EXPECT_EQ(rig.last().header.nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
    EXPECT_EQ(rig.last().header.nlmsg_type, fake::family);
    EXPECT_EQ(rig.last().header.nlmsg_len, rig.last().bytes.size());
}

TEST(Client, TopologyIsDecoded) {
    Rig rig(one([](Message &m) {
        m.put_u64(SN_A_TOPOLOGY_GENERATION, 1ULL << 40)
            .put_string(SN_A_TOPOLOGY_NAME, "hgx")
            .put_u32(SN_A_TOPOLOGY_DEVICES, 5)
            .put_u32(SN_A_TOPOLOGY_LINKS, 6);
    }));

    EXPECT_EQ(rig.client->topology(), (TopologyInfo{1ULL << 40, "hgx", 5, 6}));
}

TEST(Client, DevicesAreDumpedWithTheirParts) {
    Rig rig(three(put_device));

    EXPECT_EQ(rig.client->devices(), (std::vector{device(1), device(2), device(3)}));
    EXPECT_EQ(rig.last().header.nlmsg_flags & NLM_F_DUMP, NLM_F_DUMP);
}

TEST(Client, OneDeviceIsAskedForById) {
    Rig rig(one([](Message &m) { put_device(m, 5); }));

    EXPECT_EQ(rig.client->device(5), device(5));
    EXPECT_EQ(as_u32(rig.last().one(SN_A_DEVICE_ID)), 5U);
}

TEST(Client, LinksAreDecoded) {
    Rig dump(three(put_link));
    Rig get(one([](Message &m) { put_link(m, 8); }));

    EXPECT_EQ(dump.client->links(), (std::vector{link(1), link(2), link(3)}));
    EXPECT_EQ(get.client->link(8), link(8));
    EXPECT_EQ(as_u32(get.last().one(SN_A_LINK_ID)), 8U);
}

TEST(Client, RegionsAndEnginesAreDecoded) {
    Rig regions(three(put_region)), engines(three(put_engine));
    Rig one_region(one([](Message &m) { put_region(m, 4); }));
    Rig one_engine(one([](Message &m) { put_engine(m, 4); }));

    EXPECT_EQ(regions.client->regions(), (std::vector{region(1), region(2), region(3)}));
    EXPECT_EQ(engines.client->engines(), (std::vector{engine(1), engine(2), engine(3)}));
    EXPECT_EQ(one_region.client->region(4), region(4));
    EXPECT_EQ(one_engine.client->engine(4), engine(4));
}

TEST(Client, PartitionsAndTenantsAreDecoded) {
    Rig partitions(three([](Message &m, std::uint32_t id) {
        m.put_u32(SN_A_PARTITION_ID, id - 1)
            .put_string(SN_A_PARTITION_NAME, "all")
            .put_u32(SN_A_PARTITION_DEVICES, 9);
    }));
    Rig tenants(three([](Message &m, std::uint32_t id) {
        m.put_u32(SN_A_TENANT_ID, id - 1)
            .put_string(SN_A_TENANT_NAME, "admin")
            .put_u32(SN_A_TENANT_PARTITION, 1)
            .put_u32(SN_A_TENANT_SESSIONS, 2)
            .put_u32(SN_A_TENANT_BUFFERS, 3)
            .put_u64(SN_A_TENANT_BUFFER_BYTES, 4);
    }));

    EXPECT_EQ(partitions.client->partitions().at(0), (Partition{0, "all", 9}));
    EXPECT_EQ(tenants.client->tenants().at(2), (Tenant{2, "admin", 1, 2, 3, 4}));
}

TEST(Client, BuffersAreDecoded) {
    Rig dump(three(put_buffer));
    Rig by_id(one([](Message &m) { put_buffer(m, 1ULL << 35); }));
    Rig by_fd(one([](Message &m) { put_buffer(m, 6); }));

    EXPECT_EQ(dump.client->buffers(), (std::vector{buffer(1), buffer(2), buffer(3)}));
    EXPECT_EQ(by_id.client->buffer(1ULL << 35), buffer(1ULL << 35));
    EXPECT_EQ(as_u64(by_id.last().one(SN_A_BUFFER_ID)), 1ULL << 35);
    EXPECT_EQ(by_fd.client->buffer_info(3), buffer(6));
    EXPECT_EQ(as_s32(by_fd.last().one(SN_A_BUFFER_FD)), 3);
}

TEST(Client, TransfersAreDecoded) {
    Rig rig(three([](Message &m, std::uint32_t id) {
        m.put_u64(SN_A_TRANSFER_ID, id)
            .put_u32(SN_A_TRANSFER_SESSION, 2)
            .put_u32(SN_A_TRANSFER_CLASS, SN_CLASS_BULK)
            .put_u32(SN_A_TRANSFER_STATE, SN_TRANSFER_STATE_DONE)
            .put_s32(SN_A_TRANSFER_STATUS, -EIO)
            .put_u64(SN_A_TRANSFER_BYTES, 3)
            .put_u64(SN_A_TRANSFER_DONE_BYTES, 4)
            .put_u64(SN_A_TRANSFER_SUBMIT_NS, 5)
            .put_u64(SN_A_TRANSFER_START_NS, 6)
            .put_u64(SN_A_TRANSFER_END_NS, 7)
            .put_u64(SN_A_TRANSFER_USER_DATA, 8);
    }));

    EXPECT_EQ(rig.client->transfers().at(1),
              (TransferInfo{2, 2, Class::bulk, TransferState::done, -EIO, 3, 4, 5, 6, 7, 8}));
}

TEST(Client, PathHasRoutesAndHops) {
    Rig rig(one([](Message &m) {
        m.put_u32(SN_A_PATH_SRC, 1).put_u32(SN_A_PATH_DST, 2).put_u64(SN_A_PATH_GENERATION, 3);
        m.nest(SN_A_PATH_ROUTE, [](Message &n) {
            n.put_u64(SN_A_ROUTE_BYTES_PER_SEC, 4).put_u64(SN_A_ROUTE_LATENCY_NS, 5);
            n.put_u32(SN_A_ROUTE_STAGES, 2);
            for (std::uint32_t stage : {0U, 1U})
                n.nest(SN_A_ROUTE_HOP, [&](Message &h) {
                    h.put_u32(SN_A_HOP_LINK, 6 + stage)
                        .put_u32(SN_A_HOP_FROM, 1)
                        .put_u32(SN_A_HOP_TO, 2)
                        .put_u32(SN_A_HOP_STAGE, stage);
                });
        });
    }));
    Path expected{1, 2, 3, PathReason::ok, std::nullopt, {{4, 5, 2, {{6, 1, 2, 0}, {7, 1, 2, 1}}}}};

    EXPECT_EQ(rig.client->path(1, 2, 4), expected);
    EXPECT_EQ(as_u32(rig.last().one(SN_A_PATH_COUNT)), 4U);
    rig.client->path(1, 2);
    EXPECT_TRUE(rig.last().all(SN_A_PATH_COUNT).empty());
}

TEST(Client, PathHasAReason) {
    Rig rig(one([](Message &m) {
        m.put_u32(SN_A_PATH_REASON, SN_PATH_REASON_LINK_DOWN).put_u32(SN_A_PATH_CULPRIT, 12);
    }));
    Path path = rig.client->path(1, 2);

    EXPECT_EQ(path.reason, PathReason::link_down);
    EXPECT_EQ(path.culprit, 12U);
    EXPECT_TRUE(path.routes.empty());
    EXPECT_EQ(explain(path.reason), "links lead there, but one that is needed is down");
}

TEST(Client, StatsHaveClasses) {
    Rig rig(one([](Message &m) {
        m.put_u32(SN_A_STATS_SESSIONS, 1)
            .put_u32(SN_A_STATS_BUFFERS, 2)
            .put_u64(SN_A_STATS_BUFFER_BYTES, 3)
            .put_u64(SN_A_STATS_SLICES, 4)
            .put_u64(SN_A_STATS_RETRIES, 5)
            .put_u64(SN_A_STATS_QUARANTINED_BYTES, 6)
            .nest(SN_A_STATS_CLASS, [](Message &n) {
                n.put_u32(SN_A_CLASS_STATS_CLASS, SN_CLASS_LATENCY)
                    .put_u64(SN_A_CLASS_STATS_SUBMITTED, 7)
                    .put_u64(SN_A_CLASS_STATS_COMPLETED, 8)
                    .put_u64(SN_A_CLASS_STATS_FAILED, 9)
                    .put_u64(SN_A_CLASS_STATS_BYTES, 10)
                    .put_u64(SN_A_CLASS_STATS_QUEUE_NS, 11)
                    .put_u64(SN_A_CLASS_STATS_TOTAL_NS, 12);
            });
    }));

    EXPECT_EQ(rig.client->stats(),
              (Stats{1, 2, 3, 4, 5, 6, {{Class::latency, 7, 8, 9, 10, 11, 12}}}));
}

TEST(Client, DeviceSpecIsEncoded) {
    Rig rig(one([](Message &m) { m.put_u32(SN_A_DEVICE_ID, 31); }));
    DeviceSpec spec;

    spec.name = "gpu0";
    spec.kind = DeviceKind::gpu;
    spec.backend = "sim";
    spec.ports = 18;
    spec.regions = {{RegionKind::hbm, 80ULL << 30, 2 << 20, -1},
                    {RegionKind::sram, 1 << 20, {}, {}}};
    spec.engines = {{2, 4, 1'000'000, 300}};
    EXPECT_EQ(rig.client->device_new(spec), 31U);

    const fake::Request &sent = rig.last();
    EXPECT_EQ(sent.command, SN_CMD_DEVICE_NEW);
    EXPECT_EQ(as_string(sent.one(SN_A_DEVICE_NAME)), "gpu0");
    EXPECT_EQ(sent.one(SN_A_DEVICE_NAME).size(), 5U); // with its terminator
    EXPECT_EQ(as_u32(sent.one(SN_A_DEVICE_KIND)), 1U);
    EXPECT_EQ(as_string(sent.one(SN_A_DEVICE_BACKEND)), "sim");
    EXPECT_EQ(as_u32(sent.one(SN_A_DEVICE_PORTS)), 18U);
    EXPECT_TRUE(sent.all(SN_A_DEVICE_TXN_FD).empty());
    auto regions = sent.all(SN_A_DEVICE_REGION);
    ASSERT_EQ(regions.size(), 2U);
    EXPECT_EQ(as_u64(fake::Request::all_in(regions[0], SN_A_REGION_BYTES).at(0)), 80ULL << 30);
    EXPECT_EQ(as_s32(fake::Request::all_in(regions[0], SN_A_REGION_NODE).at(0)), -1);
    EXPECT_TRUE(fake::Request::all_in(regions[1], SN_A_REGION_NODE).empty());
    EXPECT_TRUE(fake::Request::all_in(regions[1], SN_A_REGION_PAGE_BYTES).empty());
    auto engines = sent.all(SN_A_DEVICE_ENGINE);
    ASSERT_EQ(engines.size(), 1U);
    EXPECT_EQ(as_u64(fake::Request::all_in(engines[0], SN_A_ENGINE_LATENCY_NS).at(0)), 300U);
}

TEST(Client, LinkSpecIsEncoded) {
    Rig rig(one([](Message &m) { m.put_u32(SN_A_LINK_ID, 5); }));
    LinkSpec spec;

    spec.device_a = 1;
    spec.device_b = 2;
    spec.port_b = port_any;
    spec.type = LinkType::cxl;
    spec.bytes_per_sec_ab = 64'000'000'000;
    spec.bytes_per_sec_ba = 0;
    EXPECT_EQ(rig.client->link_new(spec), 5U);
    EXPECT_TRUE(rig.last().all(SN_A_LINK_PORT_A).empty());
    EXPECT_EQ(as_u32(rig.last().one(SN_A_LINK_PORT_B)), 0xffffffffU);
    EXPECT_EQ(as_u32(rig.last().one(SN_A_LINK_TYPE)), 2U);
    EXPECT_EQ(as_u64(rig.last().one(SN_A_LINK_BYTES_PER_SEC_AB)), 64'000'000'000U);
    EXPECT_EQ(as_u64(rig.last().one(SN_A_LINK_BYTES_PER_SEC_BA)), 0U);
    EXPECT_TRUE(rig.last().all(SN_A_LINK_LATENCY_NS_AB).empty());
}

TEST(Client, RemovalsAndLinkStateAreEncoded) {
    Rig rig(nothing());

    rig.client->device_del(3);
    EXPECT_EQ(as_u32(rig.last().one(SN_A_DEVICE_ID)), 3U);
    EXPECT_TRUE(rig.last().all(SN_A_DEVICE_FLAGS).empty());
    rig.client->device_del(3, true);
    EXPECT_EQ(as_u32(rig.last().one(SN_A_DEVICE_FLAGS)), 1U);
    rig.client->link_del(4);
    EXPECT_EQ(rig.last().command, SN_CMD_LINK_DEL);
    rig.client->link_set(4, LinkState::down);
    EXPECT_EQ(as_u32(rig.last().one(SN_A_LINK_ADMIN)), 0U);
}

TEST(Client, InterruptedDumpStartsOver) {
    int dumps = 0;
    Rig rig([&](const fake::Request &request) -> std::vector<Datagram> {
        Message message(0, request.command);
        put_link(message, static_cast<std::uint32_t>(++dumps));
        auto flags = static_cast<std::uint16_t>(NLM_F_MULTI | (dumps == 1 ? NLM_F_DUMP_INTR : 0));
        return {reply(request, std::move(message), flags),
                done(request, 0, dumps == 2 ? NLM_F_DUMP_INTR : 0)};
    });

    EXPECT_EQ(rig.client->links(), (std::vector{link(3)}));
    EXPECT_EQ(dumps, 3);
}

TEST(Client, DumpGivesUpInTheEnd) {
    Rig rig([&](const fake::Request &request) -> std::vector<Datagram> {
        return {done(request, 0, NLM_F_DUMP_INTR)};
    });

    try {
        rig.client->links();
        FAIL();
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), EAGAIN);
    }
    EXPECT_LE(rig.transport->requests.size(), 100U);
}

TEST(Client, StaleMessagesAreNoAnswer) {
    Rig rig([](const fake::Request &request) -> std::vector<Datagram> {
        fake::Request older = request;
        older.header.nlmsg_seq--;
        Message stale(0, request.command), good(0, request.command);
        put_link(stale, 1);
        put_link(good, 2);
        return {reply(older, std::move(stale)) + ack(older, -EIO), reply(request, std::move(good)),
                ack(request)};
    });

    EXPECT_EQ(rig.client->link(2), link(2));
}

TEST(Transaction, StagesCommitsAndCloses) {
    int generation = 4;
    Rig rig([&](const fake::Request &request) -> std::vector<Datagram> {
        Message m(0, request.command);
        switch (request.command) {
        case SN_CMD_TOPOLOGY_BEGIN:
            m.put_s32(SN_A_TOPOLOGY_FD, open("/dev/null", O_RDONLY | O_CLOEXEC));
            m.put_u64(SN_A_TOPOLOGY_GENERATION, 4);
            break;
        case SN_CMD_TOPOLOGY_COMMIT:
            m.put_u64(SN_A_TOPOLOGY_GENERATION, ++generation);
            m.put_u32(SN_A_TOPOLOGY_DEVICES, 1).put_u32(SN_A_TOPOLOGY_LINKS, 0);
            break;
        case SN_CMD_DEVICE_NEW:
            m.put_u32(SN_A_DEVICE_ID, 8);
            break;
        case SN_CMD_LINK_NEW:
            m.put_u32(SN_A_LINK_ID, 9);
            break;
        default:
            return {ack(request)};
        }
        return {reply(request, std::move(m)), ack(request)};
    });
    Transaction txn = rig.client->begin("hgx");

    EXPECT_EQ(as_string(rig.last().one(SN_A_TOPOLOGY_NAME)), "hgx");
    EXPECT_EQ(txn.generation(), 4U);
    int fd = txn.fd();
    EXPECT_EQ(txn.device_new({}), 8U);
    EXPECT_EQ(as_s32(rig.last().one(SN_A_DEVICE_TXN_FD)), fd);
    EXPECT_EQ(txn.link_new({}), 9U);
    EXPECT_EQ(as_s32(rig.last().one(SN_A_LINK_TXN_FD)), fd);
    txn.device_del(8, true);
    EXPECT_EQ(as_s32(rig.last().one(SN_A_DEVICE_TXN_FD)), fd);
    txn.link_del(9);
    EXPECT_EQ(as_s32(rig.last().one(SN_A_LINK_TXN_FD)), fd);

    EXPECT_EQ(txn.commit(true).generation, 5U);
    EXPECT_EQ(as_u32(rig.last().one(SN_A_TOPOLOGY_FLAGS)), 1U);
    EXPECT_TRUE(txn.open());
    EXPECT_EQ(txn.commit().generation, 6U);
    EXPECT_TRUE(rig.last().all(SN_A_TOPOLOGY_FLAGS).empty());
    EXPECT_FALSE(txn.open());
    EXPECT_EQ(fcntl(fd, F_GETFD), -1);
    EXPECT_THROW(txn.commit(), Error);

    Transaction second = rig.client->begin();
    EXPECT_TRUE(rig.last().all(SN_A_TOPOLOGY_NAME).empty());
    second.abort();
    EXPECT_EQ(rig.last().command, SN_CMD_TOPOLOGY_ABORT);
    EXPECT_FALSE(second.open());
    int third_fd;
    {
        Transaction third = rig.client->begin();
        third_fd = third.fd();
    }
    EXPECT_EQ(fcntl(third_fd, F_GETFD), -1);
}

} // namespace

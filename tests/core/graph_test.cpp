// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "graph_model.hpp"

#include <gtest/gtest.h>

#include "random.hpp"

namespace {

class Graph : public testing::Test {
protected:
    Graph() : memory(sn_graph_bytes(&limits)) {
        EXPECT_EQ(sn_graph_init(memory.get(), &limits, &graph), 0);
    }

    uint32_t device(uint32_t id, uint32_t flags = SN_GRAPH_INITIATOR) {
        uint32_t index = SN_NONE;
        EXPECT_EQ(sn_graph_add_device(graph, id, flags, &index), 0);
        return index;
    }
    uint32_t port(uint32_t device, uint32_t number) {
        uint32_t index = SN_NONE;
        EXPECT_EQ(sn_graph_add_port(graph, device, number, &index), 0);
        return index;
    }
    // Refused with this error, and nothing has changed.
    template<typename Call>
    void refused(int error, Call call) {
        Memory before(memory);
        EXPECT_EQ(call(), error);
        EXPECT_TRUE(memory == before);
        EXPECT_EQ(sn_graph_check(graph), 0);
    }

    sn_graph_limits limits{4, 8, 3};
    Memory memory;
    sn_graph *graph = nullptr;
    uint32_t index = 0;
};

TEST_F(Graph, AddRefusesWhatIsWrong) {
    uint32_t a = device(10), b = device(5), c = device(7, SN_GRAPH_SWITCH);
    uint32_t a0 = port(a, 0), a1 = port(a, 1), b0 = port(b, 0), c0 = port(c, 0), c1 = port(c, 1);
    auto link = [&](struct sn_graph_link spec) { return sn_graph_add_link(graph, &spec, &index); };

    refused(-EEXIST, [&] { return sn_graph_add_device(graph, 5, 0, &index); });
    refused(-EINVAL, [&] { return sn_graph_add_device(graph, 6, 8, &index); });
    refused(-EINVAL, [&] {
        return sn_graph_add_device(graph, 6, SN_GRAPH_SWITCH | SN_GRAPH_RELAY, &index);
    });
    refused(-EINVAL, [&] { return sn_graph_add_port(graph, 3, 0, &index); });
    refused(-EEXIST, [&] { return sn_graph_add_port(graph, a, 1, &index); });

    ASSERT_EQ(link({1, {a0, b0}, 1, {10, 10}, {1, 1}}), 0);
    refused(-EINVAL, [&] { return link({2, {c0, c1}, 1, {1, 1}, {1, 1}}); });
    refused(-EINVAL, [&] { return link({2, {a1, 77}, 1, {1, 1}, {1, 1}}); });
    refused(-EINVAL, [&] { return link({2, {a1, c0}, 1, {0, 0}, {1, 1}}); });
    refused(-EINVAL, [&] { return link({2, {a1, c0}, 2, {1, 1}, {1, 1}}); });
    refused(-EEXIST, [&] { return link({1, {a1, c0}, 1, {1, 1}, {1, 1}}); });
    refused(-EBUSY, [&] { return link({2, {a0, c0}, 1, {1, 1}, {1, 1}}); });
    refused(-EBUSY, [&] { return link({2, {c0, b0}, 1, {1, 1}, {1, 1}}); });
    ASSERT_EQ(link({2, {a1, c0}, 0, {1, 0}, {1, 1}}), 0);

    device(1);
    refused(-ENOSPC, [&] { return sn_graph_add_device(graph, 2, 0, &index); });
    port(b, 1), port(b, 2), port(b, 3);
    refused(-ENOSPC, [&] { return sn_graph_add_port(graph, b, 4, &index); });
    ASSERT_EQ(sn_graph_find_port(graph, b, 1, &index), 0);
    ASSERT_EQ(link({3, {c1, index}, 1, {1, 1}, {1, 1}}), 0);
}

TEST_F(Graph, SealEndsConstruction) {
    uint32_t a = device(1), b = device(2);
    uint32_t a0 = port(a, 0), b0 = port(b, 0);
    struct sn_graph_link spec {
        9, {a0, b0}, 1, {10, 20}, { 3, 4 }
    };

    EXPECT_FALSE(sn_graph_is_sealed(graph));
    ASSERT_EQ(sn_graph_add_link(graph, &spec, &index), 0);
    ASSERT_EQ(sn_graph_seal(graph), 0);
    EXPECT_TRUE(sn_graph_is_sealed(graph));
    refused(-EALREADY, [&] { return sn_graph_seal(graph); });
    refused(-EROFS, [&] { return sn_graph_add_device(graph, 3, 0, &index); });
    refused(-EROFS, [&] { return sn_graph_add_port(graph, a, 3, &index); });

    EXPECT_EQ(sn_graph_edge_from(graph, 0), a);
    EXPECT_EQ(sn_graph_edge_to(graph, 0), b);
    EXPECT_EQ(sn_graph_edge_from(graph, 1), b);
    EXPECT_EQ(sn_graph_edge_rate(graph, 1), 20u);
    EXPECT_EQ(sn_graph_edge_latency(graph, 0), 3u);

    const uint64_t rates[2] = {7, 0}, latencies[2] = {1, 2};
    EXPECT_EQ(sn_graph_link_set_up(graph, 0, false), 0);
    EXPECT_EQ(sn_graph_link_set_rate(graph, 0, rates), 0);
    EXPECT_EQ(sn_graph_link_set_latency(graph, 0, latencies), 0);
    EXPECT_EQ(sn_graph_link(graph, 0)->up, 0u);
    EXPECT_EQ(sn_graph_edge_rate(graph, 0), 7u);
    EXPECT_EQ(sn_graph_edge_latency(graph, 1), 2u);
    EXPECT_EQ(sn_graph_check(graph), 0);
    refused(-EINVAL, [&] { return sn_graph_link_set_up(graph, 1, true); });
    refused(-EINVAL, [&] { return sn_graph_link_set_rate(graph, 1, rates); });
    refused(-EINVAL, [&] { return sn_graph_link_set_latency(graph, 1, latencies); });
}

TEST(GraphInit, RefusesBadMemoryAndLimits) {
    sn_graph_limits limits{1, 1, (1u << 30) + 1};
    alignas(8) unsigned char mem[64];
    sn_graph *graph;

    EXPECT_EQ(sn_graph_init(mem, &limits, &graph), -EINVAL);
    limits.links = 1;
    EXPECT_EQ(sn_graph_init(mem + 4, &limits, &graph), -EINVAL);
}

struct RandomGraph : ModelledGraph {
    explicit RandomGraph(Random &random) : ModelledGraph({40, 100, 40}) {
        for (int i = 0; i < 400 && !testing::Test::HasFailure(); i++) {
            uint32_t id = random.below32(90);

            switch (random.below(3)) {
            case 0:
                add_device(id, SN_GRAPH_RELAY);
                break;
            case 1:
                add_port(random.below32(40), random.below32(6));
                break;
            default:
                add_link({id, {random.below32(100), random.below32(100)}, 1, {1, 1}, {1, 1}});
            }
            EXPECT_EQ(sn_graph_check(graph), 0);
        }
        seal();
    }
};

TEST(GraphRandom, FindAndOutEdgesAgreeWithTheModel) {
    Random random;

    for (int round = 0; round < 50 && !HasFailure(); round++) {
        RandomGraph g(random);

        ASSERT_GT(g.links.size(), 0u);
        g.compare();
        for (uint32_t id = 0; id < 100; id++) {
            g.find_device(id);
            g.find_link(id);
            g.find_port(random.below32(40), random.below32(6));
        }
    }
}

TEST(GraphCheck, CatchesWhatIsBroken) {
    Random random;
    RandomGraph g(random);
    auto caught = [&](uint32_t &word, uint32_t value) {
        uint32_t saved = word;
        ASSERT_EQ(sn_graph_check(g.graph), 0);
        word = value;
        EXPECT_EQ(sn_graph_check(g.graph), -EINVAL);
        word = saved;
    };
    sn_graph *s = g.graph;

    caught(sn_graph_devices(s)[0].flags, 8);
    caught(sn_graph_devices(s)[1].id, sn_graph_devices(s)[0].id);
    caught(sn_graph_ports(s)[0].device, 1000);
    caught(sn_graph_ports(s)[sn_graph_links(s)[0].port[0]].link, SN_NONE);
    caught(sn_graph_links(s)[0].port[1], sn_graph_links(s)[0].port[0]);
    caught(sn_graph_links(s)[0].up, 2);
    caught(sn_graph_indices(s, s->at_device_ids)[0], sn_graph_indices(s, s->at_device_ids)[1]);
    caught(sn_graph_indices(s, s->at_link_ids)[0], 1000);
    caught(sn_graph_indices(s, s->at_first)[1], 1000);
    caught(sn_graph_indices(s, s->at_out)[0], sn_graph_indices(s, s->at_out)[1]);
    for (uint32_t device = 0; device < s->count.devices; device++) {
        uint32_t count, *first = sn_graph_indices(s, s->at_first);
        sn_graph_out_edges(s, device, &count);
        if (count > 1)
            caught(sn_graph_indices(s, s->at_out)[first[device]],
                   sn_graph_indices(s, s->at_out)[first[device] + 1]);
    }
    caught(s->count.links, s->count.links - 1);
    caught(s->limits.devices, 39);
}

TEST(GraphCheck, SurvivesAnyStrayWord) {
    Random random;
    RandomGraph g(random);
    size_t caught = 0;

    for (size_t i = 0; i < g.memory.word_count(); i++) {
        uint32_t saved = g.memory.words()[i];
        g.memory.words()[i] = static_cast<uint32_t>(random.next() >> random.below(33));
        caught += sn_graph_check(g.graph) != 0;
        g.memory.words()[i] = saved;
    }
    EXPECT_GT(caught, 100u);
    EXPECT_EQ(sn_graph_check(g.graph), 0);
}

} // namespace

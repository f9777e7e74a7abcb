// SPDX-License-Identifier: GPL-2.0-only OR MIT
// A graph and, beside it, what it should be in plain containers. Each operation is done on both,
// and what they answer is compared.
#pragma once

#include "core/graph_state.h"

#include <map>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "memory.hpp"

class ModelledGraph {
public:
    explicit ModelledGraph(const sn_graph_limits &limits)
        : memory(sn_graph_bytes(&limits)), limits_(limits) {
        EXPECT_EQ(sn_graph_init(memory.get(), &limits, &graph), 0);
    }

    void add_device(uint32_t id, uint32_t flags) {
        uint32_t all = SN_GRAPH_SWITCH | SN_GRAPH_INITIATOR | SN_GRAPH_RELAY, index = UNTOUCHED;
        bool wrong = flags & ~all || (flags & SN_GRAPH_SWITCH && flags != SN_GRAPH_SWITCH);
        int error = wrong                     ? -EINVAL
                    : device_ids.contains(id) ? -EEXIST
                                              : room(devices.size(), limits_.devices);

        expect(error, index, static_cast<uint32_t>(devices.size()),
               [&] { return sn_graph_add_device(graph, id, flags, &index); });
        if (error)
            return;
        device_ids[id] = index;
        devices.push_back({id, flags});
    }

    void add_port(uint32_t device, uint32_t number) {
        uint32_t index = UNTOUCHED;
        int error = device >= devices.size()              ? -EINVAL
                    : port_ids.contains({device, number}) ? -EEXIST
                                                          : room(ports.size(), limits_.ports);

        expect(error, index, static_cast<uint32_t>(ports.size()),
               [&] { return sn_graph_add_port(graph, device, number, &index); });
        if (error)
            return;
        port_ids[{device, number}] = index;
        ports.push_back({device, number, SN_NONE});
    }

    void add_link(const struct sn_graph_link &spec) {
        uint32_t index = UNTOUCHED;
        int error = link_error(spec);

        expect(error, index, static_cast<uint32_t>(links.size()),
               [&] { return sn_graph_add_link(graph, &spec, &index); });
        if (error)
            return;
        link_ids[spec.id] = index;
        ports[spec.port[0]].link = ports[spec.port[1]].link = index;
        links.push_back(spec);
    }

    void seal() {
        uint32_t none = UNTOUCHED;

        expect(sealed ? -EALREADY : 0, none, UNTOUCHED, [&] { return sn_graph_seal(graph); });
        sealed = true;
    }

    void set_up(uint32_t link, bool up) {
        set(link, [&] { return sn_graph_link_set_up(graph, link, up); });
        if (link < links.size())
            links[link].up = up;
    }
    void set_rate(uint32_t link, uint64_t forth, uint64_t back) {
        const uint64_t rates[2] = {forth, back};

        set(link, [&] { return sn_graph_link_set_rate(graph, link, rates); });
        if (link < links.size())
            std::copy(rates, rates + 2, links[link].bytes_per_sec);
    }
    void set_latency(uint32_t link, uint64_t forth, uint64_t back) {
        const uint64_t latencies[2] = {forth, back};

        set(link, [&] { return sn_graph_link_set_latency(graph, link, latencies); });
        if (link < links.size())
            std::copy(latencies, latencies + 2, links[link].latency_ns);
    }

    void find_device(uint32_t id) const {
        found(device_ids, id,
              [&](uint32_t *index) { return sn_graph_find_device(graph, id, index); });
    }
    void find_port(uint32_t device, uint32_t number) const {
        found(port_ids, std::pair(device, number),
              [&](uint32_t *index) { return sn_graph_find_port(graph, device, number, index); });
    }
    void find_link(uint32_t id) const {
        found(link_ids, id, [&](uint32_t *index) { return sn_graph_find_link(graph, id, index); });
    }

    // All of it, and the graph's own check.
    void compare() const {
        sn_graph_limits counts;

        ASSERT_EQ(sn_graph_check(graph), 0);
        sn_graph_counts(graph, &counts);
        ASSERT_EQ(counts.devices, devices.size());
        ASSERT_EQ(counts.ports, ports.size());
        ASSERT_EQ(counts.links, links.size());
        ASSERT_EQ(sn_graph_is_sealed(graph), sealed);
        for (uint32_t i = 0; i < devices.size(); i++) {
            ASSERT_EQ(sn_graph_device(graph, i)->id, devices[i].id);
            ASSERT_EQ(sn_graph_device(graph, i)->flags, devices[i].flags);
            find_device(devices[i].id);
            compare_edges(i);
        }
        for (uint32_t i = 0; i < ports.size(); i++) {
            ASSERT_EQ(sn_graph_port(graph, i)->device, ports[i].device);
            ASSERT_EQ(sn_graph_port(graph, i)->number, ports[i].number);
            ASSERT_EQ(sn_graph_port(graph, i)->link, ports[i].link);
            find_port(ports[i].device, ports[i].number);
        }
        for (uint32_t i = 0; i < links.size(); i++)
            compare_link(i);
    }

    Memory memory;
    sn_graph *graph = nullptr;
    bool sealed = false;
    std::vector<struct sn_graph_device> devices;
    std::vector<struct sn_graph_port> ports;
    std::vector<struct sn_graph_link> links;
    std::map<uint32_t, uint32_t> device_ids, link_ids;
    std::map<std::pair<uint32_t, uint32_t>, uint32_t> port_ids;

private:
    static constexpr uint32_t UNTOUCHED = 0x77777777;

    int room(size_t count, uint32_t limit) const {
        return sealed ? -EROFS : count < limit ? 0 : -ENOSPC;
    }

    int link_error(const struct sn_graph_link &spec) const {
        for (uint32_t port : spec.port) {
            if (port >= ports.size())
                return -EINVAL;
        }
        if (spec.up > 1 || ports[spec.port[0]].device == ports[spec.port[1]].device ||
            !(spec.bytes_per_sec[0] | spec.bytes_per_sec[1]))
            return -EINVAL;
        if (link_ids.contains(spec.id))
            return -EEXIST;
        for (uint32_t port : spec.port) {
            if (ports[port].link != SN_NONE)
                return -EBUSY;
        }
        return room(links.size(), limits_.links);
    }

    // An error changes nothing, neither the graph nor what the call hands out.
    template<typename Call>
    void expect(int error, const uint32_t &index, uint32_t want, Call call) {
        Memory before(memory);

        ASSERT_EQ(call(), error);
        ASSERT_EQ(index, error ? UNTOUCHED : want);
        ASSERT_TRUE(!error || memory == before) << "a refusal has changed something";
    }
    template<typename Call>
    void set(uint32_t link, Call call) {
        uint32_t none = UNTOUCHED;

        expect(link < links.size() ? 0 : -EINVAL, none, UNTOUCHED, call);
    }

    template<typename Ids, typename Key, typename Find>
    static void found(const Ids &ids, const Key &key, Find find) {
        uint32_t index = UNTOUCHED;
        auto want = ids.find(key);

        ASSERT_EQ(find(&index), want == ids.end() ? -ENOENT : 0);
        ASSERT_EQ(index, want == ids.end() ? UNTOUCHED : want->second);
    }

    // Exactly the edges that leave the device, ascending; none before the graph is sealed.
    void compare_edges(uint32_t device) const {
        std::vector<uint32_t> want;
        uint32_t count;
        const uint32_t *out = sn_graph_out_edges(graph, device, &count);

        for (uint32_t edge = 0; sealed && edge < 2 * links.size(); edge++) {
            if (ports[links[edge / 2].port[edge % 2]].device == device)
                want.push_back(edge);
        }
        ASSERT_EQ(std::vector(out, out + count), want);
    }

    void compare_link(uint32_t i) const {
        const struct sn_graph_link &link = *sn_graph_link(graph, i), &want = links[i];

        ASSERT_EQ(link.id, want.id);
        ASSERT_EQ(link.up, want.up);
        for (uint32_t way : {0, 1}) {
            uint32_t edge = 2 * i + way;

            ASSERT_EQ(link.port[way], want.port[way]);
            ASSERT_EQ(sn_graph_edge_from(graph, edge), ports[want.port[way]].device);
            ASSERT_EQ(sn_graph_edge_to(graph, edge), ports[want.port[!way]].device);
            ASSERT_EQ(sn_graph_edge_rate(graph, edge), want.bytes_per_sec[way]);
            ASSERT_EQ(sn_graph_edge_latency(graph, edge), want.latency_ns[way]);
            ASSERT_EQ(sn_graph_edge_link(edge), i);
        }
        find_link(want.id);
    }

    sn_graph_limits limits_;
};

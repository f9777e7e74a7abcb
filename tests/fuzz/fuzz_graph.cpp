// SPDX-License-Identifier: GPL-2.0-only OR MIT
// kmod/core/graph against plain containers: building, what is refused, reading, changing links.
#include "../core/graph_model.hpp"

#include "input.hpp"

namespace {

// Ids come from a few, so that they meet, or from anywhere.
uint32_t some_id(Input &input) {
    return input.one_in(8) ? input.number32() : input.below32(24);
}

uint32_t some_index(size_t count, Input &input) {
    return input.one_in(16) ? input.number32() : input.below32(static_cast<uint32_t>(count) + 1);
}

struct sn_graph_link some_link(const ModelledGraph &g, Input &input) {
    struct sn_graph_link link {};

    link.id = some_id(input);
    link.up = input.below32(8) ? input.below32(2) : input.number32();
    for (int way : {0, 1}) {
        link.port[way] = some_index(g.ports.size(), input);
        link.bytes_per_sec[way] = input.one_in(4) ? 0 : input.number();
        link.latency_ns[way] = input.number();
    }
    return link;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Input input(data, size);
    ModelledGraph g({input.below32(20), input.below32(60), input.below32(30)});

    for (int op = 0; op < 300 && !input.empty(); op++) {
        switch (input.below(12)) {
        case 0:
        case 1:
            g.add_device(some_id(input), input.one_in(8) ? input.number32() : input.below32(8));
            break;
        case 2:
        case 3:
        case 4:
            g.add_port(some_index(g.devices.size(), input), some_id(input));
            break;
        case 5:
        case 6:
        case 7:
            g.add_link(some_link(g, input));
            break;
        case 8:
            g.set_up(some_index(g.links.size(), input), input.below(2));
            break;
        case 9: {
            uint32_t link = some_index(g.links.size(), input);
            uint64_t forth = input.number(), back = input.number();
            input.one_in(2) ? g.set_rate(link, forth, back) : g.set_latency(link, forth, back);
            break;
        }
        case 10:
            g.find_device(some_id(input));
            g.find_port(some_index(g.devices.size(), input), some_id(input));
            g.find_link(some_id(input));
            break;
        default:
            if (input.one_in(16))
                g.seal();
        }
        g.compare();
    }
    return 0;
}

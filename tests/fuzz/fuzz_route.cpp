// SPDX-License-Identifier: GPL-2.0-only OR MIT
// kmod/core/route against brute force: which paths, in which order, and why there is none; before
// and after links change.
#include "../core/route_oracle.hpp"

#include "input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Input input(data, size);
    auto [net, flags] = input.one_in(4) ? ring_net(input) : small_net(input);
    auto devices = static_cast<uint32_t>(flags.size());
    sn_graph_limits count;

    sn_graph_counts(net.graph, &count);
    for (int query = 0; query < 4; query++) {
        // One beyond the last is a device that is not there.
        uint32_t src = input.below32(devices + 1), dst = input.below32(devices + 1);
        uint32_t k = 1 + input.below32(SN_ROUTE_MAX_PATHS);

        expect_right(net.graph, src, dst, k, net.find(src, dst, k));
        if (input.empty() || !count.links)
            break;

        uint32_t link = input.below32(count.links);
        const uint64_t rates[2] = {input.below(4), input.below(4)};
        EXPECT_EQ(sn_graph_link_set_up(net.graph, link, input.below(2)), 0);
        EXPECT_EQ(sn_graph_link_set_rate(net.graph, link, rates), 0);
    }
    return 0;
}

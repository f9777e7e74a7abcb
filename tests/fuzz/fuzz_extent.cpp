// SPDX-License-Identifier: GPL-2.0-only OR MIT
// kmod/core/extent against a list of ranges: spaces of any size, few nodes, any alignment.
#include "../core/extent_model.hpp"

#include "input.hpp"

namespace {

// Where something begins or ends, or next to it, or anywhere.
uint64_t some_offset(const ModelledSpace &space, Input &input) {
    auto &range = space.ranges()[input.below(space.ranges().size())];

    switch (input.below(5)) {
    case 0:
        return input.number();
    case 1:
        return range.start + range.bytes - input.below(3);
    case 2:
        return range.start + range.bytes / 2;
    default:
        return range.start;
    }
}

uint64_t some_bytes(const ModelledSpace &space, Input &input) {
    auto &range = space.ranges()[input.below(space.ranges().size())];

    switch (input.below(4)) {
    case 0:
        return input.number();
    case 1:
        return range.bytes - input.below(2);
    default:
        return 1 + input.below(64);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Input input(data, size);
    uint64_t bytes =
        input.one_in(2) ? 1 + input.below(4096) : std::max<uint64_t>(input.number(), 1);
    // Few, so that they run out; or enough for more ranges than best fit looks at.
    uint32_t nodes = 1 + input.below32(input.one_in(4) ? 8 : 300);
    ModelledSpace space(bytes, nodes);

    for (int op = 0; op < 1000 && !input.empty(); op++) {
        switch (input.below(16)) {
        case 0:
            space.find(some_offset(space, input));
            break;
        case 1:
            space.alloc(some_bytes(space, input), input.number());
            break;
        case 2:
            nodes = 1 + input.below32(400);
            space.grow(nodes);
            break;
        case 3:
        case 4:
        case 5:
        case 6:
            space.free(some_offset(space, input));
            break;
        case 7:
            // Many small ones, every other one freed again: free ranges that lie badly.
            for (uint64_t n = 2 * input.below(80), size_each = 1 + input.below(9); n--;)
                space.alloc(size_each, 1);
            for (size_t i = 0; i < space.ranges().size(); i++) {
                if (space.ranges()[i].allocated && i % 2)
                    space.free(space.ranges()[i].start);
            }
            break;
        default:
            space.alloc(some_bytes(space, input),
                        uint64_t{1} << input.below(input.one_in(4) ? 64 : 8));
        }
        space.compare();
    }
    return 0;
}

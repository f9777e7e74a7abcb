// SPDX-License-Identifier: GPL-2.0-only OR MIT
// kmod/core/sched against a model of every slice: flows, errors, outages, and then the end of all.
#include "../core/sched_storm.hpp"

#include "input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Input input(data, size);
    Storm storm(input, input.below(4));

    for (int step = 0; step < 500 && !input.empty(); step++)
        storm.step();
    storm.drain();
    return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// A space of ranges and, beside it, what it should be: a plain list of them in address order. Each
// operation is done on both, and what they answer is compared.
#pragma once

#include "core/extent.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "memory.hpp"

class ModelledSpace {
public:
    struct Range {
        uint64_t start, bytes;
        bool allocated;

        bool holds(uint64_t offset) const { return offset >= start && offset - start < bytes; }
    };

    ModelledSpace(uint64_t bytes, uint32_t nodes)
        : limits_{bytes, nodes}, memory_(sn_extent_bytes(&limits_)), ranges_{{0, bytes, false}} {
        EXPECT_EQ(sn_extent_init(memory_.get(), &limits_, &extent_), 0);
    }

    const std::vector<Range> &ranges() const { return ranges_; }

    void alloc(uint64_t bytes, uint64_t align) {
        uint64_t offset = UNTOUCHED, start = UNTOUCHED;
        size_t at = 0;
        int error = place(bytes, align, at, start);

        if (error) {
            refused(error, [&] { return sn_extent_alloc(extent_, bytes, align, &offset); });
            ASSERT_EQ(offset, UNTOUCHED);
            return;
        }
        ASSERT_EQ(sn_extent_alloc(extent_, bytes, align, &offset), 0);
        ASSERT_EQ(offset, start);

        Range whole = ranges_[at];
        uint64_t skip = start - whole.start;
        ranges_[at] = {start, bytes, true};
        if (skip + bytes < whole.bytes)
            ranges_.insert(ranges_.begin() + static_cast<long>(at) + 1,
                           {start + bytes, whole.bytes - skip - bytes, false});
        if (skip)
            ranges_.insert(ranges_.begin() + static_cast<long>(at), {whole.start, skip, false});
    }

    void free(uint64_t offset) {
        uint64_t bytes = UNTOUCHED;
        auto it = std::find_if(ranges_.begin(), ranges_.end(), [&](const Range &range) {
            return range.allocated && range.start == offset;
        });

        if (it == ranges_.end()) {
            refused(-ENOENT, [&] { return sn_extent_free(extent_, offset, &bytes); });
            ASSERT_EQ(bytes, UNTOUCHED);
            return;
        }
        ASSERT_EQ(sn_extent_free(extent_, offset, &bytes), 0);
        ASSERT_EQ(bytes, it->bytes);

        it->allocated = false;
        if (auto next = it + 1; next != ranges_.end() && !next->allocated) {
            it->bytes += next->bytes;
            ranges_.erase(next);
        }
        if (it != ranges_.begin() && !(it - 1)->allocated) {
            (it - 1)->bytes += it->bytes;
            ranges_.erase(it);
        }
    }

    void find(uint64_t offset) const {
        uint64_t start = UNTOUCHED, bytes = UNTOUCHED;
        auto it = std::find_if(ranges_.begin(), ranges_.end(), [&](const Range &range) {
            return range.allocated && range.holds(offset);
        });

        if (it == ranges_.end()) {
            ASSERT_EQ(sn_extent_find(extent_, offset, &start, &bytes), -ENOENT);
            return;
        }
        ASSERT_EQ(sn_extent_find(extent_, offset, &start, &bytes), 0);
        ASSERT_EQ(start, it->start);
        ASSERT_EQ(bytes, it->bytes);
    }

    // The same with this many nodes; refused when that is fewer than now.
    void grow(uint32_t nodes) {
        sn_extent_limits limits{limits_.bytes, nodes};
        Memory memory(sn_extent_bytes(&limits));
        sn_extent *grown = nullptr;

        if (nodes < limits_.ranges) {
            refused(-EINVAL,
                    [&] { return sn_extent_grow(memory.get(), &limits, extent_, &grown); });
            ASSERT_EQ(grown, nullptr);
            return;
        }
        ASSERT_EQ(sn_extent_grow(memory.get(), &limits, extent_, &grown), 0);
        limits_ = limits;
        memory_ = std::move(memory);
        extent_ = grown;
    }

    void compare() const {
        uint64_t free_bytes = 0, largest = 0, allocated = 0;
        struct sn_extent_state state;

        for (auto &range : ranges_) {
            allocated += range.allocated;
            if (!range.allocated) {
                free_bytes += range.bytes;
                largest = std::max(largest, range.bytes);
            }
        }
        sn_extent_state(extent_, &state);
        ASSERT_EQ(state.bytes, limits_.bytes);
        ASSERT_EQ(state.free_bytes, free_bytes);
        ASSERT_EQ(state.largest_free_bytes, largest);
        ASSERT_EQ(state.allocated, allocated);
        ASSERT_EQ(state.ranges, ranges_.size());
        ASSERT_EQ(sn_extent_check(extent_), 0);
    }

private:
    static constexpr uint64_t UNTOUCHED = 0x7777777777777777;

    // Where best fit puts it, by the rule of sn_extent_alloc(), in arithmetic without an end.
    int place(uint64_t bytes, uint64_t align, size_t &at, uint64_t &offset) const {
        using Wide = unsigned __int128;
        std::vector<size_t> order;
        int badly = 0;

        if (!bytes || !align || align & (align - 1))
            return -EINVAL;
        for (size_t i = 0; i < ranges_.size(); i++) {
            if (!ranges_[i].allocated && ranges_[i].bytes >= bytes)
                order.push_back(i);
        }
        std::stable_sort(order.begin(), order.end(),
                         [&](size_t a, size_t b) { return ranges_[a].bytes < ranges_[b].bytes; });
        for (size_t i : order) {
            const Range &range = ranges_[i];
            Wide start = (Wide{range.start} + align - 1) / align * align;

            if (badly >= SN_EXTENT_TRIES && range.bytes < Wide{bytes} + align - 1)
                continue;
            if (start + bytes > Wide{range.start} + range.bytes) {
                badly++;
                continue;
            }
            bool below = start > range.start;
            bool above = start + bytes < Wide{range.start} + range.bytes;
            if (ranges_.size() + below + above > limits_.ranges)
                return -E2BIG;
            at = i;
            offset = static_cast<uint64_t>(start);
            return 0;
        }
        return -ENOSPC;
    }

    template<typename Call>
    void refused(int error, Call call) {
        Memory before(memory_);

        ASSERT_EQ(call(), error);
        ASSERT_TRUE(memory_ == before) << "a refusal has changed something";
    }

    sn_extent_limits limits_;
    Memory memory_;
    sn_extent *extent_ = nullptr;
    std::vector<Range> ranges_;
};

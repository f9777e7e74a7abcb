// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Plays the server of plan.hpp in the trace's own time and writes down what moves.
#include "plan.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <list>
#include <queue>
#include <tuple>
#include <unordered_map>

namespace supernode::replay {

namespace {

constexpr std::uint32_t page_bytes = 4096;
constexpr std::uint32_t no_op = UINT32_MAX;
/// Keys of blocks without ids: ids above all that a trace may have.
constexpr std::uint64_t anonymous_ids = std::uint64_t{1} << 53;

/// Slots of one pool. The lowest free one goes first, so that the highest in use tells how large
/// the pool has to be.
class Slots {
public:
    explicit Slots(std::uint32_t count) : count_(count) {}

    std::uint32_t free() const { return count_ - used_; }
    std::uint32_t used() const { return used_; }
    std::uint32_t high() const { return high_; }

    std::uint32_t take() {
        ++used_;
        if (holes_.empty())
            return high_++;
        const auto slot = holes_.top();
        holes_.pop();
        return slot;
    }

    void give(std::uint32_t slot) {
        --used_;
        holes_.push(slot);
    }

private:
    std::uint32_t count_;
    std::uint32_t used_ = 0;
    std::uint32_t high_ = 0;
    std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> holes_;
};

/// Blocks in host memory, the one used longest ago first.
class HostCache {
public:
    explicit HostCache(std::uint32_t slots) : slots_(slots) {}

    bool contains(std::uint64_t key) const { return entries_.contains(key); }
    std::uint32_t high() const { return slots_.high(); }

    /// Its slot; the block counts as used just now.
    std::uint32_t touch(std::uint64_t key) {
        const auto it = entries_.find(key);
        order_.splice(order_.end(), order_, it->second);
        return it->second->slot;
    }

    /// A slot for a new block; the oldest makes room, but none of @p stamp's own.
    /// False when there is no room.
    bool insert(std::uint64_t key, std::uint64_t stamp, std::uint32_t &slot, bool &dropped) {
        dropped = false;
        if (!slots_.free()) {
            if (order_.empty() || order_.front().stamp == stamp)
                return false;
            slots_.give(order_.front().slot);
            entries_.erase(order_.front().key);
            order_.pop_front();
            dropped = true;
        }
        slot = slots_.take();
        order_.push_back({key, stamp, slot});
        entries_[key] = std::prev(order_.end());
        return true;
    }

private:
    struct Entry {
        std::uint64_t key;
        std::uint64_t stamp; ///< of the eviction that brought it
        std::uint32_t slot;
    };
    Slots slots_;
    std::list<Entry> order_;
    std::unordered_map<std::uint64_t, std::list<Entry>::iterator> entries_;
};

/// Who wrote a slot last, and who has read it since.
struct SlotUse {
    std::uint32_t writer = no_op;
    std::vector<std::uint32_t> readers;
};

struct Block {
    std::uint64_t key = 0;
    std::uint32_t bytes = 0;
    std::uint32_t host_slot = 0; ///< of a hit
    std::uint32_t prefill_slot = 0;
    std::uint32_t decode_slot = 0;
    bool hit = false;
};

/// A request that was let in.
struct Active {
    std::uint32_t request = 0;
    std::uint32_t prefill = 0;
    std::uint32_t decode = 0;
    std::vector<Block> blocks;
};

enum class EventKind { arrival, prefilled, decoded };

struct Event {
    std::uint64_t time_ns;
    std::uint64_t order; ///< of making: equal times stay in order
    EventKind kind;
    std::uint32_t request;

    bool operator>(const Event &other) const {
        return std::tie(time_ns, order) > std::tie(other.time_ns, other.order);
    }
};

class Planner {
public:
    Planner(const std::vector<Request> &requests, const Model &model)
        : requests_(requests), model_(model), host_(slots_of(model.host_bytes)),
          prefill_(model.prefill_devices, Slots(slots_of(model.device_bytes))),
          decode_(model.decode_devices, Slots(slots_of(model.device_bytes))),
          busy_(model.decode_devices), idle_(model.decode_devices),
          use_(1 + model.prefill_devices + model.decode_devices), active_(requests.size()) {
        plan_.prefill_devices = model.prefill_devices;
        plan_.decode_devices = model.decode_devices;
        plan_.slot_bytes = block_bytes(model, block_tokens);
        plan_.requests = requests.size();
    }

    Plan run() {
        for (std::uint32_t i = 0; i < requests_.size(); ++i)
            post(requests_[i].time_ns, EventKind::arrival, i);
        while (!events_.empty()) {
            const Event event = events_.top();
            events_.pop();
            now_ns_ = event.time_ns;
            if (event.kind == EventKind::arrival)
                queue_.push_back(event.request);
            else if (event.kind == EventKind::prefilled)
                prefilled(event.request);
            else
                decoded(event.request);
            while (!queue_.empty() && admit(queue_.front()))
                queue_.pop_front();
        }
        plan_.pool_slots.push_back(host_.high());
        for (const auto *pools : {&prefill_, &decode_})
            for (const auto &slots : *pools)
                plan_.pool_slots.push_back(slots.high());
        return std::move(plan_);
    }

private:
    std::uint32_t slots_of(std::uint64_t bytes) const {
        const auto slots = bytes / (model_.bytes_per_token * block_tokens);
        return static_cast<std::uint32_t>(std::min<std::uint64_t>(slots, UINT32_MAX - 1));
    }

    void post(std::uint64_t time_ns, EventKind kind, std::uint32_t request) {
        events_.push({time_ns, order_++, kind, request});
    }

    /// The device of a new request, of those with so many busy slots; may have no room.
    std::uint32_t choose(const std::vector<std::uint32_t> &busy) const {
        if (model_.choice == Choice::round_robin)
            return static_cast<std::uint32_t>(turn_ % busy.size());
        return static_cast<std::uint32_t>(std::min_element(busy.begin(), busy.end()) -
                                          busy.begin());
    }

    bool admit(std::uint32_t index) {
        const Request &request = requests_[index];
        const std::uint32_t count = (request.input_tokens + block_tokens - 1) / block_tokens;
        if (!count)
            return true;
        if (const auto room = slots_of(model_.device_bytes); count > room)
            throw PlanError("request " + std::to_string(index + 1) + " has " +
                            std::to_string(count) + " KV blocks, but a device has room for " +
                            std::to_string(room) + ": give devices more memory");

        std::vector<std::uint32_t> prefill_busy;
        for (const auto &slots : prefill_)
            prefill_busy.push_back(slots.used());
        const auto prefill = choose(prefill_busy);
        const auto decode = choose(busy_);
        // What is idle makes room, but only if that is enough.
        if (prefill_[prefill].free() < count ||
            slots_of(model_.device_bytes) - busy_[decode] < count)
            return false;
        while (decode_[decode].free() < count) {
            evict(idle_[decode].front());
            idle_[decode].pop_front();
        }
        busy_[decode] += count;
        ++turn_;

        Active &active = active_[index];
        active.request = index;
        active.prefill = prefill;
        active.decode = decode;
        active.blocks.resize(count);
        bool hit = true;
        std::uint64_t computed_tokens = 0;
        for (std::uint32_t i = 0; i < count; ++i) {
            Block &block = active.blocks[i];
            const auto tokens = std::min(block_tokens, request.input_tokens - i * block_tokens);
            block.key = request.hash_ids.empty() ? block_key(anonymous_ids + anonymous_++, tokens)
                                                 : block_key(request.hash_ids[i], tokens);
            block.bytes = block_bytes(model_, tokens);
            hit = hit && host_.contains(block.key);
            block.hit = hit;
            computed_tokens += hit ? 0 : tokens;
            block.prefill_slot = prefill_[prefill].take();
            block.decode_slot = decode_[decode].take();
        }
        load(active);

        if (now_ns_ > request.time_ns) {
            ++plan_.delayed_requests;
            plan_.delay_max_ns = std::max(plan_.delay_max_ns, now_ns_ - request.time_ns);
        }
        post(now_ns_ + computed_tokens * 1'000'000'000 / model_.prefill_tokens_per_sec,
             EventKind::prefilled, index);
        return true;
    }

    void load(Active &active) {
        plan_.blocks += active.blocks.size();
        for (auto it = active.blocks.rbegin(); it != active.blocks.rend(); ++it)
            if (it->hit)
                it->host_slot = host_.touch(it->key);
        std::vector<Move> moves;
        for (const auto &block : active.blocks)
            if (block.hit)
                moves.push_back(
                    {block.key, block.host_slot, block.prefill_slot, block.bytes, false});
        plan_.hit_blocks += moves.size();
        emit(OpKind::load, active.request, Plan::host_pool, plan_.prefill_pool(active.prefill),
             moves);
    }

    void prefilled(std::uint32_t index) {
        Active &active = active_[index];
        std::vector<Move> moves;
        for (const auto &block : active.blocks) {
            moves.push_back(
                {block.key, block.prefill_slot, block.decode_slot, block.bytes, !block.hit});
            prefill_[active.prefill].give(block.prefill_slot);
        }
        emit(OpKind::handoff, index, plan_.prefill_pool(active.prefill),
             plan_.decode_pool(active.decode), moves);
        post(now_ns_ + requests_[index].output_tokens * model_.decode_ns_per_token,
             EventKind::decoded, index);
    }

    void decoded(std::uint32_t index) {
        busy_[active_[index].decode] -= static_cast<std::uint32_t>(active_[index].blocks.size());
        if (model_.evict == Evict::at_end)
            evict(index);
        else
            idle_[active_[index].decode].push_back(index);
    }

    /// From the last to the first: what a prefix begins with is used last and dropped last.
    void touch_held(const Active &active) {
        for (auto it = active.blocks.rbegin(); it != active.blocks.rend(); ++it)
            if (host_.contains(it->key))
                host_.touch(it->key);
    }

    void evict(std::uint32_t index) {
        Active &active = active_[index];
        std::vector<Move> moves;
        ++evictions_;
        touch_held(active);
        for (const auto &block : active.blocks) {
            decode_[active.decode].give(block.decode_slot);
            std::uint32_t slot = 0;
            bool dropped = false;
            if (host_.contains(block.key) || !host_.insert(block.key, evictions_, slot, dropped))
                continue;
            plan_.dropped_blocks += dropped;
            moves.push_back({block.key, block.decode_slot, slot, block.bytes, false});
        }
        touch_held(active);
        emit(OpKind::write_back, index, plan_.decode_pool(active.decode), Plan::host_pool, moves);
        active.blocks = {};
    }

    SlotUse &use(std::uint32_t pool, std::uint32_t slot) {
        auto &slots = use_[pool];
        if (slots.size() <= slot)
            slots.resize(slot + 1);
        return slots[slot];
    }

    /// @p op writes a slot: after its last writer and all who read that.
    void write(std::uint32_t pool, std::uint32_t slot, std::uint32_t op,
               std::vector<std::uint32_t> &after) {
        SlotUse &slot_use = use(pool, slot);
        if (slot_use.writer != no_op)
            after.push_back(slot_use.writer);
        after.insert(after.end(), slot_use.readers.begin(), slot_use.readers.end());
        slot_use.writer = op;
        slot_use.readers.clear();
    }

    void read(std::uint32_t pool, std::uint32_t slot, std::uint32_t op,
              std::vector<std::uint32_t> &after) {
        SlotUse &slot_use = use(pool, slot);
        if (slot_use.writer != no_op)
            after.push_back(slot_use.writer);
        slot_use.readers.push_back(op);
    }

    void emit(OpKind kind, std::uint32_t request, std::uint32_t src_pool, std::uint32_t dst_pool,
              const std::vector<Move> &moves) {
        for (std::size_t begin = 0; begin < moves.size(); begin += model_.moves_max) {
            const auto end = std::min<std::size_t>(begin + model_.moves_max, moves.size());
            const auto index = static_cast<std::uint32_t>(plan_.ops.size());
            Op op;
            op.kind = kind;
            op.time_ns = now_ns_;
            op.request = request;
            op.src_pool = src_pool;
            op.dst_pool = dst_pool;
            op.moves.assign(moves.begin() + static_cast<std::ptrdiff_t>(begin),
                            moves.begin() + static_cast<std::ptrdiff_t>(end));
            for (const auto &move : op.moves) {
                if (move.produced)
                    write(src_pool, move.src_slot, index, op.after);
                else
                    read(src_pool, move.src_slot, index, op.after);
                write(dst_pool, move.dst_slot, index, op.after);
            }
            std::sort(op.after.begin(), op.after.end());
            op.after.erase(std::unique(op.after.begin(), op.after.end()), op.after.end());
            plan_.ops.push_back(std::move(op));
        }
    }

    const std::vector<Request> &requests_;
    const Model &model_;
    HostCache host_;
    std::vector<Slots> prefill_;
    std::vector<Slots> decode_;
    std::vector<std::uint32_t> busy_; ///< slots of requests that are not decoded, by decode device
    std::vector<std::deque<std::uint32_t>> idle_; ///< decoded, still there, by device
    std::vector<std::vector<SlotUse>> use_;       ///< by pool and slot
    std::vector<Active> active_;
    std::deque<std::uint32_t> queue_; ///< arrived, not let in
    std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
    std::uint64_t order_ = 0;
    std::uint64_t turn_ = 0;
    std::uint64_t anonymous_ = 0;
    std::uint64_t evictions_ = 0;
    std::uint64_t now_ns_ = 0;
    Plan plan_;
};

void check(const Model &model) {
    if (!model.prefill_devices || !model.decode_devices)
        throw PlanError("a server needs at least one prefill device and one decode device");
    if (!model.bytes_per_token || model.bytes_per_token > std::uint64_t{1} << 40)
        throw PlanError("bytes per token must be from 1 byte to 1 TiB");
    if (!(model.scale > 0 && model.scale <= 1))
        throw PlanError("scale must be over 0 and at most 1");
    if (!model.prefill_tokens_per_sec || model.decode_ns_per_token > 1'000'000'000'000)
        throw PlanError("prefill takes at least 1 token a second, decode at most 1000 s a token");
    if (!model.moves_max)
        throw PlanError("an operation needs room for at least one block");
}

} // namespace

std::uint32_t block_bytes(const Model &model, std::uint32_t tokens) {
    const double bytes =
        std::ceil(static_cast<double>(model.bytes_per_token * tokens) * model.scale);
    if (!(bytes < 2.0 * (1 << 30)))
        throw PlanError("a KV block would have 2 GiB or more: give a smaller scale");
    const auto pages = (static_cast<std::uint32_t>(bytes) + page_bytes - 1) / page_bytes;
    return std::max(pages, 1U) * page_bytes;
}

Plan make_plan(const std::vector<Request> &requests, const Model &model) {
    check(model);
    return Planner(requests, model).run();
}

} // namespace supernode::replay

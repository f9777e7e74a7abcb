// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The replay loop: submit what is due and free of hazards, verify what ended, repeat.
#include "run.hpp"
#include "content.hpp"

#include <algorithm>
#include <queue>
#include <stdexcept>
#include <string>
#include <utility>

namespace supernode::replay {

namespace {

constexpr std::size_t listed_max = 16;

/// A bracket around CPU access.
class Access {
public:
    Access(Fabric &fabric, std::uint32_t pool, bool write)
        : fabric_(fabric), pool_(pool), write_(write), memory_(fabric.begin_access(pool, write)) {}
    Access(const Access &) = delete;
    Access &operator=(const Access &) = delete;
    ~Access() { fabric_.end_access(pool_, write_); }

    std::span<std::byte> memory() const { return memory_; }

private:
    Fabric &fabric_;
    std::uint32_t pool_;
    bool write_;
    std::span<std::byte> memory_;
};

class Runner {
public:
    Runner(const Plan &plan, Fabric &fabric, const RunOptions &options)
        : plan_(plan), fabric_(fabric), options_(options), waiting_for_(plan.ops.size()),
          followers_(plan.ops.size()), sent_ns_(plan.ops.size()) {
        if (!(options.speed_up > 0) || !options.inflight_max)
            throw std::runtime_error("speed-up and transfers in flight must be over 0");
        for (std::uint32_t i = 0; i < plan.ops.size(); ++i) {
            waiting_for_[i] = static_cast<std::uint32_t>(plan.ops[i].after.size());
            for (const auto before : plan.ops[i].after)
                followers_[before].push_back(i);
            if (!waiting_for_[i])
                ready_.push({due_ns(i), i});
        }
    }

    RunResult run() {
        begin_ns_ = last_news_ns_ = fabric_.now_ns();
        result_.begin_ns = result_.end_ns = begin_ns_;
        while (done_ < plan_.ops.size()) {
            submit_due();
            take_completions();
        }
        return std::move(result_);
    }

private:
    /// When an operation is due, after the begin of the replay.
    std::uint64_t due_ns(std::uint32_t op) const {
        return static_cast<std::uint64_t>(static_cast<double>(plan_.ops[op].time_ns) /
                                          options_.speed_up);
    }

    std::span<std::byte> slot(std::span<std::byte> pool, std::uint32_t slot, std::uint32_t bytes) {
        return pool.subspan(std::size_t{slot} * plan_.slot_bytes, bytes);
    }

    /// The engine behind refused: wait for a completion before the next try.
    void submit_due() {
        while (!ready_.empty() && !full_ && inflight_ < options_.inflight_max) {
            const auto [due, index] = ready_.top();
            if (begin_ns_ + due > fabric_.now_ns())
                return;
            prepare(index);
            const Op &op = plan_.ops[index];
            pieces_.clear();
            for (const auto &move : op.moves)
                pieces_.push_back({std::uint64_t{move.src_slot} * plan_.slot_bytes,
                                   std::uint64_t{move.dst_slot} * plan_.slot_bytes, move.bytes});
            const auto now_ns = fabric_.now_ns();
            if (!fabric_.submit(op.src_pool, op.dst_pool, pieces_, class_of(op.kind), index)) {
                full_ = true;
                if (!inflight_ && !refused_ns_)
                    refused_ns_ = now_ns;
                return;
            }
            ready_.pop();
            prepared_ = false;
            refused_ns_ = 0;
            sent_ns_[index] = now_ns;
            if (!inflight_++)
                last_news_ns_ = now_ns;
            result_.inflight_high = std::max(result_.inflight_high, inflight_);
            result_.late_ns.push_back(now_ns - begin_ns_ - due);
            if (submitted_++ == 0)
                result_.begin_ns = result_.end_ns = now_ns;
        }
    }

    /// Computes the blocks that begin here, and spoils what lies where blocks will land.
    void prepare(std::uint32_t index) {
        if (prepared_ && prepared_op_ == index)
            return;
        const Op &op = plan_.ops[index];
        if (std::any_of(op.moves.begin(), op.moves.end(),
                        [](const auto &move) { return move.produced; })) {
            const Access source(fabric_, op.src_pool, true);
            for (const auto &move : op.moves)
                if (move.produced)
                    fill_block(slot(source.memory(), move.src_slot, move.bytes), move.key);
        }
        const Access target(fabric_, op.dst_pool, true);
        for (const auto &move : op.moves)
            spoil_block(slot(target.memory(), move.dst_slot, move.bytes), index + move.dst_slot);
        prepared_ = true;
        prepared_op_ = index;
    }

    void take_completions() {
        const auto now_ns = fabric_.now_ns();
        std::uint64_t timeout_ns = inflight_ ? 1'000'000'000 : 10'000'000;
        if (!ready_.empty() && !full_ && inflight_ < options_.inflight_max) {
            const auto due = begin_ns_ + ready_.top().first;
            timeout_ns = due > now_ns ? due - now_ns : 0;
        }
        const auto completions = fabric_.completions(timeout_ns);
        if (completions.empty()) {
            full_ = full_ && inflight_;
            if (refused_ns_ && fabric_.now_ns() - refused_ns_ > options_.stall_ns)
                throw std::runtime_error("transfers are refused for now, but none is in flight");
            if (inflight_ && fabric_.now_ns() - last_news_ns_ > options_.stall_ns)
                throw std::runtime_error("no transfer has ended for " +
                                         std::to_string(options_.stall_ns / 1'000'000'000) +
                                         " s; " + std::to_string(inflight_) + " are unfinished");
            return;
        }
        for (const auto &completion : completions) {
            finish(completion);
            submit_due(); // verifying takes time, and others are due
        }
        last_news_ns_ = fabric_.now_ns();
    }

    void finish(const Completion &completion) {
        if (completion.type != CompletionType::transfer)
            return;
        if (completion.user_data >= plan_.ops.size() || !sent_ns_[completion.user_data])
            throw std::runtime_error("a completion record for a transfer that is not in flight: " +
                                     std::to_string(completion.user_data));
        const auto index = static_cast<std::uint32_t>(completion.user_data);
        const Op &op = plan_.ops[index];
        sent_ns_[index] = 0;
        --inflight_;
        full_ = false;

        auto &kind = result_.kinds[static_cast<std::size_t>(op.kind)];
        if (completion.status || completion.bytes != op.bytes()) {
            if (result_.failures++ < listed_max)
                result_.first_failures.push_back({index, completion.status, completion.bytes});
        } else {
            kind.bytes += completion.bytes;
            kind.latency_ns.push_back(completion.end_ns - completion.submit_ns);
            kind.queue_ns.push_back(std::max(completion.start_ns, completion.submit_ns) -
                                    completion.submit_ns);
            result_.end_ns = std::max(result_.end_ns, completion.end_ns);
        }
        verify(index);

        for (const auto follower : followers_[index])
            if (!--waiting_for_[follower])
                ready_.push({due_ns(follower), follower});
        ++done_;
        if (options_.progress)
            options_.progress(done_);
    }

    /// After a failed transfer too: what is missing shows here, and again in whoever reads it.
    void verify(std::uint32_t index) {
        const Op &op = plan_.ops[index];
        const Access target(fabric_, op.dst_pool, false);
        for (const auto &move : op.moves) {
            ++result_.blocks_verified;
            const auto wrong =
                find_mismatch(slot(target.memory(), move.dst_slot, move.bytes), move.key);
            if (wrong && result_.mismatches++ < listed_max)
                result_.first_mismatches.push_back(
                    {index, op.dst_pool, move.dst_slot, move.key, *wrong});
        }
    }

    using Due = std::pair<std::uint64_t, std::uint32_t>; // time, operation

    const Plan &plan_;
    Fabric &fabric_;
    const RunOptions &options_;
    std::vector<std::uint32_t> waiting_for_; ///< operations before it that are not over
    std::vector<std::vector<std::uint32_t>> followers_;
    std::vector<std::uint64_t> sent_ns_; ///< 0: not in flight
    std::priority_queue<Due, std::vector<Due>, std::greater<>> ready_;
    std::vector<Piece> pieces_;
    std::uint64_t begin_ns_ = 0;
    std::uint64_t last_news_ns_ = 0;
    std::uint64_t refused_ns_ = 0; ///< since then, with nothing in flight; 0: not
    std::size_t submitted_ = 0;
    std::size_t done_ = 0;
    std::uint32_t inflight_ = 0;
    bool full_ = false;
    bool prepared_ = false; ///< prepared_op_ was refused after its blocks were made
    std::uint32_t prepared_op_ = 0;
    RunResult result_;
};

} // namespace

Class class_of(OpKind kind) {
    switch (kind) {
    case OpKind::handoff:
        return Class::latency;
    case OpKind::write_back:
        return Class::bulk;
    case OpKind::load:
        break;
    }
    return Class::normal;
}

RunResult run_plan(const Plan &plan, Fabric &fabric, const RunOptions &options) {
    return Runner(plan, fabric, options).run();
}

} // namespace supernode::replay

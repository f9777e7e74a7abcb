// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Those who look: every GET and dump, paths, statistics, debugfs, and the events of all groups.
#pragma once

#include "load_world.hpp"

#include <supernode/events.hpp>

#include <array>
#include <set>

namespace load {

class Reader {
public:
    explicit Reader(const Actor &actor)
        : actor_(actor), board_(actor.board), random_(actor.random()) {}

    void run() {
        while (actor_.going()) {
            dumps();
            attempt(board_, Op::stats, {}, [&] { look(client_.stats()); });
            attempt(board_, Op::get_one, {}, [&] { client_.features(); });
            attempt(board_, Op::get_one, {}, [&] {
                const auto now = client_.topology().generation;
                require(now >= generation_, "generation {} came after {}", now, generation_);
                generation_ = now;
            });
            if (random_.chance(20))
                debugfs("/sys/kernel/debug/sn_sim");
            actor_.pause(random_.below(60));
        }
    }

private:
    /// Each object once, and each by itself as well, if it is still there.
    template<typename Dump, typename Get>
    void all(Dump &&dump, Get &&get) {
        decltype(dump()) objects;
        if (!attempt(board_, Op::dump, {EAGAIN}, [&] { objects = dump(); }))
            return;
        std::set<std::uint64_t> ids;
        for (const auto &object : objects)
            require(ids.insert(object.id).second, "a dump shows {} twice", object.id);
        if (!objects.empty())
            attempt(board_, Op::get_one, {ENOENT},
                    [&] { get(objects[random_.below(objects.size())].id); });
    }

    void dumps() {
        switch (random_.below(8)) {
        case 0:
            all([&] { return client_.devices(); }, [&](auto id) { client_.device(id); });
            break;
        case 1:
            all([&] { return client_.links(); }, [&](auto id) { client_.link(id); });
            break;
        case 2:
            all([&] { return client_.regions(); }, [&](auto id) { client_.region(id); });
            break;
        case 3:
            all([&] { return client_.engines(); }, [&](auto id) { client_.engine(id); });
            break;
        case 4:
            all([&] { return client_.buffers(); }, [&](auto id) { client_.buffer(id); });
            break;
        case 5:
            all([&] { return client_.transfers(); }, [](auto) {});
            break;
        case 6:
            all([&] { return client_.partitions(); }, [](auto) {});
            all([&] { return client_.tenants(); }, [](auto) {});
            break;
        case 7:
            paths();
            break;
        }
    }

    void paths() {
        const auto devices = insist([&] { return client_.devices(); });
        const auto &src = devices[random_.below(devices.size())];
        const auto &dst = devices[random_.below(devices.size())];
        Path path;
        if (!attempt(board_, Op::path, {ENOENT}, [&] { path = client_.path(src.id, dst.id); }))
            return;
        require(path.routes.empty() == (path.reason != PathReason::ok),
                "{} routes from {} to {}, and the reason is {}", path.routes.size(), src.name,
                dst.name, to_string(path.reason));
        for (const auto &route : path.routes)
            if (!route.hops.empty())
                require(route.hops.front().from == src.id && route.hops.back().to == dst.id,
                        "a route from {} to {} begins or ends elsewhere", src.name, dst.name);
    }

    /// Counters never run back, and no transfer ends that was not submitted.
    void look(const Stats &now) {
        require(now.slices >= before_.slices && now.retries >= before_.retries,
                "a counter ran back: {} slices, {} retries", now.slices, now.retries);
        for (const auto &c : now.classes)
            require(c.completed + c.failed <= c.submitted,
                    "class {}: {} submitted, {} completed, {} failed", to_string(c.priority),
                    c.submitted, c.completed, c.failed);
        before_ = now;
    }

    void debugfs(const std::filesystem::path &root) {
        std::error_code gone;
        for (std::filesystem::recursive_directory_iterator at(root, gone), end; !gone && at != end;
             at.increment(gone)) {
            std::ifstream in(at->path());
            std::string text;
            if (std::getline(in, text))
                board_.done(Op::debugfs_read);
        }
    }

    const Actor &actor_;
    Board &board_;
    Random random_;
    Client client_;
    Stats before_;
    std::uint64_t generation_ = 0;
};

/// Hears of everything; an end that is told twice is an end too many.
class Listener {
public:
    explicit Listener(const Actor &actor)
        : actor_(actor), board_(actor.board), random_(actor.random()) {}

    void run() {
        while (actor_.going()) {
            EventStream stream(
                std::array{group::topology, group::memory, group::transfer, group::fault});
            const auto until = Clock::now() + std::chrono::milliseconds(random_.below(20000));
            while (actor_.going() && Clock::now() < until)
                if (const auto event = stream.next(100ms))
                    hear(*event);
        }
    }

private:
    void hear(const Event &event) {
        if (std::holds_alternative<TopologyEvent>(event)) {
            board_.done(Op::event_topology);
        } else if (const auto *buffer = std::get_if<BufferEvent>(&event)) {
            require(buffer->id != 0, "an event of buffer 0");
            board_.done(Op::event_buffer);
        } else if (const auto *fault = std::get_if<FaultEvent>(&event)) {
            require(fault->device != 0 && fault->status < 0, "a fault of device {}: {}",
                    fault->device, fault->status);
            board_.done(Op::event_fault);
        } else if (const auto *transfer = std::get_if<TransferEvent>(&event)) {
            require(transfer->state == TransferState::done && transfer->status <= 0,
                    "transfer {} ended as {} with {}", transfer->id, to_string(transfer->state),
                    transfer->status);
            if (ended_.size() <= transfer->id)
                ended_.resize(2 * transfer->id + 1);
            require(!ended_[transfer->id], "transfer {} ended twice", transfer->id);
            ended_[transfer->id] = true;
            board_.done(Op::event_transfer);
        }
    }

    const Actor &actor_;
    Board &board_;
    Random random_;
    std::vector<bool> ended_;
};

} // namespace load

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Structure: devices and links that come and go under everybody's feet, and engines that fail.
#pragma once

#include "load_world.hpp"

namespace load {

/// Transactions: whole, dry, stale, aborted, forgotten. Several of them contend.
class Topologist {
public:
    explicit Topologist(const Actor &actor)
        : actor_(actor), board_(actor.board), random_(actor.random()),
          name_(fmt::format("dyn{}", actor.number)) {}

    void run() {
        while (actor_.going()) {
            switch (random_.below(6)) {
            case 0:
                whole();
                break;
            case 1:
                dry();
                break;
            case 2:
                stale();
                break;
            case 3:
                aborted();
                break;
            case 4:
                flap();
                break;
            case 5:
                single();
                break;
            }
            actor_.pause(random_.below(150));
        }
        remove_device(client_, name_);
    }

private:
    Transaction begin() {
        std::optional<Transaction> txn;
        attempt(board_, Op::txn_begin, {}, [&] { txn.emplace(client_.begin()); });
        return std::move(*txn);
    }

    bool commit(Transaction &txn, bool dry_run = false) {
        return attempt(board_, dry_run ? Op::txn_dry_run : Op::txn_commit, {ESTALE, EBUSY},
                       [&] { txn.commit(dry_run); });
    }

    /// A device with two links, staged. Nothing when it is there already.
    bool stage(Transaction &txn) {
        std::uint32_t id = 0;
        if (!attempt(board_, Op::device_add, {EEXIST},
                     [&] { id = txn.device_new(accelerator(name_, 8 * simtest::mib)); }))
            return false;
        for (const auto *peer : {"cpu0", "sim0"})
            attempt(board_, Op::link_add, {},
                    [&] { txn.link_new(simtest::link(id, device_id(client_, peer))); });
        return true;
    }

    void whole() {
        if (const auto id = find_device(client_, name_)) {
            remove(*id);
            return;
        }
        auto txn = begin();
        if (stage(txn) && commit(txn) && random_.chance(60))
            copy_with();
    }

    void remove(std::uint32_t id) {
        auto txn = begin();
        const bool force = random_.chance(50);
        if (!stage_removal(client_, txn, id, force) || !commit(txn))
            return;
        board_.done(force ? Op::device_force_remove : Op::device_remove);
    }

    /// What it made is used; half the time it is torn out under the transfer.
    void copy_with() {
        const auto region = find_region(client_, name_);
        const auto id = find_device(client_, name_);
        if (!region || !id)
            return;
        auto session = client_.open_session();
        simtest::Copy copy(session, *find_region(client_, "cpu0"), *region,
                           random_.between(1, 256) * 4096);
        Submission sent;
        if (!attempt(board_, Op::submit_single, {ESTALE, EHOSTUNREACH},
                     [&] { sent = copy.submit(); }))
            return;
        board_.accepted++;
        const bool torn = random_.chance(50);
        if (torn) {
            auto txn = begin();
            if (stage_removal(client_, txn, *id, true) && commit(txn))
                board_.done(Op::device_force_remove);
        }
        const auto end = session.wait(sent.id, 60s);
        require(end.has_value(), "transfer {} to {} never ends", sent.id, name_);
        /* Its only links may be down, or it is gone. */
        require(end->status == 0 || end->status == -EHOSTUNREACH ||
                    (torn && end->status == -ENODEV),
                "a transfer to {} ended with {}", name_, end->status);
        if (!torn && end->status == 0)
            copy.expect_arrived();
    }

    void dry() {
        auto txn = begin();
        const auto id = find_device(client_, name_);
        if (id ? stage_removal(client_, txn, *id, true) : stage(txn))
            commit(txn, true);
        if (random_.chance(50))
            commit(txn, true);
        /* dropped: aborts */
    }

    void stale() {
        auto first = begin(), second = begin();
        DeviceSpec a, b;
        a.kind = b.kind = DeviceKind::switch_;
        a.name = name_ + "a";
        b.name = name_ + "b";
        attempt(board_, Op::device_add, {}, [&] { first.device_new(a); });
        attempt(board_, Op::device_add, {}, [&] { second.device_new(b); });
        if (commit(first)) {
            try {
                second.commit();
                require(false, "a stale transaction was committed");
            } catch (const Error &e) {
                require(e.code() == ESTALE, "a stale transaction: {}", e.what());
                board_.done(Op::txn_stale);
            }
            remove_device(client_, a.name);
            board_.done(Op::device_remove);
        }
    }

    void aborted() {
        auto txn = begin();
        stage(txn);
        attempt(board_, Op::txn_abort, {}, [&] { txn.abort(); });
    }

    /// The link between sim0 and sim1 comes, goes, and flaps; so do those of the frail devices.
    void flap() {
        const auto sim0 = device_id(client_, "sim0");
        const auto sim1 = device_id(client_, "sim1");
        std::optional<Link> direct;
        std::vector<Link> frail;
        const auto cpu0 = device_id(client_, "cpu0");
        for (const auto &link : insist([&] { return client_.links(); })) {
            const bool steady = [&] {
                for (const auto id : {link.device_a, link.device_b})
                    if (id != sim0 && id != sim1 && id != cpu0)
                        return false;
                return true;
            }();
            if ((link.device_a == sim0 && link.device_b == sim1))
                direct = link;
            else if (!steady)
                frail.push_back(link);
        }
        if (!direct) {
            attempt(board_, Op::link_add, {},
                    [&] { client_.link_new(simtest::link(sim0, sim1, 30'000'000'000)); });
        } else if (random_.chance(20)) {
            if (attempt(board_, Op::link_remove, {ENOENT}, [&] { client_.link_del(direct->id); }))
                return;
        } else {
            toggle(direct->id);
        }
        const auto cpu1 = find_device(client_, "cpu1");
        std::erase_if(frail, [&](const auto &l) {
            return cpu1 && (l.device_a == *cpu1 || l.device_b == *cpu1);
        });
        if (!frail.empty())
            toggle(frail[random_.below(frail.size())].id);
    }

    void toggle(std::uint32_t id) {
        if (!attempt(board_, Op::link_down, {ENOENT},
                     [&] { client_.link_set(id, LinkState::down); }))
            return;
        actor_.pause(random_.below(20));
        attempt(board_, Op::link_up, {ENOENT}, [&] { client_.link_set(id, LinkState::up); });
    }

    /// Each a transaction of its own, which starts over by itself when others commit.
    void single() {
        DeviceSpec spec;
        spec.name = name_ + "s";
        spec.kind = DeviceKind::switch_;
        std::uint32_t id = 0, link = 0;
        attempt(board_, Op::device_add, {}, [&] { id = client_.device_new(spec); });
        attempt(board_, Op::link_add, {},
                [&] { link = client_.link_new(simtest::link(id, device_id(client_, "switch"))); });
        attempt(board_, Op::link_remove, {}, [&] { client_.link_del(link); });
        attempt(board_, Op::device_remove, {}, [&] { client_.device_del(id); });
    }

    const Actor &actor_;
    Board &board_;
    Random random_;
    std::string name_;
    Client client_;
};

} // namespace load

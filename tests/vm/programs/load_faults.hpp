// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Engines that fail: those of the frail devices in every way, those of the steady ones in ways that
// nobody may notice.
#pragma once

#include "load_world.hpp"

namespace load {

class Breaker {
public:
    Breaker(const Actor &actor, std::string device, std::string steady)
        : actor_(actor), board_(actor.board), random_(actor.random()), device_(std::move(device)),
          steady_(std::move(steady)) {}

    void run() {
        while (actor_.going()) {
            restore();
            actor_.pause(random_.between(50, 400));
            break_once();
            annoy();
        }
        calm();
        remove_device(client_, device_);
    }

private:
    void restore() {
        while (actor_.going() && !find_device(client_, device_)) {
            const bool made = attempt(board_, Op::txn_commit, {ESTALE, EEXIST}, [&] {
                auto txn = client_.begin();
                const auto id = txn.device_new(accelerator(device_));
                txn.link_new(simtest::link(id, device_id(client_, "cpu0")));
                txn.link_new(simtest::link(id, device_id(client_, "switch"), 20'000'000'000));
                txn.commit();
            });
            if (made)
                board_.done(Op::device_add);
        }
    }

    void break_once() {
        switch (random_.below(10)) {
        case 0:
        case 1:
        case 2:
            error();
            break;
        case 3:
            hang();
            break;
        case 4:
        case 5:
        case 6:
            late();
            break;
        case 7:
            disobey();
            break;
        case 8:
            vanish();
            break;
        case 9:
            tear_out();
            break;
        }
    }

    void error() {
        const bool told =
            turn_any("fail_status", random_.chance(50) ? -EIO : -EREMOTEIO) &&
            (random_.chance(50)
                 ? turn_any("fail_nth", static_cast<std::int64_t>(random_.between(1, 4)))
                 : turn_any("fail_every", static_cast<std::int64_t>(random_.between(1, 4))));
        if (!told)
            return;
        board_.done(Op::fault_error);
        actor_.pause(random_.below(300));
        turn_any("fail_every", 0);
    }

    /// Of the device and of those of its name that still drain. False when there is none.
    bool turn_any(std::string_view knob, std::int64_t value) {
        bool any = false;
        for_each_knobs(device_, [&](const std::string &name) { any |= turn(name, knob, value); });
        return any;
    }

    /// Until who waits for it cancels.
    void hang() {
        if (turn_any("hang_nth", static_cast<std::int64_t>(random_.between(1, 3))))
            board_.done(Op::fault_hang);
    }

    void late() {
        if (!turn_any("late_ns", static_cast<std::int64_t>(random_.below(20'000'000))) ||
            !turn_any("slow_percent", static_cast<std::int64_t>(random_.between(100, 2000))))
            return;
        board_.done(Op::fault_late);
        actor_.pause(random_.below(300));
        turn_any("late_ns", 0);
        turn_any("slow_percent", 100);
    }

    /// It does not even end what is aborted: the device is given up, its copies are quarantined.
    void disobey() {
        if (!turn_any("ignore_abort", 1) || !turn_any("hang_nth", 1))
            return;
        board_.done(Op::fault_disobey);
        actor_.pause(random_.between(500, 5000));
        calm();
    }

    void calm() {
        for_each_knobs(device_, [](const std::string &name) {
            turn(name, "hang_nth", 0);
            turn(name, "ignore_abort", 0);
            turn(name, "late_ns", 0);
            turn(name, "fail_every", 0);
        });
    }

    void vanish() {
        const auto id = find_device(client_, device_);
        if (!id || !turn_any("vanish", 1))
            return;
        for (const auto end = Clock::now() + 60s; find_device(client_, device_) == id;) {
            require(Clock::now() < end, "{} vanished and stays", device_);
            std::this_thread::sleep_for(5ms);
        }
        board_.done(Op::fault_vanish);
    }

    /// By the administrator, with live buffers and transfers.
    void tear_out() {
        remove_device(client_, device_);
        board_.done(Op::device_force_remove);
    }

    /// One failure of one copy is sent again, a late one is late.
    void annoy() {
        if (random_.chance(50)) {
            require(turn(steady_, "fail_nth", 1), "{} has no knobs", steady_);
            board_.done(Op::fault_error);
        }
        require(turn(steady_, "late_ns", static_cast<std::int64_t>(random_.below(2'000'000))),
                "{} has no knobs", steady_);
        board_.done(Op::fault_late);
    }

    const Actor &actor_;
    Board &board_;
    Random random_;
    std::string device_;
    std::string steady_;
    Client client_;
};

} // namespace load

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// One process that fuzzes: who it is, and what it does next.
#pragma once

#include "fuzz_act.hpp"
#include "fuzz_mutate.hpp"

#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <fstream>
#include <optional>

namespace fuzz {

enum Role : std::uint32_t {
    role_admin,
    role_netns,  ///< an administrator in a network namespace of its own
    role_userns, ///< root of a user and a network namespace, with fds from before
    role_uid,    ///< nobody, with fds from before
    role_opener, ///< nobody, with an administrator's sockets and fds
    roles
};
inline constexpr std::array role_names{"admin", "netns", "userns", "uid", "opener"};

inline Role role_of(std::uint64_t seed, std::uint32_t worker, std::uint32_t life) {
    const std::uint32_t roll = Rng(seed, worker + 100, life).below(100);
    return roll < 55   ? role_admin
           : roll < 67 ? role_netns
           : roll < 78 ? role_userns
           : roll < 89 ? role_uid
                       : role_opener;
}

class Worker {
public:
    Worker(const Spec &spec, Shared &shared, const Exchange &exchange, std::uint32_t index,
           Role role)
        : spec_(spec), shared_(shared), index_(index), role_(role), executor_(spec, shared, index),
          actor_(executor_, exchange) {
        prctl(PR_SET_NAME, fmt::format("fuzz-{}", index).c_str());
        signal(SIGCHLD, SIG_IGN);
        signal(SIGPIPE, SIG_IGN);
        begin_anew();
        take_role();
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    }

    Executor &executor() { return executor_; }

    /// True when an answer was new.
    bool run(const Program &program) { return executor_.run(program, actor_); }

    /// As long as the supervisor lets it, or a few programs when it could not begin anew.
    void fuzz(Recorder &recorder, std::uint64_t seed, std::uint32_t life, bool guided, bool race) {
        const bool collects = guided && index_ % 2 == 0;
        std::optional<Coverage> coverage;
        std::optional<Racer> racer;
        WorkerState &state = shared_.workers[index_];
        if (collects)
            coverage.emplace();
        if (race)
            racer.emplace(executor_.pool(), seed + life);
        executor_.recorder = &recorder;
        recorder.begin(seed, index_, life, role_, race);
        std::uint32_t loads = shared_.loads;
        for (std::uint32_t since = 1; !shared_.stop; since++) {
            const std::uint64_t iteration = state.programs.fetch_add(1);
            Rng rng(seed, index_, iteration);
            Program program = compose(rng, guided);
            if (shared_.quiesce) // hold little, and not for long
                program.resize(calls(program)[std::min<std::size_t>(2, calls(program).size() - 1)]);
            recorder.add(program, iteration);
            if (coverage)
                coverage->begin();
            bool fresh = run(program);
            if (coverage)
                fresh |= coverage->collect(shared_) > 0;
            if (fresh && guided)
                shared_.corpus.add(program);
            const bool quiesce = shared_.quiesce;
            if (quiesce || since % programs_at_once == 0 || recorder.full()) {
                if (role_ > role_netns)
                    return; // another life
                executor_.reset();
                if (!quiesce)
                    begin_anew();
                recorder.begin(seed, index_, life, role_, race);
            }
            if (quiesce)
                usleep(20'000);
            if (loads != shared_.loads) {
                loads = shared_.loads;
                executor_.resolve();
                executor_.reset();
                begin_anew();
            }
        }
    }

private:
    static constexpr std::uint32_t programs_at_once = 64;

    Program compose(Rng &rng, bool guided) {
        Generator generator(spec_, rng);
        Mutator mutator(spec_, rng);
        Program program, other;
        const std::uint32_t roll = rng.below(100);
        const std::uint32_t known = guided ? shared_.corpus.size() : 0;
        if (known && roll < 25 && shared_.corpus.get(rng.below(known), program)) {
            shared_.corpus.get(rng.below(known), other);
            mutator.mutate(program, other);
            return program;
        }
        program = roll < 80   ? generator.burst()
                  : roll < 95 ? generator.scenario()
                              : generator.soup();
        if (rng.chance(50))
            mutator.mutate(program, generator.scenario());
        return program;
    }

    /// What almost every program needs, and what is not an administrator's can only keep.
    void begin_anew() {
        executor_.learn_world();
        Rng rng(index_);
        Generator generator(spec_, rng);
        Program program;
        generator.be_careful(true);
        for (const auto step : {"session-open", "session-open", "buffer-alloc", "buffer-alloc",
                                "buffer-alloc", "transfer-submit", "topology-begin"})
            generator.add(program, step);
        run(program);
    }

    void take_role() {
        switch (role_) {
        case role_netns:
            (void)!unshare(CLONE_NEWNET);
            break;
        case role_userns:
            (void)!unshare(CLONE_NEWUSER | CLONE_NEWNET);
            std::ofstream("/proc/self/uid_map") << "0 0 1";
            break;
        case role_uid:
        case role_opener:
            (void)!setgroups(0, nullptr);
            (void)!setresgid(1000, 1000, 1000);
            (void)!setresuid(1000, 1000, 1000);
            break;
        default:
            return;
        }
        if (role_ == role_opener)
            return;
        for (std::uint32_t i = 0; i < Executor::sockets; i++)
            executor_.reopen(i);
    }

    const Spec &spec_;
    Shared &shared_;
    std::uint32_t index_;
    Role role_;
    Executor executor_;
    Actor actor_;
};

} // namespace fuzz

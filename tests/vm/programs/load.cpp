// SPDX-License-Identifier: GPL-2.0-only OR MIT
// All commands at once, from several processes and threads, for a given time: nothing may be wrong
// in between, and nothing may be left afterwards.
//
// load SECONDS SEED FIGURES    the count of every operation goes to the file FIGURES
//
// Each actor's choices follow from the seed; how they meet does not.
#include "load_buffers.hpp"
#include "load_faults.hpp"
#include "load_modules.hpp"
#include "load_mover.hpp"
#include "load_readers.hpp"
#include "load_topology.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <csignal>

namespace load {

/// A process of the load, which dies with the one that started it.
template<typename Body>
pid_t spawn(Body &&body) {
    const pid_t parent = getpid();
    const pid_t pid = fork();
    require(pid >= 0, "fork failed");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent)
            body();
        _exit(0);
    }
    return pid;
}

template<typename... Bodies>
void side_by_side(Bodies &&...bodies) {
    std::array threads{std::thread(std::forward<Bodies>(bodies))...};
    for (auto &thread : threads)
        thread.join();
}

/// Does a bit of all until it is killed.
[[noreturn]] void victim(const Actor &actor) {
    side_by_side(
        [&] {
            act(actor, [](const Actor &a) {
                FencePool pool;
                Mover(a, std::make_shared<Client>(), pool).run();
            });
        },
        [&] {
            act(actor, [](const Actor &a) {
                Client client;
                while (a.going()) {
                    auto txn = client.begin();
                    const auto id = txn.device_new(accelerator(a.name, simtest::mib));
                    txn.link_new(simtest::link(id, device_id(client, "cpu0")));
                    attempt(a.board, Op::txn_commit, {ESTALE}, [&] { txn.commit(); });
                    remove_device(client, a.name);
                }
            });
        });
    _exit(0);
}

void kill_processes(const Actor &actor) {
    auto random = actor.random();
    for (std::uint64_t i = 0; actor.going(); i++) {
        const Actor doomed{actor.board, actor.seed, actor.number + 1000 + i,
                           fmt::format("victim{}", i % 4)};
        const pid_t pid = spawn([&] { victim(doomed); });
        actor.pause(random.below(1500));
        kill(pid, SIGKILL);
        int status = 0;
        require(waitpid(pid, &status, 0) == pid, "waitpid failed");
        /* One that ended by itself, at the end of the load or of its luck, has said why. */
        if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
            actor.board.done(Op::process_killed);
        else
            require(!actor.going() && WIFEXITED(status), "a victim ended with {:#x}", status);
        Client client;
        remove_device(client, doomed.name);
    }
}

std::vector<pid_t> start(Board &board, std::uint64_t seed) {
    static std::vector<Actor> actors; /* outlives the threads that refer to it */
    static constexpr std::array names{"mover 0",   "mover 1",    "mover 2",      "mover 3",
                                      "allocator", "importer",   "topologist 0", "topologist 1",
                                      "breaker 0", "breaker 1",  "reader 0",     "reader 1",
                                      "listener",  "executioner"};
    for (std::size_t i = 0; i < names.size(); i++)
        actors.push_back({board, seed, i, names[i]});
    const auto mover = [](std::size_t n, std::shared_ptr<Client> client, FencePool &pool) {
        return [=, &pool] {
            act(actors[n], [&](const Actor &a) {
                Mover(a, client ? client : std::make_shared<Client>(), pool).run();
            });
        };
    };
    const auto of = []<typename Kind>(std::size_t n, std::type_identity<Kind>) {
        return [n] { act(actors[n], [](const Actor &a) { Kind(a).run(); }); };
    };
    const auto breaker = [](std::size_t n, const char *device, const char *steady) {
        return [=] { act(actors[n], [&](const Actor &a) { Breaker(a, device, steady).run(); }); };
    };
    return {
        spawn([&] { /* two threads, one socket */
                    FencePool pool;
                    const auto client = std::make_shared<Client>();
                    side_by_side(mover(0, client, pool), mover(1, client, pool));
        }),
        spawn([&] { /* two threads, a socket each */
                    FencePool pool;
                    side_by_side(mover(2, nullptr, pool), mover(3, nullptr, pool));
        }),
        spawn([&] { of(4, std::type_identity<Allocator>())(); }),
        spawn([&] { of(5, std::type_identity<Importer>())(); }),
        spawn([&] {
            side_by_side(of(6, std::type_identity<Topologist>()),
                         of(7, std::type_identity<Topologist>()));
        }),
        spawn([&] { side_by_side(breaker(8, "frail0", "sim0"), breaker(9, "frail1", "sim1")); }),
        spawn([&] {
            side_by_side(of(10, std::type_identity<Reader>()), of(11, std::type_identity<Reader>()),
                         of(12, std::type_identity<Listener>()));
        }),
        spawn([&] { act(actors[13], kill_processes); }),
    };
}

/// Until the time is over, and on a starved machine up to as long again for what has not come up
/// yet; or somebody fails, or nothing moves.
void supervise(Board &board, std::chrono::seconds duration) {
    const auto end = Clock::now() + duration;
    const auto complete = [&board] {
        return std::ranges::all_of(board.ops, [](const auto &op) { return op.done > 0; });
    };
    auto moved = Clock::now();
    std::uint64_t before = 0;
    while (!board.stop && (Clock::now() < end || (!complete() && Clock::now() < end + duration))) {
        std::this_thread::sleep_for(200ms);
        const std::uint64_t now = board[Op::transfer_done].done;
        if (now != before) {
            before = now;
            moved = Clock::now();
        } else if (Clock::now() - moved > 60s) {
            board.fail("all", "no transfer has ended well for 60 s");
        }
    }
    board.stop = true;
}

/// All of them must come to an end by themselves.
void gather(Board &board, const std::vector<pid_t> &pids) {
    const auto end = Clock::now() + 150s;
    for (const auto pid : pids) {
        int status = 0;
        pid_t got;
        while ((got = waitpid(pid, &status, WNOHANG)) == 0 && Clock::now() < end)
            std::this_thread::sleep_for(20ms);
        if (got == 0) {
            board.fail("all", "a process does not end");
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
        } else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            board.fail("all", fmt::format("a process ended with {:#x}", status));
        }
    }
}

void expect_nothing_left(Client &client, const Board &board) {
    simtest::until(
        "no session is left", [&] { return client.stats().sessions == 0; }, 30s);
    simtest::until(
        "no transfer is left", [&] { return client.transfers().empty(); }, 30s);
    simtest::until(
        "no buffer is left", [&] { return client.stats().buffers == 0; }, 30s);
    const auto stats = client.stats();
    require(stats.buffer_bytes == 0 && stats.quarantined_bytes == 0,
            "{} bytes of buffers, {} in quarantine are left", stats.buffer_bytes,
            stats.quarantined_bytes);
    std::uint64_t submitted = 0;
    for (const auto &c : stats.classes) {
        require(c.submitted == c.completed + c.failed,
                "class {}: {} submitted, {} completed, {} failed", to_string(c.priority),
                c.submitted, c.completed, c.failed);
        submitted += c.submitted;
    }
    require(submitted >= board.accepted, "{} transfers submitted, {} were accepted", submitted,
            board.accepted.load());
    require(client.buffers().empty(), "{} buffers are listed", client.buffers().size());
    for (const auto &tenant : client.tenants())
        require(!tenant.sessions && !tenant.buffers && !tenant.buffer_bytes,
                "tenant {} has {} sessions, {} buffers", tenant.id, tenant.sessions,
                tenant.buffers);
    for (const auto &region : client.regions())
        require(region.buffers == 0 && region.free_bytes == region.bytes,
                "region {} has {} buffers, {} of {} bytes free", region.id, region.buffers,
                region.free_bytes, region.bytes);
    for (const auto &engine : client.engines())
        require(engine.inflight == 0, "engine {} has {} copies", engine.id, engine.inflight);
    for (const auto &link : client.links())
        require(link.inflight_bytes_ab == 0 && link.inflight_bytes_ba == 0,
                "link {} carries {} and {} bytes", link.id, link.inflight_bytes_ab,
                link.inflight_bytes_ba);
}

void write_figures(const Board &board, const char *path, std::uint64_t seconds) {
    std::ofstream out(path);
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < board.ops.size(); i++) {
        const std::uint64_t done = board.ops[i].done;
        out << fmt::format("{}\t{}\tcount\t1\thigher\n", op_names[i], done);
        total += done;
    }
    out << fmt::format("operations\t{}\tcount\t1\thigher\n", total);
    out << fmt::format("transfers verified\t{}\tcount\t1\thigher\n",
                       board.verified_transfers.load());
    out << fmt::format("bytes verified\t{}\tB\t1\thigher\n", board.verified_bytes.load());
    out << fmt::format("seconds\t{}\ts\t-\tlower\n", seconds);
}

void print(const Board &board) {
    for (std::size_t i = 0; i < board.ops.size(); i++)
        fmt::print("{:20} {:8} done {:8} refused\n", op_names[i], board.ops[i].done.load(),
                   board.ops[i].refused.load());
    fmt::print("{} transfers, {} bytes verified\n", board.verified_transfers.load(),
               board.verified_bytes.load());
    std::fflush(stdout);
}

void run(int argc, char **argv) {
    require(argc == 4, "usage: load SECONDS SEED FIGURES");
    const std::chrono::seconds duration(std::strtoul(argv[1], nullptr, 0));
    const auto seed = std::strtoull(argv[2], nullptr, 0);
    auto &board = Board::create();
    fmt::print("seed {}\n", seed);
    std::fflush(stdout);

    Client client;
    const simtest::Cleaner cleaner(client);
    build_world(client);
    {
        /* What keeps both backends in use, whatever the others do. */
        auto session = client.open_session();
        const auto anchor = session.alloc({.region = *find_region(client, "cpu0"), .bytes = 4096});
        const auto begun = Clock::now();
        const auto pids = start(board, seed);
        supervise(board, duration);
        gather(board, pids);
        print(board);
        write_figures(
            board, argv[3],
            std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begun).count());
    }
    require(!board.failed, "{}", board.told ? board.why : "nobody said why");
    expect_nothing_left(client, board);
}

} // namespace load

int main(int argc, char **argv) {
    return vmtest::run([&] { load::run(argc, argv); });
}

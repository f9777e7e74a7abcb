// SPDX-License-Identifier: GPL-2.0-only OR MIT
// What the kernel must refuse, with which errno and sentence, and without a trace: after each
// refusal the topology, the counts and the memory are what they were.
//
// refusals malformed | privileges
#include "raw.hpp"
#include "refusals_cases.hpp"
#include "simtest.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/wait.h>

#include <filesystem>
#include <set>

namespace {

using namespace supernode;
using raw::find;
using raw::Message;
using refusals::Case;
using refusals::World;
using vmtest::require;

/// All that a refusal must not change.
struct State {
    explicit State(Client &client)
        : topology(client.topology()), stats(client.stats()), devices(client.devices()),
          links(client.links()), regions(client.regions()), buffers(client.buffers()),
          transfers(client.transfers().size()), tenants(client.tenants()) {
        using files = std::filesystem::directory_iterator;
        fds = std::distance(files("/proc/self/fd"), files());
    }
    bool operator==(const State &) const = default;

    TopologyInfo topology;
    Stats stats;
    std::vector<Device> devices;
    std::vector<Link> links;
    std::vector<Region> regions;
    std::vector<BufferInfo> buffers;
    std::size_t transfers;
    std::vector<Tenant> tenants;
    std::ptrdiff_t fds;
};

void expect(raw::Socket &socket, const Message &message, const Case &c) {
    const auto answer = socket.ask(message, c.flags);
    require(answer.error == c.error, "{}: {} '{}', should be {}", c.name, errno_name(answer.error),
            answer.sentence, errno_name(c.error));
    require(answer.sentence.starts_with(c.sentence), "{}: said '{}', should say '{}...'", c.name,
            answer.sentence, c.sentence);
    require(answer.objects.empty(), "{}: was refused and answered", c.name);
}

void malformed() {
    Client client;
    const simtest::Cleaner cleaner(client);
    World world(client);
    raw::Socket socket;
    const State before(client);
    unsigned wrong = 0, all = 0;

    for (const auto &table : refusals::tables())
        for (const Case &c : table) {
            all++;
            try {
                expect(socket, c.build(world), c);
                require(State(client) == before, "{}: was refused and left something", c.name);
            } catch (const std::runtime_error &e) {
                fmt::print(stderr, "{}\n", e.what());
                wrong++;
            }
        }
    require(wrong == 0, "{} of {} cases are wrong", wrong, all);
    fmt::print("{} refusals\n", all);
}

/// A buffer that is being made cannot be copied: asks while one is, which takes some luck.
void pending() {
    Client client;
    const simtest::Cleaner cleaner(client);
    World world(client);
    raw::Socket socket;
    const Case again{"pending buffer", nullptr, EAGAIN, "buffer is not ready yet"};

    for (int i = 0; i < 50; i++) {
        auto buffer = world.session->alloc({.region = world.gpu_region, .bytes = 24 << 20});
        if (buffer.state != BufferState::pending)
            continue;
        const auto message =
            world.submit({{.src_fd = world.a.fd.get(), .dst_fd = buffer.fd.get(), .bytes = 4096}});
        const auto answer = socket.ask(message);
        world.session->wait(buffer.id, simtest::moment, CompletionType::buffer);
        if (answer.error == EAGAIN) {
            require(answer.sentence.starts_with(again.sentence), "pending: said '{}'",
                    answer.sentence);
            require(client.transfers().empty(), "pending: was refused and left something");
            return;
        }
        require(answer.error == 0, "pending: {}", errno_name(answer.error));
        world.session->completions(simtest::moment);
    }
    throw std::runtime_error("no buffer was pending long enough to be refused");
}

/// What the module's parameters limit, each lowered to what is there already.
void limits() {
    Client client;
    const simtest::Cleaner cleaner(client);
    World world(client);
    raw::Socket socket;
    const auto parameter = [](std::string_view name, std::uint64_t value) {
        const auto path = fmt::format("/sys/module/supernode/parameters/{}", name);
        std::uint64_t old = 0;
        std::ifstream(path) >> old;
        std::ofstream out(path);
        out << value << std::flush;
        require(out.good(), "parameter {} refuses {}", name, value);
        return old;
    };
    struct Limit {
        const char *parameter;
        std::uint64_t now;
        Case refusal;
    };
    const auto stats = client.stats();
    const Limit all[] = {
        {"devices_max",
         client.topology().devices,
         {"devices_max", [](const World &) { return refusals::device("x"); }, ENOSPC, "more than"}},
        {"links_max",
         client.topology().links,
         {"links_max", [](const World &w) { return refusals::link(w.cpu, w.gpu); }, ENOSPC,
          "more than"}},
        {"sessions_max",
         stats.sessions,
         {"sessions_max", [](const World &) { return Message(SN_CMD_SESSION_OPEN); }, EAGAIN,
          "tenant has too many sessions"}},
        {"buffers_max",
         stats.buffers,
         {"buffers_max", [](const World &w) { return w.alloc(4096); }, EDQUOT,
          "tenant has too many buffers"}},
    };
    const State before(client);
    for (const auto &limit : all) {
        const auto old = parameter(limit.parameter, limit.now);
        expect(socket, limit.refusal.build(world), limit.refusal);
        require(State(client) == before, "{}: was refused and left something", limit.parameter);
        parameter(limit.parameter, old);
    }

    /* A session takes as many transfers as there is room for their records. */
    const auto old = parameter("session_records_max", 2);
    auto session = client.open_session();
    parameter("session_records_max", old);
    require(session.transfers_max() == 2, "a session of {}", session.transfers_max());
    const auto good = world.submit({world.good()}, session.fd());
    for (int i = 0; i < 2; i++)
        require(!socket.ask(good).error, "transfer {} of 2 was refused", i + 1);
    simtest::until("both ended", [&] { return client.transfers().empty(); });
    expect(socket, good,
           {"unread records", nullptr, EAGAIN,
            "session has too many unfinished transfers and unread"});
    session.next(simtest::moment);
    require(!socket.ask(good).error, "a transfer was refused after a record was read");
}

void become_nobody() {
    require(setgroups(0, nullptr) == 0 && setresgid(65534, 65534, 65534) == 0 &&
                setresuid(65534, 65534, 65534) == 0,
            "cannot become nobody: {}", std::strerror(errno));
}

/// What an administrator may ask, and only one: all of it would be done otherwise.
std::vector<std::pair<Case, Message>> admin_requests(const World &w) {
    constexpr auto sentence = "sender and socket opener need CAP_SYS_ADMIN";
    std::vector<std::pair<Case, Message>> all;
    const auto add = [&](const char *name, Message message, int flags = 0) {
        all.emplace_back(Case{name, nullptr, EPERM, sentence, flags}, std::move(message));
    };
    add("begin", Message(SN_CMD_TOPOLOGY_BEGIN));
    add("commit", Message(SN_CMD_TOPOLOGY_COMMIT).s32(SN_A_TOPOLOGY_FD, w.txn->fd()));
    add("abort", Message(SN_CMD_TOPOLOGY_ABORT).s32(SN_A_TOPOLOGY_FD, w.txn->fd()));
    add("device new", refusals::device("fresh"));
    add("device del", Message(SN_CMD_DEVICE_DEL).u32(SN_A_DEVICE_ID, w.spare));
    add("link new", refusals::link(w.cpu, w.gpu));
    add("link set", Message(SN_CMD_LINK_SET)
                        .u32(SN_A_LINK_ID, w.link)
                        .u32(SN_A_LINK_ADMIN, SN_LINK_STATE_DOWN));
    add("link del", Message(SN_CMD_LINK_DEL).u32(SN_A_LINK_ID, w.link));
    add("buffer get", Message(SN_CMD_BUFFER_GET).u64(SN_A_BUFFER_ID, w.a.id));
    add("stats", Message(SN_CMD_STATS_GET));
    add("buffer dump", Message(SN_CMD_BUFFER_GET), NLM_F_DUMP);
    add("transfer dump", Message(SN_CMD_TRANSFER_GET), NLM_F_DUMP);
    add("tenant dump", Message(SN_CMD_TENANT_GET), NLM_F_DUMP);
    return all;
}

void expect_powerless(raw::Socket &socket, const World &w, std::string_view who) {
    for (const auto &[c, message] : admin_requests(w)) {
        try {
            expect(socket, message, c);
        } catch (const std::runtime_error &e) {
            throw std::runtime_error(fmt::format("{}: {}", who, e.what()));
        }
    }
    const auto session = socket.ask(Message(SN_CMD_SESSION_OPEN));
    require(session.error == EACCES && session.sentence.starts_with("no tenant is bound"),
            "{}: SESSION_OPEN: {} '{}'", who, errno_name(session.error), session.sentence);

    const auto link = socket.ask(Message(SN_CMD_LINK_GET).u32(SN_A_LINK_ID, w.link));
    require(!link.error && find(link.reply, SN_A_LINK_OPER).size() == 4, "{}: LINK_GET: {} '{}'",
            who, errno_name(link.error), link.sentence);
    const auto links = socket.ask(Message(SN_CMD_LINK_GET), NLM_F_DUMP);
    require(!links.error && !links.objects.empty(), "{}: LINK_GET dump: {}", who,
            errno_name(links.error));
    for (const auto *reply : {&link.reply, &links.reply})
        for (int type = SN_A_LINK_BYTES_AB; type <= SN_A_LINK_INFLIGHT_BYTES_BA; type++)
            require(find(*reply, type).empty(), "{}: sees counter {} of a link", who, type);
    const auto region = socket.ask(Message(SN_CMD_REGION_GET).u32(SN_A_REGION_ID, w.gpu_region));
    require(!region.error && find(region.reply, SN_A_REGION_BYTES).size() == 8 &&
                find(region.reply, SN_A_REGION_FREE_BYTES).empty() &&
                find(region.reply, SN_A_REGION_BUFFERS).empty(),
            "{}: sees what is free in a region", who);
    const auto device = socket.ask(Message(SN_CMD_DEVICE_GET).u32(SN_A_DEVICE_ID, w.cpu));
    require(!device.error && find(device.reply, SN_A_DEVICE_BUFFERS).empty(),
            "{}: sees a device's buffers", who);
}

template<typename Body>
void in_child(Body &&body) {
    const pid_t pid = fork();
    require(pid >= 0, "fork failed");
    if (pid == 0)
        _exit(vmtest::run(body));
    int status = 0;
    require(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0,
            "a child failed");
}

void privileges() {
    Client client;
    const simtest::Cleaner cleaner(client);
    World world(client);
    const State before(client);

    for (const bool addressed : {true, false}) {
        in_child([&] {
            become_nobody();
            raw::Socket socket(addressed);
            expect_powerless(socket, world, "nobody");
        });
        in_child([&] {
            raw::Socket socket(addressed);
            become_nobody();
            expect_powerless(socket, world, "nobody with root's socket");
        });
        in_child([&] {
            require(seteuid(65534) == 0, "seteuid failed");
            raw::Socket socket(addressed);
            require(seteuid(0) == 0, "seteuid failed");
            expect_powerless(socket, world, "root with nobody's socket");
        });
        in_child([&] {
            require(unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0, "unshare: {}",
                    std::strerror(errno));
            raw::Socket socket(addressed);
            expect_powerless(socket, world, "root of another user namespace");
        });
        require(State(client) == before, "a refusal left something");
    }
    /* The same requests are an administrator's to make: they were refused for who asked. */
    raw::Socket socket;
    for (const auto &[c, message] : admin_requests(world)) {
        if (std::string_view(c.name) == "begin")
            continue; /* its fd would be ours to close */
        const auto answer = socket.ask(message, c.flags);
        const bool ended = std::string_view(c.name) == "abort";
        require(!answer.error || ended, "{}: an administrator was refused: {}", c.name,
                answer.sentence);
    }
}

} // namespace

int main(int argc, char **argv) {
    return vmtest::run([&] {
        const std::string verb = argc > 1 ? argv[1] : "";
        if (verb == "malformed") {
            malformed();
            pending();
            limits();
        } else if (verb == "privileges") {
            privileges();
        } else {
            require(false, "usage: refusals malformed|privileges");
        }
    });
}

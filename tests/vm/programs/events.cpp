// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Events: what is told to whom. The topology to every network namespace, the rest to administrators
// in the initial one.
#include "raw.hpp"
#include "simtest.hpp"

#include <supernode/events.hpp>

#include <grp.h>
#include <sched.h>
#include <sys/wait.h>

#include <array>

namespace {

using namespace supernode;
using vmtest::require;
namespace groups = supernode::group;
using namespace std::chrono_literals;

constexpr std::array all_groups{groups::topology, groups::memory, groups::transfer, groups::fault};
constexpr std::array topology_group{groups::topology};

/// The next event of a type, within the time; those of other types are passed over.
template<typename Wanted, typename Matches>
Wanted expect(EventStream &stream, std::string_view what, Matches &&matches) {
    const auto end = std::chrono::steady_clock::now() + simtest::moment;
    while (std::chrono::steady_clock::now() < end) {
        const auto event = stream.next(100ms);
        if (!event)
            continue;
        require(!std::holds_alternative<LostEvent>(*event), "{}: events were lost", what);
        if (const auto *wanted = std::get_if<Wanted>(&*event); wanted && matches(*wanted))
            return *wanted;
    }
    throw std::runtime_error(fmt::format("no event: {}", what));
}

void expect_silence(EventStream &stream, std::string_view what) {
    require(!stream.next(300ms), "an event nobody asked for: {}", what);
}

void drain(EventStream &stream) {
    while (stream.next(200ms))
        ;
}

void administrator() {
    Client client;
    const simtest::Cleaner cleaner(client);
    EventStream stream(all_groups);
    const auto any = [](const auto &) { return true; };

    /* 1. The structure: one event for each commit, and none for what changes nothing. */
    auto generation = client.topology().generation;
    const auto gpu = client.device_new(simtest::gpu("gpu"));
    auto told = expect<TopologyEvent>(stream, "a new device", any);
    require(told.generation == generation + 1, "told of generation {}, should be {}",
            told.generation, generation + 1);
    const auto link = client.link_new(simtest::link(vmtest::device_id(client, "cpu0"), gpu));
    told = expect<TopologyEvent>(stream, "a new link", any);
    generation = client.topology().generation;
    require(told.generation == generation, "told of generation {}", told.generation);
    {
        auto txn = client.begin();
        txn.link_del(link);
        txn.commit(true);
    }
    expect_silence(stream, "a dry run and an abort");
    client.link_set(link, LinkState::down);
    expect<TopologyEvent>(stream, "a link went down",
                          [&](const auto &e) { return e.generation == generation; });
    client.link_set(link, LinkState::down);
    expect_silence(stream, "a link that was down already");
    client.link_set(link, LinkState::up);
    expect<TopologyEvent>(stream, "a link came up", any);

    /* 2. Buffers and transfers. */
    const auto region = client.device(gpu).regions.at(0).id;
    auto session = client.open_session();
    auto small = session.alloc({.region = region, .bytes = 4096});
    const auto buffer = expect<BufferEvent>(stream, "a buffer is ready",
                                            [&](const auto &e) { return e.id == small.id; });
    require(buffer.state == BufferState::ready && buffer.bytes == 4096,
            "the buffer's event says {} and {} bytes", to_string(buffer.state), buffer.bytes);
    simtest::Copy copy(session, region, vmtest::region_of(client, "cpu0").id, 1 << 20);
    drain(stream);
    const auto id = copy.submit().id;
    const auto done = expect<TransferEvent>(stream, "a transfer ended",
                                            [&](const auto &e) { return e.id == id; });
    require(done.state == TransferState::done && done.status == 0 && done.done_bytes == 1 << 20 &&
                done.session == session.id(),
            "the transfer's event says {}, status {}, {} bytes, session {}", to_string(done.state),
            done.status, done.done_bytes, done.session);

    /* 3. A device is pulled out: a fault, its buffers, and another structure. */
    drain(stream);
    EventStream topology(topology_group), fault(std::array{groups::fault});
    simtest::knob("gpu", "vanish", 1);
    const auto hit = expect<FaultEvent>(fault, "a device vanished", any);
    require(hit.device == gpu && hit.status == -ENODEV && !hit.transfer,
            "the fault's event names device {} and status {}", hit.device, hit.status);
    expect<TopologyEvent>(topology, "its device left",
                          [&](const auto &e) { return e.generation > generation; });
    const auto lost = expect<BufferEvent>(stream, "its buffer is lost", [&](const auto &e) {
        return e.id == small.id && e.state == BufferState::lost;
    });
    require(lost.bytes == 4096, "the lost buffer has {} bytes", lost.bytes);
    expect_silence(topology, "nothing happens any more");
}

template<typename Body>
void in_child(std::string_view who, Body &&body) {
    const pid_t pid = fork();
    require(pid >= 0, "fork failed");
    if (pid == 0)
        _exit(vmtest::run(body));
    int status = 0;
    require(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0,
            "{} failed", who);
}

bool joins(std::string_view name) {
    raw::Socket socket;
    const auto number = socket.group(name);
    require(number != 0, "there is no group {}", name);
    return !setsockopt(socket.fd(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &number, sizeof(number));
}

void namespaces() {
    Client client;
    const simtest::Cleaner cleaner(client);

    in_child("nobody", [] {
        require(setgroups(0, nullptr) == 0 && setresgid(65534, 65534, 65534) == 0 &&
                    setresuid(65534, 65534, 65534) == 0,
                "cannot become nobody");
        require(joins("topology"), "nobody cannot join the topology group");
        for (const auto *name : {"memory", "transfer", "fault"})
            require(!joins(name) && errno == EPERM, "nobody joins the group {}", name);
    });

    int ready[2], go[2];
    char byte;
    require(pipe(ready) == 0 && pipe(go) == 0, "pipe failed");
    const pid_t pid = fork();
    require(pid >= 0, "fork failed");
    if (pid == 0)
        _exit(vmtest::run([&] {
            require(unshare(CLONE_NEWNET) == 0, "unshare: {}", std::strerror(errno));
            /* Root of the initial user namespace may join there, but nothing is sent. */
            EventStream topology(topology_group), others(all_groups);
            require(write(ready[1], "x", 1) == 1 && read(go[0], &byte, 1) == 1, "pipe");
            const auto told = expect<TopologyEvent>(topology, "in another network namespace",
                                                    [](const auto &) { return true; });
            require(told.generation == Client().topology().generation - 1 ||
                        told.generation == Client().topology().generation,
                    "told of generation {}", told.generation);
            require(write(ready[1], "x", 1) == 1 && read(go[0], &byte, 1) == 1, "pipe");
            unsigned topologies = 0;
            while (const auto event = others.next(500ms)) {
                require(std::holds_alternative<TopologyEvent>(*event),
                        "an event of kind {} left the initial namespace", event->index());
                topologies++;
            }
            require(topologies > 0, "no topology event of the second group");
        }));
    require(read(ready[0], &byte, 1) == 1, "the child said nothing");
    EventStream own(all_groups);
    const auto gpu = client.device_new(simtest::gpu("gpu"));
    const auto region = client.device(gpu).regions.at(0).id;
    require(write(go[1], "x", 1) == 1 && read(ready[0], &byte, 1) == 1, "the child heard nothing");
    {
        auto session = client.open_session();
        simtest::Copy copy(session, region, region, 65536);
        const auto id = copy.submit().id;
        expect<TransferEvent>(own, "a transfer, here", [&](const auto &e) { return e.id == id; });
        simtest::knob("gpu", "vanish", 1);
        expect<FaultEvent>(own, "a fault, here", [](const auto &) { return true; });
    }
    require(write(go[1], "x", 1) == 1, "pipe");
    int status = 0;
    require(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0,
            "the child in another namespace failed");
}

} // namespace

int main() {
    return vmtest::run([] {
        administrator();
        namespaces();
    });
}

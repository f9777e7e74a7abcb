// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Transactions commit whole or not at all, and say why; and what a path's answer may be.
#include "simtest.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

namespace {

using namespace supernode;
using simtest::refused;
using vmtest::require;

struct Structure {
    explicit Structure(Client &client)
        : info(client.topology()), devices(client.devices()), links(client.links()) {}
    bool operator==(const Structure &) const = default;
    TopologyInfo info;
    std::vector<Device> devices;
    std::vector<Link> links;
};

DeviceSpec named(std::string name, DeviceKind kind = DeviceKind::nic) {
    DeviceSpec spec;
    spec.name = std::move(name);
    spec.kind = kind;
    return spec;
}

bool exists(Client &client, std::string_view name) {
    const auto all = client.devices();
    return std::ranges::any_of(all, [&](const auto &d) { return d.name == name; });
}

void dry_runs(Client &client) {
    const Structure before(client);
    auto txn = client.begin("dry");
    const auto a = txn.device_new(simtest::gpu("a"));
    txn.link_new(simtest::link(a, vmtest::device_id(client, "cpu0")));
    txn.commit(true);
    require(Structure(client) == before, "a dry run changed something");
    txn.commit(true);
    const auto info = txn.commit();
    require(info.generation == before.info.generation + 1 && info.name == "dry" &&
                info.devices == before.info.devices + 1 && info.links == before.info.links + 1,
            "the commit answers generation {}, {} devices, {} links", info.generation, info.devices,
            info.links);
    require(client.topology() == info, "the topology is not what the commit answered");
    const auto device = client.device(a);
    require(device.name == "a" && device.state == DeviceState::live, "device a is not live");

    /* What a commit would refuse, its dry run refuses too, and neither changes anything. */
    const Structure now(client);
    auto bad = client.begin();
    bad.device_del(a);
    refused(EBUSY, "dry run", [&] { bad.commit(true); });
    require(Structure(client) == now, "a refused dry run changed something");
    refused(EBUSY, "commit", [&] { bad.commit(); });
    require(Structure(client) == now, "a refused commit changed something");
}

void aborts(Client &client) {
    const Structure before(client);
    {
        auto txn = client.begin();
        txn.device_new(simtest::gpu("gone"));
    }
    require(Structure(client) == before, "an abort changed something");
    {
        auto txn = client.begin();
        const auto id = txn.device_new(simtest::gpu("gone"));
        txn.link_new(simtest::link(id, vmtest::device_id(client, "cpu0")));
        close(dup(txn.fd())); /* only the last descriptor counts */
        txn.device_new(named("gone2"));
        txn.abort();
    }
    require(Structure(client) == before, "an abort by command changed something");

    int ready[2];
    require(pipe(ready) == 0, "pipe failed");
    const pid_t pid = fork();
    if (pid == 0)
        _exit(vmtest::run([&] {
            Client own;
            auto txn = own.begin();
            txn.device_new(simtest::gpu("gone"));
            (void)!write(ready[1], "x", 1);
            pause();
        }));
    char byte;
    require(read(ready[0], &byte, 1) == 1, "the child said nothing");
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    close(ready[0]);
    close(ready[1]);
    require(Structure(client) == before, "a killed client's transaction changed something");
    /* The names were never taken. */
    client.device_del(client.device_new(simtest::gpu("gone")));
}

void rivals(Client &client) {
    auto first = client.begin("first");
    auto second = client.begin("second");
    require(first.generation() == second.generation(), "two generations");
    first.device_new(named("rival"));
    second.device_new(named("rival")); /* each has its own view */
    first.commit();
    refused(ESTALE, "the second commit", [&] { second.commit(); });
    require(client.topology().name == "first", "the topology is called {}", client.topology().name);

    auto third = client.begin();
    refused(EEXIST, "a name that is taken", [&] { third.device_new(named("rival")); });
    third.device_del(vmtest::device_id(client, "rival"));
    third.device_new(named("rival")); /* the name is free in here */
    third.commit();
    client.device_del(vmtest::device_id(client, "rival"));

    /* A refused stage leaves what was staged before it, and the ids of it can be used. */
    auto txn = client.begin();
    const auto a = txn.device_new(named("left"));
    const auto b = txn.device_new(named("right"));
    auto spec = simtest::link(a, b);
    spec.port_a = 3;
    const auto link = txn.link_new(spec);
    refused(EADDRINUSE, "a staged port", [&] { txn.link_new(spec); });
    refused(EEXIST, "a staged name", [&] { txn.device_new(named("left")); });
    refused(EINVAL, "a link to itself", [&] { txn.link_new(simtest::link(a, a)); });
    refused(EBUSY, "a staged device with a staged link", [&] { txn.device_del(a); });
    refused(ENOENT, "a staged id elsewhere",
            [&] { client.link_new(simtest::link(a, vmtest::device_id(client, "cpu0"))); });
    const auto extra = txn.device_new(named("extra"));
    txn.device_del(extra);
    refused(ENOENT, "what was taken back", [&] { txn.device_del(extra); });
    txn.commit();
    require(client.link(link).port_a == 3 && client.device(a).name == "left" &&
                client.device(b).name == "right" && !exists(client, "extra"),
            "the commit is not what was staged");

    auto remove = client.begin();
    remove.device_del(a); /* before its link: the order is free */
    refused(ENOENT, "a link to what goes", [&] { remove.link_new(simtest::link(a, b)); });
    remove.link_del(link);
    refused(ENOENT, "twice", [&] { remove.link_del(link); });
    remove.device_del(b);
    remove.commit();
    require(!exists(client, "left") && !exists(client, "right"), "they are still there");
    refused(ENOENT, "an id that was", [&] { client.device(a); });
}

void removals(Client &client) {
    const auto cpu = vmtest::device_id(client, "cpu0");
    const auto id = client.device_new(simtest::gpu("victim"));
    const auto link = client.link_new(simtest::link(cpu, id));
    const auto region = client.device(id).regions.at(0).id;
    auto session = client.open_session();
    auto buffer = session.alloc({.region = region, .bytes = 65536});
    UniqueMapping map(buffer.fd.get());
    map.data()[0] = std::byte{42};

    refused(EBUSY, "a device with a link", [&] { client.device_del(id, true); });
    client.link_del(link);
    refused(EBUSY, "a device with a buffer", [&] { client.device_del(id); });
    auto txn = client.begin();
    refused(EBUSY, "the same, staged", [&] { txn.device_del(id); });
    txn.abort();
    require(map.data()[0] == std::byte{42}, "a refusal touched a buffer");

    client.device_del(id, true);
    refused(ENOENT, "its region", [&] { client.region(region); });
    /* The answer does not wait for engines, so the buffers follow it. */
    simtest::until("the buffer is lost",
                   [&] { return client.buffer_info(buffer.fd.get()).state == BufferState::lost; });
    const volatile std::byte *const bytes = map.data();
    simtest::until("its mapping reads 0", [&] { return bytes[0] == std::byte{0}; });
    refused(ENODEV, "a copy of a lost buffer", [&] {
        const Segment s{.src_fd = buffer.fd.get(),
                        .dst_fd = buffer.fd.get(),
                        .dst_offset = 4096,
                        .bytes = 4096};
        session.submit({&s, 1});
    });
    map = UniqueMapping();
    buffer.fd.reset();
    simtest::until("the lost buffer is freed", [&] { return client.stats().buffers == 0; });
}

void expect_path(Client &client, std::string_view what, std::uint32_t src, std::uint32_t dst,
                 PathReason reason, std::optional<std::uint32_t> culprit = {}) {
    const auto path = client.path(src, dst);
    require(path.reason == reason, "{}: '{}', should be '{}'", what, to_string(path.reason),
            to_string(reason));
    require(path.routes.empty() == (reason != PathReason::ok), "{}: {} routes", what,
            path.routes.size());
    require(!culprit || path.culprit == culprit, "{}: the culprit is {}, should be {}", what,
            path.culprit.value_or(0), *culprit);
}

void paths(Client &client) {
    const auto cpu = vmtest::device_id(client, "cpu0");
    const auto link = [&](std::uint32_t a, std::uint32_t b) {
        return client.link_new(simtest::link(a, b));
    };
    auto plug = named("plug", DeviceKind::switch_);
    const auto sw = client.device_new(plug);
    const auto near = client.device_new(simtest::gpu("near"));
    const auto lonely = client.device_new(simtest::gpu("lonely"));
    const auto cable = link(cpu, near);
    link(cpu, sw);

    expect_path(client, "a neighbour", cpu, near, PathReason::ok);
    expect_path(client, "itself", near, near, PathReason::ok);
    expect_path(client, "from nowhere", 4'000'000, near, PathReason::no_src);
    expect_path(client, "to nowhere", near, 4'000'000, PathReason::no_dst);
    expect_path(client, "from a switch", sw, near, PathReason::src_switch, sw);
    expect_path(client, "to a switch", near, sw, PathReason::dst_switch, sw);
    expect_path(client, "without a link", cpu, lonely, PathReason::no_link);

    /* Down and up again, both ways, and only what changes is a change. */
    const auto generation = client.topology().generation;
    client.link_set(cable, LinkState::down);
    expect_path(client, "over a link that is down", cpu, near, PathReason::link_down, cable);
    require(client.link(cable).admin == LinkState::down &&
                client.link(cable).oper == LinkState::down,
            "the link is not down");
    client.link_set(cable, LinkState::down);
    auto session = client.open_session();
    simtest::Copy copy(session, client.device(near).regions.at(0).id,
                       vmtest::region_of(client, "cpu0").id, 65536);
    refused(EHOSTUNREACH, "a copy over a link that is down", [&] { copy.submit(); });
    client.link_set(cable, LinkState::up);
    expect_path(client, "over a link that is up again", cpu, near, PathReason::ok);
    simtest::expect_end(copy.wait(copy.submit().id), 0, "a copy over a link that is up again");
    copy.expect_arrived();
    require(client.topology().generation == generation, "a link's state is no generation");

    /* Sixteen links, over fifteen switches, are the most; only the host's memory is a relay. */
    std::uint32_t last = cpu;
    std::vector<std::uint32_t> ends;
    for (int i = 0; i < 16; i++) {
        const auto next = client.device_new(named(fmt::format("row{}", i), DeviceKind::switch_));
        link(last, next);
        last = next;
        if (i >= 14) {
            ends.push_back(client.device_new(simtest::gpu(fmt::format("end{}", i), 1 << 20)));
            link(last, ends.back());
        }
    }
    expect_path(client, "sixteen links", cpu, ends[0], PathReason::ok);
    require(client.path(cpu, ends[0]).routes.at(0).hops.size() == 16, "it has {} links",
            client.path(cpu, ends[0]).routes.at(0).hops.size());
    expect_path(client, "seventeen links", cpu, ends[1], PathReason::too_many_stages);

    /* Two without engines; and a device in the middle that is nobody's relay. */
    auto dumb = simtest::gpu("dumb0", 1 << 20);
    dumb.engines.clear();
    const auto a = client.device_new(dumb);
    dumb.name = "dumb1";
    const auto b = client.device_new(dumb);
    link(a, b);
    expect_path(client, "without an engine", a, b, PathReason::no_engine);
    auto known = named("wall");
    const auto wall = client.device_new(known);
    const auto behind = client.device_new(simtest::gpu("behind"));
    link(near, wall);
    link(wall, behind);
    expect_path(client, "through what is no relay", near, behind, PathReason::no_relay, wall);
}

void limits(Client &client) {
    const auto id = client.device_new(simtest::gpu("late"));
    require(client.device_new(named("later")) > id, "ids do not ascend");
    client.device_del(id);
    client.device_del(vmtest::device_id(client, "later"));
    require(client.device_new(named("latest")) > id + 1, "an id came back");
    client.device_del(vmtest::device_id(client, "latest"));
}

void run() {
    Client client;
    const simtest::Cleaner cleaner(client);
    const std::pair<const char *, std::function<void(Client &)>> parts[] = {
        {"dry runs", dry_runs}, {"aborts", aborts}, {"rivals", rivals},
        {"removals", removals}, {"paths", paths},   {"ids", limits},
    };
    for (const auto &[name, part] : parts) {
        part(client);
        fmt::print("{}: ok\n", name);
        std::fflush(stdout);
    }
}

} // namespace

int main() {
    return vmtest::run(run);
}

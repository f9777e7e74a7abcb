// SPDX-License-Identifier: GPL-2.0-only OR MIT
// What each command of the family costs, in instructions, and what lies between: an allocation, a
// slice, a completion, an event. The names are those of the YNL spec: "NAME do|dump|event", and for
// everything else a sentence. Rows for the results port are printed when all is measured.
//
// The structure is a small server: four accelerators, each linked to the CPU and to two switches,
// and sixteen more devices that only make dumps longer. Copies are between two buffers in host
// memory: the CPU does them, so that no model's clock is waited for.
#include "cost_meter.hpp"
#include "simtest.hpp"
#include "testfence.hpp"

#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <optional>

namespace {

using namespace supernode;
using cost::instructions;
using cost::Report;
using cost::Request;
using cost::require;
using cost::Samples;
using raw::Message;
using simtest::kib;
using simtest::mib;

struct World {
    World() {
        cpu = vmtest::device_id(client, "cpu0");
        auto txn = client.begin("cost");
        std::vector<std::uint32_t> switches;
        for (unsigned i = 0; i < 2; i++)
            switches.push_back(txn.device_new(plain(fmt::format("switch{}", i))));
        for (unsigned i = 0; i < 4; i++) {
            gpus.push_back(txn.device_new(simtest::gpu(fmt::format("gpu{}", i), 8 * mib)));
            link = txn.link_new(simtest::link(cpu, gpus[i]));
            for (const auto id : switches)
                txn.link_new(simtest::link(gpus[i], id));
        }
        for (unsigned i = 0; i < 16; i++)
            txn.device_new(plain(fmt::format("extra{}", i)));
        txn.commit();
        gpu_region = client.device(gpus[0]).regions.at(0).id;
        gpu_engine = client.device(gpus[0]).engines.at(0).id;
        host_region = vmtest::region_of(client, "cpu0").id;
        session.emplace(client.open_session());
        src = session->alloc_ready({.region = host_region, .bytes = 8 * mib}, simtest::moment);
        dst = session->alloc_ready({.region = host_region, .bytes = 8 * mib}, simtest::moment);
    }

    static DeviceSpec plain(std::string name) {
        DeviceSpec spec;
        spec.name = std::move(name);
        spec.kind = DeviceKind::switch_;
        spec.ports = 16;
        return spec;
    }
    Message alloc(std::uint64_t bytes) const {
        return Message(SN_CMD_BUFFER_ALLOC)
            .s32(SN_A_BUFFER_SESSION_FD, session->fd())
            .u32(SN_A_BUFFER_REGION, gpu_region)
            .u64(SN_A_BUFFER_BYTES, bytes);
    }
    /// Segments of that many bytes each, one after the other.
    Message submit(std::size_t segments, std::uint64_t bytes,
                   Class priority = Class::normal) const {
        std::vector<Segment> all;
        for (std::size_t i = 0; i < segments; i++)
            all.push_back({.src_fd = src.fd.get(),
                           .dst_fd = dst.fd.get(),
                           .src_offset = i * bytes,
                           .dst_offset = i * bytes,
                           .bytes = bytes});
        Message message(SN_CMD_TRANSFER_SUBMIT);
        message.s32(SN_A_TRANSFER_SESSION_FD, session->fd());
        message.bytes(SN_A_TRANSFER_SEGMENTS, all.data(), all.size() * sizeof(Segment));
        return message.u32(SN_A_TRANSFER_CLASS, static_cast<std::uint32_t>(priority));
    }
    /// The next record of the session, straight from its fd.
    void read_record(std::uint32_t type = SN_COMPLETION_TYPE_TRANSFER) const {
        sn_completion record{};
        const ssize_t size = read(session->fd(), &record, sizeof(record));
        require(size == sizeof(record) && record.type == type, "read: {}", std::strerror(errno));
        require(record.status == 0 || record.status == -ECANCELED, "a transfer ended with {}",
                record.status);
    }

    Client client;
    simtest::Cleaner cleaner{client};
    raw::Socket socket;
    std::uint32_t cpu = 0, link = 0, gpu_region = 0, gpu_engine = 0, host_region = 0;
    std::vector<std::uint32_t> gpus;
    std::optional<Session> session;
    Buffer src, dst;
};

struct Bench {
    World world;
    Report report;

    Request request(const Message &message, int flags = 0) {
        return Request(world.socket, message, flags);
    }
    /// A command that leaves nothing behind.
    void get(std::string_view name, const Message &message) {
        auto ask = request(message);
        ask.run();
        report.measure(fmt::format("{} do", name), [&] { ask.run(); });
    }
    void dump(std::string_view name, std::uint8_t command, std::size_t at_least) {
        auto ask = request(Message(command), NLM_F_DUMP);
        ask.run();
        require(ask.objects() >= at_least, "{} dump has {} objects", name, ask.objects());
        report.measure(fmt::format("{} dump", name), [&] { ask.run(); });
    }
    /// From a command, or whatever leads to an event, until the event has been read.
    template<typename Before, typename Cause, typename After>
    void event(std::string_view name, std::string_view group, std::uint8_t command, Before &&before,
               Cause &&cause, After &&after) {
        raw::Socket listener;
        const auto number = listener.group(group);
        require(!setsockopt(listener.fd(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &number,
                            sizeof(number)),
                "cannot join '{}': {}", group, std::strerror(errno));
        std::array<std::uint8_t, 4096> room{};
        report.measure(
            fmt::format("{} event", name),
            [&] {
                before();
                while (recv(listener.fd(), room.data(), room.size(), MSG_DONTWAIT) > 0)
                    ;
            },
            [&] {
                cause();
                const ssize_t size = recv(listener.fd(), room.data(), room.size(), 0);
                require(size > 0 && room[sizeof(nlmsghdr)] == command, "no event '{}'", name);
            },
            after);
    }

    void topology();
    void structure();
    void gets();
    void sessions();
    void buffers();
    void transfers();
    void waiting();
    void copies();
    void events();
};

void Bench::topology() {
    auto begin = request(Message(SN_CMD_TOPOLOGY_BEGIN).string(SN_A_TOPOLOGY_NAME, "cost"));
    Fd txn;
    const auto begun = [&] {
        begin.run();
        txn.reset(begin.answer<std::int32_t>(SN_A_TOPOLOGY_FD));
    };
    /* A device and a link to it. */
    const auto staged = [&] {
        begun();
        auto device = request(Message(SN_CMD_DEVICE_NEW)
                                  .string(SN_A_DEVICE_NAME, "staged")
                                  .u32(SN_A_DEVICE_KIND, SN_DEVICE_KIND_SWITCH)
                                  .u32(SN_A_DEVICE_PORTS, 4)
                                  .s32(SN_A_DEVICE_TXN_FD, txn.get()));
        device.run();
        request(Message(SN_CMD_LINK_NEW)
                    .u32(SN_A_LINK_DEVICE_A, world.gpus[0])
                    .u32(SN_A_LINK_DEVICE_B, device.answer<std::uint32_t>(SN_A_DEVICE_ID))
                    .u64(SN_A_LINK_BYTES_PER_SEC_AB, 1'000'000'000)
                    .s32(SN_A_LINK_TXN_FD, txn.get()))
            .run();
    };
    get("topology-get", Message(SN_CMD_TOPOLOGY_GET));
    report.measure(
        "topology-begin do", [] {}, begun, [&] { txn.reset(); });

    std::optional<Request> end;
    report.measure(
        "topology-commit do",
        [&] {
            staged();
            end.emplace(request(Message(SN_CMD_TOPOLOGY_COMMIT).s32(SN_A_TOPOLOGY_FD, txn.get())));
        },
        [&] { end->run(); },
        [&] {
            txn.reset();
            const auto id = vmtest::device_id(world.client, "staged");
            auto undo = world.client.begin();
            for (const auto &link : world.client.links())
                if (link.device_b == id)
                    undo.link_del(link.id);
            undo.device_del(id);
            undo.commit();
        });
    report.measure(
        "topology-abort do",
        [&] {
            staged();
            end.emplace(request(Message(SN_CMD_TOPOLOGY_ABORT).s32(SN_A_TOPOLOGY_FD, txn.get())));
        },
        [&] { end->run(); }, [&] { txn.reset(); });
}

/// Each a transaction of its own, with what the backend does for a device.
void Bench::structure() {
    Message region(0), engine(0);
    region.u32(SN_A_REGION_KIND, SN_REGION_KIND_HBM).u64(SN_A_REGION_BYTES, mib);
    engine.u32(SN_A_ENGINE_CHANNELS, 1)
        .u32(SN_A_ENGINE_DEPTH, 4)
        .u64(SN_A_ENGINE_BYTES_PER_SEC, 1'000'000'000);
    auto device = request(Message(SN_CMD_DEVICE_NEW)
                              .string(SN_A_DEVICE_NAME, "new")
                              .u32(SN_A_DEVICE_KIND, SN_DEVICE_KIND_GPU)
                              .string(SN_A_DEVICE_BACKEND, "sim")
                              .nest(SN_A_DEVICE_REGION, region)
                              .nest(SN_A_DEVICE_ENGINE, engine));
    std::uint32_t id = 0;
    std::optional<Request> undo;
    const auto add = [&] {
        device.run();
        id = device.answer<std::uint32_t>(SN_A_DEVICE_ID);
    };
    const auto prepare_del = [&] {
        undo.emplace(request(Message(SN_CMD_DEVICE_DEL).u32(SN_A_DEVICE_ID, id)));
    };
    const auto del = [&] { undo->run(); };
    report.measure(
        "device-new do", [] {}, add, [&] { prepare_del(), del(); });
    report.measure(
        "device-del do", [&] { add(), prepare_del(); }, del, [] {});

    auto link = request(Message(SN_CMD_LINK_NEW)
                            .u32(SN_A_LINK_DEVICE_A, world.gpus[0])
                            .u32(SN_A_LINK_DEVICE_B, world.gpus[1])
                            .u64(SN_A_LINK_BYTES_PER_SEC_AB, 1'000'000'000));
    const auto add_link = [&] {
        link.run();
        undo.emplace(request(
            Message(SN_CMD_LINK_DEL).u32(SN_A_LINK_ID, link.answer<std::uint32_t>(SN_A_LINK_ID))));
    };
    report.measure(
        "link-new do", [] {}, [&] { link.run(); },
        [&] { world.client.link_del(link.answer<std::uint32_t>(SN_A_LINK_ID)); });
    report.measure("link-del do", add_link, del, [] {});

    auto down = request(Message(SN_CMD_LINK_SET)
                            .u32(SN_A_LINK_ID, world.link)
                            .u32(SN_A_LINK_ADMIN, SN_LINK_STATE_DOWN));
    report.measure(
        "link-set do", [] {}, [&] { down.run(); },
        [&] { world.client.link_set(world.link, LinkState::up); });
}

void Bench::gets() {
    get("features-get", Message(SN_CMD_FEATURES_GET));
    get("stats-get", Message(SN_CMD_STATS_GET));
    get("device-get", Message(SN_CMD_DEVICE_GET).u32(SN_A_DEVICE_ID, world.gpus[0]));
    dump("device-get", SN_CMD_DEVICE_GET, 23);
    get("link-get", Message(SN_CMD_LINK_GET).u32(SN_A_LINK_ID, world.link));
    dump("link-get", SN_CMD_LINK_GET, 12);
    get("region-get", Message(SN_CMD_REGION_GET).u32(SN_A_REGION_ID, world.gpu_region));
    dump("region-get", SN_CMD_REGION_GET, 5);
    get("engine-get", Message(SN_CMD_ENGINE_GET).u32(SN_A_ENGINE_ID, world.gpu_engine));
    dump("engine-get", SN_CMD_ENGINE_GET, 5);
    dump("partition-get", SN_CMD_PARTITION_GET, 1);
    dump("tenant-get", SN_CMD_TENANT_GET, 1);

    const auto path = Message(SN_CMD_PATH_GET)
                          .u32(SN_A_PATH_SRC, world.gpus[1])
                          .u32(SN_A_PATH_DST, world.gpus[2]);
    get("path-get", path);
    auto ask = request(path);
    report.measure(
        "path-get, the first after a change",
        [&] {
            world.client.link_set(world.link, LinkState::down);
            world.client.link_set(world.link, LinkState::up);
        },
        [&] { ask.run(); }, [] {});
}

void Bench::sessions() {
    auto open = request(Message(SN_CMD_SESSION_OPEN));
    Fd session;
    const auto opened = [&] {
        open.run();
        session.reset(open.answer<std::int32_t>(SN_A_SESSION_FD));
    };
    report.measure(
        "session-open do", [] {}, opened, [&] { session.reset(); });
    report.measure(
        "close of a session", opened, [&] { session.reset(); }, [] {});
}

void Bench::buffers() {
    Fd buffer;
    std::optional<Request> alloc;
    const auto allocated = [&] {
        alloc->run();
        buffer.reset(alloc->answer<std::int32_t>(SN_A_BUFFER_FD));
    };
    const auto freed = [&] { buffer.reset(); };

    alloc.emplace(request(world.alloc(4 * kib)));
    report.measure(
        "buffer-alloc do", [] {}, allocated, freed);
    report.measure("close of a buffer", allocated, freed, [] {});
    report.measure(
        "mmap, first touch and munmap of a buffer", allocated,
        [&] {
            void *const at =
                mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, buffer.get(), 0);
            require(at != MAP_FAILED, "mmap: {}", std::strerror(errno));
            *static_cast<volatile char *>(at) = 1;
            munmap(at, 4096);
        },
        freed);
    report.measure(
        "begin and end of CPU access to a buffer", allocated,
        [&] {
            dma_buf_sync sync{.flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW};
            require(!ioctl(buffer.get(), DMA_BUF_IOCTL_SYNC, &sync), "SYNC_START");
            sync.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW;
            require(!ioctl(buffer.get(), DMA_BUF_IOCTL_SYNC, &sync), "SYNC_END");
        },
        freed);
    alloc.emplace(request(world.alloc(2 * mib)));
    report.measure(
        "buffer-alloc of 2 MiB", [] {}, allocated, freed);
    alloc.emplace(request(world.alloc(4 * mib)));
    report.measure(
        "buffer-alloc of 4 MiB, until its record is read", [] {},
        [&] {
            allocated();
            world.read_record(SN_COMPLETION_TYPE_BUFFER);
        },
        freed);

    std::vector<Buffer> more;
    for (unsigned i = 0; i < 16; i++)
        more.push_back(world.session->alloc({.region = world.gpu_region, .bytes = 4096}));
    get("buffer-get", Message(SN_CMD_BUFFER_GET).u64(SN_A_BUFFER_ID, more[0].id));
    get("buffer-info", Message(SN_CMD_BUFFER_INFO).s32(SN_A_BUFFER_FD, more[0].fd.get()));
    dump("buffer-get", SN_CMD_BUFFER_GET, 18);
}

/// What a client of transfers pays, for one slice of 4 KiB. The engine's worker cannot run before
/// the record is waited for, so the two parts do not overlap.
void Bench::transfers() {
    auto submit = request(world.submit(1, 4 * kib));
    Samples submits, completions;
    for (unsigned i = 0; i < Report::rounds; i++) {
        cost::settle();
        const auto begin = instructions();
        submit.run();
        const auto submitted = instructions();
        world.read_record();
        submits.add(submitted - begin);
        completions.add(instructions() - submitted);
    }
    report.add("transfer-submit do", submits);
    report.add("completion, from the submit's answer until its record is read", completions);
}

/// Transfers that wait for a fence: all of a submission but what goes to engines.
void Bench::waiting() {
    TestFence never;
    const auto message = world.submit(16, 4 * kib).s32(SN_A_TRANSFER_IN_FENCE_FD, never.fd());
    auto submit = request(Message(message).u32(SN_A_TRANSFER_FLAGS, SN_TRANSFER_F_OUT_FENCE));
    const auto named = [&](std::uint8_t command, std::uint64_t id) {
        return Message(command)
            .s32(SN_A_TRANSFER_SESSION_FD, world.session->fd())
            .u64(SN_A_TRANSFER_ID, id);
    };
    std::optional<Request> cancel;
    const auto submitted = [&] {
        submit.run();
        close(submit.answer<std::int32_t>(SN_A_TRANSFER_OUT_FENCE_FD));
        cancel.emplace(
            request(named(SN_CMD_TRANSFER_CANCEL, submit.answer<std::uint64_t>(SN_A_TRANSFER_ID))));
    };
    const auto cancelled = [&] { cancel->run(); };
    report.measure(
        "transfer-submit of 16 segments, with an in-fence and an out-fence", [] {}, submitted,
        [&] { cancelled(), world.read_record(); });
    report.measure("transfer-cancel do", submitted, cancelled, [&] { world.read_record(); });

    std::vector<std::uint64_t> ids;
    for (unsigned i = 0; i < 16; i++) {
        submitted();
        ids.push_back(submit.answer<std::uint64_t>(SN_A_TRANSFER_ID));
    }
    get("transfer-get", named(SN_CMD_TRANSFER_GET, ids[0]));
    dump("transfer-get", SN_CMD_TRANSFER_GET, ids.size());
    for (const auto id : ids) {
        request(named(SN_CMD_TRANSFER_CANCEL, id)).run();
        world.read_record();
    }
}

/// One slice more, one segment more. Each figure is the difference of two transfers, by the number
/// of slices that the module itself counts in them.
void Bench::copies() {
    struct Cost {
        double instructions, slices, spread;
    };
    const auto transfer = [&](const Message &message) {
        auto submit = request(message);
        Samples samples;
        const auto before = world.client.stats().slices;
        for (unsigned i = 0; i < Report::rounds; i++) {
            cost::settle();
            const auto begin = instructions();
            submit.run();
            world.read_record();
            samples.add(instructions() - begin);
        }
        const auto slices = world.client.stats().slices - before;
        require(slices % Report::rounds == 0, "rounds of the same transfer differ in slices");
        return Cost{static_cast<double>(samples.least()),
                    static_cast<double>(slices / Report::rounds),
                    static_cast<double>(samples.median() - samples.least())};
    };
    const auto differ = [&](std::string_view name, Cost little, Cost much, double count) {
        require(much.slices > little.slices && much.instructions > little.instructions,
                "{}: {} slices cost {}, {} cost {}", name, little.slices, little.instructions,
                much.slices, much.instructions);
        const auto each = (much.instructions - little.instructions) / count;
        report.add(name, static_cast<std::uint64_t>(each),
                   static_cast<std::uint64_t>(each + (much.spread + little.spread) / count));
    };
    /* The same 4 MiB, in slices of 256 KiB and of 64 KiB: what is copied cancels out. */
    const auto normal = transfer(world.submit(1, 4 * mib));
    const auto latency = transfer(world.submit(1, 4 * mib, Class::latency));
    differ("slice, without its copy", normal, latency, latency.slices - normal.slices);
    const auto twice = transfer(world.submit(1, 8 * mib));
    differ("slice of 256 KiB, with its copy", normal, twice, twice.slices - normal.slices);
    const auto few = transfer(world.submit(16, 4 * kib));
    const auto many = transfer(world.submit(80, 4 * kib));
    differ("segment of 4 KiB, from submit to copy", few, many, 64);
}

void Bench::events() {
    auto down = request(Message(SN_CMD_LINK_SET)
                            .u32(SN_A_LINK_ID, world.link)
                            .u32(SN_A_LINK_ADMIN, SN_LINK_STATE_DOWN));
    event(
        "topology-ntf", SN_MCGRP_TOPOLOGY, SN_CMD_TOPOLOGY_NTF,
        [&] { world.client.link_set(world.link, LinkState::up); }, [&] { down.run(); }, [] {});
    world.client.link_set(world.link, LinkState::up);

    auto alloc = request(world.alloc(4 * kib));
    Fd buffer;
    event(
        "buffer-ntf", SN_MCGRP_MEMORY, SN_CMD_BUFFER_NTF, [] {},
        [&] {
            alloc.run();
            buffer.reset(alloc.answer<std::int32_t>(SN_A_BUFFER_FD));
        },
        [&] { buffer.reset(); });

    auto submit = request(world.submit(1, 4 * kib));
    event(
        "transfer-ntf", SN_MCGRP_TRANSFER, SN_CMD_TRANSFER_NTF, [] {}, [&] { submit.run(); },
        [&] { world.read_record(); });

    /* A device is pulled out. */
    std::uint32_t id = 0;
    std::optional<std::ofstream> vanish;
    event(
        "fault-ntf", SN_MCGRP_FAULT, SN_CMD_FAULT_NTF,
        [&] {
            id = world.client.device_new(simtest::gpu("doomed", mib));
            vanish.emplace(simtest::knob_path("doomed", "vanish"));
        },
        [&] { *vanish << 1 << std::flush; },
        [&] {
            vanish.reset();
            world.client.device_del(id, true);
        });
}

void run() {
    Bench bench;
    cost::be_alone();
    bench.gets();
    bench.topology();
    bench.structure();
    bench.sessions();
    bench.buffers();
    bench.transfers();
    bench.waiting();
    bench.copies();
    bench.events();
    bench.report.print();
}

} // namespace

int main() {
    return vmtest::run(run);
}

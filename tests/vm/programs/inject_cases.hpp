// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The operations whose allocations are made to fail: one line each.
#pragma once

#include "inject_world.hpp"

#include <linux/dma-buf.h>
#include <sys/ioctl.h>

#include <span>

namespace inject {

enum Flags : unsigned {
    plain = 0,
    dump = 1,    ///< it is a command's dump
    patient = 2, ///< waits until there is memory: some must be left
    certain = 4, ///< cannot be refused
    spends = 8,  ///< a refusal ends the transaction too, which held modules
};

struct Case {
    const char *name;
    int command; ///< enum sn_cmd, 0 when it is none
    unsigned flags;
    void (*prepare)(World &);
    Outcome (*run)(World &);
};

inline void nothing(World &) {}

inline Message by_id(int command, int attribute, std::uint32_t id) {
    return Message(static_cast<std::uint8_t>(command)).u32(attribute, id);
}

inline Message on_txn(int command, const World &w) {
    return Message(static_cast<std::uint8_t>(command)).s32(SN_A_TOPOLOGY_FD, w.txn->fd());
}

inline Message new_device() {
    const auto region = Message(0).u64(SN_A_REGION_BYTES, 1 << 20);
    const auto engine =
        Message(0).u64(SN_A_ENGINE_BYTES_PER_SEC, 1'000'000'000).u32(SN_A_ENGINE_CHANNELS, 2);
    return Message(SN_CMD_DEVICE_NEW)
        .string(SN_A_DEVICE_NAME, "fresh")
        .u32(SN_A_DEVICE_KIND, SN_DEVICE_KIND_GPU)
        .string(SN_A_DEVICE_BACKEND, "sim")
        .nest(SN_A_DEVICE_REGION, region)
        .nest(SN_A_DEVICE_ENGINE, engine)
        .nest(SN_A_DEVICE_ENGINE, engine);
}

inline Message new_link(const World &w) {
    return Message(SN_CMD_LINK_NEW)
        .u32(SN_A_LINK_DEVICE_A, w.gpu)
        .u32(SN_A_LINK_DEVICE_B, w.far)
        .u64(SN_A_LINK_BYTES_PER_SEC_AB, 1'000'000'000);
}

inline Message of_transfer(int command, const World &w) {
    return Message(static_cast<std::uint8_t>(command))
        .s32(SN_A_TRANSFER_SESSION_FD, w.other->fd())
        .u64(SN_A_TRANSFER_ID, w.transfer);
}

inline Outcome all(World &w, int command) {
    return w.ask(Message(static_cast<std::uint8_t>(command)), NLM_F_DUMP);
}

inline Outcome buffer_of(World &w, std::uint64_t bytes) {
    const auto outcome = w.ask(w.alloc(bytes));
    if (outcome.get<std::uint32_t>(SN_A_BUFFER_STATE) != SN_BUFFER_STATE_PENDING)
        return outcome;
    return w.and_record(outcome, outcome.get<std::uint64_t>(SN_A_BUFFER_ID),
                        CompletionType::buffer);
}

inline Outcome copy_of(World &w, const Message &message) {
    const auto outcome = w.ask(message);
    return w.and_record(outcome, outcome.get<std::uint64_t>(SN_A_TRANSFER_ID),
                        CompletionType::transfer);
}

/// The same structure in each: a new device, a link to it, one that goes.
inline void staged(World &w) {
    w.make_victim();
    w.make_txn();
    const auto fresh = w.txn->device_new(simtest::gpu("fresh"));
    w.txn->link_new(simtest::link(w.cpu, fresh));
    w.txn->device_del(w.victim);
}

inline Outcome touch(World &w) {
    auto *const bytes = static_cast<volatile std::uint8_t *>(w.mapped);
    for (std::size_t at = 0; at < 65536; at += 4096)
        bytes[at] = 1;
    return {};
}

inline Outcome bracket(World &w, std::uint64_t step) {
    dma_buf_sync sync{.flags = DMA_BUF_SYNC_RW | step};
    return Outcome::of(ioctl(w.buffer.fd.get(), DMA_BUF_IOCTL_SYNC, &sync));
}

inline Outcome export_fence(World &w) {
    struct {
        std::uint32_t flags;
        std::int32_t fd;
    } request{.flags = DMA_BUF_SYNC_RW, .fd = -1};
    return Outcome::of(ioctl(w.buffer.fd.get(), _IOWR('b', 2, request), &request));
}

using W = World;

inline const Case cases[] = {
    {"features get", SN_CMD_FEATURES_GET, plain, nothing,
     [](W &w) { return w.ask(Message(SN_CMD_FEATURES_GET)); }},
    {"topology get", SN_CMD_TOPOLOGY_GET, plain, nothing,
     [](W &w) { return w.ask(Message(SN_CMD_TOPOLOGY_GET)); }},
    {"topology begin", SN_CMD_TOPOLOGY_BEGIN, plain, nothing,
     [](W &w) { return w.ask(Message(SN_CMD_TOPOLOGY_BEGIN).string(SN_A_TOPOLOGY_NAME, "t")); }},
    {"topology commit", SN_CMD_TOPOLOGY_COMMIT, spends, staged,
     [](W &w) { return w.ask(on_txn(SN_CMD_TOPOLOGY_COMMIT, w)); }},
    {"topology dry run", SN_CMD_TOPOLOGY_COMMIT, plain, staged,
     [](W &w) {
         return w.ask(
             on_txn(SN_CMD_TOPOLOGY_COMMIT, w).u32(SN_A_TOPOLOGY_FLAGS, SN_TOPOLOGY_F_DRY_RUN));
     }},
    {"topology abort", SN_CMD_TOPOLOGY_ABORT, plain, staged,
     [](W &w) { return w.ask(on_txn(SN_CMD_TOPOLOGY_ABORT, w)); }},

    {"device get", SN_CMD_DEVICE_GET, plain, nothing,
     [](W &w) { return w.ask(by_id(SN_CMD_DEVICE_GET, SN_A_DEVICE_ID, w.gpu)); }},
    {"device dump", SN_CMD_DEVICE_GET, dump, nothing,
     [](W &w) { return all(w, SN_CMD_DEVICE_GET); }},
    {"device new", SN_CMD_DEVICE_NEW, plain, nothing, [](W &w) { return w.ask(new_device()); }},
    {"device new, staged", SN_CMD_DEVICE_NEW, plain, [](W &w) { w.make_txn(); },
     [](W &w) { return w.ask(new_device().s32(SN_A_DEVICE_TXN_FD, w.txn->fd())); }},
    {"device del", SN_CMD_DEVICE_DEL, plain, [](W &w) { w.make_victim(); },
     [](W &w) { return w.ask(by_id(SN_CMD_DEVICE_DEL, SN_A_DEVICE_ID, w.victim)); }},
    {"device del by force", SN_CMD_DEVICE_DEL, plain,
     [](W &w) {
         w.make_victim();
         w.buffer = w.session.alloc({.region = w.victim_region, .bytes = 65536});
         w.make_mapping();
         touch(w);
     },
     [](W &w) {
         return w.ask(by_id(SN_CMD_DEVICE_DEL, SN_A_DEVICE_ID, w.victim)
                          .u32(SN_A_DEVICE_FLAGS, SN_DEVICE_F_FORCE));
     }},
    {"device del, staged", SN_CMD_DEVICE_DEL, plain,
     [](W &w) {
         w.make_victim();
         w.make_txn();
     },
     [](W &w) {
         return w.ask(by_id(SN_CMD_DEVICE_DEL, SN_A_DEVICE_ID, w.victim)
                          .s32(SN_A_DEVICE_TXN_FD, w.txn->fd()));
     }},

    {"link get", SN_CMD_LINK_GET, plain, nothing,
     [](W &w) { return w.ask(by_id(SN_CMD_LINK_GET, SN_A_LINK_ID, w.far_link)); }},
    {"link dump", SN_CMD_LINK_GET, dump, nothing, [](W &w) { return all(w, SN_CMD_LINK_GET); }},
    {"link new", SN_CMD_LINK_NEW, plain, nothing, [](W &w) { return w.ask(new_link(w)); }},
    {"link new, staged", SN_CMD_LINK_NEW, plain, [](W &w) { w.make_txn(); },
     [](W &w) { return w.ask(new_link(w).s32(SN_A_LINK_TXN_FD, w.txn->fd())); }},
    {"link set", SN_CMD_LINK_SET, plain, nothing,
     [](W &w) {
         return w.ask(by_id(SN_CMD_LINK_SET, SN_A_LINK_ID, w.far_link)
                          .u32(SN_A_LINK_ADMIN, SN_LINK_STATE_DOWN));
     }},
    {"link del", SN_CMD_LINK_DEL, plain, [](W &w) { w.make_victim_link(); },
     [](W &w) { return w.ask(by_id(SN_CMD_LINK_DEL, SN_A_LINK_ID, w.victim)); }},
    {"link del, staged", SN_CMD_LINK_DEL, plain,
     [](W &w) {
         w.make_victim_link();
         w.make_txn();
     },
     [](W &w) {
         return w.ask(
             by_id(SN_CMD_LINK_DEL, SN_A_LINK_ID, w.victim).s32(SN_A_LINK_TXN_FD, w.txn->fd()));
     }},

    {"region get", SN_CMD_REGION_GET, plain, nothing,
     [](W &w) { return w.ask(by_id(SN_CMD_REGION_GET, SN_A_REGION_ID, w.gpu_region)); }},
    {"region dump", SN_CMD_REGION_GET, dump, nothing,
     [](W &w) { return all(w, SN_CMD_REGION_GET); }},
    {"engine get", SN_CMD_ENGINE_GET, plain, nothing,
     [](W &w) { return w.ask(by_id(SN_CMD_ENGINE_GET, SN_A_ENGINE_ID, 1)); }},
    {"engine dump", SN_CMD_ENGINE_GET, dump, nothing,
     [](W &w) { return all(w, SN_CMD_ENGINE_GET); }},
    {"partition dump", SN_CMD_PARTITION_GET, dump, nothing,
     [](W &w) { return all(w, SN_CMD_PARTITION_GET); }},
    {"tenant dump", SN_CMD_TENANT_GET, dump, nothing,
     [](W &w) { return all(w, SN_CMD_TENANT_GET); }},
    {"path get", SN_CMD_PATH_GET, plain, [](W &w) { w.forget_paths(); },
     [](W &w) {
         return w.ask(by_id(SN_CMD_PATH_GET, SN_A_PATH_SRC, w.gpu).u32(SN_A_PATH_DST, w.far));
     }},
    {"stats get", SN_CMD_STATS_GET, plain, nothing,
     [](W &w) { return w.ask(Message(SN_CMD_STATS_GET)); }},

    {"session open", SN_CMD_SESSION_OPEN, plain, nothing,
     [](W &w) { return w.ask(Message(SN_CMD_SESSION_OPEN)); }},
    {"session close", 0, certain, [](W &w) { w.make_transfer(); },
     [](W &w) {
         w.other.reset();
         return Outcome{};
     }},

    {"buffer alloc of a page", SN_CMD_BUFFER_ALLOC, plain, [](W &w) { w.make_victim(); },
     [](W &w) { return buffer_of(w, 4096); }},
    {"buffer alloc", SN_CMD_BUFFER_ALLOC, plain, [](W &w) { w.make_victim(); },
     [](W &w) { return buffer_of(w, 12 << 10); }},
    {"buffer alloc by a worker", SN_CMD_BUFFER_ALLOC, plain, [](W &w) { w.make_victim(); },
     [](W &w) { return buffer_of(w, (2 << 20) + 4096); }},
    {"buffer get", SN_CMD_BUFFER_GET, plain, nothing,
     [](W &w) { return w.ask(Message(SN_CMD_BUFFER_GET).u64(SN_A_BUFFER_ID, w.a.id)); }},
    {"buffer dump", SN_CMD_BUFFER_GET, dump, nothing,
     [](W &w) { return all(w, SN_CMD_BUFFER_GET); }},
    {"buffer info", SN_CMD_BUFFER_INFO, plain, nothing,
     [](W &w) { return w.ask(Message(SN_CMD_BUFFER_INFO).s32(SN_A_BUFFER_FD, w.a.fd.get())); }},

    {"transfer submit", SN_CMD_TRANSFER_SUBMIT, plain, [](W &w) { w.forget_paths(); },
     [](W &w) { return copy_of(w, w.submit(w.a, w.b)); }},
    {"transfer submit over stages, with fences", SN_CMD_TRANSFER_SUBMIT, plain,
     [](W &w) {
         w.forget_paths();
         w.fence.emplace();
         w.fence->signal();
     },
     [](W &w) {
         return copy_of(w, w.submit(w.a, w.c)
                               .s32(SN_A_TRANSFER_IN_FENCE_FD, w.fence->fd())
                               .u32(SN_A_TRANSFER_FLAGS, SN_TRANSFER_F_OUT_FENCE));
     }},
    {"transfer get", SN_CMD_TRANSFER_GET, plain, [](W &w) { w.make_transfer(); },
     [](W &w) { return w.ask(of_transfer(SN_CMD_TRANSFER_GET, w)); }},
    {"transfer dump", SN_CMD_TRANSFER_GET, dump, [](W &w) { w.make_transfer(); },
     [](W &w) { return all(w, SN_CMD_TRANSFER_GET); }},
    {"transfer cancel", SN_CMD_TRANSFER_CANCEL, plain, [](W &w) { w.make_transfer(); },
     [](W &w) { return w.ask(of_transfer(SN_CMD_TRANSFER_CANCEL, w)); }},

    {"dma-buf mmap", 0, plain, [](W &w) { w.make_buffer(); },
     [](W &w) {
         w.map();
         return Outcome::of(w.mapped == MAP_FAILED ? -1 : 0);
     }},
    /* A fault without memory is asked again until there is some. */
    {"dma-buf fault", 0, certain | patient,
     [](W &w) {
         w.make_buffer();
         w.make_mapping();
     },
     touch},
    {"dma-buf begin cpu access", 0, plain, [](W &w) { w.make_buffer(); },
     [](W &w) { return bracket(w, DMA_BUF_SYNC_START); }},
    {"dma-buf end cpu access", 0, plain,
     [](W &w) {
         w.make_buffer();
         bracket(w, DMA_BUF_SYNC_START);
     },
     [](W &w) { return bracket(w, DMA_BUF_SYNC_END); }},
    {"dma-buf export sync_file", 0, plain, [](W &w) { w.make_buffer(); }, export_fence},
    {"dma-buf release", 0, certain, [](W &w) { w.make_buffer(); },
     [](W &w) { return Outcome::of(close(w.buffer.fd.release())); }},
    {"dma-buf attach", 0, plain, [](W &w) { w.make_buffer(); },
     [](W &w) { return w.importer(fmt::format("attach {}", w.buffer.fd.get())); }},
    {"dma-buf map", 0, plain,
     [](W &w) {
         w.make_buffer();
         w.importer(fmt::format("attach {}", w.buffer.fd.get()));
     },
     [](W &w) { return w.importer("map"); }},
    {"dma-buf vmap", 0, plain,
     [](W &w) {
         w.make_buffer();
         w.importer(fmt::format("attach {}", w.buffer.fd.get()));
     },
     [](W &w) { return w.importer("vmap-once"); }},
    {"dma-buf cpu access of an importer", 0, certain,
     [](W &w) {
         w.make_buffer();
         w.importer(fmt::format("attach {}", w.buffer.fd.get()));
         w.importer("map");
         w.importer("vmap");
     },
     [](W &w) { return w.importer("checksum"); }},
    {"dma-buf unmap, vunmap, detach", 0, certain,
     [](W &w) {
         w.make_buffer();
         w.importer(fmt::format("attach {}", w.buffer.fd.get()));
         w.importer("map");
         w.importer("vmap");
     },
     [](W &w) { return w.importer("detach"); }},

    {"sn_device_register", 0, plain, nothing, [](W &w) { return w.vendor("register A"); }},
    {"sn_device_link", 0, plain,
     [](W &w) {
         w.vendor("register A");
         w.vendor("register B");
     },
     [](W &w) { return w.vendor("link"); }},
    {"sn_device_unregister", 0, certain | patient,
     [](W &w) {
         w.vendor("register A");
         w.vendor("register B");
         w.vendor("link");
     },
     [](W &w) { return w.vendor("unregister A"); }},
    {"sn_device_lost", 0, certain | patient, [](W &w) { w.vendor("register A"); },
     [](W &w) {
         const auto outcome = w.vendor("lost A");
         w.vendor("unregister A");
         return outcome;
     }},
    {"sn_backend_register", 0, certain, nothing, [](W &w) { return w.vendor("backend"); }},
    {"sn_backend_unregister", 0, certain, [](W &w) { w.vendor("backend"); },
     [](W &w) { return w.vendor("nobackend"); }},
};

} // namespace inject

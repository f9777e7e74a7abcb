// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The malformed requests: how each is built, and what the kernel has to say to it.
#pragma once

#include "refusals_world.hpp"

#include <limits>

namespace refusals {

struct Case {
    const char *name;
    Message (*build)(const World &);
    int error;
    const char *sentence; ///< its beginning
    int flags = 0;
};

inline Message device(std::string_view name, std::uint32_t kind = SN_DEVICE_KIND_GPU) {
    return Message(SN_CMD_DEVICE_NEW).string(SN_A_DEVICE_NAME, name).u32(SN_A_DEVICE_KIND, kind);
}

inline Message region(std::uint64_t bytes) {
    return Message(0).u64(SN_A_REGION_BYTES, bytes);
}

inline Message engine(std::uint64_t rate = 1'000'000'000) {
    return Message(0).u64(SN_A_ENGINE_BYTES_PER_SEC, rate);
}

inline Message sim(std::string_view name = "x") {
    return device(name).string(SN_A_DEVICE_BACKEND, "sim");
}

inline Message link(std::uint32_t a, std::uint32_t b, std::uint64_t rate = 1'000'000'000) {
    return Message(SN_CMD_LINK_NEW)
        .u32(SN_A_LINK_DEVICE_A, a)
        .u32(SN_A_LINK_DEVICE_B, b)
        .u64(SN_A_LINK_BYTES_PER_SEC_AB, rate);
}

inline Message on_fd(std::uint8_t command, int fd) {
    return Message(command).s32(SN_A_TOPOLOGY_FD, fd);
}

inline Message regions(unsigned count) {
    auto message = sim();
    for (unsigned i = 0; i < count; i++)
        message.nest(SN_A_DEVICE_REGION, region(4096));
    return message;
}

inline Message engines(unsigned count) {
    auto message = sim();
    for (unsigned i = 0; i < count; i++)
        message.nest(SN_A_DEVICE_ENGINE, engine());
    return message;
}

/// A region of this many bytes whose inner attribute claims more than its nest has.
inline Message overrun() {
    auto inner = region(4096);
    return sim().nest(SN_A_DEVICE_REGION, inner.claim(SN_A_REGION_KIND, 64));
}

#define W [[maybe_unused]] const World &w

// What generic netlink and the policies refuse.
inline const std::vector<Case> form{
    {"no generic netlink header", [](W) { return Message(SN_CMD_DEVICE_GET).cut(2); }, EINVAL, ""},
    {"no such command", [](W) { return Message(SN_CMD_MAX + 1); }, EOPNOTSUPP, ""},
    {"a command that is an event", [](W) { return Message(SN_CMD_TOPOLOGY_NTF); }, EOPNOTSUPP, ""},
    {"dump of what has none", [](W) { return Message(SN_CMD_TOPOLOGY_GET); }, EOPNOTSUPP, "",
     NLM_F_DUMP},
    {"get of what is dumped only", [](W) { return Message(SN_CMD_TENANT_GET); }, EOPNOTSUPP, ""},
    {"reserved header field",
     [](W) { return Message(SN_CMD_DEVICE_GET, 7).u32(SN_A_DEVICE_ID, w.gpu); }, EINVAL,
     "genlmsghdr.reserved"},
    {"u32 of 2 bytes",
     [](W) { return Message(SN_CMD_DEVICE_GET).value<std::uint16_t>(SN_A_DEVICE_ID, 1); }, EINVAL,
     "invalid attribute length"},
    {"u32 of 8 bytes", [](W) { return Message(SN_CMD_DEVICE_GET).u64(SN_A_DEVICE_ID, 1); }, EINVAL,
     "invalid attribute length"},
    {"u64 of 4 bytes", [](W) { return Message(SN_CMD_BUFFER_GET).u32(SN_A_BUFFER_ID, 1); }, EINVAL,
     "invalid attribute length"},
    {"unknown attribute", [](W) { return device("x").u32(SN_A_DEVICE_MAX + 1, 1); }, EINVAL,
     "Unknown attribute type"},
    {"attribute of a reply", [](W) { return device("x").u32(SN_A_DEVICE_STATE, 1); }, EINVAL,
     "Unsupported attribute"},
    {"attribute 0", [](W) { return device("x").u32(SN_A_DEVICE_UNSPEC, 1); }, EINVAL,
     "Unknown attribute type"},
    {"unknown attribute in a nest",
     [](W) { return sim().nest(SN_A_DEVICE_REGION, region(4096).u32(SN_A_REGION_MAX + 1, 1)); },
     EINVAL, "Unknown attribute type"},
    {"attribute that overruns its message",
     [](W) { return device("x").claim(SN_A_DEVICE_PORTS, 400); }, EINVAL,
     "bytes leftover after parsing attributes"},
    {"attribute that overruns its nest", [](W) { return overrun(); }, EINVAL,
     "bytes leftover after parsing attributes"},
    {"nest without its flag", [](W) { return sim().nest(SN_A_DEVICE_REGION, region(4096), 0); },
     EINVAL, "NLA_F_NESTED is missing"},
    {"device kind out of range", [](W) { return device("x", SN_DEVICE_KIND_MAX + 1); }, ERANGE,
     "integer out of range"},
    {"region kind out of range",
     [](W) {
         return sim().nest(SN_A_DEVICE_REGION,
                           region(4096).u32(SN_A_REGION_KIND, SN_REGION_KIND_MAX + 1));
     },
     ERANGE, "integer out of range"},
    {"link type out of range",
     [](W) { return link(w.cpu, w.spare).u32(SN_A_LINK_TYPE, SN_LINK_TYPE_MAX + 1); }, ERANGE,
     "integer out of range"},
    {"link state out of range",
     [](W) { return Message(SN_CMD_LINK_SET).u32(SN_A_LINK_ID, w.link).u32(SN_A_LINK_ADMIN, 2); },
     ERANGE, "integer out of range"},
    {"class out of range",
     [](W) { return Message(SN_CMD_SESSION_OPEN).u32(SN_A_SESSION_CLASS, SN_CLASS_MAX + 1); },
     ERANGE, "integer out of range"},
    {"fd flags out of range", [](W) { return w.alloc(4096).u32(SN_A_BUFFER_FD_FLAGS, 3); }, ERANGE,
     "integer out of range"},
    {"0 paths",
     [](W) {
         return Message(SN_CMD_PATH_GET)
             .u32(SN_A_PATH_SRC, w.cpu)
             .u32(SN_A_PATH_DST, w.gpu)
             .u32(SN_A_PATH_COUNT, 0);
     },
     ERANGE, "integer out of range"},
    {"unknown commit flag",
     [](W) { return on_fd(SN_CMD_TOPOLOGY_COMMIT, w.txn->fd()).u32(SN_A_TOPOLOGY_FLAGS, 2); },
     EINVAL, "reserved bit set"},
    {"unknown transfer flag", [](W) { return w.good_submit().u32(SN_A_TRANSFER_FLAGS, 6); }, EINVAL,
     "reserved bit set"},
    {"dump with an attribute",
     [](W) { return Message(SN_CMD_DEVICE_GET).u32(SN_A_DEVICE_ID, w.gpu); }, EINVAL,
     "a dump takes no attribute", NLM_F_DUMP},
    {"path without its source",
     [](W) { return Message(SN_CMD_PATH_GET).u32(SN_A_PATH_DST, w.gpu); }, EINVAL,
     "attribute 'src' is missing"},
};

// What a topology may not say.
inline const std::vector<Case> topology{
    {"device without a name",
     [](W) { return Message(SN_CMD_DEVICE_NEW).u32(SN_A_DEVICE_KIND, SN_DEVICE_KIND_GPU); }, EINVAL,
     "attribute 'name' is missing"},
    {"device without a kind",
     [](W) { return Message(SN_CMD_DEVICE_NEW).string(SN_A_DEVICE_NAME, "x"); }, EINVAL,
     "attribute 'kind' is missing"},
    {"name of no bytes",
     [](W) {
         return Message(SN_CMD_DEVICE_NEW).bytes(SN_A_DEVICE_NAME, "", 0).u32(SN_A_DEVICE_KIND, 1);
     },
     EINVAL, ""},
    {"empty name", [](W) { return device(""); }, EINVAL, "a device name is 1 to 31 characters"},
    {"name of 32 characters", [](W) { return device(std::string(32, 'n')); }, EINVAL, ""},
    {"name without an end",
     [](W) {
         return Message(SN_CMD_DEVICE_NEW)
             .bytes(SN_A_DEVICE_NAME, "abc", 3)
             .u32(SN_A_DEVICE_KIND, 1);
     },
     EINVAL, ""},
    {"name with a slash", [](W) { return device("a/b"); }, EINVAL, "a device name is"},
    {"name with a space", [](W) { return device("a b"); }, EINVAL, "a device name is"},
    {"name with a line end", [](W) { return device("a\n"); }, EINVAL, "a device name is"},
    {"name with UTF-8", [](W) { return device("gr\xc3\xbcn"); }, EINVAL, "a device name is"},
    {"name that is taken", [](W) { return device("gpu"); }, EEXIST,
     "there is a device 'gpu' already"},
    {"backend that is not there",
     [](W) { return device("x").string(SN_A_DEVICE_BACKEND, "nobody"); }, ENOENT,
     "no backend 'nobody' is registered"},
    {"backend without a name", [](W) { return device("x").string(SN_A_DEVICE_BACKEND, ""); },
     EINVAL, "a backend name is"},
    {"1025 ports", [](W) { return device("x").u32(SN_A_DEVICE_PORTS, 1025); }, EINVAL,
     "device 'x' has more than 1024 ports"},
    {"engines that nobody drives", [](W) { return device("x").nest(SN_A_DEVICE_ENGINE, engine()); },
     EINVAL, "device 'x' has engines but no backend"},
    {"switch with a region",
     [](W) { return device("x", SN_DEVICE_KIND_SWITCH).nest(SN_A_DEVICE_REGION, region(4096)); },
     EINVAL, "switch 'x' has regions or engines"},
    {"region without bytes", [](W) { return sim().nest(SN_A_DEVICE_REGION, Message(0)); }, EINVAL,
     "device 'x': a region lacks 'bytes'"},
    {"region of 0 bytes", [](W) { return sim().nest(SN_A_DEVICE_REGION, region(0)); }, EINVAL,
     "device 'x': region 0 is not 1 or more pages"},
    {"region of a page and a byte", [](W) { return sim().nest(SN_A_DEVICE_REGION, region(4097)); },
     EINVAL, "device 'x': region 0 is not 1 or more pages"},
    {"pages of 6000 bytes",
     [](W) {
         return sim().nest(SN_A_DEVICE_REGION, region(6000).u32(SN_A_REGION_PAGE_BYTES, 6000));
     },
     EINVAL, "device 'x': page is no power of 2 from 4K to 1G"},
    {"pages of 512 bytes",
     [](W) {
         return sim().nest(SN_A_DEVICE_REGION, region(4096).u32(SN_A_REGION_PAGE_BYTES, 512));
     },
     EINVAL, "device 'x': page is no power of 2 from 4K to 1G"},
    {"the longest name and bad pages",
     [](W) { return sim(std::string(31, 'n')).nest(SN_A_DEVICE_REGION, region(4097)); }, EINVAL,
     "device 'nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn': region 0 is not 1 or more pages"},
    {"the longest name and bad page bytes",
     [](W) {
         return sim(std::string(31, 'n'))
             .nest(SN_A_DEVICE_REGION, region(4096).u32(SN_A_REGION_PAGE_BYTES, 1));
     },
     EINVAL, "device 'nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn': page is no power of 2 from 4K to 1G"},
    {"region on a node that is not there",
     [](W) { return sim().nest(SN_A_DEVICE_REGION, region(4096).s32(SN_A_REGION_NODE, 99)); },
     EINVAL, "device 'x': there is no NUMA node 99"},
    {"9 regions", [](W) { return regions(9); }, EINVAL, "device 'x' has more than 8 regions"},
    {"17 engines", [](W) { return engines(17); }, EINVAL, "device 'x' has more than 16 engines"},
    {"engine without channels",
     [](W) { return sim().nest(SN_A_DEVICE_ENGINE, engine().u32(SN_A_ENGINE_CHANNELS, 0)); },
     EINVAL, "device 'x': engine channels are not 1 to 1024"},
    {"engine without depth",
     [](W) { return sim().nest(SN_A_DEVICE_ENGINE, engine().u32(SN_A_ENGINE_DEPTH, 0)); }, EINVAL,
     "device 'x': engine depth is not 1 to 1024"},
    {"sim: a BAR",
     [](W) {
         return sim().nest(SN_A_DEVICE_REGION,
                           region(4096).u32(SN_A_REGION_KIND, SN_REGION_KIND_BAR));
     },
     EINVAL, "a simulated device has no BAR"},
    {"sim: an engine without a rate", [](W) { return sim().nest(SN_A_DEVICE_ENGINE, engine(0)); },
     EINVAL, "a simulated engine needs bytes_per_sec"},
    {"sim: 17 channels",
     [](W) { return sim().nest(SN_A_DEVICE_ENGINE, engine().u32(SN_A_ENGINE_CHANNELS, 17)); },
     EINVAL, "a simulated engine has 1 to 16 channels"},
    {"sim: a latency of an hour",
     [](W) {
         return sim().nest(SN_A_DEVICE_ENGINE,
                           engine().u64(SN_A_ENGINE_LATENCY_NS, 3'600'000'000'000));
     },
     EINVAL, "a simulated engine's latency is at most a second"},
    {"host: not for sale", [](W) { return device("x").string(SN_A_DEVICE_BACKEND, "host"); },
     ENOENT, "no backend 'host' is registered"},
    {"device that never was",
     [](W) { return Message(SN_CMD_DEVICE_GET).u32(SN_A_DEVICE_ID, 4'000'000); }, ENOENT,
     "there is no device 4000000"},
    {"device 0", [](W) { return Message(SN_CMD_DEVICE_DEL).u32(SN_A_DEVICE_ID, 0); }, ENOENT,
     "there is no device 0"},
    {"device that was removed",
     [](W) { return Message(SN_CMD_DEVICE_DEL).u32(SN_A_DEVICE_ID, w.removed); }, ENOENT,
     "there is no device"},
    {"device of a backend", [](W) { return Message(SN_CMD_DEVICE_DEL).u32(SN_A_DEVICE_ID, w.cpu); },
     EPERM, "device 'cpu0' belongs to backend 'host'"},
    {"device with buffers",
     [](W) { return Message(SN_CMD_DEVICE_DEL).u32(SN_A_DEVICE_ID, w.island); }, EBUSY,
     "device 'island' has 1 live buffers"},
    {"device with a link",
     [](W) { return Message(SN_CMD_DEVICE_DEL).u32(SN_A_DEVICE_ID, w.narrow); }, EBUSY,
     "device 'narrow' still has link"},
    {"link without a rate",
     [](W) {
         return Message(SN_CMD_LINK_NEW)
             .u32(SN_A_LINK_DEVICE_A, w.cpu)
             .u32(SN_A_LINK_DEVICE_B, w.spare);
     },
     EINVAL, "attribute 'bytes-per-sec-ab' is missing"},
    {"link with a rate of 0", [](W) { return link(w.cpu, w.spare, 0); }, EINVAL,
     "a link has a rate of 0 in both directions"},
    {"link to itself", [](W) { return link(w.gpu, w.gpu); }, EINVAL,
     "a link would join device 'gpu' to itself"},
    {"link to nowhere", [](W) { return link(w.gpu, 4'000'000); }, ENOENT,
     "there is no device 4000000"},
    {"link to what was removed", [](W) { return link(w.removed, w.gpu); }, ENOENT,
     "there is no device"},
    {"port that is taken", [](W) { return link(w.cpu, w.spare).u32(SN_A_LINK_PORT_A, 5); },
     EADDRINUSE, "port 5 of device 'cpu0' is taken by link"},
    {"port that is not there", [](W) { return link(w.cpu, w.spare).u32(SN_A_LINK_PORT_B, 2); },
     ERANGE, "device 'spare' has no port 2, it has 2"},
    {"no port left", [](W) { return link(w.gpu, w.narrow); }, ENOSPC,
     "device 'narrow' has no free port"},
    {"link that was removed",
     [](W) { return Message(SN_CMD_LINK_DEL).u32(SN_A_LINK_ID, w.removed_link); }, ENOENT,
     "there is no link"},
    {"state of a link that was removed",
     [](W) {
         return Message(SN_CMD_LINK_SET).u32(SN_A_LINK_ID, w.removed_link).u32(SN_A_LINK_ADMIN, 0);
     },
     ENOENT, "there is no link"},
    {"region that never was",
     [](W) { return Message(SN_CMD_REGION_GET).u32(SN_A_REGION_ID, 4'000'000); }, ENOENT,
     "there is no region 4000000"},
    {"engine that never was",
     [](W) { return Message(SN_CMD_ENGINE_GET).u32(SN_A_ENGINE_ID, 4'000'000); }, ENOENT,
     "there is no engine 4000000"},
    {"transaction name of 32 characters",
     [](W) {
         return Message(SN_CMD_TOPOLOGY_BEGIN).string(SN_A_TOPOLOGY_NAME, std::string(32, 'n'));
     },
     EINVAL, ""},
    {"commit of nothing", [](W) { return Message(SN_CMD_TOPOLOGY_COMMIT); }, EINVAL,
     "attribute 'fd' is missing"},
    {"commit of a closed fd", [](W) { return on_fd(SN_CMD_TOPOLOGY_COMMIT, World::closed); }, EBADF,
     "fd 987 is not open"},
    {"commit of fd -1", [](W) { return on_fd(SN_CMD_TOPOLOGY_COMMIT, -1); }, EBADF,
     "fd -1 is not open"},
    {"commit of a file", [](W) { return on_fd(SN_CMD_TOPOLOGY_COMMIT, w.file.get()); }, EINVAL,
     "fd"},
    {"commit of a session", [](W) { return on_fd(SN_CMD_TOPOLOGY_COMMIT, w.session->fd()); },
     EINVAL, "fd"},
    {"abort of a pipe", [](W) { return on_fd(SN_CMD_TOPOLOGY_ABORT, w.pipe_in.get()); }, EINVAL,
     "fd"},
    {"stage in a buffer", [](W) { return device("x").s32(SN_A_DEVICE_TXN_FD, w.a.fd.get()); },
     EINVAL, "fd"},
    {"stage in a fence",
     [](W) { return link(w.cpu, w.spare).s32(SN_A_LINK_TXN_FD, w.fence.get()); }, EINVAL, "fd"},
    {"stage in what has ended", [](W) { return device("x").s32(SN_A_DEVICE_TXN_FD, w.ended_fd); },
     EINVAL, "the transaction has ended"},
    {"commit of what has ended", [](W) { return on_fd(SN_CMD_TOPOLOGY_COMMIT, w.ended_fd); },
     EINVAL, "the transaction has ended"},
    {"dry run of what is stale",
     [](W) {
         return on_fd(SN_CMD_TOPOLOGY_COMMIT, w.stale->fd())
             .u32(SN_A_TOPOLOGY_FLAGS, SN_TOPOLOGY_F_DRY_RUN);
     },
     ESTALE, "topology changed since the transaction began"},
    {"commit of what is stale", [](W) { return on_fd(SN_CMD_TOPOLOGY_COMMIT, w.stale->fd()); },
     ESTALE, "topology changed since the transaction began"},
};

inline const std::uint64_t far_away = std::numeric_limits<std::uint64_t>::max();

// What a session, its buffers and its transfers may not be asked.
inline const std::vector<Case> transfers{
    {"session of class deadline",
     [](W) { return Message(SN_CMD_SESSION_OPEN).u32(SN_A_SESSION_CLASS, SN_CLASS_DEADLINE); },
     EOPNOTSUPP, "class deadline needs admission"},
    {"buffer without bytes",
     [](W) {
         return Message(SN_CMD_BUFFER_ALLOC)
             .s32(SN_A_BUFFER_SESSION_FD, w.session->fd())
             .u32(SN_A_BUFFER_REGION, w.gpu_region);
     },
     EINVAL, "bytes are missing"},
    {"buffer without a session",
     [](W) { return Message(SN_CMD_BUFFER_ALLOC).u64(SN_A_BUFFER_BYTES, 1); }, EINVAL,
     "session fd is missing"},
    {"buffer of 0 bytes", [](W) { return w.alloc(0); }, EINVAL, "a buffer has at least one byte"},
    {"buffer of 2^63 bytes", [](W) { return w.alloc(1ULL << 63); }, ENOSPC,
     "region is smaller than the buffer"},
    {"buffer of 2^64 - 1 bytes", [](W) { return w.alloc(far_away); }, ENOSPC,
     "region is smaller than the buffer"},
    {"buffer of more than is free", [](W) { return w.alloc(32 << 20); }, ENOSPC,
     "region has no room"},
    {"buffer where nobody drives", [](W) { return w.alloc(4096, w.known_region, w.session->fd()); },
     ENODEV, "device is not driven"},
    {"buffer nowhere", [](W) { return w.alloc(4096, 4'000'000, w.session->fd()); }, ENOENT,
     "no such region"},
    {"buffer of a file", [](W) { return w.alloc(4096, w.gpu_region, w.file.get()); }, EINVAL,
     "session fd is not a session"},
    {"buffer of a transaction", [](W) { return w.alloc(4096, w.gpu_region, w.txn->fd()); }, EINVAL,
     "session fd is not a session"},
    {"buffer of a closed fd", [](W) { return w.alloc(4096, w.gpu_region, World::closed); }, EBADF,
     "session fd is not open"},
    {"buffer name of 32 characters",
     [](W) { return w.alloc(4096).string(SN_A_BUFFER_NAME, std::string(32, 'n')); }, EINVAL, ""},
    {"buffer that never was",
     [](W) { return Message(SN_CMD_BUFFER_GET).u64(SN_A_BUFFER_ID, 1ULL << 40); }, ENOENT,
     "no such buffer"},
    {"info of a file",
     [](W) { return Message(SN_CMD_BUFFER_INFO).s32(SN_A_BUFFER_FD, w.file.get()); }, EINVAL,
     "buffer fd is not a dma-buf"},
    {"info of a closed fd",
     [](W) { return Message(SN_CMD_BUFFER_INFO).s32(SN_A_BUFFER_FD, World::closed); }, EBADF,
     "buffer fd is not open"},
    {"transfer without segments",
     [](W) {
         return Message(SN_CMD_TRANSFER_SUBMIT).s32(SN_A_TRANSFER_SESSION_FD, w.session->fd());
     },
     EINVAL, "segments are missing"},
    {"transfer without a session",
     [](W) {
         const auto segment = w.good();
         return Message(SN_CMD_TRANSFER_SUBMIT).bytes(SN_A_TRANSFER_SEGMENTS, &segment, 32);
     },
     EINVAL, "session fd is missing"},
    {"segments of 0 bytes", [](W) { return w.submit({}); }, EINVAL, "segments must be 1 to 1024"},
    {"segments of 31 bytes",
     [](W) {
         const auto segment = w.good();
         return Message(SN_CMD_TRANSFER_SUBMIT)
             .s32(SN_A_TRANSFER_SESSION_FD, w.session->fd())
             .bytes(SN_A_TRANSFER_SEGMENTS, &segment, 31);
     },
     EINVAL, "segments must be 1 to 1024"},
    {"1025 segments", [](W) { return w.submit(std::vector<Segment>(1025, w.good())); }, EINVAL,
     "segments must be 1 to 1024"},
    {"transfer of a pipe's", [](W) { return w.submit({w.good()}, w.pipe_out.get()); }, EINVAL,
     "session fd is not a session"},
    {"transfer of a socket's", [](W) { return w.submit({w.good()}, w.net.get()); }, EINVAL,
     "session fd is not a session"},
    {"transfer of an eventfd's", [](W) { return w.submit({w.good()}, w.event.get()); }, EINVAL,
     "session fd is not a session"},
    {"transfer of a buffer's", [](W) { return w.submit({w.good()}, w.a.fd.get()); }, EINVAL,
     "session fd is not a session"},
    {"transfer of nobody's", [](W) { return w.submit({w.good()}, World::closed); }, EBADF,
     "session fd is not open"},
    {"source is closed", [](W) { return w.from(World::closed); }, EBADF,
     "segment names an fd that is not a dma-buf"},
    {"source is a file", [](W) { return w.from(w.file.get()); }, EINVAL,
     "segment names an fd that is not a dma-buf"},
    {"destination is a pipe", [](W) { return w.to(w.pipe_out.get()); }, EINVAL,
     "segment names an fd that is not a dma-buf"},
    {"destination is a session", [](W) { return w.to(w.session->fd()); }, EINVAL,
     "segment names an fd that is not a dma-buf"},
    {"destination is read-only", [](W) { return w.to(w.readable.fd.get()); }, EACCES,
     "destination is not open for writing"},
    {"source is write-only", [](W) { return w.from(w.writable.fd.get()); }, EACCES,
     "source is not open for reading"},
    {"no way there", [](W) { return w.to(w.alone.fd.get()); }, EHOSTUNREACH,
     "no path between the devices"},
    {"nothing to copy", [](W) { return w.range(0, 0, 0); }, EINVAL, "segment has no bytes"},
    {"source out of range", [](W) { return w.range(65536, 0, 1); }, ERANGE,
     "segment lies outside its buffer"},
    {"destination out of range", [](W) { return w.range(0, 65535, 2); }, ERANGE,
     "segment lies outside its buffer"},
    {"source beyond 2^64", [](W) { return w.range(far_away - 4095, 0, 4096); }, ERANGE,
     "segment lies outside its buffer"},
    {"destination beyond 2^64", [](W) { return w.range(0, far_away, 1); }, ERANGE,
     "segment lies outside its buffer"},
    {"bytes beyond 2^64", [](W) { return w.range(1, 0, far_away); }, ERANGE,
     "segment lies outside its buffer"},
    {"onto itself",
     [](W) { return w.submit({{.src_fd = w.a.fd.get(), .dst_fd = w.a.fd.get(), .bytes = 64}}); },
     EINVAL, "source and destination overlap"},
    {"onto itself by a byte",
     [](W) {
         return w.submit(
             {{.src_fd = w.a.fd.get(), .dst_fd = w.a.fd.get(), .dst_offset = 4095, .bytes = 4096}});
     },
     EINVAL, "source and destination overlap"},
    {"the last of three segments is bad",
     [](W) {
         auto bad = w.good();
         bad.src_offset = 65536;
         return w.submit({w.good(), w.good(), bad});
     },
     ERANGE, "segment lies outside its buffer"},
    {"transfer of class deadline",
     [](W) { return w.good_submit().u32(SN_A_TRANSFER_CLASS, SN_CLASS_DEADLINE); }, EOPNOTSUPP,
     "class deadline needs admission"},
    {"in-fence is closed", [](W) { return w.in_fence(World::closed); }, EINVAL,
     "in-fence is not a sync_file"},
    {"in-fence is a buffer", [](W) { return w.in_fence(w.a.fd.get()); }, EINVAL,
     "in-fence is not a sync_file"},
    {"in-fence is a session", [](W) { return w.in_fence(w.session->fd()); }, EINVAL,
     "in-fence is not a sync_file"},
    {"17 in-fences",
     [](W) {
         auto message = w.good_submit();
         for (int i = 0; i < 17; i++)
             message.s32(SN_A_TRANSFER_IN_FENCE_FD, w.fence.get());
         return message;
     },
     E2BIG, "too many in-fences, limit 16"},
    {"transfer that never was",
     [](W) {
         return Message(SN_CMD_TRANSFER_GET)
             .s32(SN_A_TRANSFER_SESSION_FD, w.session->fd())
             .u64(SN_A_TRANSFER_ID, 1ULL << 40);
     },
     ENOENT, "no such transfer"},
    {"cancel of what was read",
     [](W) {
         return Message(SN_CMD_TRANSFER_CANCEL)
             .s32(SN_A_TRANSFER_SESSION_FD, w.session->fd())
             .u64(SN_A_TRANSFER_ID, w.read_transfer);
     },
     ENOENT, "no such transfer"},
    {"cancel of nothing",
     [](W) {
         return Message(SN_CMD_TRANSFER_CANCEL).s32(SN_A_TRANSFER_SESSION_FD, w.session->fd());
     },
     EINVAL, "transfer id is missing"},
};

#undef W

inline std::vector<std::vector<Case>> tables() {
    return {form, topology, transfers};
}

} // namespace refusals

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// What a buffer is to its owner, to other processes and to other drivers. Every test ends where it
// began: the same sessions, buffers, tenants and free bytes in every region.
//
// buffers refusals DEVICE    sizes and places that cannot be, each with its errno and sentence
// buffers describe DEVICE    what is said of a buffer is what was asked for
// buffers map DEVICE         the rules of mmap, mprotect, mremap, and access by others
// buffers zero CPU           memory that held another's bytes is zero in a new buffer
// buffers pending CPU        a large buffer before it is ready, and one given up by then
// buffers importer DEVICE    another driver attaches, maps and reads (sn_test_importer)
// buffers lost               a device goes while its buffers are mapped, attached and inherited
#include "vmtest.hpp"

#include <fcntl.h>
#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <thread>

namespace {

using namespace supernode;
using vmtest::require;

constexpr std::size_t page = 4096;
constexpr std::uint64_t mib = 1 << 20;
constexpr std::uint64_t tib = 1ull << 40;
constexpr auto moment = std::chrono::seconds(30); ///< under emulation, on a busy machine
constexpr const char *importer = "/sys/kernel/debug/sn_test_importer/control";

/// All that counts buffers.
struct Counts {
    std::uint32_t sessions, buffers;
    std::uint64_t bytes;
    std::vector<Region> regions;
    std::vector<Tenant> tenants;
    std::vector<BufferInfo> dump;

    bool operator==(const Counts &) const = default;
};

Counts counts(Client &client) {
    const auto stats = client.stats();
    return {stats.sessions,   stats.buffers,    stats.buffer_bytes,
            client.regions(), client.tenants(), client.buffers()};
}

template<typename Condition>
void until(std::string_view what, Condition &&condition) {
    const auto end = std::chrono::steady_clock::now() + moment;
    while (!condition()) {
        require(std::chrono::steady_clock::now() < end, "never came true: {}", what);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

/// The call must be refused with this errno and a sentence that begins like this one.
template<typename Call>
void refused(int code, std::string_view sentence, Call &&call) {
    try {
        call();
    } catch (const Error &e) {
        require(e.code() == code && e.sentence().starts_with(sentence),
                "refused with {} '{}', should be {} '{}'", errno_name(e.code()), e.sentence(),
                errno_name(code), sentence);
        return;
    }
    throw std::runtime_error(fmt::format("was not refused with '{}'", sentence));
}

DeviceSpec sim_gpu(std::string name, std::uint64_t bytes) {
    DeviceSpec spec;
    spec.name = std::move(name);
    spec.kind = DeviceKind::gpu;
    spec.backend = "sim";
    spec.regions.push_back({.kind = RegionKind::hbm, .bytes = bytes});
    return spec;
}

/// A plain mmap of a buffer at an address of the kernel's choice.
char *map(int fd, std::size_t bytes, int protection, int flags = MAP_SHARED, off_t offset = 0) {
    return static_cast<char *>(mmap(nullptr, bytes, protection, flags, fd, offset));
}

char *must_map(int fd, std::size_t bytes, int protection, off_t offset = 0) {
    char *const at = map(fd, bytes, protection, MAP_SHARED, offset);
    require(at != MAP_FAILED, "mmap of {} bytes from {}: {}", bytes, offset, std::strerror(errno));
    return at;
}

void map_refused(int code, std::string_view what, int fd, std::size_t bytes, int protection,
                 int flags = MAP_SHARED, off_t offset = 0) {
    char *const at = map(fd, bytes, protection, flags, offset);
    const int said = at == MAP_FAILED ? errno : 0;
    require(said == code, "mmap {}: {}, should be {}", what, errno_name(said), errno_name(code));
}

/// DMA_BUF_IOCTL_SYNC once; CpuAccess would try again for as long as a buffer is pending.
int sync_once(int fd, std::uint64_t flags) {
    dma_buf_sync arg{flags};
    return ioctl(fd, DMA_BUF_IOCTL_SYNC, &arg) ? errno : 0;
}

/// A command to the foreign importer. Return: 0 or an errno.
int ask_importer(const std::string &command) {
    const Fd fd(open(importer, O_WRONLY | O_CLOEXEC));
    require(static_cast<bool>(fd), "{}: {}", importer, std::strerror(errno));
    return write(fd.get(), command.data(), command.size()) < 0 ? errno : 0;
}

void importer_does(const std::string &command, int wanted = 0) {
    const int code = ask_importer(command);
    require(code == wanted, "importer: {}: {}, should be {}", command, errno_name(code),
            errno_name(wanted));
}

std::string importer_state() {
    std::ifstream in(importer);
    return {std::istreambuf_iterator<char>(in), {}};
}

void importer_says(const std::string &what) {
    const auto state = importer_state();
    require(state.find(what) != std::string::npos, "importer: no {} in {}", what, state);
}

std::uint32_t crc32(std::span<const std::byte> bytes) {
    std::uint32_t crc = ~0u;
    for (const auto byte : bytes) {
        crc ^= static_cast<std::uint8_t>(byte);
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

void require_zero(const volatile char *at, std::size_t bytes, std::size_t step,
                  std::string_view what) {
    for (std::size_t i = 0; i < bytes; i += step)
        require(at[i] == 0, "{}: byte {} is {:#x}, should be 0", what, i, at[i]);
}

void test_refusals(Client &client, std::string_view device) {
    const auto region = vmtest::region_of(client, device);
    auto session = client.open_session();
    const auto alloc = [&](std::uint32_t where, std::uint64_t bytes) {
        return session.alloc({.region = where, .bytes = bytes});
    };
    const std::string_view small = "region is smaller than the buffer";
    refused(EINVAL, "a buffer has at least one byte", [&] { alloc(region.id, 0); });
    refused(ENOSPC, small, [&] { alloc(region.id, region.bytes + 1); });
    refused(ENOSPC, small, [&] { alloc(region.id, ~0ull); });
    refused(ENOSPC, small, [&] { alloc(region.id, ~0ull - page + 2); });
    refused(ENOENT, "no such region", [&] { alloc(0x7fffffff, 1); });
    {
        const auto most = session.alloc_ready({.region = region.id, .bytes = region.bytes - page});
        refused(ENOSPC, "region has no room", [&] { alloc(region.id, 2 * page); });
        const auto rest = session.alloc_ready({.region = region.id, .bytes = page});
        refused(ENOSPC, "region has no room", [&] { alloc(region.id, 1); });
        const auto full = client.region(region.id);
        require(full.free_bytes == 0 && full.largest_free_bytes == 0 && full.buffers == 2,
                "{} free, {} at once, {} buffers", full.free_bytes, full.largest_free_bytes,
                full.buffers);
    }
    // A region may be stated larger than the memory it is simulated in.
    const auto wide = client.device_new(sim_gpu("wide", tib));
    const auto inside = client.device(wide).regions.front().id;
    refused(ENOMEM, "host has too little memory", [&] { alloc(inside, tib / 2); });
    client.device_del(wide);
}

void test_describe(Client &client, std::string_view device) {
    const auto region = vmtest::region_of(client, device);
    auto session = client.open_session();
    const auto buffer =
        session.alloc({.region = region.id, .bytes = page + 1, .name = "a name", .user_data = 7});
    require(buffer.state == BufferState::ready, "a small buffer is {}", to_string(buffer.state));
    const auto info = client.buffer_info(buffer.fd.get());
    require(info.id == buffer.id && info.name == "a name" && info.user_data == 7,
            "id {}, name '{}', user data {}", info.id, info.name, info.user_data);
    require(info.region == region.id && info.device == region.device, "region {}, device {}",
            info.region, info.device);
    require(info.bytes == 2 * page && dmabuf_bytes(buffer.fd.get()) == 2 * page,
            "{} bytes, the dma-buf {}", info.bytes, dmabuf_bytes(buffer.fd.get()));
    require(info.pid == static_cast<std::uint32_t>(getpid()) && info.comm == "buffers",
            "made by {} ({})", info.comm, info.pid);
    require(info.mappings == 0 && info.transfers == 0 && info.attachments.empty(),
            "{} mappings, {} transfers, {} attachments", info.mappings, info.transfers,
            info.attachments.size());
    require(client.buffer(buffer.id) == info, "by id it is another than by fd");
    const auto all = client.buffers();
    require(all.size() == 1 && all.front() == info, "the dump has {} buffers", all.size());

    const auto other = session.alloc({.region = region.id, .bytes = page});
    const auto next = client.buffer_info(other.fd.get());
    require(next.offset + next.bytes <= info.offset || info.offset + info.bytes <= next.offset ||
                region.kind == RegionKind::dram,
            "buffers overlap: {}+{} and {}+{}", info.offset, info.bytes, next.offset, next.bytes);
    const auto now = client.region(region.id);
    require(now.buffers == 2 && region.free_bytes - now.free_bytes == 3 * page,
            "the region has {} buffers, {} bytes less", now.buffers,
            region.free_bytes - now.free_bytes);

    std::ifstream in(fmt::format("/proc/self/fdinfo/{}", buffer.fd.get()));
    const std::string text(std::istreambuf_iterator<char>(in), {});
    require(text.find("exp_name:\tsupernode\n") != std::string::npos, "fdinfo: {}", text);
    require(fcntl(buffer.fd.get(), F_GETFD) == FD_CLOEXEC, "the fd survives an exec");

    // A dump of more than fits in one message.
    std::vector<Buffer> many;
    for (int i = 0; i < 400; i++)
        many.push_back(session.alloc({.region = region.id, .bytes = page}));
    const auto dump = client.buffers();
    require(dump.size() == 402, "{} of 402 buffers", dump.size());
    require(std::ranges::is_sorted(dump, std::less<>(), &BufferInfo::id), "the dump is unordered");
}

/// One page of each kind of fd: a shared mapping needs at least what the fd allows.
void test_map_access(Session &session, std::uint32_t region) {
    const auto of = [&](Access access) {
        return session.alloc({.region = region, .bytes = page, .access = access});
    };
    const auto readable = of(Access::read);
    map_refused(EACCES, "a read-only fd for writing", readable.fd.get(), page,
                PROT_READ | PROT_WRITE);
    map_refused(EINVAL, "a read-only fd privately", readable.fd.get(), page, PROT_READ,
                MAP_PRIVATE);
    char *const at = must_map(readable.fd.get(), page, PROT_READ);
    require_zero(at, page, 1, "a read-only page");
    require(mprotect(at, page, PROT_READ | PROT_WRITE) && errno == EACCES,
            "a read-only page becomes writable");
    munmap(at, page);

    const auto writable = of(Access::write);
    map_refused(EACCES, "a write-only fd", writable.fd.get(), page, PROT_WRITE);
}

/// What the kernel itself may and may not do with mapped pages.
void test_map_others(char *at) {
    std::memset(at, 0x5a, page);
    const Fd mem(open("/proc/self/mem", O_RDWR | O_CLOEXEC));
    require(static_cast<bool>(mem), "/proc/self/mem: {}", std::strerror(errno));
    char bytes[16] = {};
    const auto where = static_cast<off_t>(reinterpret_cast<std::uintptr_t>(at));
    require(pread(mem.get(), bytes, sizeof(bytes), where + 2) == sizeof(bytes) && bytes[0] == 0x5a,
            "a debugger reads {:#x}: {}", bytes[0], std::strerror(errno));
    require(pwrite(mem.get(), "w", 1, where + 100) == 1 && at[100] == 'w',
            "a debugger's byte is {:#x}: {}", at[100], std::strerror(errno));
    // It goes on over the end of a page.
    at[page - 1] = 'a';
    at[page] = 'b';
    require(pread(mem.get(), bytes, 2, where + page - 1) == 2 && bytes[0] == 'a' && bytes[1] == 'b',
            "a debugger reads over a page's end: {:#x} {:#x}", bytes[0], bytes[1]);

    int ends[2];
    require(pipe(ends) == 0, "pipe failed");
    const Fd reading(ends[0]), writing(ends[1]);
    const iovec range{at, page};
    const auto moved = vmsplice(writing.get(), &range, 1, 0);
    require(moved < 0 && errno == EFAULT, "vmsplice takes a page's reference: {}", moved);
}

void test_map(Client &client, std::string_view device) {
    auto session = client.open_session();
    const auto region = vmtest::region_of(client, device).id;
    const auto buffer = session.alloc({.region = region, .bytes = 4 * page});
    const int fd = buffer.fd.get();
    const auto mappings = [&] { return client.buffer_info(fd).mappings; };
    const int both = PROT_READ | PROT_WRITE;

    map_refused(EINVAL, "privately", fd, 4 * page, both, MAP_PRIVATE);
    map_refused(EINVAL, "behind the end", fd, page, both, MAP_SHARED, 4 * page);
    map_refused(EINVAL, "too much", fd, 5 * page, both);
    map_refused(EINVAL, "over the end", fd, 2 * page, both, MAP_SHARED, 3 * page);
    require(mappings() == 0, "refused mappings count: {}", mappings());
    test_map_access(session, region);

    // Two windows onto the same page.
    char *const whole = must_map(fd, 4 * page, both);
    char *const last = must_map(fd, page, both, 3 * page);
    whole[3 * page + 5] = 'x';
    require(last[5] == 'x' && mappings() == 2, "the windows differ; {} mappings", mappings());
    munmap(last, page);
    test_map_others(whole);

    // In pieces, elsewhere, but never larger.
    require(mremap(whole, 4 * page, 5 * page, MREMAP_MAYMOVE) == MAP_FAILED && errno == EFAULT,
            "a mapping grows: {}", std::strerror(errno));
    whole[0] = 'y';
    require(munmap(whole + page, page) == 0 && mappings() == 2, "{} pieces, should be 2",
            mappings());
    char *const place =
        static_cast<char *>(mmap(nullptr, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    char *const moved =
        static_cast<char *>(mremap(whole, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, place));
    require(moved == place && moved[0] == 'y' && mappings() == 2, "{} mappings after a move: {}",
            mappings(), std::strerror(errno));
    require(madvise(moved, page, MADV_DONTNEED) != 0 && errno == EINVAL && moved[0] == 'y',
            "a page can be forgotten: {:#x}", moved[0]);
    munmap(moved, page);
    munmap(whole + 2 * page, 2 * page);
    require(mappings() == 0, "{} mappings are left", mappings());
}

/// Free memory of the node that a region is on.
std::uint64_t node_free_bytes(const Region &region) {
    std::ifstream in(region.node < 0
                         ? std::string("/proc/meminfo")
                         : fmt::format("/sys/devices/system/node/node{}/meminfo", region.node));
    for (std::string word; in >> word;)
        if (word == "MemFree:") {
            std::uint64_t kib = 0;
            in >> kib;
            return kib * 1024;
        }
    throw std::runtime_error("no MemFree");
}

void test_zero(Client &client, std::string_view device) {
    const auto region = vmtest::region_of(client, device);
    // Two thirds of what is free, twice: the second has pages of the first.
    const auto bytes = node_free_bytes(region) / 3 * 2;
    auto session = client.open_session();
    {
        const auto first = session.alloc_ready({.region = region.id, .bytes = bytes}, moment);
        const UniqueMapping map(first.fd.get());
        std::memset(map.data(), 0x5a, map.size());
    }
    const auto second = session.alloc_ready({.region = region.id, .bytes = bytes}, moment);
    const UniqueMapping map(second.fd.get(), 0, Access::read);
    const auto *const words = reinterpret_cast<const std::uint64_t *>(map.data());
    for (std::size_t i = 0; i < map.size() / 8; i++)
        require(words[i] == 0, "word {} is {:#x}", i, words[i]);
    fmt::print("{} MiB are zero that were another's\n", map.size() / mib);
}

void test_pending(Client &client, std::string_view device) {
    const auto region = vmtest::region_of(client, device).id;
    auto session = client.open_session();
    const auto small = session.alloc({.region = region, .bytes = page});
    const auto large = session.alloc({.region = region, .bytes = 300 * mib, .user_data = 99});
    const int fd = large.fd.get();

    require(large.state == BufferState::pending, "a large buffer is {}", to_string(large.state));
    map_refused(EAGAIN, "what is pending", fd, page, PROT_READ);
    const int code = sync_once(fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ);
    require(code == EAGAIN, "sync of what is pending: {}", errno_name(code));
    importer_does(fmt::format("attach {}", fd), EAGAIN);
    const Segment segment{.src_fd = fd, .dst_fd = small.fd.get(), .bytes = page};
    refused(EAGAIN, "buffer is not ready yet", [&] { session.submit({&segment, 1}); });
    require(client.buffer_info(fd).state == BufferState::pending, "it was ready all the time");

    const auto record = session.wait(large.id, moment, CompletionType::buffer);
    require(record && record->status == 0 && record->bytes == 300 * mib, "ended with {}",
            record ? record->status : 1);
    require(record->user_data == 99 && record->submit_ns <= record->start_ns &&
                record->start_ns < record->end_ns,
            "user data {}, from {} over {} to {}", record->user_data, record->submit_ns,
            record->start_ns, record->end_ns);
    require(client.buffer_info(fd).state == BufferState::ready, "it is not ready after its record");
    char *const at = must_map(fd, page, PROT_READ);
    require_zero(at, page, 1, "the first page");
    munmap(at, page);

    // Nobody wants the next one any more: its memory is not made, its record still comes.
    auto unwanted = session.alloc({.region = region, .bytes = 300 * mib, .user_data = 100});
    unwanted.fd.reset();
    const auto end = session.wait(unwanted.id, moment, CompletionType::buffer);
    require(end && end->status == -ECANCELED && end->bytes == 0 && end->user_data == 100,
            "given up: ended with {}", end ? end->status : 1);
}

void test_importer(Client &client, std::string_view device) {
    const auto region = vmtest::region_of(client, device).id;
    auto session = client.open_session();
    auto buffer = session.alloc_ready({.region = region, .bytes = 3 * mib}, moment);
    const int fd = buffer.fd.get();
    UniqueMapping map(fd);
    auto *const words = reinterpret_cast<std::uint64_t *>(map.data());
    for (std::size_t i = 0; i < map.size() / 8; i++)
        words[i] = vmtest::pattern(1, i);

    importer_does(fmt::format("attach {}", fd));
    const auto attached = client.buffer_info(fd).attachments;
    require(attached == std::vector<std::string>{"sn_test_importer"}, "{} attachments",
            attached.size());
    importer_does("map");
    importer_does("vmap");
    importer_does("checksum");
    auto crc = crc32(map.span());
    importer_says(fmt::format("\"crc_map\": \"{:08x}\"", crc));
    importer_says(fmt::format("\"crc_vmap\": \"{:08x}\"", crc));

    // It sees what the CPU writes between the brackets.
    {
        CpuAccess access(fd, Access::read_write);
        words[77]++;
        access.end();
    }
    importer_does("checksum");
    require(crc32(map.span()) != crc, "the change changes nothing");
    crc = crc32(map.span());
    importer_says(fmt::format("\"crc_map\": \"{:08x}\"", crc));
    importer_says(fmt::format("\"crc_vmap\": \"{:08x}\"", crc));

    // The importer alone keeps the buffer.
    map = UniqueMapping();
    buffer.fd.reset();
    require(client.buffer(buffer.id).attachments == attached, "the importer's hold is forgotten");
    importer_does("checksum");
    importer_says(fmt::format("\"crc_map\": \"{:08x}\"", crc));
    importer_does("detach");
    until("the buffer goes with its importer", [&] { return client.stats().buffers == 0; });
}

/// A child that inherits a mapping: it sees the bytes, and after a word from its parent, zeroes.
class Heir {
public:
    explicit Heir(volatile char *at, std::size_t bytes) {
        require(pipe(go_) == 0 && pipe(seen_) == 0, "pipe failed");
        pid_ = fork();
        require(pid_ >= 0, "fork failed");
        if (pid_ == 0)
            _exit(vmtest::run([&] { child(at, bytes); }));
        char byte;
        close(seen_[1]);
        require(read(seen_[0], &byte, 1) == 1, "the heir sees other bytes");
    }
    void end() {
        int status = 0;
        require(write(go_[1], "x", 1) == 1, "write failed");
        require(waitpid(pid_, &status, 0) == pid_ && status == 0, "the heir ended with {:#x}",
                status);
    }

private:
    void child(volatile char *at, std::size_t bytes) {
        char byte;
        close(go_[1]);
        require(at[100] == 0x5a, "the heir sees {:#x}", at[100]);
        require(write(seen_[1], "x", 1) == 1, "write failed");
        require(read(go_[0], &byte, 1) == 1, "no word from the parent");
        require_zero(at, bytes, page, "the heir's lost page");
        at[5] = 1;
    }

    int go_[2] = {-1, -1}, seen_[2] = {-1, -1};
    pid_t pid_ = -1;
};

void test_lost(Client &client, std::string_view) {
    const auto device = client.device_new(sim_gpu("doomed", 64 * mib));
    const auto region = client.device(device).regions.front().id;
    auto session = client.open_session();
    const auto buffer = session.alloc_ready({.region = region, .bytes = 16 * mib}, moment);
    const auto second = session.alloc({.region = region, .bytes = page});
    const auto unmapped = session.alloc({.region = region, .bytes = page});
    const int fd = buffer.fd.get();
    const UniqueMapping map(fd), other(second.fd.get());
    auto *const at = reinterpret_cast<volatile char *>(map.data());
    auto *const there = reinterpret_cast<volatile char *>(other.data());
    std::memset(map.data(), 0x5a, map.size());
    there[0] = 0x5a;
    importer_does(fmt::format("attach {}", fd));
    importer_does("map");
    importer_does("vmap");
    Heir heir(at, map.size());

    refused(EBUSY, "device 'doomed' has 3 live buffers", [&] { client.device_del(device); });
    require(at[0] == 0x5a, "a refusal takes the bytes");
    client.device_del(device, true);
    until("the buffers are lost", [&] {
        return client.buffer_info(fd).state == BufferState::lost &&
               client.buffer_info(second.fd.get()).state == BufferState::lost &&
               client.buffer_info(unmapped.fd.get()).state == BufferState::lost;
    });
    require_zero(at, map.size(), page, "a lost page");
    require_zero(there, page, 1, "another lost page");
    heir.end();
    require(at[5] == 1, "the lost page is not the heir's");
    require(there[5] == 0, "two lost buffers share a page");

    // What is mapped after the loss is the same page.
    const UniqueMapping again(fd), late(unmapped.fd.get());
    require(again.data()[page + 5] == std::byte{1}, "a later mapping shows another page");
    require(late.data()[0] == std::byte{0}, "a page that was never mapped is not zero");

    const int code = sync_once(fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ);
    require(code == ENODEV, "sync of what is lost: {}", errno_name(code));
    importer_does("checksum", ENODEV);
    importer_says("\"mapped\": true");
    importer_does("vunmap");
    importer_does("vmap"); // the dma-buf core would warn of a refusal
    importer_does("detach");
    importer_does(fmt::format("attach {}", fd), ENODEV);
    const Segment segment{.src_fd = fd, .dst_fd = second.fd.get(), .bytes = page};
    refused(ENODEV, "buffer is lost", [&] { session.submit({&segment, 1}); });
    refused(ENOENT, "no such region", [&] { session.alloc({.region = region, .bytes = page}); });
}

using Test = void (*)(Client &, std::string_view);
constexpr std::pair<std::string_view, Test> tests[] = {
    {"refusals", test_refusals}, {"describe", test_describe}, {"map", test_map},
    {"zero", test_zero},         {"pending", test_pending},   {"importer", test_importer},
    {"lost", test_lost},
};

void run(int argc, char **argv) {
    require(argc >= 2, "usage: buffers TEST [DEVICE]");
    const auto test = std::ranges::find(tests, std::string_view(argv[1]),
                                        &std::pair<std::string_view, Test>::first);
    require(test != std::end(tests), "no test '{}'", argv[1]);
    Client client;
    const auto before = counts(client);
    test->second(client, argc > 2 ? argv[2] : "");
    until("all is as before", [&] { return counts(client) == before; });
}

} // namespace

int main(int argc, char **argv) {
    return vmtest::run([&] { run(argc, argv); });
}

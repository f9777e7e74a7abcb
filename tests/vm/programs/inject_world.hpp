// SPDX-License-Identifier: GPL-2.0-only OR MIT
// What the operations work on while their allocations fail, and the way back to it.
#pragma once

#include "inject_net.hpp"
#include "inject_state.hpp"
#include "simtest.hpp"
#include "testfence.hpp"

#include <sys/mman.h>

#include <optional>

namespace inject {

using namespace supernode;
using raw::Message;

inline constexpr auto importer_file = "/sys/kernel/debug/sn_test_importer/control";
inline constexpr auto vendor_file = "/sys/kernel/debug/sn_test_vendor/control";

/// gpu and far, simulated, at the two ends of cpu0; a session; a buffer in each.
class World {
public:
    World()
        : cpu(vmtest::device_id(client, "cpu0")), gpu(client.device_new(simtest::gpu("gpu"))),
          far(client.device_new(simtest::gpu("far"))),
          near_link(client.link_new(simtest::link(cpu, gpu))),
          far_link(client.link_new(simtest::link(cpu, far))), gpu_region(region_of(gpu)),
          far_region(region_of(far)), session(client.open_session()),
          a(session.alloc({.region = gpu_region, .bytes = 16384})),
          b(session.alloc({.region = gpu_region, .bytes = 16384})),
          c(session.alloc({.region = far_region, .bytes = 16384})), importer_(file(importer_file)),
          vendor_(file(vendor_file)) {
        resolve();
        for (const auto &d : client.devices())
            devices_.insert(d.id);
        for (const auto &l : client.links())
            links_.insert(l.id);
        fds_ = open_fds();
        base_ = counts(client);
    }

    // What an operation does.
    Outcome ask(const Message &message, int flags = 0) {
        return line_->ask(family_, message, flags);
    }
    Outcome importer(std::string_view command) const { return tell(importer_.get(), command); }
    Outcome vendor(std::string_view command) const { return tell(vendor_.get(), command); }
    /// And the record that follows, when it was accepted.
    Outcome and_record(Outcome outcome, std::uint64_t id, CompletionType type) {
        if (outcome.kind != Outcome::done)
            return outcome;
        const auto end = session.wait(id, simtest::moment, type);
        vmtest::require(end.has_value(), "there is no record of {} {}", to_string(type), id);
        vmtest::require(end->status == 0 || end->status == -ENOMEM, "{} {} ended with {}",
                        to_string(type), id, end->status);
        return outcome;
    }
    Message submit(const Buffer &from, const Buffer &to) const {
        const Segment segment{.src_fd = from.fd.get(), .dst_fd = to.fd.get(), .bytes = 16384};
        return Message(SN_CMD_TRANSFER_SUBMIT)
            .s32(SN_A_TRANSFER_SESSION_FD, session.fd())
            .bytes(SN_A_TRANSFER_SEGMENTS, &segment, sizeof(segment));
    }
    Message alloc(std::uint64_t bytes) const {
        return Message(SN_CMD_BUFFER_ALLOC)
            .s32(SN_A_BUFFER_SESSION_FD, session.fd())
            .u32(SN_A_BUFFER_REGION, victim_region)
            .u64(SN_A_BUFFER_BYTES, bytes);
    }

    // What it needs.
    void make_victim() {
        victim = client.device_new(simtest::gpu("victim"));
        victim_region = region_of(victim);
    }
    void make_victim_link() { victim = client.link_new(simtest::link(gpu, far)); }
    void make_buffer(std::uint64_t bytes = 65536) {
        buffer = session.alloc({.region = gpu_region, .bytes = bytes});
    }
    void make_txn() { txn.emplace(client.begin("staged")); }
    /// Far from everything else, so that its page tables are nobody's before.
    void map() {
        mapped = mmap(reinterpret_cast<void *>(1ul << 44), 65536, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_FIXED_NOREPLACE, buffer.fd.get(), 0);
    }
    void make_mapping() {
        map();
        vmtest::require(mapped != MAP_FAILED, "mmap: {}", std::strerror(errno));
    }
    /// A transfer that waits for a fence, in a session of its own.
    void make_transfer() {
        fence.emplace();
        other.emplace(client.open_session());
        const Segment segment{.src_fd = a.fd.get(), .dst_fd = b.fd.get(), .bytes = 16384};
        SubmitOptions options;
        options.in_fences = {fence->fd()};
        options.out_fence = true;
        transfer = other->submit({&segment, 1}, options).id;
    }
    /// No answer of a search for paths is kept over this.
    void forget_paths() {
        client.link_set(far_link, LinkState::down);
        client.link_set(far_link, LinkState::up);
    }

    /// For one attempt: a socket with nothing in it.
    void open_line() { line_.emplace(); }
    void close_line() { line_.reset(); }

    /// As it was at first, whatever an operation made of it.
    void restore() {
        line_.reset();
        if (mapped != MAP_FAILED)
            munmap(mapped, 65536);
        mapped = MAP_FAILED;
        importer("detach");
        for (const auto command : {"hold 0", "unregister A", "unregister B", "nobackend"})
            vendor(command);
        txn.reset();
        other.reset();
        fence.reset();
        buffer = {};
        for (const int fd : open_fds())
            if (!fds_.contains(fd))
                close(fd);
        for (const auto &l : client.links())
            if (!links_.contains(l.id))
                client.link_del(l.id);
        for (const auto &d : client.devices())
            if (!devices_.contains(d.id))
                client.device_del(d.id, true);
        if (client.link(far_link).admin != LinkState::up)
            client.link_set(far_link, LinkState::up);
        drain();
    }
    /// Works that release things may still run: waits until all is as it was at first.
    void settle(std::string_view what) {
        settle(base_, what, [&] {
            drain();
            return counts(client);
        });
    }
    /// The same of a given state.
    template<typename Look>
    static void settle(const Lines &wanted, std::string_view what, Look &&look) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(8);
        for (;;) {
            const Lines now = look();
            if (now == wanted)
                return;
            if (std::chrono::steady_clock::now() > end)
                throw std::runtime_error(fmt::format("{}{}", what, difference(wanted, now)));
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    }

    /// Attributes of the controller's answer: which commands there are and what they can.
    const raw::Bytes &description() const { return description_; }

    Client client;
    std::uint32_t cpu, gpu, far, near_link, far_link, gpu_region, far_region;
    Session session;
    Buffer a, b, c;

    // Made for one attempt.
    std::uint32_t victim = 0, victim_region = 0;
    std::uint64_t transfer = 0;
    Buffer buffer;
    void *mapped = MAP_FAILED;
    std::optional<Transaction> txn;
    std::optional<Session> other;
    std::optional<TestFence> fence;

private:
    static std::string_view to_string(CompletionType type) {
        return type == CompletionType::buffer ? "buffer" : "transfer";
    }
    static Fd file(const char *path) {
        Fd fd(open(path, O_WRONLY | O_CLOEXEC));
        vmtest::require(static_cast<bool>(fd), "{}: {}", path, std::strerror(errno));
        return fd;
    }
    static Outcome tell(int fd, std::string_view command) {
        return Outcome::of(write(fd, command.data(), command.size()));
    }
    std::uint32_t region_of(std::uint32_t device) { return client.device(device).regions.at(0).id; }
    void drain() {
        using namespace std::chrono_literals;
        while (session.next(0ms)) {
        }
        std::uint8_t event[8192];
        while (recv(events_.fd(), event, sizeof(event), MSG_DONTWAIT) > 0) {
        }
    }
    /// The family, and all of its events: nobody makes one that nobody wants.
    void resolve() {
        description_ = events_.family().reply;
        const auto id = raw::find(description_, CTRL_ATTR_FAMILY_ID);
        vmtest::require(id.size() == 2, "the family has no id");
        std::memcpy(&family_, id.data(), sizeof(family_));
        for (auto rest = raw::find(description_, CTRL_ATTR_MCAST_GROUPS); rest.size() >= 4;) {
            std::uint16_t size = 0;
            std::memcpy(&size, rest.data(), sizeof(size));
            std::uint32_t group = 0;
            const auto number = raw::find(rest.subspan(4, size - 4u), CTRL_ATTR_MCAST_GRP_ID);
            std::memcpy(&group, number.data(), std::min(number.size(), sizeof(group)));
            vmtest::require(!setsockopt(events_.fd(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
                                        sizeof(group)),
                            "cannot join group {}: {}", group, std::strerror(errno));
            rest = rest.subspan(std::min<std::size_t>((size + 3u) & ~3u, rest.size()));
        }
    }

    Fd importer_, vendor_;
    Line events_;
    std::optional<Line> line_;
    std::uint16_t family_ = 0;
    raw::Bytes description_;
    std::set<std::uint32_t> devices_, links_;
    std::set<int> fds_;
    Lines base_;
};

} // namespace inject

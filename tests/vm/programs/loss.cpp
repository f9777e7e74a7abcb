// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Engines that fail, hang and vanish: what is invisible, what is told, and what is never reused.
#include "simtest.hpp"

#include <cerrno>

namespace {

using namespace supernode;
using simtest::Copy;
using simtest::counter;
using simtest::expect_end;
using simtest::knob;
using vmtest::require;
using namespace std::chrono_literals;

struct Bench {
    explicit Bench(Client &client_)
        : client(client_), gpu(client.device_new(simtest::gpu("gpu"))),
          region(client.device(gpu).regions.at(0).id), host(vmtest::region_of(client, "cpu0").id),
          session(client.open_session()) {}
    Client &client;
    std::uint32_t gpu;
    std::uint32_t region;
    std::uint32_t host;
    Session session;
};

void until_hanging() {
    simtest::until("it hangs", [] { return counter("gpu", "hang_nth") == 0; });
}

/// One failure of many copies is the engine's business: the bytes are sent again.
void retries(Client &client) {
    Bench b(client);
    const auto before = client.stats().retries;
    Copy copy(b.session, b.region, b.region, 4 << 20);
    for (const int nth : {1, 5, 16}) {
        knob("gpu", "fail_nth", nth);
        expect_end(copy.wait(copy.submit().id), 0, "a copy with one failure");
        copy.expect_arrived();
    }
    const auto after = client.stats().retries;
    require(after == before + 3, "{} retries, should be 3", after - before);
    require(counter("gpu", "errors") == 3, "{} errors", counter("gpu", "errors"));
    const auto engine = client.device(b.gpu).engines.at(0);
    require(engine.errors == 3 && engine.bytes == 3 * copy.bytes,
            "the engine counts {} errors and {} bytes", engine.errors, engine.bytes);
}

/// An engine that fails for good fails the transfer, in its own words.
void failures(Client &client) {
    Bench b(client);
    Copy copy(b.session, b.region, b.region, 1 << 20);
    for (const int status : {-EIO, -EREMOTEIO}) {
        knob("gpu", "fail_status", status);
        knob("gpu", "fail_every", 1);
        const auto end = copy.wait(copy.submit().id);
        expect_end(end, status, "an engine that fails always");
        require(end.bytes == 0, "{} bytes arrived", end.bytes);
        knob("gpu", "fail_every", 0);
        expect_end(copy.wait(copy.submit().id), 0, "an engine that is well again");
        copy.expect_arrived();
    }
    const auto classes = client.stats().classes;
    const auto normal = std::ranges::find(classes, Class::normal, &ClassStats::priority);
    require(normal != classes.end() && normal->failed >= 2, "no failure was counted");
}

void hangs(Client &client) {
    Bench b(client);
    Copy copy(b.session, b.region, b.region, 4 << 20);
    knob("gpu", "hang_nth", 3);
    const auto id = copy.submit().id;
    until_hanging();
    require(!b.session.wait(id, 300ms), "it ended while its engine hung");
    b.session.cancel(id);
    const auto end = copy.wait(id);
    expect_end(end, -ECANCELED, "a cancelled transfer of an engine that hangs");
    require(end.bytes >= 2 * simtest::slice_bytes && end.bytes < copy.bytes, "{} bytes arrived",
            end.bytes);
    require(client.stats().quarantined_bytes == 0, "an engine that obeys is not trusted");
    expect_end(copy.wait(copy.submit().id), 0, "the next");
    copy.expect_arrived();
}

void vanishing(Client &client) {
    Bench b(client);
    client.link_new(simtest::link(b.gpu, vmtest::device_id(client, "cpu0")));
    const auto devices = client.devices().size();
    const auto links = client.links().size();
    auto copy = Copy(b.session, b.region, b.host, 4 << 20);
    auto idle = b.session.alloc({.region = b.region, .bytes = 65536});
    UniqueMapping map(idle.fd.get()), of_host(copy.to.fd.get());
    map.data()[5] = std::byte{77};

    /* Its own engine hangs over the transfer; then it is pulled out. */
    knob("gpu", "hang_nth", 2);
    const auto id = copy.submit().id;
    simtest::until("it runs",
                   [&] { return b.session.transfer(id).state == TransferState::running; });
    knob("gpu", "vanish", 1);
    expect_end(copy.wait(id), -ENODEV, "a transfer from a device that vanished");
    simtest::until("the device has left", [&] { return client.devices().size() == devices - 1; });
    require(client.links().size() == links - 1, "its link stayed");
    simtest::refused(ENOENT, "its region", [&] { client.region(b.region); });
    simtest::refused(ENOENT, "the device", [&] { client.device(b.gpu); });
    simtest::until("its buffers are lost", [&] {
        return client.buffer_info(idle.fd.get()).state == BufferState::lost &&
               client.buffer_info(copy.from.fd.get()).state == BufferState::lost;
    });
    require(client.buffer_info(copy.to.fd.get()).state == BufferState::ready,
            "the host's buffer is lost as well");

    /* No signal: zeroes to read, and writes go nowhere that anybody sees. */
    const volatile std::byte *const bytes = map.data();
    simtest::until("a lost buffer reads 0",
                   [&] { return bytes[5] == std::byte{0} && bytes[65535] == std::byte{0}; });
    map.data()[5] = std::byte{1};
    UniqueMapping late(idle.fd.get());
    require(late.data()[0] == std::byte{0}, "a late mapping does not read 0");
    simtest::refused(ENODEV, "a copy from it", [&] { copy.submit(); });
    simtest::refused(ENOENT, "a buffer in it",
                     [&] { b.session.alloc({.region = b.region, .bytes = 4096}); });

    /* Another of that name may come at once. */
    const auto again = client.device_new(simtest::gpu("gpu"));
    require(again != b.gpu, "an id came back");
    simtest::until("its knobs",
                   [] { return std::ifstream(simtest::knob_path("gpu", "bytes")).good(); });
    client.device_del(again);
}

void disobedience(Client &client) {
    Bench b(client);
    auto bystander = b.client.device_new(simtest::gpu("other"));
    auto copy = Copy(b.session, b.region, b.region, 1 << 20);
    knob("gpu", "ignore_abort", 1);
    knob("gpu", "hang_nth", 1);
    const auto id = copy.submit().id;
    until_hanging();
    const auto begun = std::chrono::steady_clock::now();
    b.session.cancel(id);
    const auto end = copy.wait(id);
    const auto took = std::chrono::steady_clock::now() - begun;
    expect_end(end, -ECANCELED, "a transfer of an engine that does not obey");
    require(took > 500ms && took < 10s, "it took {} ms",
            std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
    const auto kept = client.stats().quarantined_bytes;
    require(kept > 0 && kept <= copy.bytes, "{} bytes are in quarantine", kept);
    simtest::until("the device is given up", [&] {
        const auto all = client.devices();
        return std::ranges::none_of(all, [&](const auto &d) { return d.id == b.gpu; });
    });

    /* The memory stays until the engine lets go, whoever has closed what. */
    const auto buffers = client.stats().buffers;
    copy.from.fd.reset();
    copy.to.fd.reset();
    std::this_thread::sleep_for(200ms);
    require(client.stats().buffers == buffers, "a buffer was freed that an engine may write");
    require(client.stats().quarantined_bytes == kept, "the quarantine ended too early");
    knob("gpu", "ignore_abort", 0);
    simtest::until("the quarantine ends", [&] { return client.stats().quarantined_bytes == 0; });
    simtest::until("the buffers are freed", [&] { return client.stats().buffers == 0; });
    client.device_del(bystander);
}

void run() {
    Client client;
    const std::pair<const char *, void (*)(Client &)> parts[] = {
        {"retries", retries},     {"failures", failures},         {"hangs", hangs},
        {"vanishing", vanishing}, {"disobedience", disobedience},
    };
    for (const auto &[name, part] : parts) {
        const simtest::Cleaner cleaner(client);
        part(client);
        simtest::until("no buffer is left", [&] { return client.stats().buffers == 0; });
        fmt::print("{}: ok\n", name);
        std::fflush(stdout);
    }
}

} // namespace

int main() {
    return vmtest::run(run);
}

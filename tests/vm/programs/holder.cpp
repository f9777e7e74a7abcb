// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Holds one thing of the module's and nothing else, until its standard input ends.
//
// holder session | transaction | buffer DEVICE | mapping DEVICE | fence DEVICE
// holder lend DEVICE: attach, map and vmap a buffer by sn_test_importer, and let go
//
// Says "ready" once it holds it.
#include "vmtest.hpp"

#include <unistd.h>

#include <cstdio>
#include <fstream>

namespace {

using namespace supernode;
using vmtest::require;

Fd finished_fence(Client &client, std::uint32_t region) {
    auto session = client.open_session();
    const auto a = session.alloc_ready({.region = region, .bytes = 4096});
    const auto b = session.alloc_ready({.region = region, .bytes = 4096});
    const Segment segment{.src_fd = a.fd.get(), .dst_fd = b.fd.get(), .bytes = 4096};
    SubmitOptions options;
    options.out_fence = true;
    auto sent = session.submit({&segment, 1}, options);
    const auto end = session.wait(sent.id, std::chrono::seconds(10));
    require(end && end->status == 0, "the transfer failed");
    return std::move(sent.out_fence);
}

void tell_importer(std::string_view command) {
    constexpr auto file = "/sys/kernel/debug/sn_test_importer/control";
    std::ofstream out(file);
    out << command << std::flush;
    require(out.good(), "the importer refuses '{}'", command);
}

void hold() {
    std::puts("ready");
    std::fflush(stdout);
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
}

void run(int argc, char **argv) {
    require(argc >= 2, "usage: holder session|transaction|buffer|mapping|fence [DEVICE]");
    const std::string kind = argv[1];
    Client client;
    const auto region = argc > 2 ? vmtest::region_of(client, argv[2]).id : 0;
    if (kind == "session") {
        const auto session = client.open_session();
        hold();
    } else if (kind == "transaction") {
        const auto transaction = client.begin("held");
        hold();
    } else if (kind == "buffer") {
        const auto buffer = client.open_session().alloc_ready({.region = region, .bytes = 4096});
        hold();
    } else if (kind == "mapping") {
        UniqueMapping map;
        {
            const auto buffer =
                client.open_session().alloc_ready({.region = region, .bytes = 4096});
            map = UniqueMapping(buffer.fd.get());
        }
        map.data()[0] = std::byte{1};
        hold();
    } else if (kind == "lend") {
        const auto buffer = client.open_session().alloc_ready({.region = region, .bytes = 1 << 20});
        tell_importer(fmt::format("attach {}", buffer.fd.get()));
        tell_importer("map");
        tell_importer("vmap");
        const auto info = client.buffer_info(buffer.fd.get());
        require(info.attachments.size() == 1, "{} attachments, should be 1",
                info.attachments.size());
    } else if (kind == "fence") {
        const auto fence = finished_fence(client, region);
        hold();
    } else {
        require(false, "cannot hold a '{}'", kind);
    }
}

} // namespace

int main(int argc, char **argv) {
    return vmtest::run([&] { run(argc, argv); });
}

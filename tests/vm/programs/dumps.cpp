// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Dumps while others write: each that the kernel does not call interrupted is of one moment.
//
// dumps SECONDS
#include "raw.hpp"
#include "simtest.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <random>
#include <set>

namespace {

using namespace supernode;
using raw::find;
using raw::Message;
using vmtest::require;

constexpr unsigned permanent = 48; ///< devices that stay: a dump of them takes several datagrams
constexpr unsigned batch = 40;     ///< devices, and links to them, that come and go together

struct Load {
    std::atomic<bool> stop = false;
    std::atomic<std::uint64_t> commits = 0, stale = 0, copies = 0, dumps = 0, interrupted = 0,
                               compared = 0;
    std::mutex mutex;
    std::string failure; ///< of any thread, the first one

    template<typename Body>
    std::thread thread(Body &&body) {
        return std::thread([this, body] {
            try {
                while (!stop)
                    body();
            } catch (const std::exception &e) {
                const std::lock_guard lock(mutex);
                if (failure.empty())
                    failure = e.what();
                stop = true;
            }
        });
    }
};

template<typename Number>
Number number(const raw::Bytes &object, int type) {
    const auto payload = find(object, type);
    require(payload.size() == sizeof(Number), "attribute {} has {} bytes", type, payload.size());
    Number value;
    std::memcpy(&value, payload.data(), sizeof(value));
    return value;
}

struct Dump {
    std::set<std::uint64_t> ids;
    std::vector<raw::Bytes> objects;
    bool interrupted = false;
};

template<typename Id>
Dump dump(Load &load, raw::Socket &socket, std::uint8_t command, int id_type) {
    auto answer = socket.ask(Message(command), NLM_F_DUMP);
    require(!answer.error, "dump {}: {} '{}'", command, errno_name(answer.error), answer.sentence);
    Dump all;
    std::uint64_t last = 0;
    for (const auto &object : answer.objects) {
        const std::uint64_t id = number<Id>(object, id_type);
        require(id > last, "dump {}: id {} after {}", command, id, last);
        all.ids.insert(last = id);
    }
    all.objects = std::move(answer.objects);
    all.interrupted = answer.interrupted;
    load.dumps++;
    load.interrupted += all.interrupted;
    return all;
}

struct Info {
    explicit Info(raw::Socket &socket) {
        const auto answer = socket.ask(Message(SN_CMD_TOPOLOGY_GET));
        require(!answer.error, "TOPOLOGY_GET: {}", errno_name(answer.error));
        generation = number<std::uint64_t>(answer.reply, SN_A_TOPOLOGY_GENERATION);
        devices = number<std::uint32_t>(answer.reply, SN_A_TOPOLOGY_DEVICES);
        links = number<std::uint32_t>(answer.reply, SN_A_TOPOLOGY_LINKS);
    }
    std::uint64_t generation;
    std::size_t devices, links;
};

/// All of a kind belong to devices of the other dump.
void belong(const Dump &objects, const Dump &devices, std::initializer_list<int> types,
            std::string_view kind) {
    for (const auto &object : objects.objects)
        for (const int type : types)
            require(devices.ids.contains(number<std::uint32_t>(object, type)),
                    "a {} names device {}, which is not in the same generation", kind,
                    number<std::uint32_t>(object, type));
}

void look(Load &load, raw::Socket &socket, const std::vector<std::uint32_t> &stay) {
    const Info before(socket);
    const auto links = dump<std::uint32_t>(load, socket, SN_CMD_LINK_GET, SN_A_LINK_ID);
    const auto devices = dump<std::uint32_t>(load, socket, SN_CMD_DEVICE_GET, SN_A_DEVICE_ID);
    const auto regions = dump<std::uint32_t>(load, socket, SN_CMD_REGION_GET, SN_A_REGION_ID);
    const auto engines = dump<std::uint32_t>(load, socket, SN_CMD_ENGINE_GET, SN_A_ENGINE_ID);
    const Info after(socket);

    /* What stays is in each, whatever else comes and goes. */
    for (const auto id : stay)
        require(devices.ids.contains(id), "device {} is missing in a dump", id);
    if (before.generation != after.generation)
        return;
    require(!links.interrupted && !devices.interrupted && !regions.interrupted &&
                !engines.interrupted,
            "a dump was interrupted in generation {} by nothing", before.generation);
    require(devices.ids.size() == before.devices && links.ids.size() == before.links,
            "{} devices and {} links in the dumps, {} and {} in the topology", devices.ids.size(),
            links.ids.size(), before.devices, before.links);
    belong(links, devices, {SN_A_LINK_DEVICE_A, SN_A_LINK_DEVICE_B}, "link");
    belong(regions, devices, {SN_A_REGION_DEVICE}, "region");
    belong(engines, devices, {SN_A_ENGINE_DEVICE}, "engine");
    load.compared++;
}

/// One dump by itself: links come and go with their devices, so two of one moment agree.
void look_at_links(Load &load, raw::Socket &socket, std::uint32_t hub,
                   const std::set<std::uint32_t> &stay) {
    const auto links = dump<std::uint32_t>(load, socket, SN_CMD_LINK_GET, SN_A_LINK_ID);
    if (links.interrupted)
        return;
    /* More than a datagram holds, so a dump that is cut in two by a commit shows. */
    std::size_t moving = 0;
    for (const auto &link : links.objects)
        moving += number<std::uint32_t>(link, SN_A_LINK_DEVICE_A) == hub &&
                  !stay.contains(number<std::uint32_t>(link, SN_A_LINK_DEVICE_B));
    require(moving % batch == 0, "{} links in a dump, which come by {}", moving, batch);
}

void pause_a_little(std::minstd_rand &random) {
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 12000));
}

/// A batch of devices and their links, there and gone, each in one commit.
void write(Load &load, Client &client, std::minstd_rand &random, std::string_view who,
           std::uint32_t hub) {
    std::vector<std::uint32_t> devices, links;
    const auto commit = [&](auto &&stage) {
        for (;;) {
            try {
                auto txn = client.begin();
                stage(txn);
                txn.commit();
                load.commits++;
                return;
            } catch (const Error &e) {
                if (e.code() != ESTALE)
                    throw;
                load.stale++;
            }
        }
    };
    commit([&](Transaction &txn) {
        devices.clear();
        links.clear();
        for (unsigned i = 0; i < batch; i++) {
            auto spec = simtest::gpu(fmt::format("{}{}", who, i), simtest::mib);
            if (i % 8) { /* not all of them need engines and their threads */
                spec.backend.reset();
                spec.engines.clear();
            }
            devices.push_back(txn.device_new(spec));
            links.push_back(txn.link_new(simtest::link(hub, devices.back())));
        }
    });
    pause_a_little(random);
    commit([&](Transaction &txn) {
        for (const auto id : links)
            txn.link_del(id);
        for (const auto id : devices)
            txn.device_del(id);
    });
    pause_a_little(random);
}

void copy(Load &load, Session &session, std::uint32_t region) {
    std::vector<simtest::Copy> copies;
    for (int i = 0; i < 8; i++)
        copies.emplace_back(session, region, region, 65536);
    for (auto &one : copies)
        one.submit();
    for (std::size_t left = copies.size(); left;)
        left -= session.completions(simtest::moment).size();
    load.copies += copies.size();
}

void run(unsigned seconds) {
    Client client;
    const simtest::Cleaner cleaner(client);
    std::vector<std::uint32_t> stay;
    std::set<std::uint32_t> linked;
    const auto hub = client.device_new(simtest::gpu("hub"));
    stay.push_back(hub);
    for (unsigned i = 0; i < permanent; i++) {
        DeviceSpec spec;
        spec.name = fmt::format("stay{}", i);
        spec.kind = DeviceKind::nic;
        stay.push_back(client.device_new(spec));
        linked.insert(stay.back());
        client.link_new(simtest::link(hub, stay.back()));
    }
    const auto region = client.device(hub).regions.at(0).id;

    Load load;
    std::vector<std::thread> threads;
    const auto writer = [&](std::string who) {
        threads.push_back(load.thread([&load, who, hub, own = std::make_shared<Client>(),
                                       random = std::make_shared<std::minstd_rand>(who[0])] {
            write(load, *own, *random, who, hub);
        }));
    };
    writer("a");
    writer("b");
    const auto session = std::make_shared<Session>(client.open_session());
    threads.push_back(load.thread([&load, session, region] { copy(load, *session, region); }));
    const auto socket = [](std::size_t bytes) {
        return std::make_shared<raw::Socket>(true, bytes);
    };
    threads.push_back(load.thread([&, small = socket(8192)] { look(load, *small, stay); }));
    threads.push_back(load.thread([&, large = socket(65536)] { look(load, *large, stay); }));
    threads.push_back(
        load.thread([&, small = socket(4096)] { look_at_links(load, *small, hub, linked); }));
    threads.push_back(load.thread([&, any = socket(8192)] {
        for (const auto &one :
             dump<std::uint64_t>(load, *any, SN_CMD_BUFFER_GET, SN_A_BUFFER_ID).objects)
            require(number<std::uint32_t>(one, SN_A_BUFFER_REGION) == region,
                    "a buffer in region {}", number<std::uint32_t>(one, SN_A_BUFFER_REGION));
        for (const auto &one :
             dump<std::uint64_t>(load, *any, SN_CMD_TRANSFER_GET, SN_A_TRANSFER_ID).objects)
            require(number<std::uint64_t>(one, SN_A_TRANSFER_BYTES) == 65536,
                    "a transfer of {} bytes", number<std::uint64_t>(one, SN_A_TRANSFER_BYTES));
    }));
    // much longer, where readers of a slow kernel leave the writers little
    const auto enough = [&load] { return load.commits >= 20 && load.copies >= 8; };
    for (unsigned i = 0; (i < 10 * seconds || (!enough() && i < 300 * seconds)) && !load.stop; i++)
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    load.stop = true;
    for (auto &thread : threads)
        thread.join();

    fmt::print("{} commits ({} stale), {} copies, {} dumps, {} interrupted, {} compared\n",
               load.commits.load(), load.stale.load(), load.copies.load(), load.dumps.load(),
               load.interrupted.load(), load.compared.load());
    require(load.failure.empty(), "{}", load.failure);
    require(enough(), "the writers hardly wrote");
    require(load.interrupted > 0, "no dump was ever interrupted");
    require(load.compared >= 5, "only {} looks were of one generation", load.compared.load());
}

} // namespace

int main(int argc, char **argv) {
    return vmtest::run(
        [&] { run(argc > 1 ? static_cast<unsigned>(std::strtoul(argv[1], nullptr, 0)) : 5); });
}

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The modules, the devices that are fuzzed, and what the kernel says of it all.
#pragma once

#include "fuzz_act.hpp"
#include "simtest.hpp"

#include <sys/syscall.h>

#include <filesystem>
#include <fstream>
#include <regex>

namespace fuzz {

/// Loads, unloads, and keeps enough devices alive.
class World {
public:
    World(Shared &shared, const Exchange &exchange) : shared_(shared), exchange_(exchange) {}

    void load() {
        /* Short limits: a fuzzed transfer shall not hold its buffers for long. */
        insert("supernode", "fence_limit_ms=1500 devices_max=20 links_max=48 flows_max=256 "
                            "sessions_max=256 session_records_max=128");
        insert("sn_host", "");
        insert("sn_sim", "");
        publish_modules(shared_);
        build();
    }

    /// Missing devices come back, too many go. Whatever is refused is tried again next time.
    void tend() {
        try {
            supernode::Client client;
            const auto devices = client.devices();
            if (devices.size() > 14)
                clear(client);
            std::vector<std::uint32_t> fresh;
            for (int i = 0; i < 4; i++) {
                const auto name = text_of(static_cast<std::uint64_t>(i));
                const auto same = [&](const auto &d) { return d.name == name; };
                const auto old = std::find_if(devices.begin(), devices.end(), same);
                if (old != devices.end() && old->state == supernode::DeviceState::dead)
                    client.device_del(old->id, true);
                else if (old != devices.end())
                    continue;
                fresh.push_back(client.device_new(simtest::gpu(name, 16 * simtest::mib)));
            }
            join(client, fresh);
        } catch (const std::exception &) { // somebody was faster
        }
    }

    /// False when the modules are still held after that time.
    bool unload(int seconds) {
        const std::uint64_t end =
            Recorder::now() + static_cast<std::uint64_t>(seconds) * 1'000'000'000;
        while (Recorder::now() < end) {
            exchange_.drop_all();
            calm();
            try {
                supernode::Client client;
                clear(client);
            } catch (const std::exception &) {
            }
            bool gone = true;
            for (const char *name : {"sn_sim", "sn_host", "supernode"})
                gone &= !syscall(SYS_delete_module, name, O_NONBLOCK) || errno == ENOENT;
            if (gone)
                return true;
            usleep(5000);
        }
        return false;
    }

    /// Nobody holds anything: then sessions and buffers are gone. Gives a sentence when they are
    /// not.
    std::string leftovers(int seconds) {
        std::string said = "no answer";
        for (int i = 0; i < seconds * 10; i++, usleep(100'000)) {
            exchange_.drop_all();
            calm();
            try {
                supernode::Client client;
                const auto stats = client.stats();
                if (!stats.sessions && !stats.buffers && !stats.quarantined_bytes)
                    return "";
                said = fmt::format("{} sessions, {} buffers, {} bytes in quarantine",
                                   stats.sessions, stats.buffers, stats.quarantined_bytes);
            } catch (const std::exception &e) {
                said = e.what();
            }
        }
        return said;
    }

private:
    static void insert(const std::string &name, const char *parameters) {
        const supernode::Fd file(open(("/modules/" + name + ".ko").c_str(), O_RDONLY | O_CLOEXEC));
        if (syscall(SYS_finit_module, file.get(), parameters, 0) && errno != EEXIST)
            throw std::runtime_error(fmt::format("{}: {}", name, std::strerror(errno)));
    }

    void build() { tend(); }

    static void clear(supernode::Client &client) {
        auto txn = client.begin();
        for (const auto &link : client.links())
            txn.link_del(link.id);
        for (const auto &device : client.devices())
            if (device.backend != "host")
                txn.device_del(device.id, true);
        txn.commit();
    }

    /// Each new one with the one before it, and the first with a CPU: paths of several stages.
    static void join(supernode::Client &client, const std::vector<std::uint32_t> &fresh) {
        if (fresh.empty())
            return;
        std::uint32_t last = 0;
        for (const auto &device : client.devices())
            if (device.backend == "host" || device.name == "fz0")
                last = device.id;
        for (const auto id : fresh) {
            if (last && last != id)
                client.link_new(simtest::link(last, id));
            last = id;
        }
    }

    /// Every knob as it was.
    static void calm() {
        std::error_code none;
        for (const auto &entry :
             std::filesystem::directory_iterator("/sys/kernel/debug/sn_sim", none))
            for (const auto *knob : {"hang_nth", "fail_nth", "fail_every", "ignore_abort"}) {
                std::ofstream out(entry.path() / knob);
                out << 0 << std::flush;
            }
    }

    Shared &shared_;
    const Exchange &exchange_;
};

/// The kernel's log from now on: is there a report in it?
class Log {
public:
    Log() : fd_(keep_fd(open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC))) {
        lseek(fd_, 0, SEEK_END);
        read_list("/etc/bad-log", bad_);
        read_list("/etc/quiet-log", quiet_);
        read_list("/tmp/allow-log", quiet_); // what the script said is right
    }

    /// The first line of a report since the last call, or nothing.
    std::string report() {
        std::array<char, 8192> record;
        std::string found;
        while (true) {
            const ssize_t got = read(fd_, record.data(), record.size() - 1);
            if (got < 0 && errno == EPIPE)
                continue; // some were lost
            if (got <= 0)
                return found;
            std::string line(record.data(), static_cast<std::size_t>(got));
            const bool grave = std::strtoul(line.c_str(), nullptr, 10) % 8 <= 4;
            line = line.substr(std::min(line.find(';'), line.size() - 1) + 1);
            line = line.substr(0, line.find('\n'));
            if (found.empty() && (grave || any(bad_, line)) && !any(quiet_, line))
                found = line;
        }
    }

private:
    static void read_list(const char *path, std::vector<std::regex> &list) {
        std::ifstream in(path);
        for (std::string line; std::getline(in, line);)
            if (!line.empty())
                list.emplace_back(line, std::regex::extended);
    }
    static bool any(const std::vector<std::regex> &list, const std::string &line) {
        return std::any_of(list.begin(), list.end(),
                           [&](const auto &one) { return std::regex_search(line, one); });
    }

    int fd_;
    std::vector<std::regex> bad_, quiet_;
};

} // namespace fuzz

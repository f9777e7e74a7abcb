// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Everything that can be seen of the module, as lines to compare.
#pragma once

#include "vmtest.hpp"

#include <fcntl.h>

#include <filesystem>
#include <fstream>
#include <set>

namespace inject {

using Lines = std::vector<std::string>;

/// What there is in @a and not in @b, and the other way round.
inline std::string difference(const Lines &a, const Lines &b) {
    const std::multiset<std::string> before(a.begin(), a.end()), after(b.begin(), b.end());
    std::string text;
    for (const auto &line : before)
        if (before.count(line) > after.count(line))
            text += fmt::format("\n    - {}", line);
    for (const auto &line : after)
        if (after.count(line) > before.count(line))
            text += fmt::format("\n    + {}", line);
    return text;
}

inline std::set<int> open_fds() {
    std::set<int> fds;
    for (const auto &entry : std::filesystem::directory_iterator("/proc/self/fd"))
        fds.insert(std::stoi(entry.path().filename().string()));
    /* The one that lists them is closed by now. */
    for (auto fd = fds.begin(); fd != fds.end();)
        fd = fcntl(*fd, F_GETFD) < 0 ? fds.erase(fd) : std::next(fd);
    return fds;
}

/// "supernode 3": our modules and who holds them.
inline Lines modules() {
    Lines lines;
    std::ifstream in("/proc/modules");
    for (std::string line; std::getline(in, line);) {
        char name[64] = {};
        unsigned bytes = 0, users = 0;
        if (std::sscanf(line.c_str(), "%63s %u %u", name, &bytes, &users) == 3)
            if (const std::string word = name;
                word == "supernode" || word == "sn_host" || word == "sn_sim")
                lines.push_back(fmt::format("module {} {}", word, users));
    }
    return lines;
}

/// What is, without what only grows: numbers of things, and what is left of memory.
inline Lines counts(supernode::Client &client) {
    Lines lines = modules();
    const auto stats = client.stats();
    lines.push_back(fmt::format("{} sessions, {} buffers of {} bytes, {} quarantined",
                                stats.sessions, stats.buffers, stats.buffer_bytes,
                                stats.quarantined_bytes));
    for (const auto &t : client.tenants())
        lines.push_back(fmt::format("tenant {}: {} sessions, {} buffers of {}", t.id, t.sessions,
                                    t.buffers, t.buffer_bytes));
    for (const auto &d : client.devices()) {
        lines.push_back(fmt::format("device {} {} {}: {} buffers", d.id, d.name, to_string(d.state),
                                    d.buffers));
        for (const auto &e : d.engines)
            lines.push_back(fmt::format("engine {}: {} in flight", e.id, e.inflight));
    }
    for (const auto &r : client.regions())
        lines.push_back(fmt::format("region {}: {} free, at most {}, {} buffers", r.id,
                                    r.free_bytes, r.largest_free_bytes, r.buffers));
    for (const auto &l : client.links())
        lines.push_back(fmt::format("link {} {}.{} {}.{} {} {}: {} {} in flight", l.id, l.device_a,
                                    l.port_a, l.device_b, l.port_b, to_string(l.admin),
                                    to_string(l.oper), l.inflight_bytes_ab, l.inflight_bytes_ba));
    for (const auto &b : client.buffers())
        lines.push_back(fmt::format("buffer {} {} {}: {} mappings, {} transfers, {} importers",
                                    b.id, b.bytes, to_string(b.state), b.mappings, b.transfers,
                                    b.attachments.size()));
    for (const auto &t : client.transfers())
        lines.push_back(fmt::format("transfer {} {}", t.id, to_string(t.state)));
    for (const int fd : open_fds())
        lines.push_back(fmt::format("fd {}", fd));
    return lines;
}

/// The same, and what only grows: of this a refusal must leave no trace either.
inline Lines everything(supernode::Client &client) {
    Lines lines = counts(client);
    const auto topology = client.topology();
    lines.push_back(fmt::format("topology '{}' generation {} with {} devices and {} links",
                                topology.name, topology.generation, topology.devices,
                                topology.links));
    const auto stats = client.stats();
    lines.push_back(fmt::format("{} slices, {} retries", stats.slices, stats.retries));
    for (const auto &c : stats.classes)
        lines.push_back(fmt::format("class {}: {} submitted, {} completed, {} failed, {} bytes",
                                    to_string(c.priority), c.submitted, c.completed, c.failed,
                                    c.bytes));
    for (const auto &e : client.engines())
        lines.push_back(fmt::format("engine {}: {} bytes, {} copies, {} errors", e.id, e.bytes,
                                    e.copies, e.errors));
    for (const auto &l : client.links())
        lines.push_back(fmt::format("link {}: {} {} bytes, {} {} slices", l.id, l.bytes_ab,
                                    l.bytes_ba, l.slices_ab, l.slices_ba));
    return lines;
}

} // namespace inject

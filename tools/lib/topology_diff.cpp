// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// Compares what a file states with what the kernel has, and stages the difference. The comparison
// is by names, ends and figures; ids are looked up at the end only.
#include <supernode/topology_diff.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

namespace supernode::topology {
namespace {

using Port = std::pair<std::string, std::uint32_t>;

// A link without its ports, its ends in the order of their names.
using Shape = std::tuple<std::string, std::string, LinkType, std::uint64_t, std::uint64_t,
                         std::uint64_t, std::uint64_t>;

Shape shape_of(const StatedLink &link) {
    if (link.device_a < link.device_b)
        return {link.device_a,         link.device_b,      link.type,         link.bytes_per_sec_ab,
                link.bytes_per_sec_ba, link.latency_ns_ab, link.latency_ns_ba};
    return {link.device_b,         link.device_a,      link.type,         link.bytes_per_sec_ba,
            link.bytes_per_sec_ab, link.latency_ns_ba, link.latency_ns_ab};
}

std::vector<Port> explicit_ports(const StatedLink &link) {
    std::vector<Port> ports;
    if (link.port_a != port_any)
        ports.emplace_back(link.device_a, link.port_a);
    if (link.port_b != port_any)
        ports.emplace_back(link.device_b, link.port_b);
    return ports;
}

// The ports that a stated link insists on are those of the kernel's link.
bool ports_agree(const StatedLink &wanted, const StatedLink &present) {
    const auto at = [&](const std::string &device) {
        return device == present.device_a ? present.port_a : present.port_b;
    };
    return (wanted.port_a == port_any || wanted.port_a == at(wanted.device_a)) &&
           (wanted.port_b == port_any || wanted.port_b == at(wanted.device_b));
}

std::map<std::string, std::uint32_t> ports_needed(const Topology &topology) {
    std::map<std::string, std::uint32_t> links;
    std::map<std::string, std::uint32_t> highest;
    for (const StatedLink &link : topology.links) {
        links[link.device_a]++;
        links[link.device_b]++;
        for (const auto &[device, port] : explicit_ports(link))
            highest[device] = std::max(highest[device], port + 1);
    }
    for (const auto &[device, ports] : highest)
        links[device] = std::max(links[device], ports);
    return links;
}

StatedDevice stated_device(const Device &device) {
    StatedDevice out{device.name, device.kind, device.backend, device.ports, {}, {}};
    for (const Region &region : device.regions)
        out.regions.push_back({region.kind, region.bytes, region.page_bytes,
                               region.node < 0 ? std::nullopt : std::optional(region.node)});
    for (const Engine &engine : device.engines)
        out.engines.push_back(
            {engine.channels, engine.depth, engine.bytes_per_sec, engine.latency_ns});
    return out;
}

bool same_device(StatedDevice wanted, const Device &present, std::uint32_t ports) {
    StatedDevice have = stated_device(present);
    if (present.state == DeviceState::dead || have.regions.size() != wanted.regions.size())
        return false;
    if (!wanted.ports && *have.ports >= ports)
        wanted.ports = have.ports;
    for (std::size_t i = 0; i < have.regions.size(); i++)
        if (!wanted.regions[i].node)
            wanted.regions[i].node = have.regions[i].node;
    return wanted == have;
}

/// The kernel's links and which stated link each of them already is.
class LinkMatch {
public:
    LinkMatch(const Topology &wanted, const std::vector<StatedLink> &present,
              const std::set<std::string> &gone)
        : wanted_(wanted.links), present_(present), owner_(present.size(), none),
          match_(wanted.links.size(), none) {
        std::multimap<Shape, std::size_t> free;
        for (std::size_t i = 0; i < present.size(); i++)
            if (!gone.contains(present[i].device_a) && !gone.contains(present[i].device_b))
                free.emplace(shape_of(present[i]), i);
        // Those that insist on ports choose first.
        for (const std::size_t insists : {2, 1, 0})
            for (std::size_t i = 0; i < wanted_.size(); i++)
                if (explicit_ports(wanted_[i]).size() == insists)
                    choose(free, i);
        release_claimed_ports();
    }

    bool kept(std::size_t present) const { return owner_[present] != none; }
    bool satisfied(std::size_t wanted) const { return match_[wanted] != none; }

private:
    static constexpr std::size_t none = SIZE_MAX;

    void choose(std::multimap<Shape, std::size_t> &free, std::size_t wanted) {
        const auto [begin, end] = free.equal_range(shape_of(wanted_[wanted]));
        const auto found = std::find_if(begin, end, [&](const auto &entry) {
            return ports_agree(wanted_[wanted], present_[entry.second]);
        });
        if (found == end)
            return;
        match_[wanted] = found->second;
        owner_[found->second] = wanted;
        free.erase(found);
    }

    // A link that may sit on any port has to leave the port that a new link insists on.
    void release_claimed_ports() {
        std::map<Port, std::size_t> at;
        for (std::size_t i = 0; i < present_.size(); i++) {
            at[{present_[i].device_a, present_[i].port_a}] = i;
            at[{present_[i].device_b, present_[i].port_b}] = i;
        }
        for (bool again = true; again;) {
            again = false;
            for (std::size_t i = 0; i < wanted_.size(); i++) {
                if (satisfied(i))
                    continue;
                for (const Port &port : explicit_ports(wanted_[i])) {
                    const auto there = at.find(port);
                    if (there == at.end() || !kept(there->second))
                        continue;
                    match_[owner_[there->second]] = none;
                    owner_[there->second] = none;
                    again = true;
                }
            }
        }
    }

    const std::vector<StatedLink> &wanted_;
    const std::vector<StatedLink> &present_;
    std::vector<std::size_t> owner_;
    std::vector<std::size_t> match_;
};

// Gives each end that may sit on any port the lowest one that nobody else has or insists on. The
// kernel would do the same link by link, and could give away what a later link insists on.
void assign_ports(std::vector<StatedLink> &added, const std::vector<StatedLink> &kept) {
    std::map<std::string, std::set<std::uint32_t>> taken;
    for (const auto *links : {&kept, static_cast<const std::vector<StatedLink> *>(&added)})
        for (const StatedLink &link : *links)
            for (const auto &[device, port] : explicit_ports(link))
                taken[device].insert(port);
    const auto assign = [&](const std::string &device, std::uint32_t &port) {
        if (port != port_any)
            return;
        port = 0;
        while (!taken[device].insert(port).second)
            port++;
    };
    for (StatedLink &link : added) {
        assign(link.device_a, link.port_a);
        assign(link.device_b, link.port_b);
    }
}

std::pair<std::string, std::string> ends_of(const StatedLink &link) {
    return std::minmax(link.device_a, link.device_b);
}

} // namespace

bool Current::is_stated(const Device &device) const {
    return device.backend == "none" ||
           std::find(backends.begin(), backends.end(), device.backend) != backends.end();
}

Topology stated(const Current &current) {
    Topology out{current.info.name, {}, {}};
    std::map<std::uint32_t, std::string> names;
    for (const Device &device : current.devices) {
        names[device.id] = device.name;
        StatedDevice entry = stated_device(device);
        if (!current.is_stated(device)) {
            entry.ports.reset();
            entry.regions.clear();
            entry.engines.clear();
        }
        out.devices.push_back(std::move(entry));
    }
    for (const Link &link : current.links)
        out.links.push_back({names[link.device_a], link.port_a, names[link.device_b], link.port_b,
                             link.type, link.bytes_per_sec_ab, link.bytes_per_sec_ba,
                             link.latency_ns_ab, link.latency_ns_ba});
    return out;
}

Diff diff(const Topology &wanted, const Current &current) {
    Diff out;
    const auto needed = ports_needed(wanted);
    const Topology present = stated(current);
    std::map<std::string, const Device *> devices;
    std::set<std::string> registered; // by backends
    std::set<std::string> gone;       // deleted, or deleted and added
    std::set<std::string> named;

    for (const Device &device : current.devices) {
        devices[device.name] = &device;
        if (!current.is_stated(device))
            registered.insert(device.name);
    }

    // 1. devices, by name
    for (const StatedDevice &device : wanted.devices) {
        named.insert(device.name);
        const auto found = devices.find(device.name);
        const bool there = found != devices.end();
        const auto links = needed.find(device.name);
        const std::uint32_t ports = links == needed.end() ? 0 : links->second;
        if (registers_its_own(device.backend) || registered.contains(device.name)) {
            if (!there)
                out.missing.push_back(fmt::format("the backend \"{}\" has no device \"{}\"",
                                                  device.backend, device.name));
            else if (found->second->backend != device.backend || found->second->kind != device.kind)
                out.missing.push_back(fmt::format(
                    "\"{}\" is of the backend \"{}\" and the kind {}; the file says \"{}\" and {}",
                    device.name, found->second->backend, to_string(found->second->kind),
                    device.backend, to_string(device.kind)));
            continue;
        }
        if (there && same_device(device, *found->second, ports))
            continue;
        if (there) {
            gone.insert(device.name);
            out.deleted_devices.push_back(*found->second);
        }
        out.added_devices.push_back(device);
        out.added_devices.back().ports = device.ports.value_or(ports);
    }
    for (const Device &device : current.devices)
        if (current.is_stated(device) && !named.contains(device.name)) {
            gone.insert(device.name);
            out.deleted_devices.push_back(device);
        }

    // 2. links, by ends, ports, type and figures
    const LinkMatch match(wanted, present.links, gone);
    std::set<std::pair<std::string, std::string>> spoken_of;
    std::set<Port> claimed;
    for (std::size_t i = 0; i < wanted.links.size(); i++) {
        spoken_of.insert(ends_of(wanted.links[i]));
        for (const Port &port : explicit_ports(wanted.links[i]))
            claimed.insert(port);
        if (!match.satisfied(i))
            out.added_links.push_back(wanted.links[i]);
    }
    std::vector<StatedLink> kept;
    for (std::size_t i = 0; i < current.links.size(); i++) {
        const StatedLink &link = present.links[i];
        const bool backends_own =
            registered.contains(link.device_a) && registered.contains(link.device_b) &&
            !spoken_of.contains(ends_of(link)) && !claimed.contains({link.device_a, link.port_a}) &&
            !claimed.contains({link.device_b, link.port_b});
        if (match.kept(i) || backends_own)
            kept.push_back(link);
        else
            out.deleted_links.push_back(current.links[i]);
    }
    assign_ports(out.added_links, kept);
    out.renamed = !wanted.name.empty() && wanted.name != current.info.name;
    return out;
}

} // namespace supernode::topology

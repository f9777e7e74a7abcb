// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// A Topology to YAML, in the form in which a person would write it: devices that differ in their
// number only are one entry with a range.
#include <supernode/topology_file.hpp>

#include <supernode/units.hpp>

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

namespace supernode::topology {
namespace {

std::string quoted(const std::string &text) {
    YAML::Emitter emitter;
    emitter << YAML::DoubleQuoted << text;
    return emitter.c_str();
}

struct Numbered {
    std::string_view prefix;
    unsigned number = 0;
    bool valid = false; // ends in a number without leading zeroes
};

Numbered split_number(std::string_view name) {
    const std::size_t last = name.find_last_not_of("0123456789");
    if (last == std::string_view::npos || last + 1 == name.size())
        return {};
    const std::string_view digits = name.substr(last + 1);
    Numbered out{name.substr(0, last + 1)};
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), out.number);
    out.valid =
        parsed.ec == std::errc{} && digits.size() < 9 && (digits.size() == 1 || digits[0] != '0');
    return out;
}

bool differ_in_name_only(StatedDevice a, const StatedDevice &b) {
    a.name = b.name;
    return a == b;
}

// How many devices from this one on can share an entry.
std::size_t run_length(const std::vector<StatedDevice> &devices, std::size_t from) {
    const Numbered first = split_number(devices[from].name);
    std::size_t count = 1;
    for (; first.valid && from + count < devices.size(); count++) {
        const StatedDevice &next = devices[from + count];
        const Numbered numbered = split_number(next.name);
        if (!numbered.valid || numbered.prefix != first.prefix ||
            numbered.number != first.number + count || !differ_in_name_only(devices[from], next))
            break;
    }
    return count;
}

std::string write_region(const StatedRegion &region) {
    std::string text = fmt::format("{{kind: {}, bytes: {}, page: {}", to_string(region.kind),
                                   exact_bytes(region.bytes), exact_bytes(region.page_bytes));
    if (region.node)
        text += fmt::format(", node: {}", *region.node);
    return text + "}";
}

std::string write_engine(const StatedEngine &engine, std::size_t count) {
    std::string text =
        fmt::format("{{count: {}, channels: {}, depth: {}", count, engine.channels, engine.depth);
    if (engine.bytes_per_sec != 0)
        text += fmt::format(", bandwidth: {}", exact_rate(engine.bytes_per_sec));
    if (engine.latency_ns != 0)
        text += fmt::format(", latency: {}", exact_duration(engine.latency_ns));
    return text + "}";
}

std::string write_device(const StatedDevice &device, std::size_t count) {
    std::string name = device.name;
    if (count > 1) {
        const Numbered first = split_number(device.name);
        name = fmt::format("{}[{}-{}]", first.prefix, first.number, first.number + count - 1);
    }
    std::string text = fmt::format("  - name: \"{}\"\n    kind: {}\n    backend: {}\n", name,
                                   to_string(device.kind), quoted(device.backend));
    if (device.ports)
        text += fmt::format("    ports: {}\n", *device.ports);
    if (!device.regions.empty())
        text += "    regions:\n";
    for (const StatedRegion &region : device.regions)
        text += fmt::format("      - {}\n", write_region(region));
    if (!device.engines.empty())
        text += "    engines:\n";
    for (auto at = device.engines.begin(); at != device.engines.end();) {
        const auto end = std::find_if(at, device.engines.end(),
                                      [&](const StatedEngine &other) { return other != *at; });
        text += fmt::format("      - {}\n", write_engine(*at, static_cast<std::size_t>(end - at)));
        at = end;
    }
    return text;
}

std::string write_end(const std::string &device, std::uint32_t port) {
    return port == port_any ? fmt::format("\"{}\"", device)
                            : fmt::format("\"{}:{}\"", device, port);
}

std::string both_ways(std::uint64_t ab, std::uint64_t ba, std::string (*write)(std::uint64_t)) {
    return ab == ba ? write(ab) : fmt::format("{{ab: {}, ba: {}}}", write(ab), write(ba));
}

std::string write_link(const StatedLink &link) {
    std::string text = fmt::format(
        "  - {{between: [{}, {}], type: {}, bandwidth: {}", write_end(link.device_a, link.port_a),
        write_end(link.device_b, link.port_b), to_string(link.type),
        both_ways(link.bytes_per_sec_ab, link.bytes_per_sec_ba, exact_rate));
    if (link.latency_ns_ab != 0 || link.latency_ns_ba != 0)
        text += fmt::format(", latency: {}",
                            both_ways(link.latency_ns_ab, link.latency_ns_ba, exact_duration));
    return text + "}\n";
}

} // namespace

std::string write_topology(const Topology &topology) {
    std::string text;
    if (!topology.name.empty()) {
        text += fmt::format("name: {}\n", quoted(topology.name));
    }
    text += topology.devices.empty() ? "devices: []\n" : "devices:\n";
    for (std::size_t at = 0; at < topology.devices.size();) {
        const std::size_t count = run_length(topology.devices, at);
        text += write_device(topology.devices[at], count);
        at += count;
    }
    if (!topology.links.empty())
        text += "links:\n";
    for (const StatedLink &link : topology.links)
        text += write_link(link);
    return text;
}

} // namespace supernode::topology

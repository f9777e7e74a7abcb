// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "author.hpp"

#include <supernode/types.hpp>

#include <fmt/format.h>

using namespace supernode;
using namespace supernode::topology;

namespace {

template<typename Enum>
Enum draw(Input &input) {
    return static_cast<Enum>(input.below(words<Enum>().size()));
}

// A value in one of the ways to write it.
std::string scaled(Input &input, uint64_t value,
                   std::initializer_list<std::pair<uint64_t, const char *>> units) {
    auto unit = units.begin() + input.below(units.size());

    if (value % unit->first)
        unit = units.begin();
    if (unit->first > 1 && unit->first % 10 == 0 && input.one_in(4))
        return fmt::format("{}.{}{}", value / unit->first, 0, unit->second);
    return fmt::format("{}{}", value / unit->first, unit->second);
}

std::string write_bytes(Input &input, uint64_t value) {
    return scaled(
        input, value,
        {{1, ""}, {1, "B"}, {1024, "KiB"}, {1 << 20, "MiB"}, {1000, "kB"}, {1 << 30, "GiB"}});
}
std::string write_rate(Input &input, uint64_t value) {
    if (value % 125 == 0 && input.one_in(4))
        return fmt::format("{}kbit/s", value / 125);
    return scaled(input, value,
                  {{1, "B/s"}, {1000, "KB/s"}, {1000000000, "GB/s"}, {1024, "KiB/s"}});
}
std::string write_time(Input &input, uint64_t value) {
    return scaled(input, value, {{1, "ns"}, {1000, "us"}, {1000000, "ms"}, {1000000000, "s"}});
}

uint64_t draw_rate(Input &input) {
    const uint64_t rates[] = {1, 125, 1000, 1024, 50000000000, 1 + input.number() / 2};

    return rates[input.below(6)];
}

} // namespace

Author::Author(Input &input) : input_(input) {
    default_device_.backend = "none";
    if (input.one_in(2)) {
        meant.name = "t" + std::to_string(input.below(1000));
        text += "name: " + meant.name + "\n";
    }
    write_defaults();
    text += "devices:\n";
    groups_.push_back({"cpu[0-1]", {"cpu0", "cpu1"}});
    text += "  - {name: \"cpu[0-1]\", kind: cpu, backend: host}\n";
    for (auto &name : groups_[0].names) {
        meant.devices.push_back({name, DeviceKind::cpu, "host", {}, {}, {}});
        used_[name] = {device_ports_max, 0, {}};
    }
    for (char letter = 'd', last = static_cast<char>('d' + input.below(6)); letter < last; letter++)
        write_group(letter);
    uint64_t links = input.below(8);
    if (links)
        text += "links:\n";
    while (links--)
        write_link();
}

void Author::write_defaults() {
    if (!input_.one_in(3))
        return;
    default_device_.backend = "sim";
    default_link_.type = draw<LinkType>(input_);
    default_link_.latency_ns_ab = default_link_.latency_ns_ba = input_.below(5000);
    text += "defaults:\n  device: {backend: sim";
    text += write_regions(default_device_.regions) + "}\n";
    text += fmt::format("  link: {{type: {}, latency: {}}}\n", to_string(default_link_.type),
                        write_time(input_, default_link_.latency_ns_ab));
}

Author::Group Author::draw_names(char letter) {
    uint64_t first = input_.below(12), count = 1 + input_.below(5);
    std::string prefix(1, letter);
    Group group;

    switch (input_.below(4)) {
    case 0:
        return {prefix, {prefix}};
    case 1: // a list, with a hole
        group.pattern = fmt::format("{}[{},{}-{}]", letter, first, first + 2, first + 1 + count);
        group.names.push_back(fmt::format("{}{}", letter, first));
        for (uint64_t i = first + 2; i <= first + 1 + count; i++)
            group.names.push_back(fmt::format("{}{}", letter, i));
        return group;
    case 2: // as wide as it is written
        group.pattern = fmt::format("{}[{:03}-{:03}]x", letter, first, first + count - 1);
        for (uint64_t i = first; i < first + count; i++)
            group.names.push_back(fmt::format("{}{:03}x", letter, i));
        return group;
    default:
        group.pattern = fmt::format("{}[{}-{}]", letter, first, first + count - 1);
        for (uint64_t i = first; i < first + count; i++)
            group.names.push_back(fmt::format("{}{}", letter, i));
        return group;
    }
}

// The whole of it or one of its devices.
Author::Group Author::part_of(const Group &group) {
    if (!input_.one_in(3))
        return group;
    auto &name = group.names[input_.below(group.names.size())];
    return {name, {name}};
}

void Author::write_group(char letter) {
    Group group = draw_names(letter);
    StatedDevice device{"", draw<DeviceKind>(input_), default_device_.backend, {}, {}, {}};

    text += fmt::format("  - {{kind: {}, name: \"{}\"", to_string(device.kind), group.pattern);
    if (input_.one_in(2)) {
        device.backend = input_.one_in(2) ? "sim" : "none";
        text += ", backend: " + device.backend;
    }
    if (input_.one_in(3)) {
        device.ports = input_.below32(input_.one_in(2) ? 8 : device_ports_max + 1);
        text += fmt::format(", ports: {}", *device.ports);
    }
    if (device.kind != DeviceKind::switch_) {
        if (input_.one_in(2))
            text += write_regions(device.regions);
        else
            device.regions = default_device_.regions;
        if (input_.one_in(2))
            text += write_engines(device.engines);
    }
    text += "}\n";
    for (auto &name : group.names) {
        device.name = name;
        meant.devices.push_back(device);
        used_[name] = {device.ports.value_or(device_ports_max), 0, {}};
    }
    groups_.push_back(std::move(group));
}

std::string Author::write_regions(std::vector<StatedRegion> &regions) {
    std::string out = ", regions: [";

    for (uint64_t n = input_.below(4); n--;) {
        StatedRegion region{draw<RegionKind>(input_), 0, 4096u << input_.below(20), {}};
        region.bytes = region.page_bytes * (1 + input_.below(1 << 16));
        out += fmt::format("{{kind: {}, bytes: {}", to_string(region.kind),
                           write_bytes(input_, region.bytes));
        if (region.page_bytes != 4096 || input_.one_in(2))
            out += ", page: " + write_bytes(input_, region.page_bytes);
        if (input_.one_in(3)) {
            region.node = static_cast<int32_t>(input_.below(1024));
            out += fmt::format(", node: {}", *region.node);
        }
        regions.push_back(region);
        out += n ? "}, " : "}";
    }
    return out + "]";
}

std::string Author::write_engines(std::vector<StatedEngine> &engines) {
    std::string out = ", engines: [";

    for (uint64_t n = input_.below(4); n--;) {
        StatedEngine engine;
        uint64_t count = 1 + input_.below(4);
        engine.channels = 1 + input_.below32(1024);
        engine.depth = 1 + input_.below32(65536);
        engine.bytes_per_sec = input_.one_in(3) ? 0 : draw_rate(input_);
        engine.latency_ns = input_.below(1 << 20);
        out += fmt::format("{{count: {}, channels: {}, depth: {}, bandwidth: {}, latency: {}}}{}",
                           count, engine.channels, engine.depth,
                           write_rate(input_, engine.bytes_per_sec),
                           write_time(input_, engine.latency_ns), n ? ", " : "");
        engines.insert(engines.end(), count, engine);
    }
    return out + "]";
}

std::string Author::write_both(Both &both, std::string (*write)(Input &input, uint64_t value)) {
    if (both.ab == both.ba && input_.one_in(2))
        return write(input_, both.ab);
    return fmt::format("{{ab: {}, ba: {}}}", write(input_, both.ab), write(input_, both.ba));
}

void Author::claim(const std::string &device, uint32_t port) {
    Used &used = used_[device];

    if (++used.links > used.ports ||
        (port != port_any && (port >= used.ports || !used.taken.insert(port).second)))
        valid = false;
}

void Author::write_link() {
    StatedLink link = default_link_;
    Group a = part_of(groups_[input_.below(groups_.size())]);
    Group b = part_of(groups_[input_.below(groups_.size())]);
    std::vector<std::pair<size_t, size_t>> pairs;
    const uint32_t ports[] = {input_.one_in(4) ? input_.below32(10) : port_any,
                              input_.one_in(4) ? input_.below32(10) : port_any};
    uint64_t how = input_.below(3);

    // By the rules in topology_file.hpp.
    if (how == 0) {
        for (size_t i = 0; i < a.names.size(); i++)
            for (size_t j = 0; j < b.names.size(); j++)
                pairs.emplace_back(i, j);
    } else if (how == 1) {
        size_t longer = std::max(a.names.size(), b.names.size());
        size_t each_a = longer / a.names.size(), each_b = longer / b.names.size();
        if (each_a * a.names.size() != longer || each_b * b.names.size() != longer)
            valid = false;
        for (size_t i = 0; valid && i < longer; i++)
            pairs.emplace_back(i / each_a, i / each_b);
    } else {
        b = a;
        for (size_t i = 0; i < a.names.size(); i++)
            for (size_t j = i + 1; j < a.names.size(); j++)
                pairs.emplace_back(i, j);
    }

    auto end = [&](const Group &group, uint32_t port) {
        return port == port_any ? group.pattern : fmt::format("{}:{}", group.pattern, port);
    };
    uint32_t port_b = how == 2 ? ports[0] : ports[1];
    Both rate{draw_rate(input_), 0}, latency{input_.below(100000), input_.below(100000)};
    rate.ba = input_.one_in(2) ? rate.ab : input_.one_in(2) ? 0 : draw_rate(input_);
    text += fmt::format("  - {{between: [\"{}\", \"{}\"], bandwidth: {}", end(a, ports[0]),
                        end(b, port_b), write_both(rate, write_rate));
    link.bytes_per_sec_ab = rate.ab;
    link.bytes_per_sec_ba = rate.ba;
    if (how || input_.one_in(2))
        text += fmt::format(", pair: {}", how == 0 ? "cross" : how == 1 ? "zip" : "mesh");
    if (input_.one_in(2)) {
        link.type = draw<LinkType>(input_);
        text += fmt::format(", type: {}", to_string(link.type));
    }
    if (input_.one_in(2)) {
        text += ", latency: " + write_both(latency, write_time);
        link.latency_ns_ab = latency.ab;
        link.latency_ns_ba = latency.ba;
    }
    text += "}\n";

    for (auto [i, j] : pairs) {
        link.device_a = a.names[i];
        link.device_b = b.names[j];
        link.port_a = ports[0];
        link.port_b = port_b;
        if (link.device_a == link.device_b) {
            valid = false;
            return;
        }
        claim(link.device_a, link.port_a);
        claim(link.device_b, link.port_b);
        meant.links.push_back(link);
    }
}

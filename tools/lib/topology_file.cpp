// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// A YAML file to a Topology: what the keys mean, and what must hold among them. The kernel checks
// the result again; what is checked here is what a place in the file can be given for.
#include <supernode/topology_file.hpp>

#include <supernode/name_range.hpp>
#include <supernode/units.hpp>

#include "topology_reader.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

namespace supernode::topology {
namespace {

constexpr std::uint32_t page_bytes_min = 4096;
constexpr std::uint64_t page_bytes_max = std::uint64_t{1} << 31;
constexpr std::uint32_t channels_max = 1024;
constexpr std::uint32_t depth_max = 65536;
constexpr std::uint32_t node_max = 1023;

std::string describe(const std::string &file, const std::vector<Problem> &problems) {
    std::string text;
    for (const Problem &problem : problems) {
        if (!text.empty())
            text += '\n';
        text += problem.line > 0 ? fmt::format("{}:{}:{}: {}", file, problem.line, problem.column,
                                               problem.sentence)
                                 : fmt::format("{}: {}", file, problem.sentence);
    }
    return text;
}

bool is_name(std::string_view name) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    return !name.empty() && letter(name.front()) &&
           std::all_of(name.begin(), name.end(), [&](char c) {
               return letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
           });
}

/// One end of a link as written, a range expanded.
struct End {
    std::string device;
    std::uint32_t port = port_any;
};

class Reader {
public:
    Topology read(const std::string &text);
    Problems problems;

private:
    /// What else is to be known of a device while links are read.
    struct Seen {
        YAML::Mark mark;
        std::uint32_t ports;
        std::uint32_t links = 0;
        std::set<std::uint32_t> taken; // ports stated by links
    };
    struct Rate {
        std::uint64_t ab = 0;
        std::uint64_t ba = 0;
    };

    void read_root(const YAML::Node &root);
    void read_defaults(const YAML::Node &node);
    void read_device(const YAML::Node &node);
    void read_link(const YAML::Node &node);
    std::optional<StatedRegion> read_region(const YAML::Node &node);
    void read_engine(const YAML::Node &node, std::vector<StatedEngine> &engines);
    void read_memory_and_engines(const Map &map, StatedDevice &device);
    std::vector<std::string> read_names(const YAML::Node &node, std::string_view what);
    std::vector<End> read_end(const YAML::Node &node);
    std::optional<Rate> read_both_ways(const YAML::Node &node, std::string_view what,
                                       std::uint64_t (*parse)(std::string_view));
    void add_device(const StatedDevice &device, const YAML::Mark &mark);
    bool claim_port(const End &end, const YAML::Mark &mark);
    std::vector<std::pair<End, End>> pair_up(const YAML::Node &between, const YAML::Node &pair);

    Topology topology_;
    std::map<std::string, Seen, std::less<>> devices_;
    YAML::Node device_defaults_{YAML::NodeType::Undefined};
    YAML::Node link_defaults_{YAML::NodeType::Undefined};
};

Topology Reader::read(const std::string &text) {
    if (text.size() > file_bytes_max) {
        problems.add(YAML::Mark::null_mark(),
                     fmt::format("the file has over {}", human_bytes(file_bytes_max)));
        return {};
    }
    try {
        const YAML::Node root = YAML::Load(text);
        if (root.IsNull())
            problems.add(YAML::Mark::null_mark(), "the file is empty; it must state devices");
        else if (const auto second = second_document(text))
            problems.add(*second, "a second document begins here; a file states one topology");
        else
            read_root(root);
    } catch (const YAML::Exception &exception) {
        problems.add(exception.mark, fmt::format("this is not YAML: {}", exception.msg));
    }
    return std::move(topology_);
}

void Reader::read_root(const YAML::Node &root) {
    const Map map(problems, root, "a topology", {"name", "defaults", "devices", "links"});
    if (!map.valid())
        return;
    if (const YAML::Node name = map.find("name"); name.IsDefined()) {
        const auto text = read_scalar(problems, name, "the topology's name");
        if (text && text->size() > name_bytes_max)
            problems.add(name.Mark(), fmt::format("the topology's name has {} bytes; {} is the "
                                                  "most",
                                                  text->size(), name_bytes_max));
        topology_.name = text.value_or("");
    }
    if (const YAML::Node defaults = map.find("defaults"); defaults.IsDefined())
        read_defaults(defaults);
    if (const YAML::Node devices = map.require("devices"); devices.IsDefined()) {
        if (!devices.IsSequence())
            problems.add(devices.Mark(), "devices must be a list");
        else
            for (const YAML::Node &device : devices)
                read_device(device);
    }
    if (const YAML::Node links = map.find("links"); links.IsDefined()) {
        if (!links.IsSequence())
            problems.add(links.Mark(), "links must be a list");
        else
            for (const YAML::Node &link : links)
                read_link(link);
    }
}

void Reader::read_defaults(const YAML::Node &node) {
    const Map map(problems, node, "defaults", {"device", "link"});
    if (!map.valid())
        return;
    if (const YAML::Node device = map.find("device"); device.IsDefined()) {
        const Map check(problems, device, "the default device",
                        {"kind", "backend", "ports", "regions", "engines"});
        if (check.valid())
            device_defaults_.reset(device);
    }
    if (const YAML::Node link = map.find("link"); link.IsDefined()) {
        const Map check(problems, link, "the default link",
                        {"type", "bandwidth", "latency", "pair"});
        if (check.valid())
            link_defaults_.reset(link);
    }
}

std::vector<std::string> Reader::read_names(const YAML::Node &node, std::string_view what) {
    const auto text = read_scalar(problems, node, what);
    if (!text)
        return {};
    try {
        return expand_names(*text);
    } catch (const std::invalid_argument &refusal) {
        problems.add(node.Mark(), fmt::format("{} {}", what, refusal.what()));
        return {};
    }
}

void Reader::read_device(const YAML::Node &node) {
    const Map map(problems, node, "a device",
                  {"name", "kind", "backend", "ports", "regions", "engines"}, &device_defaults_);
    if (!map.valid())
        return;
    StatedDevice device;
    std::vector<std::string> names;
    const YAML::Node name = map.require("name");
    if (name.IsDefined())
        names = read_names(name, "the device name");
    bool kind_known = false;
    if (const YAML::Node kind = map.require("kind"); kind.IsDefined()) {
        const auto value = read_word<DeviceKind>(problems, kind, "the kind");
        kind_known = value.has_value();
        device.kind = value.value_or(DeviceKind::cpu);
    }
    if (const YAML::Node backend = map.find("backend"); backend.IsDefined())
        device.backend = read_scalar(problems, backend, "the backend").value_or("none");
    if (device.backend.size() > name_bytes_max)
        problems.add(map.find("backend").Mark(),
                     fmt::format("the backend has {} bytes; {} is the most", device.backend.size(),
                                 name_bytes_max));
    if (kind_known)
        read_memory_and_engines(map, device);
    for (std::string &one : names) {
        device.name = std::move(one);
        add_device(device, name.Mark());
    }
}

void Reader::read_memory_and_engines(const Map &map, StatedDevice &device) {
    const bool is_switch = device.kind == DeviceKind::switch_;
    const bool found_there = registers_its_own(device.backend);
    // Defaults are for what has memory and is made by the file.
    const bool only_own = is_switch || found_there;
    const auto find = [&](std::string_view key) {
        return only_own ? map.find_own(key) : map.find(key);
    };
    const YAML::Node ports = find("ports");
    const YAML::Node regions = find("regions");
    const YAML::Node engines = find("engines");

    for (const auto &[key, value] : {std::pair("ports", ports), std::pair("regions", regions),
                                     std::pair("engines", engines)}) {
        if (!value.IsDefined())
            continue;
        if (found_there)
            problems.add(value.Mark(),
                         fmt::format("the backend \"{}\" says itself what {} its devices have; "
                                     "remove the key",
                                     device.backend, key));
        else if (is_switch && std::string_view(key) != "ports")
            problems.add(value.Mark(), fmt::format("a switch has no {}; remove the key", key));
    }
    if (ports.IsDefined())
        device.ports = read_count(problems, ports, "the number of ports", 0, device_ports_max);
    if (only_own)
        return;
    if (regions.IsDefined() && !regions.IsSequence()) {
        problems.add(regions.Mark(), "regions must be a list");
    } else if (regions.IsDefined()) {
        for (const YAML::Node &entry : regions)
            if (const auto region = read_region(entry))
                device.regions.push_back(*region);
        if (device.regions.size() > device_regions_max)
            problems.add(regions.Mark(), fmt::format("there are {} regions; {} is the most",
                                                     device.regions.size(), device_regions_max));
    }
    if (engines.IsDefined() && !engines.IsSequence()) {
        problems.add(engines.Mark(), "engines must be a list");
    } else if (engines.IsDefined()) {
        for (const YAML::Node &entry : engines)
            read_engine(entry, device.engines);
        if (device.engines.size() > device_engines_max)
            problems.add(engines.Mark(), fmt::format("there are {} engines; {} is the most",
                                                     device.engines.size(), device_engines_max));
    }
}

std::optional<StatedRegion> Reader::read_region(const YAML::Node &node) {
    const Map map(problems, node, "a region", {"kind", "bytes", "page", "node"});
    if (!map.valid())
        return std::nullopt;
    StatedRegion region;
    const YAML::Node kind = map.require("kind");
    const YAML::Node bytes = map.require("bytes");
    const YAML::Node page = map.find("page");
    const YAML::Node numa = map.find("node");
    if (kind.IsDefined())
        region.kind = read_word<RegionKind>(problems, kind, "the kind").value_or(RegionKind::dram);
    if (numa.IsDefined())
        if (const auto value = read_count(problems, numa, "the NUMA node", 0, node_max))
            region.node = static_cast<std::int32_t>(*value);
    if (page.IsDefined()) {
        const auto value = read_quantity(problems, page, "the page", parse_bytes);
        if (!value)
            return std::nullopt;
        if (*value < page_bytes_min || *value > page_bytes_max || (*value & (*value - 1)) != 0) {
            problems.add(page.Mark(), fmt::format("the page of {} bytes is not a power of two of "
                                                  "at least 4KiB",
                                                  *value));
            return std::nullopt;
        }
        region.page_bytes = static_cast<std::uint32_t>(*value);
    }
    if (bytes.IsDefined()) {
        const auto value = read_quantity(problems, bytes, "the region", parse_bytes);
        if (value && (*value == 0 || *value % region.page_bytes != 0))
            problems.add(bytes.Mark(), fmt::format("the region of {} bytes is not made of whole "
                                                   "pages of {}",
                                                   *value, exact_bytes(region.page_bytes)));
        region.bytes = value.value_or(0);
    }
    return region;
}

void Reader::read_engine(const YAML::Node &node, std::vector<StatedEngine> &engines) {
    const Map map(problems, node, "an engine",
                  {"count", "channels", "depth", "bandwidth", "latency"});
    if (!map.valid())
        return;
    StatedEngine engine;
    std::uint32_t count = 1;
    if (const YAML::Node value = map.find("count"); value.IsDefined())
        count = read_count(problems, value, "count", 1, device_engines_max).value_or(1);
    if (const YAML::Node value = map.find("channels"); value.IsDefined())
        engine.channels = read_count(problems, value, "channels", 1, channels_max).value_or(1);
    if (const YAML::Node value = map.find("depth"); value.IsDefined())
        engine.depth = read_count(problems, value, "depth", 1, depth_max).value_or(1);
    if (const YAML::Node value = map.find("bandwidth"); value.IsDefined())
        engine.bytes_per_sec =
            read_quantity(problems, value, "the bandwidth", parse_rate).value_or(0);
    if (const YAML::Node value = map.find("latency"); value.IsDefined())
        engine.latency_ns =
            read_quantity(problems, value, "the latency", parse_duration).value_or(0);
    engines.insert(engines.end(), count, engine);
}

void Reader::add_device(const StatedDevice &device, const YAML::Mark &mark) {
    if (!is_name(device.name)) {
        problems.add(mark,
                     fmt::format("\"{}\" is not a name: it begins with a letter, and letters, "
                                 "digits, '.', '_' and '-' follow",
                                 device.name));
        return;
    }
    if (device.name.size() > name_bytes_max) {
        problems.add(mark, fmt::format("the name \"{}\" has {} bytes; {} is the most", device.name,
                                       device.name.size(), name_bytes_max));
        return;
    }
    const auto [place, added] = devices_.try_emplace(
        device.name, Seen{mark, device.ports.value_or(device_ports_max), 0, {}});
    if (!added) {
        problems.add(mark, fmt::format("the device \"{}\" is stated twice, first on line {}",
                                       device.name, place->second.mark.line + 1));
        return;
    }
    topology_.devices.push_back(device);
    if (topology_.devices.size() > devices_max) {
        problems.add(mark, fmt::format("there are over {} devices", devices_max));
        throw TooManyProblems{};
    }
}

std::vector<End> Reader::read_end(const YAML::Node &node) {
    std::vector<End> ends;
    for (const std::string &name : read_names(node, "the end of a link")) {
        const std::size_t colon = name.find(':');
        End end{name.substr(0, colon)};
        if (colon != std::string::npos) {
            const char *last = name.data() + name.size();
            const auto parsed = std::from_chars(name.data() + colon + 1, last, end.port);
            if (parsed.ec != std::errc{} || parsed.ptr != last || end.port >= device_ports_max) {
                problems.add(node.Mark(),
                             fmt::format("the port \"{}\" is not a number from 0 to "
                                         "{}",
                                         name.substr(colon + 1), device_ports_max - 1));
                return {};
            }
        }
        if (!devices_.contains(end.device)) {
            std::vector<std::string> known;
            for (const auto &device : devices_)
                known.push_back(device.first);
            const std::string near = nearest_name(end.device, known);
            problems.add(node.Mark(),
                         fmt::format("no device is named \"{}\"; {}", end.device,
                                     near.empty() ? "state it under devices"
                                                  : fmt::format("did you mean \"{}\"?", near)));
            return {};
        }
        ends.push_back(std::move(end));
    }
    return ends;
}

std::vector<std::pair<End, End>> Reader::pair_up(const YAML::Node &between,
                                                 const YAML::Node &pair) {
    std::string how = "cross";
    if (pair.IsDefined()) {
        const auto text = read_scalar(problems, pair, "pair");
        if (!text)
            return {};
        how = *text;
    }
    if (how != "cross" && how != "zip" && how != "mesh") {
        problems.add(pair.Mark(),
                     fmt::format("the pair \"{}\" is unknown; it is one of cross, zip, mesh", how));
        return {};
    }
    if (!between.IsSequence() || between.size() != 2) {
        problems.add(between.Mark(), "between must be a list of two ends, as in [gpu0, nvsw0]");
        return {};
    }
    const std::vector<End> a = read_end(between[0]);
    const std::vector<End> b = read_end(between[1]);
    std::vector<std::pair<End, End>> pairs;
    if (a.empty() || b.empty())
        return pairs;
    if (how == "mesh") {
        if (between[0].Scalar() != between[1].Scalar()) {
            problems.add(between.Mark(), "both ends of a mesh must be the same range");
            return pairs;
        }
        for (std::size_t i = 0; i < a.size() && pairs.size() <= links_max; i++)
            for (std::size_t j = i + 1; j < a.size(); j++)
                pairs.emplace_back(a[i], a[j]);
    } else if (how == "zip") {
        const std::size_t longer = std::max(a.size(), b.size());
        if (longer % a.size() != 0 || longer % b.size() != 0) {
            problems.add(between.Mark(),
                         fmt::format("{} ends cannot be spread evenly over {}; pair: zip needs one "
                                     "length to be a multiple of the other",
                                     longer, std::min(a.size(), b.size())));
            return pairs;
        }
        for (std::size_t i = 0; i < longer; i++)
            pairs.emplace_back(a[i * a.size() / longer], b[i * b.size() / longer]);
    } else {
        for (std::size_t i = 0; i < a.size() && pairs.size() <= links_max; i++)
            for (const End &end : b)
                pairs.emplace_back(a[i], end);
    }
    return pairs;
}

std::optional<Reader::Rate> Reader::read_both_ways(const YAML::Node &node, std::string_view what,
                                                   std::uint64_t (*parse)(std::string_view)) {
    if (!node.IsMap()) {
        const auto value = read_quantity(problems, node, what, parse);
        return value ? std::optional(Rate{*value, *value}) : std::nullopt;
    }
    const Map map(problems, node, std::string(what), {"ab", "ba"});
    const YAML::Node there = map.require("ab");
    const YAML::Node back = map.find("ba");
    if (!there.IsDefined())
        return std::nullopt;
    const auto ab = read_quantity(problems, there, what, parse);
    const auto ba = back.IsDefined() ? read_quantity(problems, back, what, parse) : ab;
    return ab && ba ? std::optional(Rate{*ab, *ba}) : std::nullopt;
}

bool Reader::claim_port(const End &end, const YAML::Mark &mark) {
    Seen &seen = devices_.find(end.device)->second;
    if (++seen.links > seen.ports) {
        problems.add(mark,
                     fmt::format("all ports of \"{}\" ({}) are taken by the links before this one",
                                 end.device, seen.ports));
        return false;
    }
    if (end.port == port_any)
        return true;
    if (end.port >= seen.ports) {
        problems.add(mark, fmt::format("\"{}\" has no port {}; its {} ports count from 0",
                                       end.device, end.port, seen.ports));
        return false;
    }
    if (!seen.taken.insert(end.port).second) {
        problems.add(mark,
                     fmt::format("port {} of \"{}\" has a link already", end.port, end.device));
        return false;
    }
    return true;
}

void Reader::read_link(const YAML::Node &node) {
    const Map map(problems, node, "a link", {"between", "pair", "type", "bandwidth", "latency"},
                  &link_defaults_);
    if (!map.valid())
        return;
    StatedLink link;
    const YAML::Node between = map.require("between");
    const YAML::Node bandwidth = map.require("bandwidth");
    std::vector<std::pair<End, End>> pairs;
    if (between.IsDefined())
        pairs = pair_up(between, map.find("pair"));
    if (const YAML::Node type = map.find("type"); type.IsDefined())
        link.type = read_word<LinkType>(problems, type, "the type").value_or(LinkType::other);
    if (bandwidth.IsDefined()) {
        const auto rate = read_both_ways(bandwidth, "the bandwidth", parse_rate).value_or(Rate{1});
        if (rate.ab == 0)
            problems.add(bandwidth.Mark(), "the bandwidth must be above 0; a one-way link is "
                                           "written from its source, with ba: 0");
        std::tie(link.bytes_per_sec_ab, link.bytes_per_sec_ba) = std::tie(rate.ab, rate.ba);
    }
    if (const YAML::Node latency = map.find("latency"); latency.IsDefined()) {
        const auto time = read_both_ways(latency, "the latency", parse_duration).value_or(Rate{});
        std::tie(link.latency_ns_ab, link.latency_ns_ba) = std::tie(time.ab, time.ba);
    }
    for (const auto &[a, b] : pairs) {
        if (a.device == b.device) {
            problems.add(between.Mark(),
                         fmt::format("this links \"{}\" to itself; each two of a range are linked "
                                     "by pair: mesh",
                                     a.device));
            return;
        }
        if (!claim_port(a, between[0].Mark()) || !claim_port(b, between[1].Mark()))
            return;
        link.device_a = a.device;
        link.port_a = a.port;
        link.device_b = b.device;
        link.port_b = b.port;
        topology_.links.push_back(link);
        if (topology_.links.size() > links_max) {
            problems.add(between.Mark(), fmt::format("there are over {} links", links_max));
            throw TooManyProblems{};
        }
    }
}

} // namespace

FileError::FileError(const std::string &file, std::vector<Problem> problems)
    : std::runtime_error(describe(file, problems)), problems_(std::move(problems)) {}

bool registers_its_own(std::string_view backend) {
    return backend == "host" || backend.starts_with("pci:");
}

Topology read_topology(const std::string &text, const std::string &file) {
    Reader reader;
    Topology topology;
    try {
        topology = reader.read(text);
    } catch (const TooManyProblems &) {
    }
    if (reader.problems.count() > 0)
        throw FileError(file, reader.problems.take());
    return topology;
}

} // namespace supernode::topology

// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// snctl topology: what the kernel has, against what a file states.
#include "json.hpp"
#include "objects.hpp"
#include "table.hpp"

#include <supernode/topology_diff.hpp>
#include <supernode/topology_file.hpp>
#include <supernode/units.hpp>

#include <fstream>
#include <iostream>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace snctl {
namespace {

using namespace supernode;

topology::Topology read_file(const std::string &path) {
    std::string text;
    if (path == "-") {
        text.assign(std::istreambuf_iterator<char>(std::cin), {});
    } else {
        std::ifstream file(path, std::ios::binary);
        if (!file)
            throw Failure(fmt::format("{}: it cannot be opened for reading", path));
        text.assign(std::istreambuf_iterator<char>(file), {});
        if (file.bad())
            throw Failure(fmt::format("{}: it cannot be read", path));
    }
    return topology::read_topology(text, path == "-" ? "stdin" : path);
}

std::string link_text(const std::string &a, std::uint32_t port_a, const std::string &b,
                      std::uint32_t port_b, LinkType type, std::uint64_t ab, std::uint64_t ba) {
    return fmt::format("{}:{} - {}:{} {} {}", a, port_a, b, port_b, to_string(type),
                       ab == ba ? exact_rate(ab)
                                : fmt::format("{} / {}", exact_rate(ab), exact_rate(ba)));
}

/// What a difference is, as lists of texts.
struct Changes {
    std::vector<std::string> deleted_links;
    std::vector<std::string> deleted_devices;
    std::vector<std::string> added_devices;
    std::vector<std::string> added_links;
};

Changes changes_of(const topology::Diff &difference, const topology::Current &current) {
    const DeviceNames names = device_names(current.devices);
    Changes out;
    for (const Link &link : difference.deleted_links)
        out.deleted_links.push_back(link_text(name_of(names, link.device_a), link.port_a,
                                              name_of(names, link.device_b), link.port_b, link.type,
                                              link.bytes_per_sec_ab, link.bytes_per_sec_ba));
    for (const Device &device : difference.deleted_devices)
        out.deleted_devices.push_back(device.name);
    for (const topology::StatedDevice &device : difference.added_devices)
        out.added_devices.push_back(device.name);
    for (const topology::StatedLink &link : difference.added_links)
        out.added_links.push_back(link_text(link.device_a, link.port_a, link.device_b, link.port_b,
                                            link.type, link.bytes_per_sec_ab,
                                            link.bytes_per_sec_ba));
    return out;
}

Json changes_json(const Changes &changes, const topology::Diff &difference) {
    return {{"deleted_links", changes.deleted_links},
            {"deleted_devices", changes.deleted_devices},
            {"added_devices", changes.added_devices},
            {"added_links", changes.added_links},
            {"renamed", difference.renamed}};
}

void print_changes(const Changes &changes, const topology::Diff &difference,
                   const topology::Topology &wanted) {
    for (const std::string &link : changes.deleted_links)
        fmt::print("- link   {}\n", link);
    for (const std::string &device : changes.deleted_devices)
        fmt::print("- device {}\n", device);
    for (const std::string &device : changes.added_devices)
        fmt::print("+ device {}\n", device);
    for (const std::string &link : changes.added_links)
        fmt::print("+ link   {}\n", link);
    if (difference.renamed)
        fmt::print("  name   {}\n", wanted.name);
}

void refuse_missing(const topology::Diff &difference, const std::string &file) {
    if (!difference.missing.empty())
        throw Failure(fmt::format("{}: {}", file == "-" ? "stdin" : file,
                                  fmt::join(difference.missing, "; ")));
}

void apply(Context &context, const std::string &file, bool dry_run) {
    const topology::Topology wanted = read_file(file);
    const topology::Current current = topology::read_current(context.client());
    const topology::Diff difference = topology::diff(wanted, current);
    refuse_missing(difference, file);
    // A dry run that changes nothing is put to the kernel all the same.
    TopologyInfo info = current.info;
    if (!difference.empty() || dry_run)
        info = topology::apply(context.client(), wanted, current, difference, dry_run);

    const Changes changes = changes_of(difference, current);
    Json document = to_json(info);
    document["dry_run"] = dry_run;
    document["changed"] = !difference.empty();
    document["changes"] = changes_json(changes, difference);
    context.answer(document, [&] {
        if (dry_run) {
            print_changes(changes, difference, wanted);
            fmt::print("the kernel would accept this; nothing was changed\n");
        } else if (difference.empty()) {
            fmt::print("nothing to change: generation {}\n", info.generation);
        } else {
            fmt::print("{}: {} devices, {} links, generation {}\n",
                       info.name.empty() ? "topology" : info.name, info.devices, info.links,
                       info.generation);
        }
    });
}

void diff(Context &context, const std::string &file) {
    const topology::Topology wanted = read_file(file);
    const topology::Current current = topology::read_current(context.client());
    const topology::Diff difference = topology::diff(wanted, current);
    refuse_missing(difference, file);
    const Changes changes = changes_of(difference, current);
    Json document = changes_json(changes, difference);
    document["changed"] = !difference.empty();
    context.answer(document, [&] { print_changes(changes, difference, wanted); });
}

void show(Context &context) {
    const topology::Current current = topology::read_current(context.client());
    const DeviceNames names = device_names(current.devices);
    Json document = to_json(current.info);
    document["devices"] = Json::array();
    for (const Device &device : current.devices)
        document["devices"].push_back(to_json(device));
    document["links"] = Json::array();
    for (const Link &link : current.links)
        document["links"].push_back(to_json(link, names));
    context.answer(document, [&] {
        fmt::print("{}", describe({{"name", current.info.name},
                                   {"generation", std::to_string(current.info.generation)},
                                   {"devices", std::to_string(current.devices.size())},
                                   {"links", std::to_string(current.links.size())}}));
        Table table({{"DEVICE"}, {"KIND"}, {"BACKEND"}, {"STATE"}, {"LINKED TO"}});
        for (const Device &device : current.devices) {
            std::vector<std::string> peers;
            for (const Link &link : current.links) {
                if (link.device_a == device.id)
                    peers.push_back(name_of(names, link.device_b));
                else if (link.device_b == device.id)
                    peers.push_back(name_of(names, link.device_a));
            }
            constexpr std::size_t peers_shown = 8;
            const std::size_t more = peers.size() > peers_shown ? peers.size() - peers_shown : 0;
            peers.resize(peers.size() - more);
            table.row({device.name, std::string(to_string(device.kind)), device.backend,
                       std::string(to_string(device.state)),
                       fmt::format("{}{}", fmt::join(peers, " "),
                                   more > 0 ? fmt::format(" and {} more", more) : "")});
        }
        fmt::print("\n");
        table.print();
    });
}

void write_out(Context &context) {
    const std::string text =
        topology::write_topology(topology::stated(topology::read_current(context.client())));
    context.answer({{"yaml", text}}, [&] { fmt::print("{}", text); });
}

} // namespace

void add_topology(CLI::App &app, Context &context) {
    CLI::App &object = add_object(app, "topology", "The devices and links as a whole");
    struct Options {
        std::string file;
        bool dry_run = false;
    };
    const auto options = std::make_shared<Options>();

    CLI::App &apply_verb = add_verb(
        object, "apply", "Make the kernel's topology what a file states, as one transaction",
        "topology apply --dry-run dgx-h100.yaml  # what would change, and would it be accepted",
        [&context, options] { apply(context, options->file, options->dry_run); });
    apply_verb.add_option("FILE", options->file, "YAML file, or - for stdin")->required();
    apply_verb.add_flag("--dry-run", options->dry_run, "Check all and change nothing");

    add_verb(object, "show", "Show name, generation, devices and who is linked to whom",
             "topology show", [&context] { show(context); });

    CLI::App &diff_verb =
        add_verb(object, "diff", "Show what applying a file would change",
                 "topology diff small.yaml", [&context, options] { diff(context, options->file); });
    diff_verb.add_option("FILE", options->file, "YAML file, or - for stdin")->required();

    add_verb(object, "export", "Write the kernel's topology as a file that apply takes",
             "topology export > now.yaml", [&context] { write_out(context); });
}

} // namespace snctl

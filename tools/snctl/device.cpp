// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// snctl device: what has memory, engines or ports.
#include "json.hpp"
#include "objects.hpp"
#include "resolve.hpp"
#include "table.hpp"
#include "words.hpp"

#include <fmt/format.h>

namespace snctl {
namespace {

using namespace supernode;

std::uint64_t memory_of(const Device &device) {
    std::uint64_t bytes = 0;
    for (const Region &region : device.regions)
        bytes += region.bytes;
    return bytes;
}

std::string node_text(std::int32_t node) {
    return node < 0 ? "-" : std::to_string(node);
}

void list(Context &context) {
    const auto devices = context.client().devices();
    Json document = Json::array();
    Table table({{"ID", Table::Align::right},
                 {"NAME"},
                 {"KIND"},
                 {"BACKEND"},
                 {"STATE"},
                 {"NODE", Table::Align::right},
                 {"PORTS", Table::Align::right},
                 {"MEMORY", Table::Align::right},
                 {"ENGINES", Table::Align::right},
                 {"BUFFERS", Table::Align::right}});
    for (const Device &device : devices) {
        document.push_back(to_json(device));
        table.row({std::to_string(device.id), device.name, std::string(to_string(device.kind)),
                   device.backend, std::string(to_string(device.state)), node_text(device.node),
                   std::to_string(device.ports),
                   device.regions.empty() ? "-" : human_bytes(memory_of(device)),
                   std::to_string(device.engines.size()), std::to_string(device.buffers)});
    }
    context.answer(document, [&] { table.print(); });
}

void show(Context &context, const std::string &name) {
    const auto devices = context.client().devices();
    const Device &device = find_device(devices, name);
    context.answer(to_json(device), [&] {
        fmt::print("{}", describe({{"id", std::to_string(device.id)},
                                   {"name", device.name},
                                   {"kind", std::string(to_string(device.kind))},
                                   {"backend", device.backend},
                                   {"state", std::string(to_string(device.state))},
                                   {"NUMA node", node_text(device.node)},
                                   {"ports", std::to_string(device.ports)},
                                   {"buffers", std::to_string(device.buffers)}}));
        for (const Region &region : device.regions)
            fmt::print("region {}: {} {}, pages of {}, {} free\n", region.id,
                       human_bytes(region.bytes), to_string(region.kind),
                       human_bytes(region.page_bytes), human_bytes(region.free_bytes));
        for (const Engine &engine : device.engines)
            fmt::print("engine {}: {} channels of depth {}, {}\n", engine.id, engine.channels,
                       engine.depth,
                       engine.bytes_per_sec == 0 ? "rate not stated"
                                                 : human_rate(engine.bytes_per_sec));
    });
}

struct NewDevice {
    std::string name;
    std::optional<DeviceKind> kind;
    std::string backend;
    std::optional<std::uint32_t> ports;
    std::optional<RegionKind> region_kind;
    std::optional<std::uint64_t> region_bytes;
    std::optional<std::uint32_t> engines;
    std::optional<std::uint32_t> channels;
    std::optional<std::uint32_t> depth;
    std::optional<std::uint64_t> bytes_per_sec;
    std::optional<std::uint64_t> latency_ns;
};

void add(Context &context, const NewDevice &wanted) {
    DeviceSpec spec;
    spec.name = wanted.name;
    spec.kind = *wanted.kind;
    spec.ports = wanted.ports;
    if (!wanted.backend.empty())
        spec.backend = wanted.backend;
    if (wanted.region_bytes)
        spec.regions.push_back(
            {wanted.region_kind.value_or(RegionKind::dram), *wanted.region_bytes, {}, {}});
    const EngineSpec engine{wanted.channels, wanted.depth, wanted.bytes_per_sec, wanted.latency_ns};
    spec.engines.assign(wanted.engines.value_or(0), engine);
    const std::uint32_t id = context.client().device_new(spec);
    context.answer({{"id", id}, {"name", wanted.name}},
                   [&] { fmt::print("{} has the id {}\n", wanted.name, id); });
}

void remove(Context &context, const std::string &name, bool force) {
    const auto devices = context.client().devices();
    const Device &device = find_device(devices, name);
    // Its links go with it, as one transaction.
    Transaction transaction = context.client().begin(context.client().topology().name);
    Json links = Json::array();
    for (const Link &link : context.client().links())
        if (link.device_a == device.id || link.device_b == device.id) {
            transaction.link_del(link.id);
            links.push_back(link.id);
        }
    transaction.device_del(device.id, force);
    transaction.commit();
    context.answer({{"id", device.id}, {"name", device.name}, {"deleted_links", links}}, [&] {
        fmt::print("{} and its {} links are deleted\n", device.name, links.size());
    });
}

} // namespace

void add_device(CLI::App &app, Context &context) {
    CLI::App &object = add_object(app, "device", "Devices: cpu, gpu, npu, memory, switch ...");
    add_verb(object, "list", "List all devices", "device list", [&context] { list(context); });

    const auto name = std::make_shared<std::string>();
    CLI::App &show_verb = add_verb(object, "show", "Show a device, its memory and its engines",
                                   "device show gpu0", [&context, name] { show(context, *name); });
    show_verb.add_option("DEVICE", *name, "Name or id")->required();

    const auto wanted = std::make_shared<NewDevice>();
    CLI::App &add_verb_ = add_verb(
        object, "add", "Add a device, as a transaction of its own",
        "device add gpu9 --kind gpu --backend sim --ports 2 --region hbm --bytes 64MiB --engines 1 "
        "--bandwidth 40GB/s",
        [&context, wanted] { add(context, *wanted); });
    add_verb_.add_option("NAME", wanted->name, "Name, unique among devices")->required();
    add_word(add_verb_, "--kind", wanted->kind, "What it is")->required();
    add_verb_.add_option("--backend", wanted->backend, "Who drives it; default none");
    add_verb_.add_option("--ports", wanted->ports, "Number of ports");
    add_word(add_verb_, "--region", wanted->region_kind, "Kind of its memory; default dram");
    add_bytes(add_verb_, "--bytes", wanted->region_bytes, "Size of its memory; default none");
    add_verb_.add_option("--engines", wanted->engines, "Number of copy engines; default 0")
        ->check(CLI::Range(0, 16));
    add_verb_.add_option("--channels", wanted->channels, "Copies that an engine works on at once");
    add_verb_.add_option("--depth", wanted->depth, "Copies that an engine holds per channel");
    add_rate(add_verb_, "--bandwidth", wanted->bytes_per_sec, "Rate of a channel");
    add_duration(add_verb_, "--latency", wanted->latency_ns, "Latency of a copy");

    const auto force = std::make_shared<bool>(false);
    CLI::App &del_verb =
        add_verb(object, "del", "Delete a device together with its links", "device del gpu9",
                 [&context, name, force] { remove(context, *name, *force); });
    del_verb.add_option("DEVICE", *name, "Name or id")->required();
    del_verb.add_flag("--force", *force, "Even with live buffers, which are lost");
}

} // namespace snctl

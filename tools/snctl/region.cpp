// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// snctl region: memory of devices.
#include "json.hpp"
#include "objects.hpp"
#include "resolve.hpp"
#include "table.hpp"

#include <supernode/units.hpp>

#include <fmt/format.h>

namespace snctl {
namespace {

using namespace supernode;

void list(Context &context) {
    const auto regions = context.client().regions();
    const DeviceNames names = device_names(context.client().devices());
    Json document = Json::array();
    Table table({{"ID", Table::Align::right},
                 {"REGION"},
                 {"BYTES", Table::Align::right},
                 {"FREE", Table::Align::right},
                 {"LARGEST FREE", Table::Align::right},
                 {"PAGE", Table::Align::right},
                 {"BUFFERS", Table::Align::right}});
    for (const Region &region : regions) {
        document.push_back(to_json(region, names));
        table.row({std::to_string(region.id),
                   fmt::format("{}/{}", name_of(names, region.device), to_string(region.kind)),
                   human_bytes(region.bytes), human_bytes(region.free_bytes),
                   human_bytes(region.largest_free_bytes), human_bytes(region.page_bytes),
                   std::to_string(region.buffers)});
    }
    context.answer(document, [&] { table.print(); });
}

void show(Context &context, const std::string &text) {
    const auto devices = context.client().devices();
    const Region region = context.client().region(find_region(devices, text).id);
    const DeviceNames names = device_names(devices);
    context.answer(to_json(region, names), [&] {
        fmt::print("{}",
                   describe({{"id", std::to_string(region.id)},
                             {"device", name_of(names, region.device)},
                             {"kind", std::string(to_string(region.kind))},
                             {"bytes", human_bytes(region.bytes)},
                             {"page", human_bytes(region.page_bytes)},
                             {"NUMA node", region.node < 0 ? "-" : std::to_string(region.node)},
                             {"free", human_bytes(region.free_bytes)},
                             {"largest free", human_bytes(region.largest_free_bytes)},
                             {"buffers", std::to_string(region.buffers)}}));
    });
}

} // namespace

void add_region(CLI::App &app, Context &context) {
    CLI::App &object = add_object(app, "region", "Memory of devices");
    add_verb(object, "list", "List all regions with what is free", "region list",
             [&context] { list(context); });
    const auto which = std::make_shared<std::string>();
    CLI::App &show_verb = add_verb(object, "show", "Show a region", "region show gpu0/hbm",
                                   [&context, which] { show(context, *which); });
    show_verb.add_option("REGION", *which, "gpu0, gpu0/hbm, gpu0/1 or an id")->required();
}

} // namespace snctl

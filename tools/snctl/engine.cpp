// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// snctl engine: what copies.
#include "json.hpp"
#include "objects.hpp"
#include "resolve.hpp"
#include "table.hpp"

#include <supernode/units.hpp>

#include <fmt/format.h>

namespace snctl {
namespace {

using namespace supernode;

std::string rate_text(const Engine &engine) {
    return engine.bytes_per_sec == 0 ? "-" : human_rate(engine.bytes_per_sec);
}

void list(Context &context) {
    const auto engines = context.client().engines();
    const DeviceNames names = device_names(context.client().devices());
    Json document = Json::array();
    Table table({{"ID", Table::Align::right},
                 {"DEVICE"},
                 {"CHANNELS", Table::Align::right},
                 {"DEPTH", Table::Align::right},
                 {"PER CHANNEL", Table::Align::right},
                 {"LATENCY", Table::Align::right},
                 {"COPIED", Table::Align::right},
                 {"COPIES", Table::Align::right},
                 {"ERRORS", Table::Align::right},
                 {"IN FLIGHT", Table::Align::right}});
    for (const Engine &engine : engines) {
        document.push_back(to_json(engine, names));
        table.row({std::to_string(engine.id), name_of(names, engine.device),
                   std::to_string(engine.channels), std::to_string(engine.depth), rate_text(engine),
                   human_duration(engine.latency_ns), human_bytes(engine.bytes),
                   std::to_string(engine.copies), std::to_string(engine.errors),
                   std::to_string(engine.inflight)});
    }
    context.answer(document, [&] { table.print(); });
}

void show(Context &context, std::uint32_t id) {
    const Engine engine = context.client().engine(id);
    const DeviceNames names = device_names(context.client().devices());
    context.answer(to_json(engine, names), [&] {
        fmt::print("{}", describe({{"id", std::to_string(engine.id)},
                                   {"device", name_of(names, engine.device)},
                                   {"channels", std::to_string(engine.channels)},
                                   {"depth", std::to_string(engine.depth)},
                                   {"rate of a channel", rate_text(engine)},
                                   {"latency", human_duration(engine.latency_ns)},
                                   {"copied", human_bytes(engine.bytes)},
                                   {"copies", std::to_string(engine.copies)},
                                   {"errors", std::to_string(engine.errors)},
                                   {"in flight", std::to_string(engine.inflight)}}));
    });
}

} // namespace

void add_engine(CLI::App &app, Context &context) {
    CLI::App &object = add_object(app, "engine", "Copy engines of devices");
    add_verb(object, "list", "List all engines with what they copied", "engine list",
             [&context] { list(context); });
    const auto id = std::make_shared<std::uint32_t>(0);
    CLI::App &show_verb = add_verb(object, "show", "Show an engine", "engine show 4",
                                   [&context, id] { show(context, *id); });
    show_verb.add_option("ID", *id, "Id of the engine")->required();
}

} // namespace snctl

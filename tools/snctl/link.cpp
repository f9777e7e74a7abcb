// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// snctl link: cables from port to port.
#include "json.hpp"
#include "objects.hpp"
#include "resolve.hpp"
#include "table.hpp"
#include "words.hpp"

#include <fmt/format.h>

namespace snctl {
namespace {

using namespace supernode;

std::string both_ways(std::uint64_t ab, std::uint64_t ba, std::string (*write)(std::uint64_t)) {
    return ab == ba ? write(ab) : fmt::format("{} / {}", write(ab), write(ba));
}

std::string end_text(const DeviceNames &names, std::uint32_t device, std::uint32_t port) {
    return fmt::format("{}:{}", name_of(names, device), port);
}

std::string state_text(const Link &link) {
    return link.admin == link.oper
               ? std::string(to_string(link.oper))
               : fmt::format("{} (wanted {})", to_string(link.oper), to_string(link.admin));
}

void list(Context &context) {
    const auto links = context.client().links();
    const DeviceNames names = device_names(context.client().devices());
    Json document = Json::array();
    Table table({{"ID", Table::Align::right},
                 {"A"},
                 {"B"},
                 {"TYPE"},
                 {"STATE"},
                 {"BANDWIDTH", Table::Align::right},
                 {"LATENCY", Table::Align::right},
                 {"A TO B", Table::Align::right},
                 {"B TO A", Table::Align::right}});
    for (const Link &link : links) {
        document.push_back(to_json(link, names));
        table.row({std::to_string(link.id), end_text(names, link.device_a, link.port_a),
                   end_text(names, link.device_b, link.port_b), std::string(to_string(link.type)),
                   state_text(link),
                   both_ways(link.bytes_per_sec_ab, link.bytes_per_sec_ba, human_rate),
                   both_ways(link.latency_ns_ab, link.latency_ns_ba, human_duration),
                   human_bytes(link.bytes_ab), human_bytes(link.bytes_ba)});
    }
    context.answer(document, [&] { table.print(); });
}

Link resolve(Context &context, const std::string &text, DeviceNames &names) {
    const auto devices = context.client().devices();
    names = device_names(devices);
    return find_link(context.client().links(), devices, text);
}

void show(Context &context, const std::string &text) {
    DeviceNames names;
    const Link link = resolve(context, text, names);
    context.answer(to_json(link, names), [&] {
        fmt::print(
            "{}",
            describe(
                {{"id", std::to_string(link.id)},
                 {"a", end_text(names, link.device_a, link.port_a)},
                 {"b", end_text(names, link.device_b, link.port_b)},
                 {"type", std::string(to_string(link.type))},
                 {"state", state_text(link)},
                 {"bandwidth", both_ways(link.bytes_per_sec_ab, link.bytes_per_sec_ba, human_rate)},
                 {"latency", both_ways(link.latency_ns_ab, link.latency_ns_ba, human_duration)},
                 {"carried a to b",
                  fmt::format("{} in {} slices", human_bytes(link.bytes_ab), link.slices_ab)},
                 {"carried b to a",
                  fmt::format("{} in {} slices", human_bytes(link.bytes_ba), link.slices_ba)},
                 {"in flight",
                  both_ways(link.inflight_bytes_ab, link.inflight_bytes_ba, human_bytes)}}));
    });
}

struct NewLink {
    std::string a;
    std::string b;
    std::optional<LinkType> type;
    std::optional<std::uint64_t> rate_ab;
    std::optional<std::uint64_t> rate_ba;
    std::optional<std::uint64_t> latency_ab;
    std::optional<std::uint64_t> latency_ba;
};

// "gpu0" or "gpu0:3"
std::pair<std::uint32_t, std::optional<std::uint32_t>>
resolve_end(const std::vector<Device> &devices, const std::string &text) {
    const std::size_t colon = text.find(':');
    const Device &device = find_device(devices, text.substr(0, colon));
    if (colon == std::string::npos)
        return {device.id, std::nullopt};
    const auto port = as_number(std::string_view(text).substr(colon + 1));
    if (!port || *port >= port_any)
        throw Failure(fmt::format("the port of \"{}\" is not a number", text));
    return {device.id, static_cast<std::uint32_t>(*port)};
}

void add(Context &context, const NewLink &wanted) {
    const auto devices = context.client().devices();
    LinkSpec spec;
    std::tie(spec.device_a, spec.port_a) = resolve_end(devices, wanted.a);
    std::tie(spec.device_b, spec.port_b) = resolve_end(devices, wanted.b);
    spec.type = wanted.type;
    spec.bytes_per_sec_ab = *wanted.rate_ab;
    spec.bytes_per_sec_ba = wanted.rate_ba;
    spec.latency_ns_ab = wanted.latency_ab;
    spec.latency_ns_ba = wanted.latency_ba;
    const std::uint32_t id = context.client().link_new(spec);
    context.answer({{"id", id}}, [&] { fmt::print("the link has the id {}\n", id); });
}

void remove(Context &context, const std::string &text) {
    DeviceNames names;
    const Link link = resolve(context, text, names);
    context.client().link_del(link.id);
    context.answer({{"id", link.id}}, [&] { fmt::print("link {} is deleted\n", link.id); });
}

void set(Context &context, const std::string &text, LinkState state) {
    DeviceNames names;
    const Link link = resolve(context, text, names);
    context.client().link_set(link.id, state);
    context.answer({{"id", link.id}, {"admin", to_string(state)}},
                   [&] { fmt::print("link {} is set {}\n", link.id, to_string(state)); });
}

} // namespace

void add_link(CLI::App &app, Context &context) {
    CLI::App &object = add_object(app, "link", "Links between two devices' ports");
    add_verb(object, "list", "List all links with what they carried", "link list",
             [&context] { list(context); });

    const auto which = std::make_shared<std::string>();
    const auto take_link = [which](CLI::App &verb) {
        verb.add_option("LINK", *which, "Id, or its two ends as gpu0-nvsw0 or gpu0:3-nvsw0:1")
            ->required();
    };
    take_link(add_verb(object, "show", "Show a link", "link show gpu0-nvsw0",
                       [&context, which] { show(context, *which); }));

    const auto wanted = std::make_shared<NewLink>();
    CLI::App &add_verb_ = add_verb(object, "add", "Add a link, as a transaction of its own",
                                   "link add cpu0 gpu1:3 --type pcie --bandwidth 53GB/s",
                                   [&context, wanted] { add(context, *wanted); });
    add_verb_.add_option("A", wanted->a, "Device, or device:port")->required();
    add_verb_.add_option("B", wanted->b, "Device, or device:port")->required();
    add_word(add_verb_, "--type", wanted->type, "Kind of link; default other");
    add_rate(add_verb_, "--bandwidth", wanted->rate_ab, "From A to B")->required();
    add_rate(add_verb_, "--bandwidth-back", wanted->rate_ba,
             "From B to A; default the same, 0 for one way");
    add_duration(add_verb_, "--latency", wanted->latency_ab, "From A to B");
    add_duration(add_verb_, "--latency-back", wanted->latency_ba, "From B to A; default the same");

    take_link(add_verb(object, "del", "Delete a link", "link del 17",
                       [&context, which] { remove(context, *which); }));
    take_link(add_verb(object, "up", "Let a link carry bytes again", "link up gpu0-nvsw0",
                       [&context, which] { set(context, *which, LinkState::up); }));
    take_link(add_verb(object, "down", "Take a link out of use; its transfers go other ways",
                       "link down gpu0-nvsw0",
                       [&context, which] { set(context, *which, LinkState::down); }));
}

} // namespace snctl

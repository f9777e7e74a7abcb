// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// snctl path: the ways that bytes can take, or why there is none.
#include "json.hpp"
#include "objects.hpp"
#include "resolve.hpp"

#include <supernode/units.hpp>

#include <fmt/format.h>

namespace snctl {
namespace {

using namespace supernode;

std::string route_text(const Route &route, const DeviceNames &names) {
    if (route.hops.empty())
        return "inside the device";
    std::string text = name_of(names, route.hops.front().from);
    for (std::size_t i = 0; i < route.hops.size(); i++) {
        // Between two stages the bytes rest in the device's memory.
        if (i > 0 && route.hops[i].stage != route.hops[i - 1].stage)
            text += " |";
        text += " > " + name_of(names, route.hops[i].to);
    }
    return text;
}

void print(const Path &path, const DeviceNames &names) {
    if (path.routes.empty()) {
        fmt::print("no path from {} to {}: {}", name_of(names, path.src), name_of(names, path.dst),
                   explain(path.reason));
        if (path.culprit && path.reason == PathReason::link_down)
            fmt::print(" (link {})", *path.culprit);
        else if (path.culprit)
            fmt::print(" ({})", name_of(names, *path.culprit));
        fmt::print("\n");
    }
    for (const Route &route : path.routes)
        fmt::print("{}  {}, {}, {} {}\n", route_text(route, names),
                   route.bytes_per_sec == 0 ? "no link" : human_rate(route.bytes_per_sec),
                   human_duration(route.latency_ns), route.stages,
                   route.stages == 1 ? "stage" : "stages");
}

void show(Context &context, const std::string &src, const std::string &dst,
          std::optional<std::uint32_t> count) {
    const auto devices = context.client().devices();
    const Path path =
        context.client().path(find_device(devices, src).id, find_device(devices, dst).id, count);
    const DeviceNames names = device_names(devices);
    context.answer(to_json(path, names), [&] { print(path, names); });
}

} // namespace

void add_path(CLI::App &app, Context &context) {
    CLI::App &object = add_object(app, "path", "Ways between two devices");
    struct Options {
        std::string src;
        std::string dst;
        std::optional<std::uint32_t> count;
    };
    const auto options = std::make_shared<Options>();
    CLI::App &verb = add_verb(
        object, "show", "Show all candidate paths, widest first, or the reason why there is none",
        "path show gpu0 gpu5",
        [&context, options] { show(context, options->src, options->dst, options->count); });
    verb.add_option("SRC", options->src, "Device")->required();
    verb.add_option("DST", options->dst, "Device")->required();
    verb.add_option("--count", options->count, "At most so many, 1 to 8");
}

} // namespace snctl

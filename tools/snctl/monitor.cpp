// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// snctl monitor: the kernel's events as they come. With --json one document per line, since there
// is no end.
#include "json.hpp"
#include "objects.hpp"
#include "words.hpp"

#include <supernode/events.hpp>
#include <supernode/units.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <optional>

#include <fmt/format.h>

namespace snctl {
namespace {

using namespace supernode;

struct EventText {
    Json document;
    std::string sentence;
};

std::string status_text(std::int32_t status) {
    return status == 0 ? "no error" : std::strerror(-status);
}

EventText text_of(const TopologyEvent &event) {
    return {{{"event", "topology"}, {"generation", event.generation}},
            fmt::format("topology: generation {}", event.generation)};
}

EventText text_of(const BufferEvent &event) {
    return {{{"event", "buffer"},
             {"id", event.id},
             {"state", to_string(event.state)},
             {"bytes", event.bytes}},
            fmt::format("buffer {}: {}, {}", event.id, human_bytes(event.bytes),
                        to_string(event.state))};
}

EventText text_of(const TransferEvent &event) {
    return {{{"event", "transfer"},
             {"id", event.id},
             {"session", event.session},
             {"state", to_string(event.state)},
             {"status", event.status},
             {"done_bytes", event.done_bytes}},
            fmt::format("transfer {}: {}, {} arrived, {}", event.id, to_string(event.state),
                        human_bytes(event.done_bytes), status_text(event.status))};
}

EventText text_of(const FaultEvent &event) {
    Json document{{"event", "fault"}, {"device", event.device}, {"status", event.status}};
    document["engine"] = event.engine ? Json(*event.engine) : Json(nullptr);
    document["transfer"] = event.transfer ? Json(*event.transfer) : Json(nullptr);
    return {document,
            fmt::format("fault of device {}: {}", event.device, status_text(event.status))};
}

EventText text_of(const LostEvent &) {
    return {{{"event", "lost"}}, "events were lost: this reader was too slow"};
}

void monitor(Context &context, const std::vector<std::string> &chosen, std::uint64_t count,
             std::optional<std::uint64_t> limit_ns) {
    const std::vector<std::string_view> groups(chosen.begin(), chosen.end());
    EventStream stream(groups);
    const auto begin = std::chrono::steady_clock::now();
    // Says that the groups are joined: what happens from now on is seen.
    context.note("listening");
    std::fflush(stdout);
    for (std::uint64_t seen = 0; count == 0 || seen < count;) {
        Timeout timeout = forever;
        if (limit_ns) {
            const auto left =
                std::chrono::nanoseconds(*limit_ns) - (std::chrono::steady_clock::now() - begin);
            if (left <= left.zero())
                return;
            timeout = std::chrono::ceil<std::chrono::milliseconds>(left);
        }
        const auto event = stream.next(timeout);
        if (!event)
            return;
        const EventText text = std::visit([](const auto &one) { return text_of(one); }, *event);
        if (context.json)
            fmt::print("{}\n", text.document.dump(-1, ' ', false, Json::error_handler_t::replace));
        else
            fmt::print("{}\n", text.sentence);
        std::fflush(stdout);
        seen++;
    }
}

} // namespace

void add_monitor(CLI::App &app, Context &context) {
    struct Options {
        std::vector<std::string> groups{"topology", "memory", "transfer", "fault"};
        std::uint64_t count = 0;
        std::optional<std::uint64_t> limit_ns;
    };
    const auto options = std::make_shared<Options>();
    CLI::App &verb =
        add_verb(app, "monitor", "Print events as they come; with --json one document per line",
                 "monitor --groups transfer fault  # until interrupted", [&context, options] {
                     monitor(context, options->groups, options->count, options->limit_ns);
                 });
    verb.add_option("--groups", options->groups, "Which events; default all")
        ->check(CLI::IsMember({"topology", "memory", "transfer", "fault"}));
    verb.add_option("--count", options->count, "End after so many events");
    add_duration(verb, "--time", options->limit_ns, "End after so long");
}

} // namespace snctl

// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// snctl holder: the process that keeps this user's buffers and submitted transfers.
#include "holder_client.hpp"
#include "holder_server.hpp"
#include "objects.hpp"

#include <fmt/format.h>

namespace snctl {
namespace {

void show(Context &context) {
    const auto status = holder::status();
    Json document{{"running", status.has_value()}};
    if (status)
        document.update(*status);
    context.answer(document, [&] {
        if (!status)
            fmt::print("no holder runs; buffer alloc starts one\n");
        else
            fmt::print("holds {} buffers, {} unfinished transfers and {} results\n",
                       (*status)["buffers"].get<std::uint64_t>(),
                       (*status)["transfers"].get<std::uint64_t>(),
                       (*status)["results"].get<std::uint64_t>());
    });
}

void stop(Context &context) {
    const bool ran = holder::stop();
    context.answer({{"stopped", ran}},
                   [&] { fmt::print("{}\n", ran ? "stopped" : "no holder runs"); });
}

} // namespace

void add_holder(CLI::App &app, Context &context) {
    CLI::App &object =
        add_object(app, "holder",
                   "The process that keeps buffers between commands; starts and ends by itself");
    add_verb(object, "status", "Show how much it holds", "holder status",
             [&context] { show(context); });
    add_verb(object, "stop", "Free all buffers and cancel all transfers that it holds",
             "holder stop", [&context] { stop(context); });
    add_verb(object, "serve", "Be the holder, in the foreground", "holder serve",
             [] { holder::serve(); });
}

} // namespace snctl

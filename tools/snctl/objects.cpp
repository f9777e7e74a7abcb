// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// The tree of objects and verbs. CLI11 holds it; what CLI11 has no field for, the example, is kept
// in a verb's footer.
#include "objects.hpp"

#include <stdexcept>

namespace snctl {
namespace {

constexpr std::string_view example_title = "Example:\n  snctl ";

} // namespace

CLI::App &add_object(CLI::App &app, const std::string &name, const std::string &summary) {
    CLI::App *object = app.add_subcommand(name, summary);
    object->require_subcommand(1);
    return *object;
}

CLI::App &add_verb(CLI::App &parent, const std::string &name, const std::string &summary,
                   const std::string &example, std::function<void()> run) {
    CLI::App *verb = parent.add_subcommand(name, summary);
    verb->footer(std::string(example_title) + example);
    verb->callback(std::move(run));
    return *verb;
}

std::string example_of(const CLI::App &verb) {
    const std::string footer = verb.get_footer();
    if (!footer.starts_with(example_title))
        throw std::logic_error("the verb " + verb.get_name() + " has no example");
    return footer.substr(example_title.size());
}

void add_objects(CLI::App &app, Context &context) {
    app.name("snctl");
    app.description("Rule a super-node: its topology, memory and transfers.");
    app.fallthrough();
    app.require_subcommand(1);
    app.add_flag("--json", context.json, "One JSON document on stdout, with raw integers");
    app.set_version_flag("--version", "snctl " SNCTL_VERSION, "Print the version");

    add_topology(app, context);
    add_device(app, context);
    add_link(app, context);
    add_region(app, context);
    add_engine(app, context);
    add_path(app, context);
    add_partition(app, context);
    add_tenant(app, context);
    add_buffer(app, context);
    add_copy(app, context);
    add_transfer(app, context);
    add_stats(app, context);
    add_monitor(app, context);
    add_holder(app, context);
    add_replay(app, context);
}

} // namespace snctl

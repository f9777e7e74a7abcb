// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The objects of the command line. Each adds itself, with its verbs, to the CLI11 tree, which is
// the one table that help, dispatch, man page and completion come from.
#pragma once

#include "context.hpp"

#include <functional>
#include <string>

#include <CLI/CLI.hpp>

namespace snctl {

void add_topology(CLI::App &app, Context &context);
void add_device(CLI::App &app, Context &context);
void add_link(CLI::App &app, Context &context);
void add_region(CLI::App &app, Context &context);
void add_engine(CLI::App &app, Context &context);
void add_path(CLI::App &app, Context &context);
void add_partition(CLI::App &app, Context &context);
void add_tenant(CLI::App &app, Context &context);
void add_buffer(CLI::App &app, Context &context);
void add_copy(CLI::App &app, Context &context);
void add_transfer(CLI::App &app, Context &context);
void add_stats(CLI::App &app, Context &context);
void add_monitor(CLI::App &app, Context &context);
void add_holder(CLI::App &app, Context &context);
void add_replay(CLI::App &app, Context &context);

/// The whole tree.
void add_objects(CLI::App &app, Context &context);

/// "device": verbs follow, one of them is required.
CLI::App &add_object(CLI::App &app, const std::string &name, const std::string &summary);

/// A verb (or an object without verbs). @p example is a command line without "snctl ", with a
/// comment after " # " that says what it does; every verb has one.
CLI::App &add_verb(CLI::App &parent, const std::string &name, const std::string &summary,
                   const std::string &example, std::function<void()> run);

/// The example of a verb, as given to add_verb().
std::string example_of(const CLI::App &verb);

} // namespace snctl

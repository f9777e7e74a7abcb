// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The man page and the bash completion, made from the tree that is also parsed with.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace snctl {

std::string man_page(const CLI::App &app);
std::string bash_completion(const CLI::App &app);

} // namespace snctl

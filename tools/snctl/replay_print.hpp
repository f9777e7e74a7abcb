// SPDX-License-Identifier: GPL-2.0-only OR MIT
// A replay's plan and results for a person.
#pragma once

#include "report.hpp"

#include <ostream>

namespace supernode::replay {

/// What is going to move. Only the plan of @p report is looked at.
void print_plan(std::ostream &out, const Report &report);

/// What moved, how fast, over which links, and whether all of it was right.
void print_result(std::ostream &out, const Report &report);

} // namespace supernode::replay

// SPDX-License-Identifier: GPL-2.0-only OR MIT
#pragma once

#include <string>
#include <vector>

/// A topology file that is refused, and all that is said about it.
struct Malformed {
    const char *name;
    std::string text;
    std::string said; ///< lines joined by newlines; the file is called t.yaml
};

std::vector<Malformed> malformed_topologies();

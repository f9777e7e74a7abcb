// SPDX-License-Identifier: GPL-2.0-only OR MIT
#pragma once

namespace snctl::holder {

/// Serves until it holds nothing and nobody asked for a while, or is told to stop. Does nothing
/// when another holder of this user serves already.
void serve();

} // namespace snctl::holder

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The kernel's extended acknowledgement, turned into an Error.
#pragma once

#include "message.hpp"

#include <supernode/error.hpp>

namespace supernode {

/// @param code     positive errno
/// @param tlvs     NLMSGERR_ATTR_* attributes; may be empty
/// @param request  what was refused: the kernel points into it by offset
Error refusal(int code, Bytes tlvs, const Message &request);

} // namespace supernode

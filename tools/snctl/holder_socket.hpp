// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The line between snctl and its holder: a unix socket on which each message is one JSON document
// with at most one fd. Only processes of the same user are talked to.
#pragma once

#include "context.hpp"

#include <supernode/fd.hpp>
#include <supernode/types.hpp>

#include <optional>
#include <string>

namespace snctl::holder {

struct Message {
    Json document;
    supernode::Fd fd;
};

/// $XDG_RUNTIME_DIR/snctl or /run/snctl, made if need be and belonging to nobody else.
std::string directory();
std::string socket_path();

supernode::Fd listen_socket();
/// Nothing when no holder listens.
std::optional<supernode::Fd> connect_socket();
bool same_user(int socket);

void send_message(int socket, const Json &document, int fd = -1);
/// Nothing when the other side is gone, or the time is over.
std::optional<Message> receive_message(int socket, supernode::Timeout timeout = supernode::forever);

} // namespace snctl::holder

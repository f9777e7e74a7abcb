// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Requests from values.
#pragma once

#include "message.hpp"

#include <supernode/buffer.hpp>
#include <supernode/session.hpp>
#include <supernode/types.hpp>

#include <optional>

namespace supernode {

/// A request without attributes; the connection gives it its type and flags.
Message request(std::uint8_t command);

// @txn_fd: stage it there; none: a transaction of its own.
Message encode_device_new(const DeviceSpec &spec, std::optional<int> txn_fd);
Message encode_device_del(std::uint32_t id, bool force, std::optional<int> txn_fd);
Message encode_link_new(const LinkSpec &spec, std::optional<int> txn_fd);
Message encode_link_del(std::uint32_t id, std::optional<int> txn_fd);
Message encode_buffer_alloc(int session_fd, const BufferSpec &spec);
Message encode_submit(int session_fd, std::span<const Segment> segments,
                      const SubmitOptions &options);

} // namespace supernode

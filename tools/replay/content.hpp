// SPDX-License-Identifier: GPL-2.0-only OR MIT
// What a KV block contains in a replay. Every 8-byte word depends on the block's key and on its
// place, so a block, a page or a word that is missing, old or misplaced is seen where it lands.
#ifndef SUPERNODE_REPLAY_CONTENT_HPP
#define SUPERNODE_REPLAY_CONTENT_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace supernode::replay {

/// Writes the block @p key. The size must be a multiple of 8.
void fill_block(std::span<std::byte> block, std::uint64_t key);

/// Offset of the first 8-byte word that is not the block @p key's; nothing when all are.
std::optional<std::size_t> find_mismatch(std::span<const std::byte> block, std::uint64_t key);

/// Spoils one word of every 4 KiB, so that what lay there before cannot pass for what is to come.
void spoil_block(std::span<std::byte> block, std::uint64_t salt);

} // namespace supernode::replay

#endif

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Names and types of the family's commands and attributes, as in include/netlink/supernode.yaml.
// What the decoder expects and the words that an error uses both come from here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace supernode {

enum class AttrType : std::uint8_t { u32, u64, s32, string, binary, nest };

struct AttrSet;

struct AttrDef {
    std::string_view name;
    AttrType type;
    bool multi = false;
    const AttrSet *nested = nullptr;
};

/// Attribute n of the set is attributes[n - 1].
struct AttrSet {
    std::string_view name;
    std::span<const AttrDef> attributes;

    const AttrDef *find(std::uint16_t type) const {
        return type >= 1 && type <= attributes.size() ? &attributes[type - 1] : nullptr;
    }
};

struct CommandDef {
    std::string_view name; ///< "DEVICE_NEW"
    const AttrSet *set;
};

namespace schema {
extern const AttrSet features, topology, device, region, engine, link, partition, tenant, path,
    route, hop, session, buffer, transfer, fault, stats, class_stats;
} // namespace schema

std::span<const AttrSet *const> all_attr_sets();

/// Command n is all_commands()[n - 1].
std::span<const CommandDef> all_commands();

/// Null for a command that this library does not know.
const CommandDef *find_command(std::uint8_t command);
std::string command_name(std::uint8_t command);

} // namespace supernode

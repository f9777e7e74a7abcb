// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The kernel names an attribute by its offset in the request, or by type and nest when it is
// missing. Both become a path of names, "region[1].bytes", and the value that was sent.
#include "extack.hpp"

#include <fmt/format.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <map>

namespace supernode {
namespace {

constexpr std::size_t attributes_start = NLMSG_HDRLEN + GENL_HDRLEN;

struct Place {
    std::string path;
    std::string value;
    const AttrSet *inside = nullptr; ///< set of a nest
};

std::string attr_name(const AttrSet *set, std::uint16_t type) {
    const AttrDef *def = set ? set->find(type) : nullptr;

    return def ? std::string(def->name) : fmt::format("attribute {}", type);
}

std::string show(const AttrDef *def, Bytes payload) {
    if (!def)
        return {};
    switch (def->type) {
    case AttrType::u32:
        if (auto value = as_u32(payload))
            return fmt::format("{}", *value);
        break;
    case AttrType::s32:
        if (auto value = as_s32(payload))
            return fmt::format("{}", *value);
        break;
    case AttrType::u64:
        if (auto value = as_u64(payload))
            return fmt::format("{}", *value);
        break;
    case AttrType::string:
        return fmt::format("'{}'", as_string(payload));
    case AttrType::binary:
    case AttrType::nest:
        break;
    }
    return {};
}

/// The attribute whose header is @offset bytes into @attributes, at any depth.
std::optional<Place> locate(Bytes attributes, const AttrSet *set, std::size_t offset) {
    std::map<std::uint16_t, unsigned> seen;
    AttrWalker walker(attributes);

    while (auto attr = walker.next()) {
        const AttrDef *def = set ? set->find(attr->type) : nullptr;
        unsigned index = seen[attr->type]++;
        std::string name = attr_name(set, attr->type);
        std::size_t payload_start = attr->offset + NLA_HDRLEN;

        if (def && def->multi)
            name += fmt::format("[{}]", index);
        if (offset == attr->offset)
            return Place{name, show(def, attr->payload), def ? def->nested : nullptr};
        if (def && def->nested && offset >= payload_start &&
            offset < payload_start + attr->payload.size()) {
            auto place = locate(attr->payload, def->nested, offset - payload_start);

            if (place)
                place->path = name + "." + place->path;
            return place;
        }
    }
    return std::nullopt;
}

std::optional<Place> locate_in_request(const Message &request, const AttrSet *set,
                                       std::uint32_t offset) {
    if (offset < attributes_start)
        return std::nullopt;
    return locate(request.attributes(), set, offset - attributes_start);
}

} // namespace

Error refusal(int code, Bytes tlvs, const Message &request) {
    const CommandDef *command = find_command(request.command());
    const AttrSet *set = command ? command->set : nullptr;
    std::optional<std::uint32_t> bad, missing, missing_nest;
    std::string sentence;
    Place place;

    AttrWalker walker(tlvs);
    while (auto attr = walker.next()) {
        switch (attr->type) {
        case NLMSGERR_ATTR_MSG:
            sentence = as_string(attr->payload);
            break;
        case NLMSGERR_ATTR_OFFS:
            bad = as_u32(attr->payload);
            break;
        case NLMSGERR_ATTR_MISS_TYPE:
            missing = as_u32(attr->payload);
            break;
        case NLMSGERR_ATTR_MISS_NEST:
            missing_nest = as_u32(attr->payload);
            break;
        default:
            break;
        }
    }

    if (missing) {
        std::string prefix;

        if (missing_nest) {
            auto nest = locate_in_request(request, set, *missing_nest);

            set = nest ? nest->inside : nullptr;
            prefix = nest ? nest->path + "." : "";
        }
        place.path = prefix + attr_name(set, static_cast<std::uint16_t>(*missing));
        if (sentence.empty())
            sentence = "a required attribute is missing";
    } else if (bad) {
        if (auto found = locate_in_request(request, set, *bad))
            place = *found;
    }
    return {code, command_name(request.command()), sentence, place.path, place.value};
}

} // namespace supernode

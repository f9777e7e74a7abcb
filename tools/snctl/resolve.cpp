// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// Names and ids. A refusal says what there is instead.
#include "resolve.hpp"

#include "context.hpp"

#include <supernode/name_range.hpp>

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace snctl {

using namespace supernode;

std::optional<std::uint64_t> as_number(std::string_view text) {
    std::uint64_t value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size())
        return std::nullopt;
    return value;
}

const Device &find_device(const std::vector<Device> &devices, const std::string &text) {
    std::vector<std::string> names;
    for (const Device &device : devices) {
        if (device.name == text)
            return device;
        names.push_back(device.name);
    }
    const auto id = as_number(text);
    for (const Device &device : devices)
        if (id == device.id)
            return device;
    const std::string near = nearest_name(text, names);
    throw Failure(near.empty()
                      ? fmt::format("there is no device \"{}\"", text)
                      : fmt::format("there is no device \"{}\"; did you mean \"{}\"?", text, near));
}

namespace {

struct LinkEnd {
    std::uint32_t device;
    std::optional<std::uint64_t> port;

    bool is(std::uint32_t other, std::uint32_t number) const {
        return device == other && (!port || *port == number);
    }
};

// "gpu0" or "gpu0:3"; nothing if no device has that name.
std::optional<LinkEnd> link_end(const std::vector<Device> &devices, std::string_view text) {
    const std::size_t colon = text.find(':');
    const std::string_view name = text.substr(0, colon);
    const auto found = std::find_if(devices.begin(), devices.end(),
                                    [&](const Device &device) { return device.name == name; });
    if (found == devices.end())
        return std::nullopt;
    LinkEnd end{found->id, std::nullopt};
    if (colon != std::string_view::npos) {
        end.port = as_number(text.substr(colon + 1));
        if (!end.port)
            return std::nullopt;
    }
    return end;
}

} // namespace

Link find_link(const std::vector<Link> &links, const std::vector<Device> &devices,
               const std::string &text) {
    if (const auto id = as_number(text)) {
        for (const Link &link : links)
            if (link.id == *id)
                return link;
        throw Failure(fmt::format("there is no link {}", *id));
    }
    // A name may have a '-' of its own: every one is tried.
    std::vector<Link> found;
    for (std::size_t at = text.find('-'); at != std::string::npos; at = text.find('-', at + 1)) {
        const auto a = link_end(devices, std::string_view(text).substr(0, at));
        const auto b = link_end(devices, std::string_view(text).substr(at + 1));
        if (!a || !b)
            continue;
        for (const Link &link : links)
            if ((a->is(link.device_a, link.port_a) && b->is(link.device_b, link.port_b)) ||
                (a->is(link.device_b, link.port_b) && b->is(link.device_a, link.port_a)))
                found.push_back(link);
    }
    if (found.empty())
        throw Failure(
            fmt::format("there is no link \"{}\"; name it by its id or as gpu0-nvsw0", text));
    if (found.size() > 1) {
        std::vector<std::uint32_t> ids;
        ids.reserve(found.size());
        for (const Link &link : found)
            ids.push_back(link.id);
        throw Failure(fmt::format("\"{}\" may be one of the links {}", text, fmt::join(ids, ", ")));
    }
    return found.front();
}

Region find_region(const std::vector<Device> &devices, const std::string &text) {
    if (const auto id = as_number(text)) {
        for (const Device &device : devices)
            for (const Region &region : device.regions)
                if (region.id == *id)
                    return region;
        throw Failure(fmt::format("there is no region {}", *id));
    }
    const std::size_t slash = text.find('/');
    const Device &device = find_device(devices, text.substr(0, slash));
    if (device.regions.empty())
        throw Failure(fmt::format("the device \"{}\" has no memory", device.name));
    if (slash == std::string::npos)
        return device.regions.front();
    const std::string which = text.substr(slash + 1);
    for (const Region &region : device.regions)
        if (as_number(which) == region.index || to_string(region.kind) == which)
            return region;
    std::vector<std::string> known;
    for (const Region &region : device.regions)
        known.push_back(fmt::format("{}/{}", device.name, to_string(region.kind)));
    throw Failure(
        fmt::format("there is no region \"{}\"; the device has {}", text, fmt::join(known, ", ")));
}

} // namespace snctl

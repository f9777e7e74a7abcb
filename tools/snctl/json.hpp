// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The kernel's objects as JSON. Names are those of the netlink attributes in snake_case, values are
// raw integers, enums are words. tools/snctl/README.md lists them.
#pragma once

#include "context.hpp"

#include <supernode/types.hpp>

#include <map>
#include <string>
#include <vector>

namespace snctl {

/// Names by id, for what names a device by its id.
using DeviceNames = std::map<std::uint32_t, std::string>;

DeviceNames device_names(const std::vector<supernode::Device> &devices);
std::string name_of(const DeviceNames &names, std::uint32_t id);

Json to_json(const supernode::TopologyInfo &info);
Json to_json(const supernode::Device &device);
Json to_json(const supernode::Link &link, const DeviceNames &names);
Json to_json(const supernode::Region &region, const DeviceNames &names);
Json to_json(const supernode::Engine &engine, const DeviceNames &names);
Json to_json(const supernode::Partition &partition);
Json to_json(const supernode::Tenant &tenant);
Json to_json(const supernode::Path &path, const DeviceNames &names);
Json to_json(const supernode::BufferInfo &buffer, const DeviceNames &names);
Json to_json(const supernode::TransferInfo &transfer);
Json to_json(const supernode::Completion &completion);
Json to_json(const supernode::Stats &stats);

} // namespace snctl

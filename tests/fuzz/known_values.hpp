// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Objects of chosen values together with the attributes that say them: what a reply holds and what
// has to be read out of it.
#pragma once

#include "message.hpp"

#include <supernode/events.hpp>
#include <supernode/types.hpp>

#include <functional>
#include <vector>

#include "fake_syscalls.hpp"
#include "input.hpp"

/// Attributes that are not put yet, so that what stands between them can be chosen.
class Draft {
public:
    explicit Draft(Input &input) : input_(input) {}

    template<typename T>
    Draft &u32(uint16_t attr, T &field) {
        // Of two of a kind the last counts.
        if (input_.one_in(16))
            add([attr](supernode::Message &m) { m.put_u32(attr, 0x55555555); });
        field = static_cast<T>(input_.number32());
        return add([value = static_cast<uint32_t>(field), attr](supernode::Message &m) {
            m.put_u32(attr, value);
        });
    }
    Draft &s32(uint16_t attr, int32_t &field) {
        field = static_cast<int32_t>(input_.number32());
        return add([value = field, attr](supernode::Message &m) { m.put_s32(attr, value); });
    }
    Draft &u64(uint16_t attr, uint64_t &field) {
        field = input_.number();
        return add([value = field, attr](supernode::Message &m) { m.put_u64(attr, value); });
    }
    Draft &exactly(uint16_t attr, uint32_t value) {
        return add([=](supernode::Message &m) { m.put_u32(attr, value); });
    }
    /// Up to its first 0; the 0 at its end may be missing.
    Draft &text(uint16_t attr, std::string &field);
    Draft &fd(uint16_t attr, int value) {
        return add([=](supernode::Message &m) { m.put_s32(attr, value); });
    }
    /// A nest that is made of another draft.
    Draft &nest(uint16_t attr, const Draft &inside);
    /// As one that may be left out.
    template<typename Put>
    Draft &maybe(Put put) {
        if (!input_.one_in(3))
            put();
        return *this;
    }

    void put(supernode::Message &message) const;
    supernode::fake::Datagram attributes() const;

private:
    using Puts = std::vector<std::function<void(supernode::Message &)>>;

    Draft &add(std::function<void(supernode::Message &)> put);

    Input &input_;
    Puts puts_;
};

template<typename T>
struct Known {
    T value{};
    supernode::fake::Datagram attributes;
};

Known<supernode::Features> known_features(Input &input);
Known<supernode::TopologyInfo> known_topology(Input &input);
Known<supernode::Stats> known_stats(Input &input);
Known<supernode::Device> known_device(Input &input);
Known<supernode::Link> known_link(Input &input);
Known<supernode::Region> known_region(Input &input);
Known<supernode::Engine> known_engine(Input &input);
Known<supernode::Tenant> known_tenant(Input &input);
Known<supernode::BufferInfo> known_buffer(Input &input);
Known<supernode::TransferInfo> known_transfer(Input &input);
Known<supernode::Path> known_path(Input &input);

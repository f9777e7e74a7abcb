// SPDX-License-Identifier: GPL-2.0-only OR MIT
// A kernel made of a script: each request is shown to a function, which answers with datagrams.
#pragma once

#include "message.hpp"

#include <supernode/error.hpp>
#include <supernode/transport.hpp>

#include <cstring>
#include <deque>
#include <functional>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/supernode.h>
#include <string>
#include <utility>
#include <vector>

namespace supernode::fake {

constexpr std::uint16_t family = 0x2a;

using Datagram = std::vector<std::byte>;

/// A request as it arrived.
struct Request {
    nlmsghdr header{};
    std::uint8_t command = 0;
    std::vector<std::byte> bytes;

    Bytes attributes() const { return Bytes(bytes).subspan(NLMSG_HDRLEN + GENL_HDRLEN); }
    /// The payloads of an attribute, in order.
    std::vector<Bytes> all(std::uint16_t attr) const { return all_in(attributes(), attr); }
    static std::vector<Bytes> all_in(Bytes attributes, std::uint16_t attr) {
        std::vector<Bytes> found;
        AttrWalker walker(attributes);

        while (auto next = walker.next())
            if (next->type == attr)
                found.push_back(next->payload);
        return found;
    }
    Bytes one(std::uint16_t attr) const {
        auto found = all(attr);
        return found.size() == 1 ? found[0] : Bytes();
    }
};

using Script = std::function<std::vector<Datagram>(const Request &)>;

class FakeTransport final : public Transport {
public:
    explicit FakeTransport(Script script = {}) : script_(std::move(script)) {}

    std::uint16_t family() override { return fake::family; }
    void join(std::string_view group) override {
        if (group == "nonsense")
            throw Error(ENOENT, "subscribe");
        joined.emplace_back(group);
    }
    int fd() const override { return -1; }

    void send(std::span<const std::byte> message) override {
        Request request;

        request.bytes.assign(message.begin(), message.end());
        std::memcpy(&request.header, message.data(), sizeof(request.header));
        std::memcpy(&request.command, message.data() + NLMSG_HDRLEN, 1);
        for (Datagram &answer : script_(request))
            inbox.push_back(std::move(answer));
        requests.push_back(std::move(request));
    }

    std::optional<std::vector<std::byte>> receive(Timeout) override {
        if (lose_next)
            throw Error(std::exchange(lose_next, 0), "receive");
        if (inbox.empty())
            return std::nullopt;
        Datagram datagram = std::move(inbox.front());
        inbox.pop_front();
        return datagram;
    }

    std::deque<Datagram> inbox;
    std::vector<Request> requests;
    std::vector<std::string> joined;
    int lose_next = 0;

private:
    Script script_;
};

inline Datagram operator+(Datagram left, const Datagram &right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

/// A message of the family with the sequence number of @request.
inline Datagram reply(const Request &request, Message message, std::uint16_t flags = 0) {
    message.address(family, flags, request.header.nlmsg_seq);
    return {message.bytes().begin(), message.bytes().end()};
}

/// A control message: header and a raw payload.
inline Datagram control(const Request &request, std::uint16_t type, Bytes payload,
                        std::uint16_t flags = 0) {
    nlmsghdr header{};
    Datagram out(NLMSG_SPACE(payload.size()));

    header.nlmsg_len = static_cast<std::uint32_t>(NLMSG_LENGTH(payload.size()));
    header.nlmsg_type = type;
    header.nlmsg_flags = flags;
    header.nlmsg_seq = request.header.nlmsg_seq;
    std::memcpy(out.data(), &header, sizeof(header));
    if (!payload.empty())
        std::memcpy(out.data() + NLMSG_HDRLEN, payload.data(), payload.size());
    return out;
}

/// Attributes alone, as an extack or a nest has them.
inline Datagram attributes(const std::function<void(Message &)> &fill) {
    Message message(0, 0);

    fill(message);
    return {message.attributes().begin(), message.attributes().end()};
}

/// An acknowledgement: @error is 0 or a negative errno.
inline Datagram ack(const Request &request, int error = 0, const Datagram &tlvs = {}) {
    nlmsgerr body{};
    Datagram payload(sizeof(body));
    std::uint16_t flags = NLM_F_CAPPED;

    body.error = error;
    body.msg = request.header;
    std::memcpy(payload.data(), &body, sizeof(body));
    if (!tlvs.empty())
        flags |= NLM_F_ACK_TLVS;
    return control(request, NLMSG_ERROR, payload + tlvs, flags);
}

/// The end of a dump.
inline Datagram done(const Request &request, int error = 0, std::uint16_t flags = 0,
                     const Datagram &tlvs = {}) {
    Datagram payload(sizeof(error));

    std::memcpy(payload.data(), &error, sizeof(error));
    return control(
        request, NLMSG_DONE, payload + tlvs,
        static_cast<std::uint16_t>(flags | NLM_F_MULTI | (tlvs.empty() ? 0 : NLM_F_ACK_TLVS)));
}

} // namespace supernode::fake

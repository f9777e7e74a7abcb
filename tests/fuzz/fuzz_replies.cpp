// SPDX-License-Identifier: GPL-2.0-only OR MIT
// libsupernode's transport and decoding against a kernel that answers what the input says. An
// answer without damage has to be read as what it was made from; a damaged one ends in a value or
// an Error; and descriptors are closed once, whatever happens.
#include <supernode/client.hpp>
#include <supernode/events.hpp>

#include <array>
#include <cstring>
#include <linux/supernode.h>

#include <gtest/gtest.h>

#include "known_values.hpp"

using namespace supernode;
using namespace std::chrono_literals;
using fake::Datagram;
using fake::Request;
using fake::operator+; // of datagrams

namespace {

class Fuzz {
public:
    explicit Fuzz(Input &input) : input_(input), kernel_(input) {}

    void run();

private:
    using Call = std::function<void()>;

    void exchange();
    void dump();
    void descriptors();
    void session();
    void events();

    /// A request that is answered with these objects: what comes out is told to @judge.
    template<typename T, typename Ask>
    void ask(const Known<T> &known, Ask ask) {
        attempt({known.attributes}, false, [&] {
            T got = ask();
            EXPECT_TRUE(hostile_ || got == known.value);
        });
    }
    template<typename T, typename Make, typename Ask>
    void list(Make make, Ask ask) {
        std::vector<T> want;
        std::vector<Datagram> objects;

        for (uint64_t n = input_.below(5); n--;) {
            auto known = make(input_);
            want.push_back(known.value);
            objects.push_back(known.attributes);
        }
        attempt(objects, true, [&] {
            std::vector<T> got = ask();
            EXPECT_TRUE(hostile_ || got == want);
        });
    }
    void attempt(const std::vector<Datagram> &objects, bool is_dump, const Call &call);
    void refuse(const Request &request);
    void send(const Request &request, const std::vector<Datagram> &objects, bool is_dump);
    void arrive(Datagram datagram);
    void damage();
    Datagram bent(Datagram attributes);
    Datagram noise(const Request &request);
    Datagram object(const Request &request, const Datagram &attributes, uint16_t flags) const;
    void expect_closed();

    Input &input_;
    SyscallScope kernel_;
    Client client_;
    bool hostile_ = false;
    bool interrupted_ = false;
    int refused_with_ = 0;
    std::string refused_because_;
};

Datagram Fuzz::object(const Request &request, const Datagram &attributes, uint16_t flags) const {
    Datagram message =
        fake::reply(request, Message(fake::family, request.command), flags) + attributes;
    auto length = static_cast<uint32_t>(message.size());

    std::memcpy(message.data(), &length, sizeof(length));
    message.resize(NLMSG_ALIGN(message.size()));
    return message;
}

// What a reader has to pass over.
Datagram Fuzz::noise(const Request &request) {
    Request other = request;

    switch (input_.below(3)) {
    case 0: // late: of an exchange that was given up
        other.header.nlmsg_seq -= 1 + input_.below32(3);
        return input_.below(2) ? fake::ack(other, -EIO) : object(other, {}, 0);
    case 1:
        return fake::control(request, NLMSG_NOOP, {});
    default: // of another family
        return fake::control(request, 0x33, Datagram(input_.below(40)));
    }
}

void Fuzz::arrive(Datagram datagram) {
    while (!input_.empty() && input_.one_in(16)) {
        if (input_.one_in(2))
            kernel_.inbox.push_back({.error = input_.below(2) ? EINTR : EAGAIN});
        else // not from the kernel
            kernel_.inbox.push_back({.bytes = Datagram(input_.below(64)), .from = 77});
    }
    kernel_.inbox.push_back({.bytes = std::move(datagram)});
}

void Fuzz::send(const Request &request, const std::vector<Datagram> &objects, bool is_dump) {
    uint16_t flags = is_dump ? NLM_F_MULTI : 0;
    Datagram datagram;

    if (is_dump && !std::exchange(interrupted_, true) && input_.one_in(8))
        flags |= NLM_F_DUMP_INTR;
    for (auto &attributes : objects) {
        while (!input_.empty() && input_.one_in(16))
            datagram = datagram + noise(request);
        datagram = datagram + object(request, hostile_ ? bent(attributes) : attributes, flags);
        if (input_.one_in(4)) {
            arrive(std::move(datagram));
            datagram.clear();
        }
    }
    datagram = datagram + (is_dump ? fake::done(request, 0, flags) : fake::ack(request));
    arrive(std::move(datagram));
    if (hostile_ && input_.below(3))
        damage();
}

// Attributes that end too early or are longer or shorter than they say, in a message that is whole.
Datagram Fuzz::bent(Datagram attributes) {
    while (!input_.empty() && !attributes.empty() && input_.one_in(2)) {
        size_t at = input_.below(attributes.size());
        uint16_t length;

        if (input_.one_in(2)) {
            attributes.resize(at);
        } else if (at / 4 * 4 + sizeof(length) <= attributes.size()) {
            std::memcpy(&length, attributes.data() + at / 4 * 4, sizeof(length));
            length = static_cast<uint16_t>(length + 8 - input_.below(17));
            std::memcpy(attributes.data() + at / 4 * 4, &length, sizeof(length));
        }
    }
    return attributes;
}

void Fuzz::damage() {
    do {
        Arrival &arrival = kernel_.inbox[input_.below(kernel_.inbox.size())];
        Datagram &bytes = arrival.bytes;
        size_t at = bytes.empty() ? 0 : input_.below(bytes.size());

        switch (input_.below(8)) {
        case 0:
            bytes.resize(at);
            break;
        case 1:
            arrival.missing = 1 + input_.below(1000);
            break;
        case 2:
            arrival.error = 1 + static_cast<int>(input_.below(133));
            break;
        case 3:
            for (uint8_t byte : input_.take(input_.below(64)))
                bytes.push_back(static_cast<std::byte>(byte));
            break;
        case 4: { // a length
            auto length = static_cast<uint16_t>(input_.number());
            if (at + sizeof(length) <= bytes.size())
                std::memcpy(bytes.data() + at / 4 * 4, &length, sizeof(length));
            break;
        }
        case 5:
            kernel_.inbox.push_back(arrival);
            break;
        default:
            if (!bytes.empty())
                bytes[at] = static_cast<std::byte>(input_.below(256));
        }
    } while (!input_.empty() && input_.one_in(2));
}

void Fuzz::refuse(const Request &request) {
    size_t length = request.bytes.size();
    Datagram tlvs;

    refused_with_ = 1 + static_cast<int>(input_.below(4095));
    refused_because_ = input_.text(80);
    refused_because_ = refused_because_.substr(0, refused_because_.find('\0'));
    tlvs = fake::attributes([&](Message &m) {
        if (!refused_because_.empty())
            m.put_string(NLMSGERR_ATTR_MSG, refused_because_);
        // Any offset, those of attributes above all.
        if (input_.below(4))
            m.put_u32(NLMSGERR_ATTR_OFFS, input_.one_in(4)
                                              ? input_.number32()
                                              : 4 * input_.below32(static_cast<uint32_t>(length)));
        if (input_.one_in(3))
            m.put_u32(NLMSGERR_ATTR_MISS_TYPE, input_.number32());
        if (input_.one_in(3))
            m.put_u32(NLMSGERR_ATTR_MISS_NEST,
                      20 + 4 * input_.below32(static_cast<uint32_t>(length / 4)));
    });
    if (input_.one_in(2)) {
        arrive(fake::ack(request, -refused_with_, tlvs));
    } else { // the whole request comes back
        nlmsgerr body{-refused_with_, request.header};
        Datagram payload(sizeof(body));
        std::memcpy(payload.data(), &body, sizeof(body));
        payload.insert(payload.end(), request.bytes.begin() + NLMSG_HDRLEN, request.bytes.end());
        payload.resize(NLMSG_ALIGN(payload.size()));
        arrive(fake::control(request, NLMSG_ERROR, payload + tlvs, NLM_F_ACK_TLVS));
    }
}

void Fuzz::attempt(const std::vector<Datagram> &objects, bool is_dump, const Call &call) {
    bool refused = input_.one_in(6);

    hostile_ = !refused && input_.below(2);
    interrupted_ = false;
    kernel_.answer = [&](const Request &request) {
        refused ? refuse(request) : send(request, objects, is_dump);
    };
    try {
        call();
        EXPECT_FALSE(refused);
    } catch (const Error &error) {
        EXPECT_TRUE(hostile_ || refused) << error.what();
        EXPECT_GT(error.code(), 0);
        EXPECT_LE(error.code(), 4095);
        if (refused) {
            EXPECT_EQ(error.code(), refused_with_);
            if (!refused_because_.empty()) {
                EXPECT_EQ(error.sentence(), refused_because_);
            }
        }
    }
    kernel_.inbox.clear();
}

void Fuzz::expect_closed() {
    EXPECT_TRUE(hostile_ || (kernel_.open.empty() && !kernel_.strange_closes));
    kernel_.open.clear();
    kernel_.strange_closes = 0;
}

void Fuzz::exchange() {
    switch (input_.below(10)) {
    case 0:
        return ask(known_features(input_), [&] { return client_.features(); });
    case 1:
        return ask(known_topology(input_), [&] { return client_.topology(); });
    case 2:
        return ask(known_stats(input_), [&] { return client_.stats(); });
    case 3:
        return ask(known_device(input_), [&] { return client_.device(input_.number32()); });
    case 4:
        return ask(known_link(input_), [&] { return client_.link(1); });
    case 5:
        return ask(known_buffer(input_), [&] { return client_.buffer_info(5); });
    case 6:
        return ask(known_path(input_), [&] { return client_.path(1, 2, 3); });
    case 7: {
        Known<uint32_t> id;
        id.attributes = Draft(input_).u32(SN_A_DEVICE_ID, id.value).attributes();
        DeviceSpec spec{.name = "gpu0", .regions = {{}, {}}, .engines = {{}}};
        return ask(id, [&] { return client_.device_new(spec); });
    }
    case 8: {
        Known<uint32_t> id;
        id.attributes = Draft(input_).u32(SN_A_LINK_ID, id.value).attributes();
        return ask(id, [&] { return client_.link_new({}); });
    }
    default:
        return attempt({}, false, [&] { client_.link_set(1, LinkState::up); });
    }
}

void Fuzz::dump() {
    switch (input_.below(7)) {
    case 0:
        return list<Device>(known_device, [&] { return client_.devices(); });
    case 1:
        return list<Link>(known_link, [&] { return client_.links(); });
    case 2:
        return list<Region>(known_region, [&] { return client_.regions(); });
    case 3:
        return list<Engine>(known_engine, [&] { return client_.engines(); });
    case 4:
        return list<Tenant>(known_tenant, [&] { return client_.tenants(); });
    case 5:
        return list<BufferInfo>(known_buffer, [&] { return client_.buffers(); });
    default:
        return list<TransferInfo>(known_transfer, [&] { return client_.transfers(); });
    }
}

void Fuzz::descriptors() {
    uint64_t generation;
    int fd = kernel_.install();
    Draft draft(input_);

    draft.fd(SN_A_TOPOLOGY_FD, fd).u64(SN_A_TOPOLOGY_GENERATION, generation);
    attempt({draft.attributes()}, false, [&] {
        Transaction transaction = client_.begin("t");
        EXPECT_TRUE(hostile_ || (transaction.fd() == fd && transaction.generation() == generation));
        if (!hostile_ && input_.below(2))
            ask(known_topology(input_), [&] { return transaction.commit(input_.below(2)); });
    });
    // A refusal has handed nothing out.
    if (refused_with_)
        kernel_.open.clear();
}

void Fuzz::session() {
    std::vector<std::byte> content;
    uint64_t id = input_.number();
    auto raw = input_.take(input_.below(5) * sizeof(Completion) + input_.below(8));
    Draft draft(input_);
    uint32_t number;

    for (uint8_t byte : raw)
        content.push_back(static_cast<std::byte>(byte));
    // A record of the buffer that is going to be allocated.
    if (content.size() >= sizeof(Completion) && input_.below(2)) {
        Completion record{};
        record.id = id;
        record.type = CompletionType::buffer;
        record.status = input_.one_in(2) ? -12 : static_cast<int32_t>(input_.number32());
        std::memcpy(content.data(), &record, sizeof(record));
    }
    std::vector<Completion> want(content.size() / sizeof(Completion));
    std::copy_n(content.begin(), want.size() * sizeof(Completion),
                reinterpret_cast<std::byte *>(want.data()));
    bool whole = content.size() == want.size() * sizeof(Completion);

    draft.fd(SN_A_SESSION_FD, kernel_.install(content)).u32(SN_A_SESSION_ID, number);
    attempt({draft.attributes()}, false, [&] {
        Session session = client_.open_session();
        if (hostile_)
            return;
        EXPECT_EQ(session.id(), number);
        if (input_.below(2)) {
            try {
                EXPECT_TRUE(session.completions(0ms) == want);
                EXPECT_TRUE(whole);
            } catch (const Error &error) {
                EXPECT_TRUE(!whole && error.code() == EBADMSG) << error.what();
            }
            return;
        }
        int fd = kernel_.install();
        Draft buffer(input_);
        auto state = static_cast<BufferState>(input_.one_in(2) ? 0 : input_.number32());
        buffer.fd(SN_A_BUFFER_FD, fd).exactly(SN_A_BUFFER_STATE, static_cast<uint32_t>(state));
        auto attributes = buffer.attributes() +
                          fake::attributes([&](Message &m) { m.put_u64(SN_A_BUFFER_ID, id); });
        kernel_.answer = [&](const Request &request) { send(request, {attributes}, false); };
        auto record = std::find_if(want.begin(), want.end(), [&](const Completion &each) {
            return each.id == id && each.type == CompletionType::buffer;
        });
        try {
            Buffer got = session.alloc_ready({}, 0ms);
            EXPECT_TRUE(got.fd.get() == fd && got.id == id);
            EXPECT_TRUE(state != BufferState::pending ||
                        (whole && record != want.end() && !record->status));
        } catch (const Error &error) {
            EXPECT_EQ(state, BufferState::pending) << error.what();
            EXPECT_GT(error.code(), 0);
            EXPECT_LE(error.code(), 4095);
        }
    });
    if (refused_with_)
        kernel_.open.clear();
}

void Fuzz::events() {
    std::array<std::string_view, 2> groups{group::topology, group::fault};
    EventStream stream(open_netlink(), groups);
    Request none;
    std::vector<uint64_t> want;

    hostile_ = input_.below(2);
    for (uint64_t n = 1 + input_.below(4); n--;) {
        TopologyEvent topology;
        TransferEvent transfer;
        Draft draft(input_);

        if (input_.below(2)) {
            none.command = SN_CMD_TOPOLOGY_NTF;
            draft.u64(SN_A_TOPOLOGY_GENERATION, topology.generation);
            want.push_back(topology.generation);
        } else {
            none.command = SN_CMD_TRANSFER_NTF;
            draft.u64(SN_A_TRANSFER_ID, transfer.id).u32(SN_A_TRANSFER_STATE, transfer.state);
            draft.s32(SN_A_TRANSFER_STATUS, transfer.status);
            want.push_back(transfer.id);
        }
        arrive(object(none, draft.attributes(), 0));
    }
    if (hostile_)
        damage();
    try {
        std::vector<uint64_t> got;
        while (auto event = stream.next(0ms)) {
            if (auto *topology = std::get_if<TopologyEvent>(&*event))
                got.push_back(topology->generation);
            else if (auto *transfer = std::get_if<TransferEvent>(&*event))
                got.push_back(transfer->id);
        }
        EXPECT_TRUE(hostile_ || got == want);
    } catch (const Error &error) {
        EXPECT_TRUE(hostile_) << error.what();
    }
    kernel_.inbox.clear();
}

void Fuzz::run() {
    for (int i = 0; i < 8 && !input_.empty(); i++) {
        refused_with_ = 0;
        switch (input_.below(8)) {
        case 0:
            events();
            break;
        case 1:
            descriptors();
            break;
        case 2:
            session();
            break;
        case 3:
        case 4:
            dump();
            break;
        default:
            exchange();
        }
        expect_closed();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Input input(data, size);

    Fuzz(input).run();
    return 0;
}

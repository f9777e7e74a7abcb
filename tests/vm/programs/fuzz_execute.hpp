// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Runs programs: messages go out many at a time, answers are read without waiting for them, and
// what they hold (fds, ids, errors, sentences) is learned.
#pragma once

#include "fuzz_cover.hpp"
#include "fuzz_wire.hpp"
#include "raw.hpp"

#include <sys/uio.h>

namespace fuzz {

class Executor {
public:
    static constexpr std::uint32_t sockets = 3;

    Executor(const Spec &spec, Shared &shared, std::uint32_t worker)
        : spec_(spec), shared_(shared), state_(shared.workers[worker]), wire_(pool_),
          answer_bytes_(answers_at_once * answer_bytes) {
        for (std::uint32_t i = 0; i < sockets; i++)
            open_socket(i);
    }

    Pool &pool() { return pool_; }
    Recorder *recorder = nullptr;

    /// True when an answer was new. Actions are @act's.
    template<typename Act>
    bool run(const Program &program, Act &&act) {
        fresh_ = false;
        for (std::size_t i = 0; i < program.size(); i = next_call(program, i)) {
            const Node &node = program[i];
            if (!begins_call(node))
                continue;
            if (recorder)
                recorder->at(i);
            if (node.what == What::message)
                put(program, i);
            else {
                send();
                act(node);
            }
        }
        send();
        hold_ = 0;
        for (std::uint32_t i = 0; i < sockets; i++)
            drain(i);
        return fresh_;
    }

    /// Let go of all that programs left, but the sockets.
    void reset() {
        for (std::uint32_t i = 0; i < sockets; i++)
            drain(i);
        pool_.forget();
    }

    /// Looks the family up again: the modules were loaded anew.
    void resolve() { family_ = ask_family(sockets_[0]); }
    void hold(std::uint32_t messages) { hold_ = messages; }
    int socket(std::uint32_t index) const { return sockets_[index % sockets]; }
    const std::vector<std::uint32_t> &groups() const { return groups_; }

    /// In the middle of what it is doing.
    void reopen(std::uint32_t index) {
        close(sockets_[index % sockets]);
        pool_.forget_sockets();
        open_socket(index % sockets);
        for (const int fd : sockets_)
            pool_.add_socket(fd);
    }

    void drain(std::uint32_t index) {
        std::array<mmsghdr, answers_at_once> heads;
        std::array<iovec, answers_at_once> parts;
        for (int rounds = 0; rounds < 16; rounds++) {
            for (std::uint32_t i = 0; i < answers_at_once; i++) {
                parts[i] = {answer_bytes_.data() + i * answer_bytes, answer_bytes};
                heads[i] = {};
                heads[i].msg_hdr.msg_iov = &parts[i];
                heads[i].msg_hdr.msg_iovlen = 1;
            }
            const int got =
                recvmmsg(sockets_[index], heads.data(), answers_at_once, MSG_DONTWAIT, nullptr);
            if (got < 0 && errno == ENOBUFS)
                continue; // answers were lost
            if (got <= 0)
                return;
            for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(got); i++)
                read_datagram({answer_bytes_.data() + i * answer_bytes,
                               std::min<std::size_t>(heads[i].msg_len, answer_bytes)});
            if (got < static_cast<int>(answers_at_once))
                return;
        }
    }

    /// The ids that there are.
    void learn_world() {
        for (const auto &op : spec_.operations())
            if (op.can_dump && op.name != "buffer-get" && op.name != "transfer-get") {
                Program program{{.what = What::message, .type = op.command}};
                program[0].size = NLM_F_REQUEST | NLM_F_DUMP;
                put(program, 0);
                send();
                drain(0);
            }
    }

private:
    static constexpr std::uint32_t answers_at_once = 64;
    static constexpr std::size_t answer_bytes = 8192;
    static constexpr std::size_t messages_at_once = 48;

    static std::size_t next_call(const Program &program, std::size_t at) {
        while (++at < program.size() && !begins_call(program[at])) {
        }
        return at;
    }

    void open_socket(std::uint32_t index) {
        const int one = 1, small = 4096;
        int fd = -1;
        /* The thread that closes fds may take it for the one that had its number before. */
        for (int tries = 0; fd < 0 && tries < 100; tries++)
            fd = keep_fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC));
        vmtest::require(fd >= 0, "no netlink socket: {}", std::strerror(errno));
        const timeval patience{.tv_sec = 0, .tv_usec = 20000};
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
        setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
        if (index != 1)
            setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
        else
            setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
        if (index == 2)
            setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
        sockets_[index] = fd;
        pool_.add_socket(fd);
        if (!index)
            resolve();
    }

    std::uint16_t ask_family(int fd) {
        raw::Message question(CTRL_CMD_GETFAMILY);
        question.string(CTRL_ATTR_FAMILY_NAME, "supernode");
        nlmsghdr header{};
        header.nlmsg_len = static_cast<std::uint32_t>(sizeof(header) + question.data().size());
        header.nlmsg_type = GENL_ID_CTRL;
        header.nlmsg_flags = NLM_F_REQUEST;
        std::vector<std::uint8_t> bytes(header.nlmsg_len);
        std::memcpy(bytes.data(), &header, sizeof(header));
        std::memcpy(bytes.data() + sizeof(header), question.data().data(), question.data().size());
        drain(0);
        const sockaddr_nl kernel{.nl_family = AF_NETLINK};
        sendto(fd, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr *>(&kernel),
               sizeof(kernel));
        const ssize_t got = recv(fd, answer_bytes_.data(), answer_bytes, MSG_DONTWAIT);
        if (got < static_cast<ssize_t>(sizeof(nlmsghdr) + sizeof(genlmsghdr)))
            return family_;
        std::memcpy(&header, answer_bytes_.data(), sizeof(header));
        if (header.nlmsg_type != GENL_ID_CTRL)
            return family_;
        const std::span<const std::uint8_t> attributes(answer_bytes_.data() + 20,
                                                       static_cast<std::size_t>(got) - 20);
        read_groups(raw::find(attributes, CTRL_ATTR_MCAST_GROUPS));
        const auto id = raw::find(attributes, CTRL_ATTR_FAMILY_ID);
        return id.size() < 2 ? family_ : static_cast<std::uint16_t>(id[0] | id[1] << 8);
    }

    void read_groups(std::span<const std::uint8_t> rest) {
        groups_.clear();
        while (rest.size() >= 4) {
            const std::size_t size = std::min<std::size_t>(rest[0] | rest[1] << 8, rest.size());
            std::uint32_t number = 0;
            if (size < 4)
                return;
            const auto id = raw::find(rest.subspan(4, size - 4), CTRL_ATTR_MCAST_GRP_ID);
            std::memcpy(&number, id.data(), std::min<std::size_t>(id.size(), 4));
            groups_.push_back(number);
            rest = rest.subspan(std::min<std::size_t>((size + 3) & ~std::size_t{3}, rest.size()));
        }
    }

    void put(const Program &program, std::size_t at) {
        const Node &node = program[at];
        const std::uint32_t socket = node.kind % sockets;
        const Operation *op = spec_.operation(node.type);
        if (socket != socket_ || wire_.bytes().size() > Wire::bytes_max / 2)
            send();
        socket_ = socket;
        const auto times = std::clamp<std::uint32_t>(node.count, 1, 16);
        for (std::uint32_t n = 0; n < times && wire_.bytes().size() < Wire::bytes_max; n++)
            wire_.put(program, at, family_, sequence_, n);
        /* What comes next may name what this one makes. */
        if (wire_.messages() >= messages_at_once || !op || op->answers_fd || node.twist ||
            op->name.ends_with("-new"))
            send();
    }

    void send() {
        if (!wire_.messages())
            return;
        sockaddr_nl kernel{.nl_family = AF_NETLINK};
        iovec part{const_cast<std::uint8_t *>(wire_.bytes().data()), wire_.bytes().size()};
        msghdr head{};
        head.msg_iov = &part;
        head.msg_iovlen = 1;
        head.msg_name = &kernel;
        head.msg_namelen = sizeof(kernel);
        if (socket_ == 1) { // the kernel is the default, and then its opener counts
            head.msg_name = nullptr;
            head.msg_namelen = 0;
        }
        if (sendmsg(sockets_[socket_], &head, MSG_DONTWAIT) > 0)
            state_.messages.fetch_add(wire_.messages(), std::memory_order_relaxed);
        wire_.clear();
        if (hold_ > 0)
            hold_--;
        else
            drain(socket_);
    }

    void read_datagram(std::span<const std::uint8_t> rest) {
        while (rest.size() >= sizeof(nlmsghdr)) {
            nlmsghdr header{};
            std::memcpy(&header, rest.data(), sizeof(header));
            if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > rest.size())
                return;
            const auto body = rest.subspan(sizeof(header), header.nlmsg_len - sizeof(header));
            if (header.nlmsg_type == NLMSG_ERROR || header.nlmsg_type == NLMSG_DONE)
                read_end(header, body);
            else if (header.nlmsg_type == family_ && body.size() > sizeof(genlmsghdr))
                read_object(body[0], body.subspan(sizeof(genlmsghdr)));
            rest = rest.subspan(std::min<std::size_t>((header.nlmsg_len + 3u) & ~3u, rest.size()));
        }
    }

    void read_end(const nlmsghdr &header, std::span<const std::uint8_t> body) {
        const std::uint32_t command = header.nlmsg_seq & 0xff;
        std::int32_t error = 0;
        std::memcpy(&error, body.data(), std::min(body.size(), sizeof(error)));
        const auto number =
            std::min<std::uint32_t>(static_cast<std::uint32_t>(-error), errors_max - 1);
        state_.errors[command % commands_max][number].fetch_add(1, std::memory_order_relaxed);
        std::span<const std::uint8_t> text;
        std::uint64_t hash = fnv_basis ^ (command << 16 | number);
        std::size_t at = header.nlmsg_type == NLMSG_ERROR ? sizeof(nlmsgerr) : sizeof(int);
        if (header.nlmsg_type == NLMSG_ERROR && error && !(header.nlmsg_flags & NLM_F_CAPPED)) {
            nlmsghdr question{};
            if (body.size() < sizeof(nlmsgerr))
                return;
            std::memcpy(&question, body.data() + sizeof(int), sizeof(question));
            at = sizeof(int) + ((question.nlmsg_len + 3u) & ~3u);
        }
        if (header.nlmsg_flags & NLM_F_ACK_TLVS && body.size() > at)
            text = raw::find(body.subspan(at), NLMSGERR_ATTR_MSG);
        for (const auto c : text)
            if (c < '0' || c > '9') // not the numbers in it
                hash = (hash ^ c) * 0x100000001b3;
        hash ^= hash >> 17 ^ hash >> 33;
        Sentence &sentence = shared_.sentences[hash % shared_.sentences.size()];
        if (!sentence.count++) {
            sentence.command = command;
            sentence.error = number;
            std::memcpy(sentence.text.data(), text.data(),
                        std::min(text.size(), sentence.text.size() - 1));
        }
        fresh_ |= shared_.answers.add(hash);
    }

    void read_object(std::uint32_t command, std::span<const std::uint8_t> rest) {
        const Operation *op = spec_.operation(command);
        if (!op)
            return;
        state_.errors[command % commands_max][0].fetch_add(1, std::memory_order_relaxed);
        read_attributes(*op->set, rest);
    }

    void read_attributes(const Set &set, std::span<const std::uint8_t> rest) {
        while (rest.size() >= sizeof(nlattr)) {
            nlattr header{};
            std::memcpy(&header, rest.data(), sizeof(header));
            if (header.nla_len < sizeof(header) || header.nla_len > rest.size())
                return;
            const auto value = rest.subspan(4, header.nla_len - 4u);
            const Attribute *attribute = set.find(header.nla_type & NLA_TYPE_MASK);
            std::uint64_t number = 0;
            std::memcpy(&number, value.data(), std::min<std::size_t>(value.size(), 8));
            const Set *inner = attribute ? spec_.set(attribute->nested) : nullptr;
            if (inner)
                read_attributes(*inner, value);
            else if (attribute && attribute->form == Form::fd && value.size() == 4)
                pool_.add(attribute->kind, static_cast<std::int32_t>(number));
            else if (attribute && (attribute->form == Form::id || attribute->form == Form::id64))
                pool_.learn(attribute->kind, number);
            rest = rest.subspan(std::min<std::size_t>((header.nla_len + 3u) & ~3u, rest.size()));
        }
    }

    const Spec &spec_;
    Shared &shared_;
    WorkerState &state_;
    Pool pool_;
    Wire wire_;
    std::array<int, sockets> sockets_{-1, -1, -1};
    std::vector<std::uint32_t> groups_;
    std::uint16_t family_ = 0;
    std::uint32_t sequence_ = 0;
    std::uint32_t socket_ = 0;
    std::uint32_t hold_ = 0;
    bool fresh_ = false;
    std::vector<std::uint8_t> answer_bytes_;
};

} // namespace fuzz

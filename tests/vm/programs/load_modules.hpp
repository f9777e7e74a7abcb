// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Modules: a foreign importer that comes, attaches, and goes; attempts to unload what is in use.
#pragma once

#include "load_fence.hpp"
#include "load_world.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <array>

namespace load {

inline void insert_module(std::string_view name) {
    const Fd file(::open(fmt::format("/modules/{}.ko", name).c_str(), O_RDONLY | O_CLOEXEC));
    require(static_cast<bool>(file), "there is no module {}", name);
    require(syscall(SYS_finit_module, file.get(), "", 0) == 0 || errno == EEXIST,
            "module {} does not load: {}", name, std::strerror(errno));
}

/// 0 or an errno.
inline int remove_module(const char *name) {
    return syscall(SYS_delete_module, name, O_NONBLOCK) == 0 ? 0 : errno;
}

class Importer {
public:
    explicit Importer(const Actor &actor)
        : actor_(actor), board_(actor.board), random_(actor.random()) {}

    void run() {
        while (actor_.going()) {
            insert_module("sn_test_importer");
            for (int i = 0; i < 5 && actor_.going(); i++) {
                borrow();
                unload_busy();
                actor_.pause(random_.below(60));
            }
            control_.reset();
            /* It may hold a buffer still, and lets go of it by itself. */
            const int error = remove_module("sn_test_importer");
            require(error == 0, "the importer does not unload: {}", std::strerror(error));
            attached_ = false;
            board_.done(Op::importer_unload);
        }
    }

private:
    /// 0 or an errno.
    int tell(const std::string &command) {
        if (!control_)
            control_ = Fd(::open("/sys/kernel/debug/sn_test_importer/control", O_RDWR | O_CLOEXEC));
        require(static_cast<bool>(control_), "the importer cannot be told: {}",
                std::strerror(errno));
        return write(control_.get(), command.data(), command.size()) < 0 ? errno : 0;
    }

    void told(Op op, bool frail, const std::string &command) {
        const int error = tell(command);
        if (!error) {
            board_.done(op);
            return;
        }
        require(frail && error == ENODEV, "the importer's '{}': {}", command, std::strerror(error));
        board_[op].refused++;
    }

    void borrow() {
        static constexpr std::array devices{"cpu0", "sim0", "sim1", "frail0", "frail1"};
        const std::string device = devices[random_.below(devices.size())];
        const bool frail = is_frail(device);
        if (attached_) {
            require(tell("detach") == 0, "a buffer cannot be detached");
            board_.done(Op::importer_detach);
            attached_ = false;
        }
        const auto region = find_region(client_, device);
        if (!region)
            return;
        auto session = client_.open_session();
        std::optional<Buffer> buffer;
        const auto call = [&] {
            buffer = session.alloc(
                {.region = *region, .bytes = random_.between(1, 64) * 4096, .name = "lent"});
        };
        if (!(frail ? attempt(board_, Op::buffer_small, {ENOENT, ENODEV}, call)
                    : attempt(board_, Op::buffer_small, {}, call)))
            return;
        std::uint32_t crc;
        {
            UniqueMapping map(buffer->fd.get());
            for (std::size_t i = 0; i < map.size(); i++)
                map.data()[i] =
                    static_cast<std::byte>(vmtest::pattern(buffer->id, i / 64) >> (i % 8));
            crc = crc32(map.span());
        }
        if (const int error = tell(fmt::format("attach {}", buffer->fd.get()))) {
            require(frail, "the importer cannot attach: {}", std::strerror(error));
            return;
        }
        attached_ = true;
        board_.done(Op::importer_attach);
        told(Op::importer_map, frail, "map");
        told(Op::importer_map, frail, "vmap");
        /* Only the importer has it from here on. */
        if (random_.chance(50))
            buffer.reset();
        checksum(frail, crc);
    }

    void checksum(bool frail, std::uint32_t crc) {
        const int error = tell("checksum");
        if (error) {
            require(frail, "the importer cannot read a buffer: {}", std::strerror(error));
            board_[Op::importer_checksum].refused++;
            return;
        }
        char text[512] = "";
        require(lseek(control_.get(), 0, SEEK_SET) == 0 &&
                    read(control_.get(), text, sizeof(text) - 1) > 0,
                "the importer says nothing");
        const std::string said = text, wanted = fmt::format("{:08x}", crc);
        const bool right =
            said.find(fmt::format("\"crc_map\": \"{}\"", wanted)) != std::string::npos &&
            said.find(fmt::format("\"crc_vmap\": \"{}\"", wanted)) != std::string::npos;
        require(right || frail, "the importer reads {}, should read {}", said, wanted);
        board_.done(Op::importer_checksum);
    }

    static std::uint32_t crc32(std::span<const std::byte> bytes) {
        std::uint32_t crc = ~0U;
        for (const auto byte : bytes) {
            crc ^= static_cast<std::uint32_t>(byte);
            for (int bit = 0; bit < 8; bit++)
                crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
        }
        return ~crc;
    }

    /// There are always devices of both backends with buffers, or files of the module's.
    void unload_busy() {
        static constexpr std::array modules{"sn_sim", "sn_host", "supernode"};
        const char *const name = modules[random_.below(modules.size())];
        const int error = remove_module(name);
        require(error == EAGAIN || error == EBUSY, "unloading {}, which is in use: {}", name,
                std::strerror(error));
        board_.done(Op::unload_refused);
    }

    const Actor &actor_;
    Board &board_;
    Random random_;
    Client client_;
    Fd control_;
    bool attached_ = false;
};

} // namespace load

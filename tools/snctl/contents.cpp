// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// Reads and writes mapped buffers between begin and end of CPU access. A user-space buffer lies
// between a mapping and a file, since O_DIRECT and friends cannot reach such mappings.
#include "contents.hpp"

#include "context.hpp"
#include "progress.hpp"

#include <supernode/buffer.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

namespace snctl {

using namespace supernode;

namespace {

constexpr std::size_t chunk_bytes = std::size_t{1} << 20;

// splitmix64: every input gives another well-mixed word.
std::uint64_t mix(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

// Mappings begin at a page; what is before the offset is mapped too.
struct Window {
    UniqueMapping mapping;
    std::byte *data;

    Window(int fd, std::uint64_t offset, std::uint64_t bytes, Access access)
        : mapping(fd, offset + bytes, access), data(mapping.data() + offset) {}
};

} // namespace

std::uint64_t range_bytes(std::uint64_t size, std::uint64_t offset, const std::uint64_t *wanted) {
    if (offset > size || (wanted && *wanted > size - offset))
        throw Failure(fmt::format("the buffer has {} bytes; the range ends beyond", size));
    return wanted ? *wanted : size - offset;
}

std::string hash_contents(int fd, std::uint64_t offset, std::uint64_t bytes) {
    uLong crc = crc32(0, nullptr, 0);
    if (bytes > 0) {
        const Window window(fd, offset, bytes, Access::read);
        Progress progress("hashing", bytes);
        CpuAccess access(fd, Access::read);
        for (std::uint64_t at = 0; at < bytes;) {
            const std::size_t step = std::min<std::uint64_t>(chunk_bytes, bytes - at);
            crc = crc32_z(crc, reinterpret_cast<const Bytef *>(window.data + at), step);
            at += step;
            progress.update(at);
        }
        access.end();
    }
    return fmt::format("crc32:{:08x}", crc);
}

void fill_contents(int fd, std::uint64_t offset, std::uint64_t bytes, std::uint64_t seed) {
    if (bytes == 0)
        return;
    const Window window(fd, offset, bytes, Access::read_write);
    Progress progress("filling", bytes);
    CpuAccess access(fd, Access::write);
    std::uint64_t state = mix(seed);
    for (std::uint64_t at = 0; at < bytes; at += sizeof(state)) {
        state = mix(state + at);
        std::memcpy(window.data + at, &state, std::min<std::uint64_t>(sizeof(state), bytes - at));
        if (at % chunk_bytes == 0)
            progress.update(at);
    }
    access.end();
}

std::uint64_t write_contents(int fd, std::uint64_t offset, std::uint64_t bytes, int from) {
    if (bytes == 0)
        return 0;
    const Window window(fd, offset, bytes, Access::read_write);
    Progress progress("writing", bytes);
    CpuAccess access(fd, Access::write);
    std::vector<std::byte> chunk(chunk_bytes);
    std::uint64_t at = 0;
    while (at < bytes) {
        const ssize_t got =
            ::read(from, chunk.data(), std::min<std::uint64_t>(chunk.size(), bytes - at));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            throw Failure(fmt::format("snctl: reading the input: {}", std::strerror(errno)));
        if (got == 0)
            break;
        std::memcpy(window.data + at, chunk.data(), static_cast<std::size_t>(got));
        at += static_cast<std::uint64_t>(got);
        progress.update(at);
    }
    access.end();
    return at;
}

void read_contents(int fd, std::uint64_t offset, std::uint64_t bytes, int to) {
    if (bytes == 0)
        return;
    const Window window(fd, offset, bytes, Access::read);
    Progress progress("reading", bytes);
    CpuAccess access(fd, Access::read);
    std::vector<std::byte> chunk(chunk_bytes);
    for (std::uint64_t at = 0; at < bytes;) {
        const std::size_t step = std::min<std::uint64_t>(chunk.size(), bytes - at);
        std::memcpy(chunk.data(), window.data + at, step);
        for (std::size_t done = 0; done < step;) {
            const ssize_t put = ::write(to, chunk.data() + done, step - done);
            if (put < 0 && errno == EINTR)
                continue;
            if (put < 0)
                throw Failure(fmt::format("snctl: writing the output: {}", std::strerror(errno)));
            done += static_cast<std::size_t>(put);
        }
        at += step;
        progress.update(at);
    }
    access.end();
}

} // namespace snctl

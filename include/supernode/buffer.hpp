// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Buffers: dma-buf fds, their CPU mappings and the brackets around CPU access.
#pragma once

#include <supernode/fd.hpp>
#include <supernode/types.hpp>

#include <cstddef>
#include <span>

namespace supernode {

enum class Access : unsigned { read = 1, write = 2, read_write = 3 };

/// A shared mapping of a dma-buf. It stays valid after the fd is closed.
class UniqueMapping {
public:
    UniqueMapping() noexcept = default;
    /// @param bytes a length of 0 means: from @offset to the end of the buffer
    /// Throws Error.
    explicit UniqueMapping(int dmabuf_fd, std::size_t bytes = 0, Access access = Access::read_write,
                           std::size_t offset = 0);
    UniqueMapping(UniqueMapping &&other) noexcept;
    UniqueMapping &operator=(UniqueMapping &&other) noexcept;
    ~UniqueMapping();

    std::byte *data() const noexcept { return data_; }
    std::size_t size() const noexcept { return bytes_; }
    std::span<std::byte> span() const noexcept { return {data_, bytes_}; }
    explicit operator bool() const noexcept { return data_ != nullptr; }

private:
    std::byte *data_ = nullptr;
    std::size_t bytes_ = 0;
};

/// DMA_BUF_SYNC_START when made, DMA_BUF_SYNC_END when it goes.
class CpuAccess {
public:
    CpuAccess(int dmabuf_fd, Access access); ///< Throws Error.
    CpuAccess(const CpuAccess &) = delete;
    CpuAccess &operator=(const CpuAccess &) = delete;
    ~CpuAccess();

    void end(); ///< The same early, and it throws Error where the destructor has to be silent.

private:
    int fd_;
    Access access_;
};

/// Bytes of a dma-buf. Throws Error.
std::uint64_t dmabuf_bytes(int dmabuf_fd);

struct BufferSpec {
    std::uint32_t region = 0;
    std::uint64_t bytes = 0;
    std::string name;
    Access access = Access::read_write; ///< what the fd allows
    std::uint64_t user_data = 0;
};

/// What BUFFER_ALLOC answers. Closing @fd frees the memory when nobody else holds it.
struct Buffer {
    Fd fd;
    std::uint64_t id = 0;
    BufferState state = BufferState::pending; ///< as of the allocation
};

} // namespace supernode

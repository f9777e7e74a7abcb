// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include <supernode/buffer.hpp>
#include <supernode/error.hpp>

#include <cerrno>
#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace supernode {
namespace {

int protection(Access access) {
    switch (access) {
    case Access::read:
        return PROT_READ;
    case Access::write:
        return PROT_WRITE;
    case Access::read_write:
        break;
    }
    return PROT_READ | PROT_WRITE;
}

std::uint64_t sync_flags(Access access) {
    switch (access) {
    case Access::read:
        return DMA_BUF_SYNC_READ;
    case Access::write:
        return DMA_BUF_SYNC_WRITE;
    case Access::read_write:
        break;
    }
    return DMA_BUF_SYNC_RW;
}

/// Return: 0 or an errno.
int sync(int fd, std::uint64_t flags) {
    dma_buf_sync arg{flags};
    int ret;

    // The kernel documents both as "try again".
    do {
        ret = ioctl(fd, DMA_BUF_IOCTL_SYNC, &arg);
    } while (ret < 0 && (errno == EINTR || errno == EAGAIN));
    return ret < 0 ? errno : 0;
}

} // namespace

std::uint64_t dmabuf_bytes(int dmabuf_fd) {
    off_t end = lseek(dmabuf_fd, 0, SEEK_END);

    if (end < 0)
        throw Error(errno, "lseek", "cannot tell the size of the buffer");
    return static_cast<std::uint64_t>(end);
}

UniqueMapping::UniqueMapping(int dmabuf_fd, std::size_t bytes, Access access, std::size_t offset) {
    if (bytes == 0) {
        std::uint64_t all = dmabuf_bytes(dmabuf_fd);

        if (offset >= all)
            throw Error(EINVAL, "mmap", "the offset lies behind the end of the buffer");
        bytes = all - offset;
    }
    void *address =
        mmap(nullptr, bytes, protection(access), MAP_SHARED, dmabuf_fd, static_cast<off_t>(offset));
    if (address == MAP_FAILED)
        throw Error(errno, "mmap", "cannot map the buffer");
    data_ = static_cast<std::byte *>(address);
    bytes_ = bytes;
}

UniqueMapping::UniqueMapping(UniqueMapping &&other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

UniqueMapping &UniqueMapping::operator=(UniqueMapping &&other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
}

UniqueMapping::~UniqueMapping() {
    if (data_)
        munmap(data_, bytes_);
}

CpuAccess::CpuAccess(int dmabuf_fd, Access access) : fd_(dmabuf_fd), access_(access) {
    if (int error = sync(fd_, DMA_BUF_SYNC_START | sync_flags(access_)))
        throw Error(error, "DMA_BUF_IOCTL_SYNC", "cannot begin CPU access");
}

void CpuAccess::end() {
    int fd = std::exchange(fd_, -1);

    if (fd < 0)
        return;
    if (int error = sync(fd, DMA_BUF_SYNC_END | sync_flags(access_)))
        throw Error(error, "DMA_BUF_IOCTL_SYNC", "cannot end CPU access");
}

CpuAccess::~CpuAccess() {
    if (fd_ >= 0)
        sync(fd_, DMA_BUF_SYNC_END | sync_flags(access_));
}

} // namespace supernode

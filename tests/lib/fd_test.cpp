// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Descriptors, mappings and CPU access, on a memfd where any mappable file will do.
#include <supernode/buffer.hpp>
#include <supernode/error.hpp>

#include <cerrno>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

namespace {

using namespace supernode;

bool is_open(int fd) {
    return fcntl(fd, F_GETFD) != -1;
}

Fd memory(std::size_t bytes) {
    Fd fd(memfd_create("fd_test", MFD_CLOEXEC));

    EXPECT_EQ(ftruncate(fd.get(), static_cast<off_t>(bytes)), 0);
    return fd;
}

TEST(Fd, ClosesOnceAndMoves) {
    Fd first = memory(1);
    int raw = first.get();
    Fd second = std::move(first);

    EXPECT_FALSE(first); // NOLINT(bugprone-use-after-move)
    EXPECT_TRUE(is_open(raw));
    second.reset(raw);
    EXPECT_TRUE(is_open(raw));
    second = Fd();
    EXPECT_FALSE(is_open(raw));
}

TEST(Fd, DuplicateIsAnotherCloseOnExec) {
    Fd fd = memory(1);
    Fd copy = fd.duplicate();

    EXPECT_NE(copy.get(), fd.get());
    EXPECT_EQ(fcntl(copy.get(), F_GETFD), FD_CLOEXEC);
    EXPECT_THROW(Fd().duplicate(), Error);
}

TEST(Fd, ReleaseLeavesItOpen) {
    int raw = memory(1).release();

    EXPECT_TRUE(is_open(raw));
    close(raw);
}

TEST(UniqueMapping, ReachesTheBytes) {
    Fd fd = memory(8192);
    UniqueMapping whole(fd.get());
    UniqueMapping tail(fd.get(), 0, Access::read, 4096);

    ASSERT_EQ(whole.size(), 8192U);
    ASSERT_EQ(tail.size(), 4096U);
    whole.data()[4097] = std::byte{7};
    EXPECT_EQ(tail.span()[1], std::byte{7});
    fd.reset();
    EXPECT_EQ(whole.data()[4097], std::byte{7});

    UniqueMapping moved = std::move(whole);
    EXPECT_FALSE(whole); // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(moved.size(), 8192U);
}

TEST(UniqueMapping, RefusesWhatCannotBeMapped) {
    Fd fd = memory(4096);

    EXPECT_THROW(UniqueMapping(-1, 4096), Error);
    EXPECT_THROW(UniqueMapping(fd.get(), 0, Access::read, 4096), Error);
    EXPECT_THROW(UniqueMapping(fd.get(), 4096, Access::read, 1), Error);
}

TEST(CpuAccess, SaysWhenItIsNoDmaBuf) {
    Fd fd = memory(4096);

    try {
        CpuAccess access(fd.get(), Access::read);
        FAIL();
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), ENOTTY);
        EXPECT_EQ(error.command(), "DMA_BUF_IOCTL_SYNC");
    }
}

TEST(DmabufBytes, IsTheSize) {
    EXPECT_EQ(dmabuf_bytes(memory(12345).get()), 12345U);
    EXPECT_THROW(dmabuf_bytes(-1), Error);
}

} // namespace

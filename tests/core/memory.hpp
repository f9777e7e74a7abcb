// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Memory of exactly the size that a core object asks for, so that the sanitizer sees its ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

class Memory {
public:
    explicit Memory(size_t bytes) : bytes_(bytes), data_(new unsigned char[bytes]) {
        // What is not set by init must not matter.
        std::memset(data_.get(), 0xa5, bytes);
    }
    Memory(const Memory &other) : Memory(other.bytes_) {
        std::memcpy(data_.get(), other.data_.get(), bytes_);
    }
    Memory(Memory &&) = default;
    Memory &operator=(Memory &&) = default;

    void *get() const { return data_.get(); }
    size_t bytes() const { return bytes_; }
    uint32_t *words() const { return reinterpret_cast<uint32_t *>(data_.get()); }
    size_t word_count() const { return bytes_ / 4; }
    bool operator==(const Memory &other) const {
        return bytes_ == other.bytes_ && !std::memcmp(data_.get(), other.data_.get(), bytes_);
    }

private:
    size_t bytes_;
    std::unique_ptr<unsigned char[]> data_;
};

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The record as a file of the host, or, in the machine, as the device that the host made of it.
// What was reached is kept behind it at the end.
#pragma once

#include "fuzz_cover.hpp"
#include "vmtest.hpp"

#include <filesystem>
#include <fstream>

namespace fuzz {

class RecordFile {
public:
    static constexpr std::size_t file_bytes = 16 << 20;
    static constexpr std::size_t sections_max = 16;

    struct Section {
        std::array<char, 40> name;
        std::uint64_t offset; ///< from where the module is
    };
    struct Tail {
        std::uint64_t candidate; ///< that a reduction tries now, from 1
        std::array<std::array<Section, sections_max>, modules.size()> sections;
        std::array<Bitmap<module_bytes>, modules.size()> reached;
    };

    /// The device, or memory that ends with the machine when there is none.
    RecordFile() {
        int fd = -1;
        std::error_code none;
        for (const auto &entry :
             std::filesystem::directory_iterator("/sys/bus/pci/devices", none)) {
            std::string vendor, device;
            std::ifstream(entry.path() / "vendor") >> vendor;
            std::ifstream(entry.path() / "device") >> device;
            if (vendor != "0x1af4" || device != "0x1110")
                continue;
            std::ofstream(entry.path() / "enable") << 1 << std::flush;
            fd = open((entry.path() / "resource2").c_str(), O_RDWR | O_CLOEXEC);
        }
        map(fd);
    }
    explicit RecordFile(const std::string &path) {
        const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
        vmtest::require(fd >= 0, "{}: {}", path, std::strerror(errno));
        map(fd);
    }

    Record::Worker &worker(std::uint32_t index) {
        return reinterpret_cast<Record::Worker *>(memory_)[index % workers_max];
    }
    Tail &tail() { return *reinterpret_cast<Tail *>(memory_ + Record::bytes); }

    void keep_reached(const Shared &shared) {
        std::memcpy(static_cast<void *>(&tail().reached), &shared.reached, sizeof(shared.reached));
        for (std::size_t m = 0; m < modules.size(); m++)
            keep_sections(m, shared.module_at[m]);
    }

private:
    static_assert(Record::bytes + sizeof(Tail) <= file_bytes);

    void map(int fd) {
        void *memory = mmap(nullptr, file_bytes, PROT_READ | PROT_WRITE,
                            fd < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED, fd, 0);
        vmtest::require(memory != MAP_FAILED, "the record: {}", std::strerror(errno));
        memory_ = static_cast<std::uint8_t *>(memory);
        if (fd >= 0)
            close(fd);
    }

    void keep_sections(std::size_t module, std::uint64_t base) {
        std::error_code none;
        std::size_t count = 0;
        const std::string path = std::string("/sys/module/") + modules[module] + "/sections";
        for (const auto &entry : std::filesystem::directory_iterator(path, none)) {
            const std::string name = entry.path().filename();
            std::string at;
            std::ifstream(entry.path()) >> at;
            if (name.find("text") == std::string::npos || at.empty() || count == sections_max)
                continue;
            Section &section = tail().sections[module][count++];
            section = {};
            name.copy(section.name.data(), section.name.size() - 1);
            section.offset = std::stoull(at, nullptr, 16) - base;
        }
    }

    std::uint8_t *memory_ = nullptr;
};

} // namespace fuzz

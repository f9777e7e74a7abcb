// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Runs replay files, and the candidates of a reduction, until the kernel complains.
#pragma once

#include "fuzz_reduce.hpp"
#include "fuzz_supervise.hpp"

namespace fuzz {

class Replayer {
public:
    explicit Replayer(const Spec &spec)
        : spec_(spec), exchange_(Exchange::make()), world_(shared_, exchange_) {
        world_.load();
    }

    /// All workers of it at once, that many times. Gives the report, if there is one.
    std::string run(const Replay &replay, std::uint32_t repeats) {
        std::string report;
        for (std::uint32_t turn = 0; turn < repeats && report.empty(); turn++) {
            world_.tend();
            std::vector<pid_t> pids;
            for (std::uint32_t i = 0; i < replay.size(); i++)
                pids.push_back(start(replay[i], i % workers_max));
            for (const auto pid : pids)
                if (!ends(pid))
                    return "a worker is stuck";
            usleep(30'000);
            report = log_.report();
        }
        return report;
    }

    /// Number of the first candidate that makes the kernel complain, 0 when none does.
    std::size_t attempt(Reduction &reduction, std::uint32_t repeats) {
        const std::size_t found = reduction.find([&](std::size_t number, const Replay &candidate) {
            record_.tail().candidate = number; // should the machine die of it
            return !run(candidate, repeats).empty();
        });
        record_.tail().candidate = found;
        return found;
    }

    std::string end() {
        const std::string left = world_.leftovers(30);
        if (!left.empty())
            return "nobody holds anything, but there are " + left;
        return world_.unload(30) ? log_.report() : "the modules do not unload";
    }

private:
    pid_t start(const Section &section, std::uint32_t index) {
        const pid_t pid = fork();
        if (pid)
            return pid;
        _exit(vmtest::run([&] {
            Worker worker(spec_, shared_, exchange_, index, section.role);
            std::optional<Racer> racer;
            if (section.race)
                racer.emplace(worker.executor().pool(), index);
            for (const auto &program : section.programs)
                worker.run(program);
        }));
    }

    static bool ends(pid_t pid) {
        for (int i = 0; i < 6000; i++, usleep(10'000))
            if (waitpid(pid, nullptr, WNOHANG) == pid)
                return true;
        return false;
    }

    const Spec &spec_;
    Shared &shared_ = *Shared::make();
    const Exchange exchange_;
    World world_;
    RecordFile record_;
    Log log_;
};

} // namespace fuzz

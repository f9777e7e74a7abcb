// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The process that starts, kills and counts the workers, takes the modules away under them, and
// stops everything at the first report in the kernel's log, while the record still says what led to
// it.
#pragma once

#include "fuzz_record.hpp"
#include "fuzz_worker.hpp"
#include "fuzz_world.hpp"

#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <set>

namespace fuzz {

struct Options {
    std::uint64_t seed = 1;
    std::uint64_t messages = 0; ///< 0: until the time is over
    std::uint64_t seconds = 60;
    std::uint32_t workers = 0; ///< 0: two per CPU
    bool guided = true;        ///< learn from coverage and answers: then the seed alone says less
    bool races = true;         ///< kill, close and unload under the workers
    bool unloads = true;
};

class Supervisor {
public:
    Supervisor(const Spec &spec, const Options &options)
        : spec_(spec), options_(options), shared_(*make_shared()), exchange_(Exchange::make()),
          world_(shared_, exchange_), rng_(options.seed ^ 0x5eed) {
        workers_.resize(options.workers);
    }

    /// The sentence that says what went wrong, or nothing.
    std::string run() {
        world_.load();
        /* By what was done, and not by the clock: a slow machine kills no more often. */
        const std::uint64_t begun = Recorder::now();
        std::uint64_t next_kill = 30, next_tend = 0, next_unload = 500;
        std::uint64_t next_look = begun + patience, next_word = begun + 30 * second;
        std::string wrong;
        while (wrong.empty()) {
            const std::uint64_t now = Recorder::now(), done = programs();
            seconds_ = static_cast<double>(now - begun) / second;
            if (options_.messages ? messages() >= options_.messages
                                  : now - begun > options_.seconds * second)
                break;
            wrong = respawn();
            if (wrong.empty())
                wrong = log_.report();
            if (done >= next_tend) {
                world_.tend();
                next_tend = done + 100;
            }
            if (options_.races && done >= next_kill) {
                kill_one();
                next_kill = done + 50 + rng_.below(200);
            }
            if (options_.unloads && done >= next_unload) {
                unload_under_them();
                next_unload = programs() + 5000;
            }
            if (now > next_word) {
                say(fmt::format("{:.0f} s: {} messages, {} programs", seconds_, messages(), done));
                next_word = now + 30 * second;
            }
            if (now > next_look && wrong.empty()) {
                wrong = stuck();
                next_look = now + patience;
            }
            usleep(20'000);
        }
        if (wrong.empty() && options_.unloads && !unloads_)
            unload_under_them();
        const int signal = wrong.empty() ? SIGKILL : SIGSTOP;
        for (auto &worker : workers_)
            if (worker.pid > 0)
                kill(worker.pid, signal);
        if (!wrong.empty())
            return wrong; // as it is: the record must not change any more
        return end();
    }

    std::uint64_t messages() const {
        std::uint64_t sum = 0;
        for (const auto &worker : shared_.workers)
            sum += worker.messages;
        return sum;
    }

    std::uint64_t programs() const {
        std::uint64_t sum = 0;
        for (const auto &worker : shared_.workers)
            sum += worker.programs;
        return sum;
    }

    void print_figures() const {
        std::uint64_t lives = 0;
        for (const auto &worker : shared_.workers)
            lives += worker.lives;
        std::uint32_t places = 0;
        for (const auto &reached : shared_.reached)
            places += reached.count();
        fmt::print("figure messages {} sent\n", messages());
        fmt::print("figure rate {:.0f} messages/s\n",
                   seconds_ > 0 ? static_cast<double>(messages()) / seconds_ : 0);
        fmt::print("figure programs {} programs\n", programs());
        fmt::print("figure lives {} processes\n", lives);
        fmt::print("figure kills {} processes\n", kills_);
        fmt::print("figure unloads {} times\n", unloads_);
        fmt::print("figure answers {} sentences\n", shared_.answers.count());
        fmt::print("figure corpus {} programs\n", shared_.corpus.size());
        if (has_kcov())
            fmt::print("figure places {} PCs\n", places);
        print_errors();
        print_sentences();
    }

private:
    static constexpr std::uint64_t second = 1'000'000'000;
    static constexpr std::uint64_t patience = 120 * second;

    struct Slot {
        pid_t pid = 0;
        std::uint64_t programs = 0;
    };

    static Shared *make_shared() {
        Shared *shared = Shared::make();
        vmtest::require(shared, "no memory to share");
        return shared;
    }

    /// To the person who waits.
    static void say(const std::string &text) {
        if (const char *results = std::getenv("RESULTS"))
            std::ofstream(results) << "> " << text << std::endl;
    }

    /// op, then each error with its count.
    void print_errors() const {
        std::uint32_t covered = 0;
        for (const auto &op : spec_.operations()) {
            std::string said;
            std::uint32_t codes = 0;
            for (std::uint32_t error = 0; error < errors_max; error++) {
                std::uint64_t sum = 0;
                for (const auto &worker : shared_.workers)
                    sum += worker.errors[op.command][error];
                if (sum)
                    said += fmt::format(
                        " {}:{}", error ? strerrorname_np(static_cast<int>(error)) : "OK", sum);
                codes += sum != 0;
            }
            covered += codes > 0;
            fmt::print("errors {} {}{}\n", op.name, codes, said);
        }
        fmt::print("figure ops {} ops\n", covered);
        fmt::print("figure ops-missed {} ops\n", spec_.operations().size() - covered);
    }

    /// What the kernel said, the most frequent first.
    void print_sentences() const {
        std::vector<const Sentence *> said;
        for (const auto &sentence : shared_.sentences)
            if (sentence.count)
                said.push_back(&sentence);
        std::sort(said.begin(), said.end(), [](const Sentence *a, const Sentence *b) {
            return a->count.load() > b->count.load();
        });
        for (const auto *one : said) {
            const Operation *op = spec_.operation(one->command);
            fmt::print("answer {} {} {} {}\n", one->count.load(), op ? op->name : "?",
                       one->error.load(), one->text.data());
        }
    }

    /// A worker that ended by itself in any other way than by its own will is a fault of the
    /// fuzzer.
    std::string respawn() {
        for (std::uint32_t i = 0; i < workers_.size(); i++) {
            int status = 0;
            Slot &slot = workers_[i];
            if (slot.pid > 0 && waitpid(slot.pid, &status, WNOHANG) != slot.pid)
                continue;
            const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
            if (slot.pid > 0 && !killed && status)
                return fmt::format("worker {} ended with status {:#x}", i, status);
            slot.pid = start(i);
        }
        return "";
    }

    pid_t start(std::uint32_t index) {
        const auto life = static_cast<std::uint32_t>(shared_.workers[index].lives.fetch_add(1));
        const pid_t pid = fork();
        if (pid)
            return pid;
        const Role role = role_of(options_.seed, index, life);
        const bool race = options_.races && (index + life) % 2;
        const int status = vmtest::run([&] {
            Worker worker(spec_, shared_, exchange_, index, role);
            Recorder recorder(record_.worker(index));
            worker.fuzz(recorder, options_.seed, life, options_.guided, race);
        });
        _exit(status);
    }

    void kill_one() {
        const Slot &slot = workers_[rng_.below(workers_.size())];
        if (slot.pid > 0 && !kill(slot.pid, SIGKILL))
            kills_++;
    }

    /// The workers go on, but hold nothing for long.
    void unload_under_them() {
        shared_.quiesce = 1;
        if (world_.unload(120))
            unloads_++;
        world_.load();
        shared_.loads++;
        shared_.quiesce = 0;
    }

    /// Someone who sent nothing for so long hangs in the kernel.
    std::string stuck() {
        for (std::uint32_t i = 0; i < workers_.size(); i++) {
            const std::uint64_t programs = shared_.workers[i].programs;
            if (programs == workers_[i].programs) {
                print_stacks();
                return fmt::format("worker {} is stuck", i);
            }
            workers_[i].programs = programs;
        }
        return "";
    }

    static std::string text_of_file(const std::filesystem::path &path) {
        std::ifstream in(path);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    /// Where everybody is who waits in the kernel, the workers and those they may wait for.
    static void print_stacks() {
        for (const auto &entry : std::filesystem::directory_iterator("/proc")) {
            std::error_code gone;
            if (entry.path().filename().string().find_first_not_of("0123456789") !=
                std::string::npos)
                continue;
            for (const auto &task :
                 std::filesystem::directory_iterator(entry.path() / "task", gone)) {
                const auto stat = text_of_file(task.path() / "stat");
                const auto stack = text_of_file(task.path() / "stack");
                const auto state = stat.rfind(')');
                if (state == std::string::npos ||
                    (stat.find("(fuzz") == std::string::npos && stat.at(state + 2) != 'D'))
                    continue;
                fmt::print(stderr, "{}{} {}\n{}", stat, text_of_file(task.path() / "wchan"),
                           text_of_file(task.path() / "syscall"), stack);
            }
        }
    }

    std::string end() {
        int status = 0;
        shared_.stop = 1;
        for (auto &worker : workers_)
            if (worker.pid > 0)
                waitpid(worker.pid, &status, 0);
        record_.keep_reached(shared_);
        const std::string left = world_.leftovers(120);
        if (!left.empty())
            return "nobody holds anything, but there are " + left;
        if (!world_.unload(120))
            return "the modules do not unload";
        return log_.report();
    }

    const Spec &spec_;
    const Options options_;
    Shared &shared_;
    const Exchange exchange_;
    World world_;
    RecordFile record_;
    Log log_;
    Rng rng_;
    std::vector<Slot> workers_;
    std::uint64_t kills_ = 0, unloads_ = 0;
    double seconds_ = 0;
};

} // namespace fuzz

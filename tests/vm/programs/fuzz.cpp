// SPDX-License-Identifier: GPL-2.0-only OR MIT
// A structure-aware fuzzer of the family, driven by its spec and guided by KCOV where there is one.
#include "fuzz_replay.hpp"

#include <iostream>

namespace {

using namespace fuzz;

constexpr const char *usage = R"(usage: fuzz [--spec FILE] COMMAND
in a machine:
  run [--seed N] [--messages N | --seconds N] [--workers N] [--unguided] [--no-races] [--no-unloads]
  replay [--repeat N] FILE...   all of them; 1 when the kernel complains
  try [--repeat N] FILE         what could be left out of it, until the kernel complains
anywhere:
  decode RECORD                 what the workers of a machine did last, as a replay file
  candidate FILE N              the N-th of what `try` tries
  tried RECORD                  which one it tried last
  reached RECORD MODULE         "SECTION OFFSET" of each place that was reached
)";

class Arguments {
public:
    Arguments(int argc, char **argv) : words_(argv + 1, argv + argc) {}

    bool flag(std::string_view name) {
        const auto found = std::find(words_.begin(), words_.end(), name);
        if (found == words_.end())
            return false;
        words_.erase(found);
        return true;
    }
    std::string option(std::string_view name, std::string otherwise) {
        const auto found = std::find(words_.begin(), words_.end(), name);
        if (found == words_.end() || found + 1 == words_.end())
            return otherwise;
        otherwise = found[1];
        words_.erase(found, found + 2);
        return otherwise;
    }
    std::uint64_t number(std::string_view name, std::uint64_t otherwise) {
        return std::stoull(option(name, std::to_string(otherwise)), nullptr, 0);
    }
    std::string word() {
        vmtest::require(!words_.empty(), "{}", usage);
        std::string first = words_.front();
        words_.erase(words_.begin());
        return first;
    }
    bool empty() const { return words_.empty(); }

private:
    std::vector<std::string> words_;
};

Replay read_replay(const Spec &spec, const std::string &path) {
    std::ifstream in(path);
    vmtest::require(in.good(), "{}: {}", path, std::strerror(errno));
    return Reader(spec).read(in);
}

void fuzz_it(const Spec &spec, Arguments &arguments) {
    Options options;
    options.seed = arguments.number("--seed", options.seed);
    options.messages = arguments.number("--messages", 0);
    options.seconds = arguments.number("--seconds", options.seconds);
    options.guided = !arguments.flag("--unguided");
    options.races = !arguments.flag("--no-races");
    options.unloads = !arguments.flag("--no-unloads");
    const auto cpus = static_cast<std::uint64_t>(sysconf(_SC_NPROCESSORS_ONLN));
    options.workers = static_cast<std::uint32_t>(arguments.number("--workers", 2 * cpus));
    vmtest::require(arguments.empty() && options.workers && options.workers <= workers_max, "{}",
                    usage);
    fmt::print("seed {}\n", options.seed);
    Supervisor supervisor(spec, options);
    const std::string wrong = supervisor.run();
    supervisor.print_figures();
    std::fflush(stdout);
    vmtest::require(wrong.empty(), "after {} messages: {}", supervisor.messages(), wrong);
}

void replay(const Spec &spec, Arguments &arguments) {
    const auto repeats = static_cast<std::uint32_t>(arguments.number("--repeat", 1));
    Replayer replayer(spec);
    while (!arguments.empty()) {
        const std::string path = arguments.word();
        const std::string report = replayer.run(read_replay(spec, path), repeats);
        vmtest::require(report.empty(), "{}: {}", path, report);
    }
    const std::string report = replayer.end();
    vmtest::require(report.empty(), "{}", report);
}

void attempt(const Spec &spec, Arguments &arguments) {
    const auto repeats = static_cast<std::uint32_t>(arguments.number("--repeat", 1));
    Reduction reduction(read_replay(spec, arguments.word()));
    const std::size_t found = Replayer(spec).attempt(reduction, repeats);
    vmtest::require(!found, "candidate {} is enough", found);
}

void print_reached(RecordFile &record, const std::string &name) {
    for (std::size_t m = 0; m < modules.size(); m++) {
        if (name != modules[m])
            continue;
        const auto &reached = record.tail().reached[m];
        for (std::size_t offset = 0; offset < reached.size(); offset++) {
            const RecordFile::Section *in = nullptr;
            if (!reached.has(offset))
                continue;
            for (const auto &section : record.tail().sections[m])
                if (section.name[0] && section.offset <= offset &&
                    (!in || section.offset > in->offset))
                    in = &section;
            if (in)
                fmt::print("{} {}\n", in->name.data(), offset - in->offset);
        }
    }
}

void run(Arguments &arguments) {
    const std::string path = arguments.option("--spec", "/supernode.yaml");
    const std::string command = arguments.word();
    const Spec spec(path);
    if (command == "run")
        return fuzz_it(spec, arguments);
    if (command == "replay")
        return replay(spec, arguments);
    if (command == "try")
        return attempt(spec, arguments);
    if (command == "candidate") {
        Reduction reduction(read_replay(spec, arguments.word()));
        const std::uint64_t wanted = std::stoull(arguments.word());
        const auto print = [&](std::size_t number, const Replay &candidate) {
            if (number == wanted)
                fmt::print("{}", Writer(spec).write(candidate));
            return number == wanted;
        };
        vmtest::require(reduction.find(print), "there is no candidate {}", wanted);
        return;
    }
    RecordFile record(arguments.word());
    if (command == "decode")
        fmt::print("{}", Writer(spec).write(replay_of(record)));
    else if (command == "tried")
        fmt::print("{}\n", record.tail().candidate);
    else if (command == "reached")
        print_reached(record, arguments.word());
    else
        throw std::runtime_error(usage);
}

} // namespace

int main(int argc, char **argv) {
    return vmtest::run([&] {
        Arguments arguments(argc, argv);
        run(arguments);
    });
}

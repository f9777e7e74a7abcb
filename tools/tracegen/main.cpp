// SPDX-License-Identifier: GPL-2.0-only OR MIT
// sntrace: writes a generated trace, and says what it is like.
#include "generate.hpp"

#include <CLI/CLI.hpp>

#include <fstream>
#include <iomanip>
#include <iostream>

namespace {

void print_facts(std::ostream &out, const std::vector<supernode::replay::Request> &requests) {
    const auto facts = supernode::replay::trace_facts(requests);
    out << std::fixed << std::setprecision(1) << facts.requests << " requests in " << facts.seconds
        << " s (" << static_cast<double>(facts.requests) / facts.seconds * 3600
        << " an hour); input mean " << facts.mean_input << ", p50 " << facts.p50_input << ", p99 "
        << facts.p99_input << " tokens; output mean " << facts.mean_output
        << " tokens; prefix hit with an endless cache " << facts.hit_rate() * 100 << " %\n";
}

} // namespace

int main(int argc, char **argv) {
    CLI::App app("Generate an LLM-serving trace with published statistics, in Mooncake's format.");
    std::map<std::string, const supernode::tracegen::Profile *> by_name;
    std::string list;
    for (const auto &profile : supernode::tracegen::profiles()) {
        by_name[std::string(profile.name)] = &profile;
        list += "\n  " + std::string(profile.name) + ": " + std::string(profile.about);
    }
    app.footer("Profiles:" + list);

    std::string name;
    std::uint64_t seed = 1;
    std::size_t count = 500;
    std::string path;
    bool facts = false;
    app.add_option("PROFILE", name, "What kind of workload")
        ->required()
        ->check(CLI::IsMember(&by_name));
    app.add_option("--seed", seed, "Same seed, same trace")->capture_default_str();
    app.add_option("--requests", count, "How many")
        ->capture_default_str()
        ->check(CLI::Range(std::size_t{1}, std::size_t{10'000'000}));
    app.add_option("-o,--output", path, "File to write instead of standard output");
    app.add_flag("--facts", facts, "Print what the trace is like instead of the trace");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError &error) {
        return app.exit(error) ? 2 : 0;
    }

    const auto requests = supernode::tracegen::generate(*by_name.at(name), seed, count);
    if (facts) {
        print_facts(std::cout, requests);
        return 0;
    }
    if (path.empty()) {
        supernode::tracegen::write_mooncake(std::cout, requests);
        return std::cout.flush() ? 0 : 1;
    }
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    supernode::tracegen::write_mooncake(out, requests);
    out.close();
    if (!out)
        std::cerr << "sntrace: cannot write " << path << '\n';
    return out ? 0 : 1;
}

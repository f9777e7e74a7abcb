// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// snctl OBJECT VERB: parses, runs one verb, turns what was thrown into an exit code. 0 done,
// 1 refused or failed, 2 the command line made no sense.
#include "generate.hpp"
#include "objects.hpp"

#include <supernode/error.hpp>

#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace {

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

// CLI11 would only say that something is missing.
void check_words(const CLI::App &app, int argc, char **argv) {
    const CLI::App *node = &app;
    for (int i = 1; i < argc && *argv[i] != '-'; i++) {
        std::vector<std::string> known;
        const CLI::App *next = nullptr;
        for (const CLI::App *child : node->get_subcommands([](const CLI::App *) { return true; })) {
            known.push_back(child->get_name());
            next = child->get_name() == argv[i] ? child : next;
        }
        if (known.empty())
            return;
        if (!next)
            throw snctl::Usage(fmt::format("there is no {} \"{}\"; it is one of {}",
                                           node == &app ? "object" : "verb", argv[i],
                                           fmt::join(known, ", ")));
        node = next;
    }
}

int run(int argc, char **argv) {
    snctl::Context context;
    CLI::App app;
    snctl::add_objects(app, context);

    // Asked for by the build, and not a command of users.
    if (argc == 3 && argv[1] == std::string_view("--generate")) {
        if (argv[2] == std::string_view("man"))
            fmt::print("{}", snctl::man_page(app));
        else
            fmt::print("{}", snctl::bash_completion(app));
        return 0;
    }
    check_words(app, argc, argv);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError &error) {
        return app.exit(error) == 0 ? 0 : exit_usage;
    }
    return std::fflush(stdout) == 0 ? 0 : exit_failed;
}

} // namespace

int main(int argc, char **argv) {
    try {
        return run(argc, argv);
    } catch (const snctl::Usage &error) {
        fmt::print(stderr, "snctl: {}\n", error.what());
        return exit_usage;
    } catch (const supernode::Error &error) {
        fmt::print(stderr, "snctl: {}\n", error.what());
    } catch (const std::exception &error) {
        fmt::print(stderr, "{}\n", error.what());
    }
    return exit_failed;
}

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
#include <string_view>

#include <fmt/core.h>

namespace {

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

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

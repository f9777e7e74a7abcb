// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Walks the tree of objects and verbs as a user, the man page and the completion see it.
#include "generate.hpp"
#include "objects.hpp"

#include <set>

#include <gtest/gtest.h>

namespace snctl {
namespace {

/// Thrown where the verb would run.
struct Parsed {};

class CommandTable : public testing::Test {
protected:
    CommandTable() {
        add_objects(app, context);
        app.parse_complete_callback([] { throw Parsed{}; });
    }

    static std::vector<CLI::App *> children(CLI::App &node) {
        return node.get_subcommands([](CLI::App *) { return true; });
    }

    template<typename Visit>
    void each_verb(Visit visit) {
        for (CLI::App *object : children(app)) {
            if (children(*object).empty())
                visit(object->get_name(), *object);
            for (CLI::App *verb : children(*object))
                visit(object->get_name() + " " + verb->get_name(), *verb);
        }
    }

    Context context;
    CLI::App app;
};

TEST_F(CommandTable, has_the_objects_and_verbs_of_the_manual) {
    std::set<std::string> verbs;
    each_verb([&](const std::string &words, CLI::App &) { verbs.insert(words); });
    for (const char *words :
         {"topology apply", "topology show",   "topology diff", "topology export",
          "device list",    "device show",     "device add",    "device del",
          "link list",      "link show",       "link add",      "link del",
          "link up",        "link down",       "region list",   "region show",
          "engine list",    "engine show",     "path show",     "partition list",
          "tenant list",    "buffer alloc",    "buffer list",   "buffer show",
          "buffer free",    "buffer read",     "buffer write",  "buffer hash",
          "copy",           "transfer submit", "transfer list", "transfer show",
          "transfer wait",  "transfer cancel", "stats",         "monitor",
          "replay"})
        EXPECT_TRUE(verbs.contains(words)) << words;
}

TEST_F(CommandTable, each_verb_has_a_summary_and_its_own_example) {
    each_verb([](const std::string &words, CLI::App &verb) {
        EXPECT_FALSE(verb.get_description().empty()) << words;
        EXPECT_NE(verb.get_description().back(), '.') << words;
        EXPECT_TRUE((example_of(verb) + " ").starts_with(words + " ")) << example_of(verb);
        for (const CLI::Option *option : verb.get_options())
            EXPECT_FALSE(option->get_description().empty()) << words << " " << option->get_name();
    });
}

// The examples are parsed by the table that they stand in, and run nothing.
TEST_F(CommandTable, each_example_is_accepted_by_the_parser) {
    std::vector<std::string> examples;
    each_verb([&](const std::string &, CLI::App &verb) { examples.push_back(example_of(verb)); });
    for (const std::string &example : examples) {
        // What comes after these is the shell's.
        EXPECT_THROW(app.parse(example.substr(0, example.find_first_of("#|<>"))), Parsed)
            << example;
        app.clear();
    }
}

TEST_F(CommandTable, json_is_taken_before_and_after_each_verb) {
    for (const char *line : {"--json device list", "device list --json", "stats --json"}) {
        context.json = false;
        EXPECT_THROW(app.parse(line), Parsed) << line;
        EXPECT_TRUE(context.json);
        app.clear();
    }
}

TEST_F(CommandTable, nonsense_is_a_parse_error) {
    for (const char *line : {"", "device", "device fly", "device show", "device list stats",
                             "copy cpu0 gpu0 --speed 1", "copy cpu0 gpu0 --bytes 64Mib",
                             "copy cpu0 gpu0 --class fast"}) {
        EXPECT_THROW(app.parse(line), CLI::ParseError) << line;
        app.clear();
    }
}

TEST_F(CommandTable, man_page_and_completion_speak_of_each_verb_and_option) {
    const std::string man = man_page(app);
    const std::string bash = bash_completion(app);
    each_verb([&](const std::string &words, CLI::App &verb) {
        EXPECT_NE(man.find(".SS snctl " + words), std::string::npos) << words;
        EXPECT_NE(bash.find("\"" + words + "\") words="), std::string::npos) << words;
        for (const CLI::Option *option : verb.get_options())
            for (const std::string &name : option->get_lnames()) {
                EXPECT_NE(bash.find("--" + name), std::string::npos) << words << " --" << name;
                std::string escaped = "\\-\\-";
                for (const char c : name)
                    escaped += c == '-' ? "\\-" : std::string(1, c);
                EXPECT_NE(man.find(escaped), std::string::npos) << words << " --" << name;
            }
    });
    EXPECT_NE(bash.find("\"copy --class\") words=\"deadline latency normal bulk scavenger\""),
              std::string::npos);
}

} // namespace
} // namespace snctl

// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// Walks the CLI11 tree. What a verb takes is written nowhere else.
#include "generate.hpp"

#include "objects.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace snctl {
namespace {

using Apps = std::vector<const CLI::App *>;

Apps children(const CLI::App &app) {
    return app.get_subcommands([](const CLI::App *) { return true; });
}

// Every verb with the words that lead to it: "device list", "copy".
void collect(const CLI::App &app, const std::string &words,
             std::vector<std::pair<std::string, const CLI::App *>> &verbs) {
    for (const CLI::App *child : children(app)) {
        const std::string path =
            words.empty() ? child->get_name() : words + " " + child->get_name();
        if (children(*child).empty())
            verbs.emplace_back(path, child);
        else
            collect(*child, path, verbs);
    }
}

std::vector<std::pair<std::string, const CLI::App *>> verbs_of(const CLI::App &app) {
    std::vector<std::pair<std::string, const CLI::App *>> verbs;
    collect(app, "", verbs);
    return verbs;
}

std::vector<const CLI::Option *> options_of(const CLI::App &app) {
    return app.get_options([](const CLI::Option *option) { return !option->get_group().empty(); });
}

bool is_positional(const CLI::Option &option) {
    return option.get_lnames().empty() && option.get_snames().empty();
}

std::string long_name(const CLI::Option &option) {
    return option.get_lnames().empty() ? "-" + option.get_snames().front()
                                       : "--" + option.get_lnames().front();
}

// The words of "{a,b,c}", which CLI11 makes of a list of allowed values; nothing otherwise.
std::vector<std::string> allowed_words(const CLI::Option &option) {
    const std::string type = option.get_type_name();
    const std::size_t open = type.find('{');
    const std::size_t close = type.find('}');
    std::vector<std::string> words;
    if (open == std::string::npos || close == std::string::npos)
        return words;
    std::string inside = type.substr(open + 1, close - open - 1);
    std::replace(inside.begin(), inside.end(), ',', ' ');
    for (std::size_t at = 0; at < inside.size();) {
        const std::size_t end = std::min(inside.find(' ', at), inside.size());
        if (end > at)
            words.push_back(inside.substr(at, end - at));
        at = end + 1;
    }
    return words;
}

std::string roff(const std::string &text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\')
            out += "\\e";
        else if (c == '-')
            out += "\\-";
        else if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n'))
            out += std::string("\\&") + c;
        else
            out += c;
    }
    return out;
}

bool takes_value(const CLI::Option &option) {
    return option.get_expected_max() > 0;
}

std::string value_name(const CLI::Option &option) {
    const auto words = allowed_words(option);
    if (!words.empty())
        return fmt::format("{}", fmt::join(words, "|"));
    const std::string type = option.get_type_name();
    if (type.starts_with("UINT") || type.starts_with("INT"))
        return "NUMBER";
    return type.empty() || type.starts_with("TEXT") ? "TEXT" : type;
}

std::string synopsis(const CLI::App &verb) {
    std::string text;
    for (const CLI::Option *option : options_of(verb))
        if (is_positional(*option))
            text +=
                fmt::format(fmt::runtime(option->get_required() ? " {}" : " [{}]"),
                            option->get_name(true) + (option->get_expected_max() > 1 ? "..." : ""));
    return text;
}

void write_options(std::string &out, const CLI::App &app) {
    for (const CLI::Option *option : options_of(app)) {
        // Said once, for all of them.
        if (option == app.get_help_ptr() && app.get_parent())
            continue;
        std::string title = is_positional(*option) ? option->get_name(true) : long_name(*option);
        if (!is_positional(*option) && takes_value(*option))
            title += " " + value_name(*option);
        out += fmt::format(".TP\n.B {}\n{}{}\n", roff(title), roff(option->get_description()),
                           option->get_required() && !is_positional(*option) ? " (required)" : "");
    }
}

} // namespace

std::string man_page(const CLI::App &app) {
    std::string out = fmt::format(
        ".\\\" SPDX-License-Identifier: GPL-2.0-only OR MIT\n"
        ".\\\" Made by snctl --generate man.\n"
        ".TH SNCTL 1 \"\" \"supernode {}\" \"supernode\"\n"
        ".SH NAME\nsnctl \\- rule a super\\-node\n"
        ".SH SYNOPSIS\n.B snctl\n[\\-\\-json]\n.I OBJECT VERB\n[options]\n"
        ".SH DESCRIPTION\n{}\n"
        "Sizes are written as 64MiB or 80GB, rates as 450GB/s or 400Gbit/s, times as 300ns or\n"
        "1.5us. Tables round; \\-\\-json gives raw bytes, bytes per second and nanoseconds.\n"
        ".SH OPTIONS\n",
        SNCTL_VERSION, roff(app.get_description()));
    write_options(out, app);
    out += ".SH COMMANDS\n";
    for (const auto &[words, verb] : verbs_of(app)) {
        const std::string example = example_of(*verb);
        out += fmt::format(".SS {}{}\n{}.\n", roff("snctl " + words), roff(synopsis(*verb)),
                           roff(verb->get_description()));
        write_options(out, *verb);
        out += fmt::format(".PP\nExample:\n.PP\n.nf\n.RS\nsnctl {}\n.RE\n.fi\n", roff(example));
    }
    out += ".SH EXIT STATUS\n"
           ".TP\n.B 0\ndone\n.TP\n.B 1\nrefused or failed; the kernel's sentence is on stderr\n"
           ".TP\n.B 2\nthe command line makes no sense\n"
           ".SH FILES\n"
           ".TP\n.I $XDG_RUNTIME_DIR/snctl/holder.sock\n"
           "or /run/snctl/holder.sock: where the process listens that keeps buffers between\n"
           "commands. It talks to its own user only, starts with the first buffer and ends by\n"
           "itself.\n";
    return out;
}

std::string bash_completion(const CLI::App &app) {
    std::string cases;
    std::string values;
    const auto add_case = [&](const std::string &words, const CLI::App &node) {
        std::vector<std::string> offered;
        for (const CLI::App *child : children(node))
            offered.push_back(child->get_name());
        for (const CLI::Option *option : options_of(node)) {
            if (is_positional(*option))
                continue;
            offered.push_back(long_name(*option));
            const auto allowed = allowed_words(*option);
            if (!allowed.empty())
                values += fmt::format("\t\t\"{} {}\") words=\"{}\" ;;\n", words, long_name(*option),
                                      fmt::join(allowed, " "));
        }
        cases += fmt::format("\t\t\"{}\") words=\"{}\" ;;\n", words, fmt::join(offered, " "));
    };
    add_case("", app);
    std::string objects;
    for (const CLI::App *object : children(app)) {
        add_case(object->get_name(), *object);
        for (const CLI::App *verb : children(*object))
            add_case(object->get_name() + " " + verb->get_name(), *verb);
        if (!children(*object).empty())
            objects += (objects.empty() ? "" : "|") + object->get_name();
    }
    return fmt::format(
        "# SPDX-License-Identifier: GPL-2.0-only OR MIT\n"
        "# Made by snctl --generate bash.\n"
        "_snctl()\n{{\n"
        "\tlocal cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}}\n"
        "\tlocal at=\"\" words=\"\" word i\n"
        "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
        "\t\tword=${{COMP_WORDS[i]}}\n"
        "\t\t[[ $word == -* ]] && continue\n"
        "\t\tcase \"$at\" in\n"
        "\t\t\"\") at=$word ;;\n"
        "\t\t{}) at=\"$at $word\" ;;\n"
        "\t\tesac\n"
        "\tdone\n"
        "\tcase \"$at $prev\" in\n{}"
        "\t\t*) case \"$at\" in\n{}"
        "\t\tesac ;;\n"
        "\tesac\n"
        "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
        "\t[[ -z $words || $cur == */* ]] && mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
        "}}\n"
        "complete -o default -F _snctl snctl\n",
        objects, values, cases);
}

} // namespace snctl

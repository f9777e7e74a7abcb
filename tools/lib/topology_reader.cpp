// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// YAML nodes to values. Knows the shapes of YAML, not what a topology is.
#include "topology_reader.hpp"

#include <supernode/name_range.hpp>

#include <algorithm>
#include <charconv>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/eventhandler.h>

namespace supernode::topology {
namespace {

// Bytes of the character of UTF-8 that @text begins with; 0: it begins with none, or with a control
// character.
std::size_t plain_bytes(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = byte(0);
    const std::size_t bytes = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (lead < 0x20 || (lead >= 0x7f && lead < 0xc2) || lead > 0xf4 || text.size() < bytes)
        return 0;
    for (std::size_t i = 1; i < bytes; i++)
        if ((byte(i) & 0xc0) != 0x80)
            return 0;
    if (bytes == 1)
        return 1;
    // Control characters, longer forms than need be, surrogates, beyond the last character.
    const unsigned second = byte(1);
    const bool never = (lead == 0xc2 && second < 0xa0) || (lead == 0xe0 && second < 0xa0) ||
                       (lead == 0xed && second >= 0xa0) || (lead == 0xf0 && second < 0x90) ||
                       (lead == 0xf4 && second >= 0x90);
    return never ? 0 : bytes;
}

// Where the first node of a document is.
class FirstNode final : public YAML::EventHandler {
public:
    const std::optional<YAML::Mark> &mark() const { return mark_; }

    void OnDocumentStart(const YAML::Mark &) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark &mark, YAML::anchor_t) override { see(mark); }
    void OnAlias(const YAML::Mark &mark, YAML::anchor_t) override { see(mark); }
    void OnScalar(const YAML::Mark &mark, const std::string &, YAML::anchor_t,
                  const std::string &) override {
        see(mark);
    }
    void OnSequenceStart(const YAML::Mark &mark, const std::string &, YAML::anchor_t,
                         YAML::EmitterStyle::value) override {
        see(mark);
    }
    void OnSequenceEnd() override {}
    void OnMapStart(const YAML::Mark &mark, const std::string &, YAML::anchor_t,
                    YAML::EmitterStyle::value) override {
        see(mark);
    }
    void OnMapEnd() override {}

private:
    void see(const YAML::Mark &mark) {
        if (!mark_)
            mark_ = mark;
    }

    std::optional<YAML::Mark> mark_;
};

// A file's own words come back in sentences: one line each, and nothing that moves a cursor.
std::string printable(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t plain = plain_bytes(text);
        if (plain > 0)
            out += text.substr(0, plain);
        else
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front()));
        text.remove_prefix(std::max<std::size_t>(plain, 1));
    }
    return out;
}

} // namespace

std::optional<YAML::Mark> second_document(const std::string &text) {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    FirstNode first, second;
    if (!parser.HandleNextDocument(first) || !parser.HandleNextDocument(second))
        return std::nullopt;
    return second.mark();
}

void Problems::add(const YAML::Mark &mark, std::string_view sentence) {
    // Marks of yaml-cpp count from 0, and -1 is no place.
    const Problem problem{mark.line + 1, mark.line < 0 ? 0 : mark.column + 1, printable(sentence)};
    // A bad default is found once for each entry that uses it.
    for (const Problem &known : problems_)
        if (known.line == problem.line && known.column == problem.column &&
            known.sentence == problem.sentence)
            return;
    problems_.push_back(problem);
    if (problems_.size() >= problems_max)
        throw TooManyProblems{};
}

std::vector<Problem> Problems::take() {
    std::stable_sort(problems_.begin(), problems_.end(), [](const Problem &a, const Problem &b) {
        return std::pair(a.line, a.column) < std::pair(b.line, b.column);
    });
    return std::move(problems_);
}

std::string one_of(std::span<const std::string_view> words) {
    return fmt::format("{}", fmt::join(words, ", "));
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> known) {
    const std::string near = nearest_name(word, {known.begin(), known.end()});
    if (!near.empty())
        return fmt::format("did you mean \"{}\"?", near);
    return fmt::format("it may have {}", one_of(known));
}

namespace {

// A key may be any node; what is no scalar has no name.
std::string key_text(const YAML::Node &key) {
    return key.IsScalar() ? key.Scalar() : std::string();
}

YAML::Node lookup(const YAML::Node &map, std::string_view key) {
    for (const auto &entry : map)
        if (key_text(entry.first) == key)
            return entry.second;
    return YAML::Node(YAML::NodeType::Undefined);
}

} // namespace

Map::Map(Problems &problems, const YAML::Node &node, std::string what,
         std::initializer_list<std::string_view> keys, const YAML::Node *defaults)
    : problems_(problems), node_(node), defaults_(defaults), what_(std::move(what)) {
    if (!node.IsMap()) {
        problems.add(node.Mark(), fmt::format("{} must be a map of keys to values", what_));
        valid_ = false;
        return;
    }
    std::vector<std::string> seen;
    for (const auto &entry : node) {
        const std::string key = key_text(entry.first);
        if (std::find(keys.begin(), keys.end(), key) == keys.end())
            problems.add(entry.first.Mark(),
                         fmt::format("{} has no key \"{}\"; {}", what_, key,
                                     did_you_mean(key, {keys.begin(), keys.size()})));
        else if (std::find(seen.begin(), seen.end(), key) != seen.end())
            problems.add(entry.first.Mark(),
                         fmt::format("{} has the key \"{}\" twice", what_, key));
        seen.push_back(key);
    }
}

YAML::Node Map::find_own(std::string_view key) const {
    return lookup(node_, key);
}

YAML::Node Map::find(std::string_view key) const {
    YAML::Node found = lookup(node_, key);
    if (!found.IsDefined() && defaults_ && defaults_->IsDefined() && defaults_->IsMap())
        return lookup(*defaults_, key);
    return found;
}

YAML::Node Map::require(std::string_view key) const {
    YAML::Node found = find(key);
    if (!found.IsDefined())
        problems_.add(mark(), fmt::format("{} lacks \"{}\"", what_, key));
    return found;
}

std::optional<std::string> read_scalar(Problems &problems, const YAML::Node &node,
                                       std::string_view what) {
    if (!node.IsScalar() || node.Scalar().empty()) {
        problems.add(node.Mark(), fmt::format("{} must be a word or a number", what));
        return std::nullopt;
    }
    if (printable(node.Scalar()) != node.Scalar()) {
        problems.add(node.Mark(), fmt::format("{} \"{}\" has characters that cannot be printed",
                                              what, node.Scalar()));
        return std::nullopt;
    }
    return node.Scalar();
}

std::optional<std::uint64_t> read_quantity(Problems &problems, const YAML::Node &node,
                                           std::string_view what,
                                           std::uint64_t (*parse)(std::string_view)) {
    const auto text = read_scalar(problems, node, what);
    if (!text)
        return std::nullopt;
    try {
        return parse(*text);
    } catch (const std::invalid_argument &refusal) {
        problems.add(node.Mark(), fmt::format("{}: {}", what, refusal.what()));
        return std::nullopt;
    }
}

std::optional<std::uint32_t> read_count(Problems &problems, const YAML::Node &node,
                                        std::string_view what, std::uint32_t min,
                                        std::uint32_t max) {
    const auto text = read_scalar(problems, node, what);
    if (!text)
        return std::nullopt;
    std::uint32_t value = 0;
    const char *end = text->data() + text->size();
    const auto parsed = std::from_chars(text->data(), end, value);
    if (parsed.ec != std::errc{} || parsed.ptr != end || value < min || value > max) {
        problems.add(node.Mark(),
                     fmt::format("{} \"{}\" is not a number from {} to {}", what, *text, min, max));
        return std::nullopt;
    }
    return value;
}

} // namespace supernode::topology

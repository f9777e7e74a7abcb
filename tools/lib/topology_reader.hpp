// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Typed access to the nodes of a YAML file that remembers every problem with its place.
#pragma once

#include <supernode/topology_file.hpp>

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <yaml-cpp/yaml.h>

namespace supernode::topology {

/// Thrown when there are so many problems that reading on is of no use.
struct TooManyProblems {};

class Problems {
public:
    /// What cannot be printed is escaped.
    void add(const YAML::Mark &mark, std::string_view sentence);
    std::vector<Problem> take();
    std::size_t count() const { return problems_.size(); }

private:
    std::vector<Problem> problems_;
};

/// Where a second document of the file begins, if there is one. YAML::LoadAll() would never end at
/// some files that go on with what is no document. Throws YAML::Exception.
std::optional<YAML::Mark> second_document(const std::string &text);

/// One map of the file. Keys that it lacks are looked up in the defaults, if there are any.
class Map {
public:
    /// Reports what is no map, keys that are unknown and keys that come twice.
    /// @param what "device": what the sentences call it
    Map(Problems &problems, const YAML::Node &node, std::string what,
        std::initializer_list<std::string_view> keys, const YAML::Node *defaults = nullptr);

    bool valid() const { return valid_; }
    YAML::Mark mark() const { return node_.Mark(); }
    const std::string &what() const { return what_; }

    /// An undefined node when the key is missing.
    YAML::Node find(std::string_view key) const;
    /// The same without the defaults.
    YAML::Node find_own(std::string_view key) const;
    /// The same, and a problem when it is missing.
    YAML::Node require(std::string_view key) const;

private:
    Problems &problems_;
    YAML::Node node_;
    const YAML::Node *defaults_;
    std::string what_;
    bool valid_ = true;
};

/// Each of these gives nothing after it reported a problem.
std::optional<std::string> read_scalar(Problems &problems, const YAML::Node &node,
                                       std::string_view what);
std::optional<std::uint64_t> read_quantity(Problems &problems, const YAML::Node &node,
                                           std::string_view what,
                                           std::uint64_t (*parse)(std::string_view));
std::optional<std::uint32_t> read_count(Problems &problems, const YAML::Node &node,
                                        std::string_view what, std::uint32_t min,
                                        std::uint32_t max);

std::string one_of(std::span<const std::string_view> words);
std::string did_you_mean(std::string_view word, std::span<const std::string_view> known);

template<typename Enum>
std::optional<Enum> read_word(Problems &problems, const YAML::Node &node, std::string_view what) {
    const auto text = read_scalar(problems, node, what);
    if (!text)
        return std::nullopt;
    const auto value = from_string<Enum>(*text);
    if (!value)
        problems.add(node.Mark(), std::string(what) + " \"" + *text +
                                      "\" is unknown; it is one of " + one_of(words<Enum>()));
    return value;
}

} // namespace supernode::topology

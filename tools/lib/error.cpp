// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include <supernode/error.hpp>

#include <cstring>
#include <fmt/format.h>
#include <system_error>
#include <utility>

namespace supernode {
namespace {

std::string describe(int code, const std::string &command, const std::string &sentence,
                     const std::string &attribute, const std::string &value) {
    std::string text = command;

    text += ": ";
    text += sentence.empty() ? std::generic_category().message(code) : sentence;
    // Newer kernels put the value into the sentence themselves.
    bool told = value.size() > 2 && sentence.find(value) != std::string::npos;
    if (!attribute.empty() && !told) {
        text += ": " + attribute;
        if (!value.empty())
            text += " " + value;
    }
    text += fmt::format(" (-{})", errno_name(code));
    return text;
}

} // namespace

Error::Error(int code, std::string command, std::string sentence, std::string attribute,
             std::string value)
    : std::runtime_error(describe(code, command, sentence, attribute, value)), code_(code),
      command_(std::move(command)), sentence_(std::move(sentence)),
      attribute_(std::move(attribute)), value_(std::move(value)) {}

std::string errno_name(int code) {
    const char *name = strerrorname_np(code);

    return name ? name : fmt::format("errno {}", code);
}

} // namespace supernode

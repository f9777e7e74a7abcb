// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The one exception of this library: a refusal, in the kernel's own words.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace supernode {

class Error : public std::runtime_error {
public:
    /// @param code      positive errno
    /// @param command   "DEVICE_NEW", or what was tried when no command was: "mmap"
    /// @param sentence  the kernel's extack sentence, or ours; empty: the errno's own words
    /// @param attribute the attribute the kernel pointed at, "region[1].bytes"; may be empty
    /// @param value     that attribute's value as it was sent; may be empty
    Error(int code, std::string command, std::string sentence = {}, std::string attribute = {},
          std::string value = {});

    int code() const noexcept { return code_; }
    const std::string &command() const noexcept { return command_; }
    const std::string &sentence() const noexcept { return sentence_; }
    const std::string &attribute() const noexcept { return attribute_; }
    const std::string &value() const noexcept { return value_; }

private:
    int code_;
    std::string command_;
    std::string sentence_;
    std::string attribute_;
    std::string value_;
};

/// "EEXIST" for 17; "errno 4711" for what has no name.
std::string errno_name(int code);

} // namespace supernode

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// What every verb gets: the kernel, and a way to answer.
#pragma once

#include <supernode/client.hpp>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>

namespace snctl {

using Json = nlohmann::ordered_json;

/// Refused or failed: the sentence goes to stderr, the exit code is 1.
class Failure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The command line makes no sense: exit code 2.
class Usage : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

class Context {
public:
    bool json = false; ///< one JSON document on stdout instead of tables

    /// Opened at its first use.
    supernode::Client &client();

    /// Prints the document, or what @p human prints.
    void answer(const Json &document, const std::function<void()> &human) const;
    /// A sentence for a person on stderr; nothing with --json.
    void note(const std::string &sentence) const;

private:
    std::unique_ptr<supernode::Client> client_;
};

} // namespace snctl

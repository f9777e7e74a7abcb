// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// Output in one of two forms, and the connection to the kernel. Knows no object.
#include "context.hpp"

#include <fmt/core.h>

namespace snctl {

supernode::Client &Context::client() {
    if (!client_)
        client_ = std::make_unique<supernode::Client>();
    return *client_;
}

void Context::answer(const Json &document, const std::function<void()> &human) const {
    if (json)
        fmt::print("{}\n", document.dump(2, ' ', false, Json::error_handler_t::replace));
    else
        human();
}

void Context::note(const std::string &sentence) const {
    if (!json)
        fmt::print(stderr, "{}\n", sentence);
}

} // namespace snctl

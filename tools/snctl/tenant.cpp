// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// snctl tenant: who pays.
#include "json.hpp"
#include "objects.hpp"
#include "table.hpp"

#include <supernode/units.hpp>

namespace snctl {

void add_tenant(CLI::App &app, Context &context) {
    CLI::App &object = add_object(app, "tenant", "Who memory and transfers are charged to");
    add_verb(object, "list", "List all tenants with what they use", "tenant list", [&context] {
        Json document = Json::array();
        Table table({{"ID", Table::Align::right},
                     {"NAME"},
                     {"PARTITION", Table::Align::right},
                     {"SESSIONS", Table::Align::right},
                     {"BUFFERS", Table::Align::right},
                     {"BYTES", Table::Align::right}});
        for (const supernode::Tenant &tenant : context.client().tenants()) {
            document.push_back(to_json(tenant));
            table.row({std::to_string(tenant.id), tenant.name, std::to_string(tenant.partition),
                       std::to_string(tenant.sessions), std::to_string(tenant.buffers),
                       supernode::human_bytes(tenant.buffer_bytes)});
        }
        context.answer(document, [&] { table.print(); });
    });
}

} // namespace snctl

// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// snctl partition: sets of devices that may see each other.
#include "json.hpp"
#include "objects.hpp"
#include "table.hpp"

namespace snctl {

void add_partition(CLI::App &app, Context &context) {
    CLI::App &object = add_object(app, "partition", "Sets of devices that may see each other");
    add_verb(object, "list", "List all partitions", "partition list", [&context] {
        Json document = Json::array();
        Table table({{"ID", Table::Align::right}, {"NAME"}, {"DEVICES", Table::Align::right}});
        for (const supernode::Partition &partition : context.client().partitions()) {
            document.push_back(to_json(partition));
            table.row(
                {std::to_string(partition.id), partition.name, std::to_string(partition.devices)});
        }
        context.answer(document, [&] { table.print(); });
    });
}

} // namespace snctl

// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// snctl transfer: copies that go on while the command that asked for them has ended. They belong
// to the holder's session.
#include "contents.hpp"
#include "holder_client.hpp"
#include "json.hpp"
#include "objects.hpp"
#include "table.hpp"
#include "words.hpp"

#include <supernode/buffer.hpp>

#include <algorithm>
#include <chrono>
#include <cstring>

#include <fmt/format.h>

namespace snctl {
namespace {

using namespace supernode;

struct Request {
    std::string src;
    std::string dst;
    std::optional<std::uint64_t> src_offset;
    std::optional<std::uint64_t> dst_offset;
    std::optional<std::uint64_t> bytes;
    std::optional<std::uint64_t> segment_bytes;
    std::optional<Class> priority;
};

std::string status_text(std::int32_t status) {
    return status == 0 ? "done" : std::strerror(-status);
}

void submit(Context &context, const Request &wanted) {
    holder::Submit request{wanted.src,
                           wanted.dst,
                           wanted.src_offset.value_or(0),
                           wanted.dst_offset.value_or(0),
                           0,
                           wanted.segment_bytes.value_or(0),
                           wanted.priority};
    const Fd src = holder::get(wanted.src);
    request.bytes = range_bytes(dmabuf_bytes(src.get()), request.src_offset,
                                wanted.bytes ? &*wanted.bytes : nullptr);
    const std::uint64_t id = holder::submit(request);
    context.answer({{"id", id}, {"bytes", request.bytes}},
                   [&] { fmt::print("transfer {} of {}\n", id, human_bytes(request.bytes)); });
}

void wait(Context &context, std::uint64_t id, std::optional<std::uint64_t> limit_ns) {
    Timeout limit = forever;
    if (limit_ns)
        limit = std::chrono::ceil<std::chrono::milliseconds>(std::chrono::nanoseconds(*limit_ns));
    const auto record = holder::wait(id, limit);
    if (!record)
        throw Failure(fmt::format("transfer {} has not ended within {}", id,
                                  human_duration(limit_ns.value_or(0))));
    const std::int32_t status = record->at("status");
    const std::uint64_t begin = record->at("submit_ns");
    const std::uint64_t end = record->at("end_ns");
    context.answer(*record, [&] {
        fmt::print("transfer {}: {} arrived in {}\n", id,
                   human_bytes(record->at("bytes").get<std::uint64_t>()),
                   human_duration(end - begin));
    });
    if (status != 0)
        throw Failure(fmt::format("transfer {}: {}", id, status_text(status)));
}

void list(Context &context) {
    Json document = Json::array();
    Table table({{"ID", Table::Align::right},
                 {"SESSION", Table::Align::right},
                 {"CLASS"},
                 {"STATE"},
                 {"BYTES", Table::Align::right},
                 {"ARRIVED", Table::Align::right}});
    for (const TransferInfo &transfer : context.client().transfers()) {
        document.push_back(to_json(transfer));
        table.row({std::to_string(transfer.id), std::to_string(transfer.session),
                   std::string(to_string(transfer.priority)),
                   std::string(to_string(transfer.state)), human_bytes(transfer.bytes),
                   human_bytes(transfer.done_bytes)});
    }
    context.answer(document, [&] { table.print(); });
}

void show(Context &context, std::uint64_t id) {
    const auto transfers = context.client().transfers();
    const auto found = std::find_if(transfers.begin(), transfers.end(),
                                    [&](const TransferInfo &one) { return one.id == id; });
    if (found == transfers.end())
        throw Failure(fmt::format("there is no transfer {}", id));
    context.answer(to_json(*found), [&] {
        fmt::print(
            "{}",
            describe(
                {{"id", std::to_string(found->id)},
                 {"session", std::to_string(found->session)},
                 {"class", std::string(to_string(found->priority))},
                 {"state", std::string(to_string(found->state))},
                 {"status", found->state == TransferState::done ? status_text(found->status) : "-"},
                 {"bytes", human_bytes(found->bytes)},
                 {"arrived", human_bytes(found->done_bytes)},
                 {"queued for", found->start_ns == 0
                                    ? "-"
                                    : human_duration(found->start_ns - found->submit_ns)}}));
    });
}

void cancel(Context &context, std::uint64_t id) {
    holder::cancel(id);
    context.answer({{"id", id}}, [&] { fmt::print("transfer {} is being cancelled\n", id); });
}

} // namespace

void add_transfer(CLI::App &app, Context &context) {
    CLI::App &object = add_object(app, "transfer", "Copies that go on in the background");

    const auto request = std::make_shared<Request>();
    CLI::App &submit_verb = add_verb(object, "submit", "Begin to copy between two held buffers",
                                     "transfer submit kv0 kv1 --class bulk",
                                     [&context, request] { submit(context, *request); });
    submit_verb.add_option("SRC", request->src, "Name of a held buffer")->required();
    submit_verb.add_option("DST", request->dst, "Name of a held buffer")->required();
    add_bytes(submit_verb, "--src-offset", request->src_offset, "First byte in SRC; default 0");
    add_bytes(submit_verb, "--dst-offset", request->dst_offset, "First byte in DST; default 0");
    add_bytes(submit_verb, "--bytes", request->bytes, "Length; default up to the end of SRC");
    add_bytes(submit_verb, "--segment-bytes", request->segment_bytes,
              "State it in pieces of this size");
    add_word(submit_verb, "--class", request->priority, "Default normal");

    add_verb(object, "list", "List all transfers", "transfer list", [&context] { list(context); });

    const auto id = std::make_shared<std::uint64_t>(0);
    const auto take_id = [id](CLI::App &verb) {
        verb.add_option("ID", *id, "Id of the transfer")->required();
    };
    take_id(add_verb(object, "show", "Show a transfer", "transfer show 12",
                     [&context, id] { show(context, *id); }));

    const auto limit = std::make_shared<std::optional<std::uint64_t>>();
    CLI::App &wait_verb = add_verb(
        object, "wait", "Wait for a submitted transfer and say how it ended",
        "transfer wait 12 --timeout 10s", [&context, id, limit] { wait(context, *id, *limit); });
    take_id(wait_verb);
    add_duration(wait_verb, "--timeout", *limit, "Give up after this; the transfer goes on");

    take_id(add_verb(object, "cancel", "End a submitted transfer early", "transfer cancel 12",
                     [&context, id] { cancel(context, *id); }));
}

} // namespace snctl

// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// snctl buffer: memory by name. A buffer lives as long as somebody has its fd; between commands
// that is the holder.
#include "contents.hpp"
#include "holder_client.hpp"
#include "json.hpp"
#include "objects.hpp"
#include "resolve.hpp"
#include "table.hpp"
#include "words.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace snctl {
namespace {

using namespace supernode;

struct Alloc {
    std::string name;
    std::string region;
    std::optional<std::uint64_t> bytes;
    std::uint32_t count = 1;
};

void alloc(Context &context, const Alloc &wanted) {
    const auto devices = context.client().devices();
    const Region region = find_region(devices, wanted.region);
    const DeviceNames device_name = device_names(devices);
    // A name that is taken is refused before there is anything to free again.
    std::vector<std::string> names;
    for (std::uint32_t i = 0; i < wanted.count; i++) {
        names.push_back(wanted.count == 1 ? wanted.name : fmt::format("{}{}", wanted.name, i));
        if (holder::find(names.back()))
            throw Failure(fmt::format("a buffer is held by the name \"{}\" already", names.back()));
    }
    Json document = Json::array();
    Session session = context.client().open_session();
    for (const std::string &name : names) {
        BufferSpec spec;
        spec.region = region.id;
        spec.bytes = *wanted.bytes;
        spec.name = name;
        const Buffer buffer = session.alloc_ready(spec);
        holder::put(name, buffer.fd.get());
        document.push_back(to_json(context.client().buffer_info(buffer.fd.get()), device_name));
    }
    context.answer(wanted.count == 1 ? document[0] : document, [&] {
        for (const Json &one : document)
            fmt::print("{}: buffer {} of {} on {}\n", one["name"].get<std::string>(),
                       one["id"].get<std::uint64_t>(),
                       human_bytes(one["bytes"].get<std::uint64_t>()),
                       one["device_name"].get<std::string>());
    });
}

void list(Context &context, bool only_held) {
    const DeviceNames device_name = device_names(context.client().devices());
    const auto names = holder::names();
    std::set<std::uint64_t> held;
    std::vector<BufferInfo> buffers;
    for (const std::string &name : names)
        if (const auto fd = holder::find(name)) {
            const BufferInfo info = context.client().buffer_info(fd->get());
            held.insert(info.id);
            buffers.push_back(info);
        }
    if (!only_held)
        buffers = context.client().buffers();
    Json document = Json::array();
    Table table({{"ID", Table::Align::right},
                 {"NAME"},
                 {"DEVICE"},
                 {"BYTES", Table::Align::right},
                 {"STATE"},
                 {"CREATOR"},
                 {"MAPPINGS", Table::Align::right},
                 {"TRANSFERS", Table::Align::right},
                 {"HELD"}});
    for (const BufferInfo &buffer : buffers) {
        document.push_back(to_json(buffer, device_name));
        document.back()["held"] = held.contains(buffer.id);
        table.row({std::to_string(buffer.id), buffer.name, name_of(device_name, buffer.device),
                   human_bytes(buffer.bytes), std::string(to_string(buffer.state)),
                   fmt::format("{} ({})", buffer.comm, buffer.pid), std::to_string(buffer.mappings),
                   std::to_string(buffer.transfers), held.contains(buffer.id) ? "yes" : "no"});
    }
    context.answer(document, [&] { table.print(); });
}

void show(Context &context, const std::string &which) {
    BufferInfo buffer;
    const auto fd = holder::find(which);
    if (fd)
        buffer = context.client().buffer_info(fd->get());
    else if (const auto id = as_number(which))
        buffer = context.client().buffer(*id);
    else
        throw Failure(fmt::format("no buffer is held by the name \"{}\"", which));
    const DeviceNames device_name = device_names(context.client().devices());
    Json document = to_json(buffer, device_name);
    document["held"] = fd.has_value();
    context.answer(document, [&] {
        fmt::print("{}", describe({{"id", std::to_string(buffer.id)},
                                   {"name", buffer.name},
                                   {"device", name_of(device_name, buffer.device)},
                                   {"region", std::to_string(buffer.region)},
                                   {"bytes", human_bytes(buffer.bytes)},
                                   {"state", std::string(to_string(buffer.state))},
                                   {"creator", fmt::format("{} ({})", buffer.comm, buffer.pid)},
                                   {"mappings", std::to_string(buffer.mappings)},
                                   {"transfers", std::to_string(buffer.transfers)}}));
        for (const std::string &importer : buffer.attachments)
            fmt::print("attached by {}\n", importer);
    });
}

void release(Context &context, std::vector<std::string> names, bool all) {
    if (all)
        names = holder::names();
    else if (names.empty())
        throw Usage("buffer free: a name or --all is required");
    for (const std::string &name : names)
        holder::drop(name);
    context.answer({{"freed", names}}, [&] {
        for (const std::string &name : names)
            fmt::print("{} is freed\n", name);
    });
}

struct Contents {
    std::string name;
    std::string file;
    std::optional<std::uint64_t> offset;
    std::optional<std::uint64_t> bytes;
    std::optional<std::uint64_t> seed;
};

Fd open_file(const std::string &path, int flags) {
    Fd fd(::open(path.c_str(), flags | O_CLOEXEC, 0644));
    if (!fd)
        throw Failure(fmt::format("{}: {}", path, std::strerror(errno)));
    return fd;
}

// The buffer's fd and the range that is meant.
struct Target {
    Fd fd;
    std::uint64_t offset;
    std::uint64_t bytes;

    explicit Target(const Contents &wanted)
        : fd(holder::get(wanted.name)), offset(wanted.offset.value_or(0)),
          bytes(range_bytes(dmabuf_bytes(fd.get()), offset,
                            wanted.bytes ? &*wanted.bytes : nullptr)) {}
};

void read(Context &context, const Contents &wanted) {
    if (context.json && wanted.file.empty())
        throw Usage("buffer read: with --json the bytes need an --output");
    const Target target(wanted);
    Fd file;
    if (!wanted.file.empty())
        file = open_file(wanted.file, O_WRONLY | O_CREAT | O_TRUNC);
    read_contents(target.fd.get(), target.offset, target.bytes, file ? file.get() : STDOUT_FILENO);
    context.answer({{"name", wanted.name}, {"offset", target.offset}, {"bytes", target.bytes}},
                   [] {});
}

void write(Context &context, const Contents &wanted) {
    const Target target(wanted);
    std::uint64_t written = target.bytes;
    if (wanted.seed) {
        fill_contents(target.fd.get(), target.offset, target.bytes, *wanted.seed);
    } else {
        Fd file;
        if (!wanted.file.empty())
            file = open_file(wanted.file, O_RDONLY);
        const int from = file ? file.get() : STDIN_FILENO;
        written = write_contents(target.fd.get(), target.offset, target.bytes, from);
        char more;
        if (written == target.bytes && !wanted.bytes && ::read(from, &more, 1) == 1)
            throw Failure(fmt::format("the input has more than the {} bytes there is room for; "
                                      "they are written, the rest is not",
                                      target.bytes));
    }
    context.answer({{"name", wanted.name}, {"offset", target.offset}, {"bytes", written}},
                   [&] { fmt::print("{} written\n", human_bytes(written)); });
}

void hash(Context &context, const Contents &wanted) {
    const Target target(wanted);
    const std::string digest = hash_contents(target.fd.get(), target.offset, target.bytes);
    context.answer({{"name", wanted.name},
                    {"offset", target.offset},
                    {"bytes", target.bytes},
                    {"hash", digest}},
                   [&] { fmt::print("{}  {}\n", digest, wanted.name); });
}

} // namespace

void add_buffer(CLI::App &app, Context &context) {
    CLI::App &object = add_object(app, "buffer", "Memory, kept by name between commands");

    const auto wanted = std::make_shared<Alloc>();
    CLI::App &alloc_verb = add_verb(object, "alloc", "Allocate a buffer and keep it by a name",
                                    "buffer alloc kv0 --region gpu0 --bytes 64MiB",
                                    [&context, wanted] { alloc(context, *wanted); });
    alloc_verb.add_option("NAME", wanted->name, "Name, unique among those that are held")
        ->required();
    alloc_verb.add_option("--region", wanted->region, "gpu0, gpu0/hbm, gpu0/1 or an id")
        ->required();
    add_bytes(alloc_verb, "--bytes", wanted->bytes, "Size")->required();
    alloc_verb.add_option("--count", wanted->count, "So many, called NAME0, NAME1 ...")
        ->check(CLI::Range(1U, 65536U));

    const auto held = std::make_shared<bool>(false);
    CLI::App &list_verb =
        add_verb(object, "list", "List all buffers, or those that are held", "buffer list --held",
                 [&context, held] { list(context, *held); });
    list_verb.add_flag("--held", *held, "Only those that this user's holder keeps");

    const auto which = std::make_shared<std::string>();
    CLI::App &show_verb = add_verb(object, "show", "Show a buffer", "buffer show kv0",
                                   [&context, which] { show(context, *which); });
    show_verb.add_option("BUFFER", *which, "Name of a held one, or any id")->required();

    const auto names = std::make_shared<std::vector<std::string>>();
    const auto all = std::make_shared<bool>(false);
    CLI::App &free_verb = add_verb(object, "free", "Let go of held buffers", "buffer free kv0 kv1",
                                   [&context, names, all] { release(context, *names, *all); });
    free_verb.add_option("NAME", *names, "Names");
    free_verb.add_flag("--all", *all, "All that are held");

    const auto contents = std::make_shared<Contents>();
    const auto take_range = [contents](CLI::App &verb) {
        verb.add_option("NAME", contents->name, "Name of a held buffer")->required();
        add_bytes(verb, "--offset", contents->offset, "First byte; default 0");
        add_bytes(verb, "--bytes", contents->bytes, "Length; default up to the end");
    };
    CLI::App &read_verb = add_verb(object, "read", "Write a buffer's bytes to stdout or a file",
                                   "buffer read kv0 --bytes 4KiB | hexdump -C",
                                   [&context, contents] { read(context, *contents); });
    take_range(read_verb);
    read_verb.add_option("--output", contents->file, "File instead of stdout");

    CLI::App &write_verb = add_verb(
        object, "write", "Fill a buffer from stdin, a file or a pattern",
        "buffer write kv0 < weights.bin", [&context, contents] { write(context, *contents); });
    take_range(write_verb);
    write_verb.add_option("--input", contents->file, "File instead of stdin");
    write_verb.add_option("--pattern", contents->seed, "A pattern made from this number instead");

    CLI::App &hash_verb =
        add_verb(object, "hash", "Print the CRC-32 of a buffer's bytes", "buffer hash kv0",
                 [&context, contents] { hash(context, *contents); });
    take_range(hash_verb);
}

} // namespace snctl

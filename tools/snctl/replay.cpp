// SPDX-License-Identifier: GPL-2.0-only OR MIT
//
// snctl replay TRACE: options to a model, a plan, a run on the kernel, a report. What each of
// these is lives in tools/replay; this file only joins them.
#include "objects.hpp"
#include "progress.hpp"
#include "replay_fabric.hpp"
#include "replay_print.hpp"

#include <supernode/name_range.hpp>
#include <supernode/units.hpp>

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>

namespace snctl {

namespace {

namespace replay = supernode::replay;

struct Options {
    std::string trace;
    std::string format;
    bool keep_stamps = false;
    std::size_t requests = 0; ///< 0: all
    double speed_up = 1;
    double scale = 1;
    std::string bytes_per_token = "320KiB";
    std::string host_memory = "1TiB";
    std::string device_memory = "64GiB";
    std::string decode_time = "25ms";
    std::uint64_t prefill_rate = 20'000;
    std::string prefill = "gpu[0-3]";
    std::string decode = "gpu[4-7]";
    std::string host = "cpu0";
    std::string choice = "least-loaded";
    std::string evict = "at-end";
    std::uint32_t inflight = 256;
    std::string figures;
    std::string scenario;
    bool dry_run = false;
};

/// A quantity with its unit, as the option @p name gave it.
template<typename Parse>
std::uint64_t quantity(const char *name, const std::string &text, Parse parse) {
    try {
        return parse(text);
    } catch (const std::invalid_argument &error) {
        throw Usage(std::string(name) + ": " + error.what());
    }
}

std::vector<std::string> names(const char *option, const std::string &text) {
    try {
        return supernode::expand_names(text);
    } catch (const std::invalid_argument &error) {
        throw Usage(std::string(option) + ": " + error.what());
    }
}

replay::Trace read(const Options &options) {
    replay::ReadOptions read_options;
    if (!options.format.empty())
        read_options.format =
            options.format == "azure" ? replay::Format::azure : replay::Format::mooncake;
    read_options.keep_stamps = options.keep_stamps;
    if (options.requests)
        read_options.max_requests = options.requests;
    return replay::read_trace_file(options.trace, read_options);
}

replay::Model model_of(const Options &options, std::size_t prefill, std::size_t decode) {
    replay::Model model;
    model.prefill_devices = static_cast<std::uint32_t>(prefill);
    model.decode_devices = static_cast<std::uint32_t>(decode);
    model.bytes_per_token =
        quantity("--bytes-per-token", options.bytes_per_token, supernode::parse_bytes);
    model.host_bytes = quantity("--host-memory", options.host_memory, supernode::parse_bytes);
    model.device_bytes = quantity("--device-memory", options.device_memory, supernode::parse_bytes);
    model.decode_ns_per_token =
        quantity("--decode-time", options.decode_time, supernode::parse_duration);
    model.prefill_tokens_per_sec = options.prefill_rate;
    model.scale = options.scale;
    model.choice = options.choice == "round-robin" ? replay::Choice::round_robin
                                                   : replay::Choice::least_loaded;
    model.evict = options.evict == "at-end" ? replay::Evict::at_end : replay::Evict::when_full;
    model.moves_max = supernode::segments_max;
    return model;
}

/// The command line again, from what was given of it.
std::string command_of(const CLI::App &verb) {
    std::string command = "snctl replay";
    for (const auto *option : verb.get_options()) {
        if (!option->count() || option->get_name() == "--figures")
            continue;
        if (!option->get_positional())
            command += " " + option->get_name();
        if (option->get_type_size())
            for (const auto &value : option->results())
                command += " " + value;
    }
    return command;
}

/// The pools' devices: the host, then those of prefill, then those of decode.
std::vector<std::string> pool_names(const Options &options, replay::Model &model) {
    auto all = names("--host", options.host);
    if (all.size() != 1)
        throw Usage("--host: one device keeps the cache, not " + std::to_string(all.size()));
    const auto prefill = names("--prefill", options.prefill);
    const auto decode = names("--decode", options.decode);
    all.insert(all.end(), prefill.begin(), prefill.end());
    all.insert(all.end(), decode.begin(), decode.end());
    model = model_of(options, prefill.size(), decode.size());
    return all;
}

void execute(supernode::Client &client, const Options &options, replay::Report &report) {
    const auto devices = replay::find_devices(client, report.pool_names);
    for (const auto &device : client.devices())
        report.device_names[device.id] = device.name;
    const auto demands = replay::find_demands(client, report.plan, devices);
    replay::SessionFabric fabric(client, report.plan, devices);

    Progress progress("replay", report.plan.ops.size(), false);
    replay::RunOptions run_options;
    run_options.speed_up = options.speed_up;
    run_options.inflight_max = std::max(1U, std::min(options.inflight, fabric.transfers_max()));
    run_options.progress = [&](std::size_t done) { progress.update(done); };

    const auto before = client.links();
    report.run = replay::run_plan(report.plan, fabric, run_options);
    report.links = replay::check_links(before, client.links(), demands);
}

Json plan_json(const replay::Report &report) {
    auto document = replay::to_json(report);
    for (const auto *key : {"seconds", "bytes_per_sec", "inflight_high", "late_ns", "classes",
                            "link_bytes", "pairs", "links", "blocks_verified", "mismatches",
                            "first_mismatches", "failures", "first_failures", "ok"})
        document.erase(key);
    std::uint64_t bytes = 0;
    for (const auto &op : report.plan.ops)
        bytes += op.bytes();
    document["bytes"] = bytes;
    return document;
}

void run(Context &context, const CLI::App &verb, const Options &options) {
    replay::Report report;
    report.pool_names = pool_names(options, report.model);
    const auto trace = read(options);
    report.trace_name = options.trace;
    report.command = command_of(verb);
    report.scenario = options.scenario.empty() ? "replay" : options.scenario;
    report.format = trace.format;
    report.dequantised = trace.dequantised;
    report.trace_seconds = replay::trace_facts(trace.requests).seconds;
    report.speed_up = options.speed_up;
    report.plan = replay::make_plan(trace.requests, report.model);

    if (options.dry_run) {
        context.answer(plan_json(report), [&] { replay::print_plan(std::cout, report); });
        return;
    }
    execute(context.client(), options, report);
    context.answer(replay::to_json(report), [&] { replay::print_result(std::cout, report); });
    std::cout.flush();
    if (!options.figures.empty())
        replay::append_figures(options.figures, replay::figures(report));
    if (!report.ok())
        throw Failure("this replay failed: " + std::to_string(report.run.mismatches) +
                      " blocks wrong, " + std::to_string(report.run.failures) +
                      " transfers failed, link counters " +
                      (report.links.ok() ? "right" : "wrong"));
}

} // namespace

void add_replay(CLI::App &app, Context &context) {
    const auto options = std::make_shared<Options>();
    auto verb = std::make_shared<CLI::App *>();
    *verb = &add_verb(app, "replay",
                      "Replay an LLM-serving trace as KV-cache transfers, and verify every block",
                      "replay trace.jsonl --requests 500 --scale 0.0004 --speed-up 10  # the "
                      "first 500 requests, blocks of 68 KiB, ten times as fast",
                      [&context, verb, options] { run(context, **verb, *options); });
    CLI::App &sub = **verb;
    sub.add_option("TRACE", options->trace, "Mooncake JSON lines or Azure LLM CSV")->required();
    sub.add_option("--format", options->format, "Of the trace, if its first line does not tell")
        ->check(CLI::IsMember({"mooncake", "azure"}));
    sub.add_flag("--keep-stamps", options->keep_stamps, "Do not spread coarse time stamps");
    sub.add_option("--requests", options->requests, "Replay so many, from the first on")
        ->check(CLI::PositiveNumber);
    sub.add_option("--speed-up", options->speed_up, "Times as fast as the trace")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    sub.add_option("--scale", options->scale,
                   "Fraction of its bytes that a KV block has; blocks have at least 4 KiB")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    sub.add_option("--bytes-per-token", options->bytes_per_token,
                   "KV of one token; the default is a 70B model's with grouped-query attention")
        ->capture_default_str();
    sub.add_option("--prefill", options->prefill, "Devices that compute prompts")
        ->capture_default_str();
    sub.add_option("--decode", options->decode, "Devices that compute answers")
        ->capture_default_str();
    sub.add_option("--host", options->host, "Device whose memory caches KV")->capture_default_str();
    sub.add_option("--host-memory", options->host_memory, "For the cache, before --scale")
        ->capture_default_str();
    sub.add_option("--device-memory", options->device_memory, "For KV per device, before --scale")
        ->capture_default_str();
    sub.add_option("--prefill-rate", options->prefill_rate, "Tokens a second, per prompt")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    sub.add_option("--decode-time", options->decode_time, "Per token of an answer")
        ->capture_default_str();
    sub.add_option("--choice", options->choice, "How a request gets its devices")
        ->capture_default_str()
        ->check(CLI::IsMember({"least-loaded", "round-robin"}));
    sub.add_option("--evict", options->evict, "When decoded blocks go back to host memory")
        ->capture_default_str()
        ->check(CLI::IsMember({"at-end", "when-full"}));
    sub.add_option("--inflight", options->inflight, "Transfers in flight at most")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    sub.add_option("--figures", options->figures, "Append rows of figures to this JSON file");
    sub.add_option("--scenario", options->scenario, "What the figures are called");
    sub.add_flag("--dry-run", options->dry_run, "Only plan: say what would move");
}

} // namespace snctl

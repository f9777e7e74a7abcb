// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Every operation, with its first, second, ... n-th allocation failing, until it meets no failure.
// A refusal leaves everything as it was; whatever the outcome, everything can be undone.
//
// inject ops [TEXT]     the operations whose name holds the text
// inject modules        loading and unloading; nothing of ours is loaded before
//
// Says figures as lines "NAME NUMBER".
#include "inject_cases.hpp"
#include "inject_probe.hpp"

#include <sys/syscall.h>

#include <map>

namespace {

using namespace inject;
using vmtest::require;

constexpr unsigned nth_max = 2000; ///< an operation that meets failures for ever

struct Tally {
    unsigned faults = 0;   ///< allocations that failed
    unsigned several = 0;  ///< operations that met more than one: only Mode::persist does that
    unsigned attempts = 0; ///< operations run
    unsigned refused = 0;
    unsigned unknown = 0; ///< done or not, but nobody was told
    std::map<std::string, unsigned> places;

    void add(const Hit &hit) {
        attempts++;
        faults += hit.failed;
        several += hit.failed > 1;
        if (hit.failed)
            places[hit.where]++;
    }
};

bool lack_of_memory(int error) {
    return error == ENOMEM || error == ENOBUFS;
}

/// One attempt; true when the next may tell more. Where all fail from the n-th on and it is done
/// all the same, it is so with those from the next on, which are fewer.
bool attempt(World &w, Probe &probe, const Case &c, Mode mode, unsigned n, Tally &tally) {
    c.prepare(w);
    const auto look = [&] {
        Lines lines = everything(w.client);
        if (c.flags & spends)
            std::erase_if(lines, [](const auto &line) { return line.starts_with("module "); });
        return lines;
    };
    const Lines before = look();
    w.open_line();
    probe.arm(n, mode);
    Outcome outcome;
    try {
        outcome = c.run(w);
    } catch (...) {
        probe.disarm();
        throw;
    }
    const Hit hit = probe.disarm();
    /* The kernel keeps a dump that failed on its way, and us with it, as long as its socket. */
    w.close_line();
    const auto where = fmt::format("{}, {} {} of {} ({})", c.name, inject::to_string(mode), n,
                                   hit.seen, hit.where);
    tally.add(hit);
    tally.unknown += outcome.kind == Outcome::unknown;
    if (outcome.kind == Outcome::refused) {
        tally.refused++;
        require(hit.failed, "{}: refused without a failure: {} '{}'", where,
                errno_name(outcome.error), outcome.sentence);
        require(!(c.flags & certain), "{}: cannot be refused, and was: {}", where,
                errno_name(outcome.error));
        require(lack_of_memory(outcome.error), "{}: refused with {} '{}'", where,
                errno_name(outcome.error), outcome.sentence);
        World::settle(before, fmt::format("{}: refused, and left something:", where), look);
    }
    w.restore();
    w.settle(fmt::format("{}: cannot be undone:", where));
    return hit.failed && (mode != Mode::persist || outcome.kind == Outcome::refused);
}

void exhaust(World &w, Probe &probe, const Case &c, Mode mode, Tally &tally) {
    for (unsigned n = 1; attempt(w, probe, c, mode, n, tally); n++)
        require(n < nth_max, "{}: meets failures for ever", c.name);
}

/// Commands of the running kernel that no case names.
std::vector<std::string> forgotten(const World &w, unsigned &known) {
    std::vector<std::string> missing;
    for (auto rest = raw::find(w.description(), CTRL_ATTR_OPS); rest.size() >= 4;) {
        std::uint16_t size = 0;
        std::uint32_t id = 0, can = 0;
        std::memcpy(&size, rest.data(), sizeof(size));
        const auto nest = rest.subspan(4, size - 4u);
        std::memcpy(&id, raw::find(nest, CTRL_ATTR_OP_ID).data(), sizeof(id));
        std::memcpy(&can, raw::find(nest, CTRL_ATTR_OP_FLAGS).data(), sizeof(can));
        rest = rest.subspan(std::min<std::size_t>((size + 3u) & ~3u, rest.size()));
        for (const unsigned way : {GENL_CMD_CAP_DO, GENL_CMD_CAP_DUMP}) {
            if (!(can & way))
                continue;
            known++;
            const bool is_dump = way == GENL_CMD_CAP_DUMP;
            if (std::ranges::none_of(cases, [&](const Case &c) {
                    return c.command == static_cast<int>(id) && ((c.flags & dump) != 0) == is_dump;
                }))
                missing.push_back(fmt::format("{} {}", is_dump ? "dump of" : "command", id));
        }
    }
    return missing;
}

void ops(std::string_view only) {
    Probe probe; /* its files are among those that stay open */
    World w;
    Tally tally;
    unsigned commands = 0, wrong = 0, done = 0, met = 0;
    for (const auto &what : forgotten(w, commands)) {
        fmt::print(stderr, "no case for {}\n", what);
        wrong++;
    }
    for (const Case &c : cases) {
        if (std::string_view(c.name).find(only) == std::string_view::npos)
            continue;
        const Tally before = tally;
        try {
            exhaust(w, probe, c, c.flags & certain ? Mode::once : Mode::wide, tally);
            if (!(c.flags & patient))
                exhaust(w, probe, c, Mode::persist, tally);
            done++;
        } catch (const std::exception &e) {
            fmt::print(stderr, "{}\n", e.what());
            wrong++;
            w.restore();
        }
        met += tally.faults != before.faults;
        fmt::print(stderr, "{}: {} failures, {} refusals, {} unknown in {} attempts\n", c.name,
                   tally.faults - before.faults, tally.refused - before.refused,
                   tally.unknown - before.unknown, tally.attempts - before.attempts);
    }
    for (const auto &[place, times] : tally.places)
        fmt::print(stderr, "  {} {}\n", times, place);
    w.client.link_del(w.near_link);
    w.client.link_del(w.far_link);
    w.client.device_del(w.gpu, true);
    w.client.device_del(w.far, true);
    fmt::print("commands {}\noperations {}\nmet {}\nfaults {}\nplaces {}\nwrong {}\n", commands,
               done, met, tally.faults, tally.places.size(), wrong);
    require(!wrong, "{} are wrong", wrong);
    require(tally.several || !only.empty(), "no failure was followed by another");
}

// Loading and unloading.

struct Loadable {
    const char *name;
    const char *parameters;
    std::vector<const char *> below; ///< loaded before
    bool patient;                    ///< undoing waits until there is memory: some must be left
};

Outcome load(const Loadable &module) {
    const auto path = fmt::format("/modules/{}.ko", module.name);
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    require(static_cast<bool>(file), "{}: {}", path, std::strerror(errno));
    return Outcome::of(syscall(SYS_finit_module, file.get(), module.parameters, 0));
}

Outcome unload(const char *name) {
    return Outcome::of(syscall(SYS_delete_module, name, O_NONBLOCK));
}

/// What there is without opening anything of the module's.
Lines outside() {
    Lines lines = modules();
    for (const auto *const path : {"/sys/kernel/debug/sn_sim", "/sys/module/supernode/holders"})
        if (std::filesystem::exists(path))
            lines.emplace_back(path);
    Line line;
    if (line.family().kind == Outcome::done) {
        Client client;
        const Lines inside = counts(client);
        lines.insert(lines.end(), inside.begin(), inside.end());
    }
    return lines;
}

bool load_attempt(Probe &probe, const Loadable &module, Mode mode, unsigned n, Tally &tally) {
    const Lines before = outside();
    probe.arm(n, mode);
    const Outcome outcome = load(module);
    Hit hit = probe.disarm();
    const auto where = fmt::format("load {}, {} {} of {} ({})", module.name,
                                   inject::to_string(mode), n, hit.seen, hit.where);
    tally.add(hit);
    if (outcome.kind == Outcome::refused) {
        tally.refused++;
        require(hit.failed && lack_of_memory(outcome.error), "{}: refused with {}", where,
                errno_name(outcome.error));
        World::settle(before, fmt::format("{}: refused, and left something:", where), outside);
        return true;
    }
    require(unload(module.name).kind == Outcome::done, "{}: does not unload: {}", where,
            std::strerror(errno));
    World::settle(before, fmt::format("{}: unloaded, and left something:", where), outside);
    return hit.failed && mode != Mode::persist;
}

bool unload_attempt(Probe &probe, const Loadable &module, unsigned n, Tally &tally) {
    const Lines before = outside();
    require(load(module).kind == Outcome::done, "{} does not load: {}", module.name,
            std::strerror(errno));
    probe.arm(n, Mode::once);
    const Outcome outcome = unload(module.name);
    const Hit hit = probe.disarm();
    const auto where =
        fmt::format("unload {}, once {} of {} ({})", module.name, n, hit.seen, hit.where);
    tally.add(hit);
    require(outcome.kind == Outcome::done, "{}: {}", where, errno_name(outcome.error));
    World::settle(before, fmt::format("{}: left something:", where), outside);
    return hit.failed;
}

void loading() {
    const Loadable all[] = {
        {"supernode", "edges_max=64 flows_max=8", {}, false},
        {"sn_host", "", {"supernode"}, true},
        {"sn_sim", "", {"supernode"}, false},
    };
    Probe probe;
    Tally tally;
    for (const auto &module : all) {
        for (const auto *name : module.below)
            require(load({name, "edges_max=64 flows_max=8", {}, false}).kind == Outcome::done,
                    "{} does not load: {}", name, std::strerror(errno));
        for (const Mode mode : {Mode::once, Mode::persist}) {
            if (mode == Mode::persist && module.patient)
                continue;
            for (unsigned n = 1; load_attempt(probe, module, mode, n, tally); n++)
                require(n < nth_max, "load {}: meets failures for ever", module.name);
        }
        for (unsigned n = 1; unload_attempt(probe, module, n, tally); n++)
            require(n < nth_max, "unload {}: meets failures for ever", module.name);
        for (const auto *name : module.below)
            require(unload(name).kind == Outcome::done, "{} does not unload: {}", name,
                    std::strerror(errno));
        fmt::print(stderr, "{}: {} failures so far\n", module.name, tally.faults);
    }
    for (const auto &[place, times] : tally.places)
        fmt::print(stderr, "  {} {}\n", times, place);
    require(tally.several, "no failure was followed by another");
    fmt::print("operations {}\nfaults {}\nplaces {}\nwrong 0\n", 2 * std::size(all), tally.faults,
               tally.places.size());
}

} // namespace

int main(int argc, char **argv) {
    return vmtest::run([&] {
        const std::string verb = argc > 1 ? argv[1] : "";
        if (verb == "ops")
            ops(argc > 2 ? argv[2] : "");
        else if (verb == "modules")
            loading();
        else
            require(false, "usage: inject ops [TEXT] | modules");
    });
}

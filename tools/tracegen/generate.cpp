// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Sessions in a queue by time of their next request. Only the constants of the profiles are
// fitted; tests/replay/tracegen_test.cpp holds them to the published figures.
#include "generate.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <queue>
#include <tuple>
#include <unordered_map>

namespace supernode::tracegen {

namespace {

using replay::block_tokens;

constexpr std::uint64_t ns_per_ms = 1'000'000;
/// Time that passes before the first request that is given out.
constexpr double warm_up_sec = 1800;
/// Seconds an answer takes, for each of its tokens.
constexpr double sec_per_token = 0.025;

constexpr std::array all_profiles = {
    Profile{
        .name = "chat",
        .about = "people who talk: Mooncake's conversation trace",
        .sessions_per_sec = 2.14,
        .go_on = 0.37,
        .system_prompts = 8,
        .system_tokens = {700, 0.4},
        .first_tokens = {4900, 1.20},
        .more_tokens = {800, 1.60},
        .output_tokens = {286, 0.60},
        .pause_sec = {40, 1.0},
        .input_tokens_max = 131'072,
    },
    Profile{
        .name = "code",
        .about = "completion while typing: the coding service of Splitwise",
        .sessions_per_sec = 2.45,
        .go_on = 0,
        .system_prompts = 0,
        .system_tokens = {},
        .first_tokens = {1500, 0.789},
        .more_tokens = {},
        .output_tokens = {13, 1.238},
        .pause_sec = {},
        .input_tokens_max = 16'384,
    },
    Profile{
        .name = "agent",
        .about = "agents that call tools: Mooncake's toolagent trace",
        .sessions_per_sec = 3.22,
        .go_on = 0.51,
        .system_prompts = 24,
        .system_tokens = {2600, 0.3},
        .first_tokens = {2150, 1.2},
        .more_tokens = {700, 1.2},
        .output_tokens = {110, 1.0},
        .pause_sec = {4, 1.3},
        .input_tokens_max = 131'072,
    },
};

/// xoshiro256**, seeded by splitmix64: the same numbers with every standard library.
class Random {
public:
    explicit Random(std::uint64_t seed) {
        for (auto &word : state_) {
            seed += 0x9e3779b97f4a7c15;
            std::uint64_t mixed = seed;
            mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
            mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
            word = mixed ^ mixed >> 31;
        }
    }

    /// In (0, 1].
    double unit() { return (static_cast<double>(next() >> 11) + 1) * 0x1p-53; }

    double exponential(double mean) { return -mean * std::log(unit()); }

    double lognormal(const Lognormal &of) {
        const double radius = std::sqrt(-2 * std::log(unit()));
        return of.median * std::exp(of.sigma * radius * std::cos(2 * std::numbers::pi * unit()));
    }

    std::uint32_t tokens(const Lognormal &of) {
        return static_cast<std::uint32_t>(std::clamp(std::round(lognormal(of)), 1.0, 1e6));
    }

private:
    std::uint64_t next() {
        const auto rotate = [](std::uint64_t x, int by) { return x << by | x >> (64 - by); };
        const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
        const std::uint64_t shifted = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = rotate(state_[3], 45);
        return result;
    }

    std::array<std::uint64_t, 4> state_;
};

struct Session {
    double time_sec = 0; ///< of its next request
    std::uint64_t order = 0;
    std::uint32_t input_tokens = 0;    ///< of its next request
    std::vector<std::uint64_t> blocks; ///< whole ones so far

    bool operator>(const Session &other) const {
        return std::tie(time_sec, order) > std::tie(other.time_sec, other.order);
    }
};

class Generator {
public:
    Generator(const Profile &profile, std::uint64_t seed) : profile_(profile), random_(seed) {
        for (unsigned i = 0; i < profile.system_prompts; ++i) {
            prompts_.push_back({random_.tokens(profile.system_tokens), {}});
            for (std::uint32_t t = block_tokens; t <= prompts_.back().tokens; t += block_tokens)
                prompts_.back().blocks.push_back(ids_++);
        }
        next_session_sec_ = random_.exponential(1 / profile_.sessions_per_sec);
    }

    std::vector<replay::Request> run(std::size_t count) {
        std::vector<replay::Request> requests;
        while (requests.size() < count) {
            while (sessions_.empty() || next_session_sec_ <= sessions_.top().time_sec)
                start_session();
            Session session = sessions_.top();
            sessions_.pop();
            const double time_sec = session.time_sec;
            replay::Request request = turn(session);
            if (time_sec < warm_up_sec)
                continue;
            const auto time_ms = static_cast<std::uint64_t>((time_sec - warm_up_sec) * 1000);
            request.time_ns = time_ms * ns_per_ms;
            for (auto &id : request.hash_ids)
                id = public_ids_.try_emplace(id, public_ids_.size()).first->second;
            requests.push_back(std::move(request));
        }
        const auto base_ns = requests.empty() ? 0 : requests.front().time_ns;
        for (auto &request : requests)
            request.time_ns -= base_ns;
        return requests;
    }

private:
    struct Prompt {
        std::uint32_t tokens;
        std::vector<std::uint64_t> blocks;
    };

    void start_session() {
        Session session;
        session.time_sec = next_session_sec_;
        session.order = order_++;
        if (!prompts_.empty()) {
            // The square of a uniform number: the first of n prompts serves 1/sqrt(n) of all.
            const double pick = random_.unit() * (1 - 0x1p-53);
            const Prompt &prompt = prompts_[static_cast<std::size_t>(
                pick * pick * static_cast<double>(prompts_.size()))];
            session.input_tokens = prompt.tokens;
            session.blocks = prompt.blocks;
        }
        session.input_tokens += random_.tokens(profile_.first_tokens);
        session.input_tokens = std::min(session.input_tokens, profile_.input_tokens_max);
        session.blocks.resize(
            std::min<std::size_t>(session.blocks.size(), session.input_tokens / block_tokens));
        sessions_.push(std::move(session));
        next_session_sec_ += random_.exponential(1 / profile_.sessions_per_sec);
    }

    /// The session's next request; the session goes back into the queue if it goes on.
    replay::Request turn(Session &session) {
        replay::Request request;
        request.input_tokens = session.input_tokens;
        request.output_tokens = random_.tokens(profile_.output_tokens);
        while (session.blocks.size() < session.input_tokens / block_tokens)
            session.blocks.push_back(ids_++);
        request.hash_ids = session.blocks;
        if (session.input_tokens % block_tokens)
            request.hash_ids.push_back(ids_++); // a part of a block: the next prompt fills it

        if (profile_.go_on > 0 && random_.unit() <= profile_.go_on) {
            session.input_tokens += request.output_tokens + random_.tokens(profile_.more_tokens);
            session.time_sec +=
                request.output_tokens * sec_per_token + random_.lognormal(profile_.pause_sec);
            session.order = order_++;
            if (session.input_tokens <= profile_.input_tokens_max)
                sessions_.push(std::move(session));
        }
        return request;
    }

    const Profile &profile_;
    Random random_;
    std::vector<Prompt> prompts_;
    std::priority_queue<Session, std::vector<Session>, std::greater<>> sessions_;
    std::unordered_map<std::uint64_t, std::uint64_t> public_ids_;
    std::uint64_t ids_ = 0;
    std::uint64_t order_ = 0;
    double next_session_sec_ = 0;
};

} // namespace

std::span<const Profile> profiles() {
    return all_profiles;
}

std::vector<replay::Request> generate(const Profile &profile, std::uint64_t seed,
                                      std::size_t count) {
    return Generator(profile, seed).run(count);
}

void write_mooncake(std::ostream &out, std::span<const replay::Request> requests) {
    for (const auto &request : requests) {
        out << "{\"timestamp\": " << request.time_ns / ns_per_ms
            << ", \"input_length\": " << request.input_tokens
            << ", \"output_length\": " << request.output_tokens << ", \"hash_ids\": [";
        const char *separator = "";
        for (const auto id : request.hash_ids) {
            out << separator << id;
            separator = ", ";
        }
        out << "]}\n";
    }
}

} // namespace supernode::tracegen

// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Transfers: submitted, waited for in every way, cancelled, torn down with their session. Each ends
// once, in a way that something explains.
#pragma once

#include "load_cargo.hpp"
#include "load_fence.hpp"

#include <memory>
#include <unordered_map>

namespace load {

struct Flight {
    std::vector<Piece> pieces;
    std::uint64_t bytes = 0;
    std::uint64_t user_data = 0;
    Fd fence;
    std::unique_ptr<TestFence> awaited;
    std::vector<int> allowed; ///< how it may end, but for 0
    bool steady = true;       ///< ends by itself
    bool cancelled = false;
    Clock::time_point begun = Clock::now();
};

class Mover {
public:
    Mover(const Actor &actor, std::shared_ptr<Client> client, FencePool &pool)
        : actor_(actor), board_(actor.board), random_(actor.random()), client_(std::move(client)),
          pool_(pool) {
        open();
    }

    void run() {
        while (actor_.going())
            round();
        collect(0);
        require(!readable(session_->fd(), 20), "a record came when nothing was under way");
        session_.reset();
        board_.done(Op::session_close);
    }

private:
    static constexpr std::size_t in_flight_max = 4;
    static constexpr std::uint64_t late_ns = 15'000'000'000;

    void round() {
        if (random_.chance(5))
            close_busy();
        if (random_.chance(3))
            cargo_->renew([this](std::size_t source) { return reads(source); });
        submit();
        if (!flights_.empty() && random_.chance(25))
            look();
        if (!flights_.empty() && random_.chance(20))
            cancel(any());
        collect(random_.below(in_flight_max));
    }

    void open() {
        attempt(board_, Op::session_open, {}, [&] {
            session_.emplace(client_->open_session(static_cast<Class>(random_.between(1, 4))));
        });
        cargo_.emplace(board_, random_, *client_);
    }

    bool reads(std::size_t source) const {
        for (const auto &[id, flight] : flights_)
            if (std::ranges::find(flight.pieces, source, &Piece::source) != flight.pieces.end())
                return true;
        return false;
    }

    void submit() {
        Flight flight;
        flight.pieces = cargo_->choose(*session_);
        if (flight.pieces.empty())
            return;
        bool frail = false, flaps = false;
        std::vector<Segment> segments;
        for (const auto &p : flight.pieces) {
            const auto &source = cargo_->source(p);
            const auto &sink = cargo_->sink(p);
            frail |= is_frail(source.device) || is_frail(sink.device);
            flaps |= between_sims(source.device, sink.device);
            flight.bytes += p.bytes;
            segments.push_back({.src_fd = source.buffer.fd.get(),
                                .dst_fd = sink.buffer.fd.get(),
                                .src_offset = p.from,
                                .dst_offset = p.to,
                                .bytes = p.bytes});
        }
        SubmitOptions options;
        options.user_data = flight.user_data = random_.below(UINT64_MAX);
        options.out_fence = random_.chance(50);
        if (random_.chance(50))
            options.priority = static_cast<Class>(random_.between(1, 4));
        std::vector<Fd> held;
        await(flight, options, held);
        if (frail) {
            flight.steady = false;
            flight.allowed.insert(flight.allowed.end(), {-EIO, -EREMOTEIO, -ENODEV, -EHOSTUNREACH});
        }
        /* A copy that fails while its only link is down cannot be sent again. */
        if (flaps)
            flight.allowed.insert(flight.allowed.end(), {-EHOSTUNREACH, -EIO});
        if (options.out_fence)
            flight.allowed.push_back(-ETIMEDOUT);

        Submission sent;
        const auto kind = segments.size() > 1 ? Op::submit_many : Op::submit_single;
        const auto call = [&] { sent = session_->submit(segments, options); };
        if (!(frail ? attempt(board_, kind, {ENODEV, EHOSTUNREACH, ESTALE}, call)
                    : attempt(board_, kind, {ESTALE}, call))) {
            cargo_->forget_lost(flight.pieces,
                                [this](std::size_t source) { return reads(source); });
            return;
        }
        board_.accepted++;
        count_kinds(flight, options);
        if (sent.out_fence)
            pool_.add(sent.out_fence);
        flight.fence = std::move(sent.out_fence);
        cargo_->load(flight.pieces);
        require(flights_.emplace(sent.id, std::move(flight)).second, "transfer id {} came twice",
                sent.id);
    }

    /// Their own link comes and goes. A transfer that began on it is not staged when it has gone.
    static bool between_sims(std::string_view from, std::string_view to) {
        return from.starts_with("sim") && to.starts_with("sim") && from != to;
    }

    void await(Flight &flight, SubmitOptions &options, std::vector<Fd> &held) {
        if (random_.chance(15)) {
            flight.awaited = std::make_unique<TestFence>();
            options.in_fences.push_back(flight.awaited->fd());
        }
        while (random_.chance(20) && options.in_fences.size() < 4) {
            auto fence = pool_.any(random_);
            if (!fence)
                break;
            options.in_fences.push_back(fence.get());
            held.push_back(std::move(fence));
        }
        if (options.in_fences.empty())
            return;
        /* What others' fences end with, it ends with. */
        flight.steady = false;
        flight.allowed = {-ECANCELED, -ENOSPC, -ETIMEDOUT,   -EIO,
                          -EREMOTEIO, -ENODEV, -EHOSTUNREACH};
    }

    void count_kinds(const Flight &flight, const SubmitOptions &options) {
        const auto &from = cargo_->source(flight.pieces.front()).device;
        const auto &to = cargo_->sink(flight.pieces.front()).device;
        const bool from_host = from.starts_with("cpu"), to_host = to.starts_with("cpu");
        if (from_host && !to_host)
            board_.done(Op::host_to_sim);
        if (!from_host && to_host)
            board_.done(Op::sim_to_host);
        if (!from_host && !to_host)
            board_.done(Op::sim_to_sim);
        if (between_sims(from, to)) {
            const auto path = client_->path(device_id(*client_, from), device_id(*client_, to));
            if (!path.routes.empty() && path.routes.front().stages > 1)
                board_.done(Op::submit_staged);
        }
        if (!options.in_fences.empty())
            board_.done(Op::submit_in_fence);
        if (options.out_fence)
            board_.done(Op::submit_out_fence);
    }

    std::uint64_t any() {
        return std::next(flights_.begin(), static_cast<long>(random_.below(flights_.size())))
            ->first;
    }

    void look() {
        const auto id = any();
        TransferInfo info;
        attempt(board_, Op::transfer_get, {}, [&] { info = session_->transfer(id); });
        const auto &flight = flights_.at(id);
        require(info.id == id && info.session == session_->id() && info.bytes == flight.bytes &&
                    info.done_bytes <= info.bytes && info.user_data == flight.user_data,
                "transfer {} says {} of {} bytes, should have {}", id, info.done_bytes, info.bytes,
                flight.bytes);
    }

    void cancel(std::uint64_t id) {
        auto &flight = flights_.at(id);
        attempt(board_, Op::transfer_cancel, {}, [&] { session_->cancel(id); });
        flight.cancelled = true;
        flight.allowed.push_back(-ECANCELED);
    }

    void collect(std::size_t left) {
        while (flights_.size() > left) {
            release_awaited();
            wait();
            hurry();
        }
    }

    void release_awaited() {
        for (auto &[id, flight] : flights_) {
            if (!flight.awaited)
                continue;
            if (!random_.chance(5)) /* else its file is closed, which cancels the fence */
                flight.awaited->signal(random_.chance(10) ? ENOSPC : 0);
            flight.awaited.reset();
        }
    }

    void wait() {
        const auto fenced = std::ranges::find_if(
            flights_, [](const auto &f) { return static_cast<bool>(f.second.fence); });
        if (fenced != flights_.end() && random_.chance(40)) {
            if (!readable(fenced->second.fence.get(), patience()))
                return;
            board_.done(Op::wait_by_fence);
            require(readable(session_->fd(), 20000), "a fence signalled and there is no record");
        }
        const auto begun = now_ns();
        if (random_.chance(50)) {
            if (!readable(session_->fd(), patience()))
                return;
            board_.done(Op::wait_by_poll);
        }
        const auto records = session_->completions(std::chrono::milliseconds(patience()));
        const auto woken = now_ns();
        if (!records.empty())
            board_.done(Op::wait_by_read);
        for (const auto &record : records) {
            /* poll() looks again when its time is over: a wake-up that was lost is a late one. */
            require(record.end_ns < begun || woken - record.end_ns < late_ns,
                    "transfer {} ended, and its reader woke up {} ms later", record.id,
                    (woken - record.end_ns) / 1000000);
            end(record);
        }
    }

    static std::uint64_t now_ns() {
        return static_cast<std::uint64_t>(Clock::now().time_since_epoch().count());
    }

    /// How long to sleep at most, in ms: what may hang has to be seen to now and then.
    int patience() const {
        return std::ranges::all_of(flights_, [](const auto &f) { return f.second.steady; }) ? 30000
                                                                                            : 500;
    }

    /// What an engine that hangs has is cancelled; the others have to end by themselves.
    void hurry() {
        std::vector<std::uint64_t> late;
        for (const auto &[id, flight] : flights_) {
            const auto age = Clock::now() - flight.begun;
            require(age < 120s, "transfer {} of {} bytes never ends: {}{}", id, flight.bytes,
                    flight.steady ? "steady" : "frail", flight.cancelled ? ", cancelled" : "");
            if (age > 3s && !flight.steady && !flight.cancelled)
                late.push_back(id);
        }
        for (const auto id : late)
            cancel(id);
    }

    void end(const Completion &c) {
        require(c.type == CompletionType::transfer, "a record of type {}", to_string(c.type));
        const auto at = flights_.find(c.id);
        require(at != flights_.end(), "transfer {} ended, which is not under way: a second time?",
                c.id);
        const auto flight = std::move(at->second);
        flights_.erase(at);
        require(c.user_data == flight.user_data, "transfer {} has another's user data", c.id);
        require(c.status == 0 || std::ranges::count(flight.allowed, c.status),
                "a {} transfer of {} bytes, {} to {}, ended with {}",
                flight.steady ? "steady" : "frail", flight.bytes,
                cargo_->source(flight.pieces[0]).device, cargo_->sink(flight.pieces[0]).device,
                c.status);
        require(c.bytes <= flight.bytes && (c.status != 0 || c.bytes == flight.bytes),
                "transfer {} ended with {}, {} of {} bytes", c.id, c.status, c.bytes, flight.bytes);
        require(c.end_ns >= c.submit_ns &&
                    (!c.start_ns || (c.start_ns >= c.submit_ns && c.end_ns >= c.start_ns)),
                "transfer {}: submitted {}, started {}, ended {}", c.id, c.submit_ns, c.start_ns,
                c.end_ns);
        if (flight.fence) {
            require(readable(flight.fence.get(), 0), "transfer {} ended before its fence", c.id);
            const int said = fence_status(flight.fence.get());
            require(said == (c.status ? c.status : 1), "transfer {} ended with {}, its fence {}",
                    c.id, c.status, said);
        }
        board_.done(c.status == 0            ? Op::transfer_done
                    : c.status == -ECANCELED ? Op::transfer_cancelled
                                             : Op::transfer_failed);
        if (cargo_->unload(flight.pieces, c.status == 0)) {
            board_.verified_transfers++;
            board_.verified_bytes += flight.bytes;
        }
    }

    /// The session goes with transfers under way: their fences must signal all the same.
    void close_busy() {
        session_.reset();
        board_.done(flights_.empty() ? Op::session_close : Op::session_close_busy);
        for (const auto &[id, flight] : flights_)
            require(!flight.fence || readable(flight.fence.get(), 20000),
                    "the fence of transfer {} of a closed session never signals", id);
        flights_.clear();
        open();
    }

    const Actor &actor_;
    Board &board_;
    Random random_;
    std::shared_ptr<Client> client_;
    FencePool &pool_;
    std::optional<Session> session_;
    std::optional<Cargo> cargo_;
    std::unordered_map<std::uint64_t, Flight> flights_;
};

} // namespace load

#include "agent/agent.h"

#include <thread>

#include "agent/rounds.h"
#include "net/sd_notify.h"

namespace kw::agent {

namespace {

constexpr Milliseconds kReconnectFirst{200};
constexpr Milliseconds kReconnectMost{10'000};

void add_paths(const codec::TextTemplate& text, std::set<std::string>& paths,
               std::set<std::string>& previous) {
  for (const codec::TextReference& each : text.references()) {
    paths.insert(each.path);
    if (each.previous) previous.insert(each.path);
  }
}

void add_paths(const ApplicationConfig& application, std::set<std::string>& paths,
               std::set<std::string>& previous) {
  for (const FileConfig& file : application.files) add_paths(file.text, paths, previous);
  for (const auto& each : application.environment) add_paths(each.second, paths, previous);
}

Holdings holdings_of(const Config& config, const Clock& clock) {
  std::set<std::string> paths, previous;
  for (const ApplicationConfig& each : config.applications) add_paths(each, paths, previous);
  if (config.exec) add_paths(config.exec->application, paths, previous);
  for (const SecretConfig& each : config.secrets) paths.insert(each.path);
  return {paths, std::move(previous), clock};
}

}  // namespace

struct Agent::State {
  State(const Config& given, Parts p, std::unique_ptr<Upstream> up, Cache kept)
      : config(given),
        parts(p),
        upstream(std::move(up)),
        cache(std::move(kept)),
        holdings(holdings_of(given, p.clock)),
        rounds(given, p, *upstream, cache, holdings, wakeup),
        stream(p.metrics.gauge("agent_stream_connected", "1 while the server's events arrive.")) {}

  void work() {
    while (!wakeup.stopping()) {
      std::set<std::string> changed = wakeup.next(rounds.idle_time(connected));
      if (wakeup.stopping()) return;
      if (rounds.refresh_due(connected)) changed.insert("");
      rounds.run(changed, true);
      net::notify_service_manager("WATCHDOG=1");
    }
  }

  void listen() {
    client::Backoff backoff(kReconnectFirst, kReconnectMost);
    bool told = false;
    while (!wakeup.stopping()) {
      const Status ended = upstream->listen(
          [&](bool resumed) {
            backoff.reset();
            connected = true;
            stream.set(1);
            // What happened while nobody listened.
            if (!resumed) wakeup.changed("");
          },
          [&](const std::string& path) { wakeup.changed(path); }, wakeup.stopping_flag());
      const bool was_connected = connected.exchange(false);
      stream.set(0);
      if (wakeup.stopping()) return;
      // Told once for each absence, not at each try.
      if (!ended && (was_connected || !told)) parts.log.failure("events.lost", ended.error());
      told = !ended;
      wakeup.wait(backoff.next());
    }
  }

  const Config& config;
  Parts parts;
  std::unique_ptr<Upstream> upstream;
  Cache cache;
  Holdings holdings;
  Wakeup wakeup;
  Rounds rounds;
  observe::Gauge& stream;
  std::atomic<bool> connected{false};
  std::thread worker, listener;
};

Agent::Agent(std::unique_ptr<State> state) : state_(std::move(state)) {}
Agent::~Agent() {
  stop();
}

Result<std::unique_ptr<Agent>> Agent::create(const Config& config, Parts parts) {
  KW_TRY(std::unique_ptr<Upstream> upstream, Upstream::open(config, parts.clock));
  KW_TRY(Cache cache, Cache::open(config.cache, {config.server.url, config.tenant, config.consumer},
                                  parts.clock));
  return std::unique_ptr<Agent>(
      new Agent(std::make_unique<State>(config, parts, std::move(upstream), std::move(cache))));
}

void Agent::set_exec_delivery(Delivery& delivery) {
  state_->rounds.set_exec_delivery(delivery);
}

Status Agent::run_once() {
  state_->rounds.resume();
  const RoundOutcome outcome = state_->rounds.run({""}, false);
  KW_OK(outcome.applied);
  // Values of the cache are good enough to start an application with.
  for (const std::string& path : state_->holdings.paths())
    if (!state_->holdings.in_force(path))
      return outcome.fetched ? error(Code::kUnavailable, "no_value", "there is no value of " + path)
                             : outcome.fetched.error();
  return ok();
}

void Agent::start() {
  if (const Status first = run_once(); !first)
    state_->parts.log.failure("agent.first_round", first.error());
  state_->worker = std::thread([this] { state_->work(); });
  state_->listener = std::thread([this] { state_->listen(); });
}

void Agent::stop() {
  state_->wakeup.stop();
  state_->upstream->stop();
  if (state_->worker.joinable()) state_->worker.join();
  if (state_->listener.joinable()) state_->listener.join();
}

void Agent::wake() {
  state_->wakeup.changed("");
}

void Agent::nudge() {
  // A path that no secret has: nothing is fetched.
  state_->wakeup.changed("/");
}

Holdings& Agent::holdings() {
  return state_->holdings;
}

bool Agent::connected() const {
  return state_->connected;
}

}  // namespace kw::agent

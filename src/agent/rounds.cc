#include "agent/rounds.h"

#include <algorithm>

#include "agent/stagger.h"

namespace kw::agent {

namespace {

using client::SecretPointer;
using std::chrono::duration_cast;

constexpr Milliseconds kRetryFirst{500};
constexpr Milliseconds kRetryMost{10'000};
constexpr Milliseconds kIdleMost{60'000};
constexpr int kSayingsMax = 3;  // of one secret: failed, prepared, in force
constexpr int kSignsPerLease = 3;
constexpr int kKeepsPerAge = 8;
constexpr std::chrono::seconds kLeftoverAge{60};

void keep_first(Status& first, const Status& next) {
  if (first && !next) first = next;
}

}  // namespace

Rounds::Rounds(const Config& config, Agent::Parts parts, Upstream& upstream, const Cache& cache,
               Holdings& holdings, Wakeup& wakeup)
    : config_(config),
      parts_(parts),
      upstream_(upstream),
      cache_(cache),
      holdings_(holdings),
      wakeup_(wakeup),
      backoff_(kRetryFirst, kRetryMost),
      counters_{
          parts.metrics.counter("agent_fetches_total", "Values that were asked of the server."),
          parts.metrics.counter("agent_fetch_failures_total", "Fetches without a value."),
          parts.metrics.counter("agent_applied_total", "Times an application took new content."),
          parts.metrics.counter("agent_refused_total", "Times an application was not well."),
          parts.metrics.counter("agent_acknowledgements_total", "Acknowledgements sent.")} {
  for (const ApplicationConfig& each : config.applications) {
    auto delivery = std::make_unique<ReloadDelivery>(each.reload);
    Delivery& borrowed = *delivery;
    add(each, std::move(delivery), borrowed);
  }
}

void Rounds::set_exec_delivery(Delivery& delivery) {
  add(config_.exec->application, nullptr, delivery);
}

void Rounds::add(const ApplicationConfig& config, std::unique_ptr<Delivery> own,
                 Delivery& delivery) {
  Place place;
  place.own = std::move(own);
  place.application =
      std::make_unique<Application>(config, holdings_, delivery, wakeup_, parts_.log);
  place.delay = stagger(config_.consumer, config_.instance, config.name, config.stagger);
  places_.push_back(std::move(place));
}

void Rounds::resume() {
  for (const Place& place : places_) place.application->sweep(parts_.clock.wall() - kLeftoverAge);
  for (const std::string& path : holdings_.paths()) {
    auto value = cache_.load(path, CacheSlot::kPresent);
    if (value) holdings_.resume(value->value, value->age);
    if (!value && value.error().reason != "not_cached")
      parts_.log.failure("cache.unreadable", value.error());
    if (auto previous = cache_.load(path, CacheSlot::kPrevious))
      holdings_.offer_previous(path, previous->value);
  }
}

RoundOutcome Rounds::run(const std::set<std::string>& changed, bool patient) {
  RoundOutcome outcome;
  if (!changed.empty()) outcome.fetched = fetch(changed);
  for (const std::string& path : holdings_.expire(config_.cache.max_age)) {
    parts_.log.warning("secret.expired", {{"secret", path}});
    static_cast<void>(cache_.drop(path, CacheSlot::kPresent));
    static_cast<void>(cache_.drop(path, CacheSlot::kPrevious));
  }
  outcome.applied = hand_out(patient);
  say();
  for (const std::string& path : holdings_.paths())
    if (changed.contains("") || changed.contains(path)) prepare(path);
  say();
  return outcome;
}

Status Rounds::fetch(const std::set<std::string>& changed) {
  const bool all = changed.contains("");
  Status first = ok();
  for (const std::string& path : holdings_.paths()) {
    if (!all && !changed.contains(path)) continue;
    if (wakeup_.stopping()) break;
    const Status one = fetch_one(path);
    keep_first(first, one);
    // A server that is away costs one timeout, not one for each secret.
    if (!one && is_away(one.error())) break;
  }
  const bool away = !first && is_away(first.error());
  if (away != away_) parts_.log.warning(away ? "server.away" : "server.back");
  if (away) parts_.log.failure("fetch.failed", first.error());
  away_ = away;
  retry_at_.reset();
  if (away) {
    retry_at_ = parts_.clock.steady() + backoff_.next();
  } else {
    backoff_.reset();
    if (all) refreshed_at_ = parts_.clock.steady();
  }
  return first;
}

Status Rounds::fetch_one(const std::string& path) {
  counters_.fetches.add();
  auto value = upstream_.fetch(path, false);
  if (!value) {
    counters_.failures.add();
    if (!is_away(value.error())) drop(path, value.error());
    return value.error();
  }
  settle_fetch(path, *std::move(value));
  if (!holdings_.wants_previous().contains(path)) return ok();
  auto previous = upstream_.fetch(path, true);
  if (previous) {
    static_cast<void>(cache_.store(**previous, CacheSlot::kPrevious));
    holdings_.offer_previous(path, *std::move(previous));
  } else if (!is_away(previous.error())) {
    static_cast<void>(cache_.drop(path, CacheSlot::kPrevious));
    holdings_.offer_previous(path, nullptr);
  }
  return ok();
}

void Rounds::settle_fetch(const std::string& path, SecretPointer value) {
  const std::uint32_t version = value->version;
  if (holdings_.offer(std::move(value)))
    parts_.log.info("secret.offered",
                    {{"secret", path}, {"version", static_cast<std::int64_t>(version)}});
  spread(path);
}

// What the server refuses to hand out is not kept: it may have been revoked.
void Rounds::drop(const std::string& path, const Error& why) {
  static_cast<void>(cache_.drop(path, CacheSlot::kPresent));
  static_cast<void>(cache_.drop(path, CacheSlot::kPrevious));
  kept_at_.erase(path);
  if (holdings_.drop(path))
    parts_.log.warning("secret.dropped", {{"secret", path}, {"reason", why.reason}});
}

bool Rounds::is_used_by_all(const std::string& path, std::uint32_t version) const {
  return std::all_of(places_.begin(), places_.end(), [&](const Place& place) {
    const auto& references = place.application->references();
    const bool uses = std::any_of(references.begin(), references.end(), [&](const auto& each) {
      return each.path == path && !each.previous;
    });
    if (!uses) return true;
    const auto& versions = place.application->versions();
    const auto found = versions.find(path);
    return found != versions.end() && found->second == version;
  });
}

// In force, and kept for the next start, is what every application took.
void Rounds::spread(const std::string& path) {
  const SecretPointer offered = holdings_.wanted({path, "", false});
  if (!offered || !is_used_by_all(path, offered->version)) return;
  holdings_.took(path, offered->version);
  keep(path);
}

void Rounds::keep(const std::string& path) {
  const SecretPointer value = holdings_.in_force(path);
  if (!value || !cache_.enabled()) return;
  const SteadyTime now = parts_.clock.steady();
  const auto kept = kept_at_.find(path);
  const auto cached = cache_.load(path, CacheSlot::kPresent);
  const bool same = cached && cached->value->version == value->version;
  const bool young =
      kept != kept_at_.end() && now - kept->second < config_.cache.max_age / kKeepsPerAge;
  // Only what the server confirmed in this life counts as young.
  if ((same && young) || !holdings_.confirmed(path)) return;
  if (const Status stored = cache_.store(*value, CacheSlot::kPresent); !stored) {
    parts_.log.failure("cache.not_stored", stored.error());
  } else {
    kept_at_[path] = now;
  }
}

// A rotation asks everybody to have tried the new version before the first one uses it.
void Rounds::prepare(const std::string& path) {
  const SecretPointer present = holdings_.wanted({path, "", false});
  if (!present || present->epoch == 0 || away_) return;
  std::int64_t& seen = epochs_[path];
  if (seen == present->epoch) return;
  const auto upcoming = upstream_.upcoming(path, present->version);
  if (!upcoming && is_away(upcoming.error())) return;
  seen = present->epoch;
  if (!upcoming || !*upcoming) return;
  const std::uint32_t version = (*upcoming)->version;
  for (const Place& place : places_) {
    const auto& references = place.application->references();
    const bool uses = std::any_of(references.begin(), references.end(),
                                  [&](const auto& each) { return each.path == path; });
    if (!uses) continue;
    if (const Status probed = place.application->probe(*upcoming); !probed) {
      parts_.log.failure("secret.not_usable", probed.error());
      holdings_.reached(path, version, Grade::kFailed);
      return;
    }
  }
  holdings_.prepared(path, version);
}

Status Rounds::hand_out(bool patient) {
  Status first = ok();
  for (Place& place : places_) {
    if (wakeup_.stopping()) break;
    const SteadyTime now = parts_.clock.steady();
    if (!place.application->is_behind(now)) {
      place.due.reset();
      continue;
    }
    // The first time at once: nobody waits for a start to be spread out.
    if (!place.due) place.due = now + (place.started && patient ? place.delay : Milliseconds(0));
    if (now >= *place.due) keep_first(first, hand_to(place));
  }
  return first;
}

Status Rounds::hand_to(Place& place) {
  Application& application = *place.application;
  const auto wanted = application.wanted_versions();
  const Taken taken = application.take(parts_.clock.steady());
  place.due.reset();
  place.started = true;
  switch (taken.kind) {
    case Taken::Kind::kImpossible:
      parts_.log.failure("application.impossible", taken.why);
      return taken.why;
    case Taken::Kind::kRefused:
    case Taken::Kind::kUnwell:
      counters_.refused.add();
      refused(wanted, taken.kind == Taken::Kind::kRefused);
      return taken.why;
    case Taken::Kind::kTaken:
      counters_.taken.add();
      parts_.log.info("application.applied", {{"application", application.name()}});
      break;
    case Taken::Kind::kUnchanged:
      break;
  }
  for (const auto& [path, version] : application.versions()) {
    spread(path);
    if (taken.well && is_used_by_all(path, version)) holdings_.reached(path, version, Grade::kUsed);
  }
  return ok();
}

// Only what worked before the change speaks against it: an application that is not up yet does not.
void Rounds::refused(const std::map<std::string, std::uint32_t>& wanted, bool blamed) {
  for (const auto& [path, version] : wanted) {
    const SecretPointer held = holdings_.in_force(path);
    if (held && held->version == version) continue;
    // Without a former one the readers of the socket get it all the same.
    if (!held) holdings_.took(path, version);
    if (blamed) holdings_.reached(path, version, Grade::kFailed);
  }
}

void Rounds::say() {
  const auto repeat = std::max(config_.lease / kSignsPerLease, std::chrono::seconds(1));
  // One thing said may make another one due.
  for (int i = 0; i < kSayingsMax; ++i)
    for (const Saying& saying : holdings_.unsaid(repeat))
      if (!say_one(saying)) return;
  if (away_ || (spoke_at_ && parts_.clock.steady() - *spoke_at_ < repeat)) return;
  if (const Status beaten = upstream_.heartbeat(); !beaten)
    parts_.log.failure("heartbeat.failed", beaten.error());
  spoke_at_ = parts_.clock.steady();
}

// False when nothing more can be said now. What the server refuses is final: it is repeated with
// the lease, not at once.
bool Rounds::say_one(const Saying& saying) {
  if (wakeup_.stopping()) return false;
  const Status said = upstream_.acknowledge(saying.path, saying.version, saying.grade);
  if (!said) {
    parts_.log.failure("acknowledgement.failed", said.error());
    if (is_away(said.error())) {
      retry_at_ = parts_.clock.steady() + backoff_.next();
      return false;
    }
  }
  counters_.acknowledged.add();
  holdings_.said(saying);
  spoke_at_ = parts_.clock.steady();
  return true;
}

bool Rounds::refresh_due(bool connected) const {
  const SteadyTime now = parts_.clock.steady();
  if (retry_at_) return now >= *retry_at_;
  if (!refreshed_at_) return true;
  return now - *refreshed_at_ >=
         (connected ? config_.refresh : std::min(config_.poll, config_.refresh));
}

Milliseconds Rounds::idle_time(bool connected) const {
  const SteadyTime now = parts_.clock.steady();
  SteadyTime next = now + kIdleMost;
  if (refreshed_at_)
    next = std::min(next, *refreshed_at_ + (connected ? config_.refresh
                                                      : std::min(config_.poll, config_.refresh)));
  if (retry_at_) next = std::min(next, *retry_at_);
  if (spoke_at_) next = std::min(next, *spoke_at_ + config_.lease / kSignsPerLease);
  for (const Place& place : places_)
    if (place.due) next = std::min(next, *place.due);
  return std::max(Milliseconds(1), duration_cast<Milliseconds>(next - now) + Milliseconds(1));
}

}  // namespace kw::agent

// A store with a change log, a target with faults, and engines that can be killed: what the tests
// of the engine stand on.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "audit/change_log.h"
#include "base/clock.h"
#include "rotation/consumer.h"
#include "rotation/engine.h"
#include "rotation/runs.h"
#include "store/store.h"

namespace kw::rotation {

/// "" for success, else the reason.
template <typename T>
std::string reason_of(const Result<T>& result) {
  return result ? std::string() : result.error().reason;
}

/// Passes everything on until it dies: then nothing is written any more, as after kill -9.
class MortalStore final : public store::Store {
 public:
  explicit MortalStore(store::Store& real) : real_(real) {}
  /// Dies at the write number `writes` from now; `after` says whether that one is still durable.
  void die_at(int writes, bool after) {
    left_ = writes;
    after_ = after;
  }
  bool dead() const { return dead_; }

  Status write(const Work& work, store::Priority priority) override;
  void write_async(Work work, std::function<void(Status)> done) override;
  Status read(const std::function<Status(store::Reader&)>& work) override {
    return real_.read(work);
  }
  Status migrate(std::span<const store::Migration> migrations) override {
    return real_.migrate(migrations);
  }
  std::string_view engine() const override { return real_.engine(); }
  store::Foreground foreground() const override { return real_.foreground(); }

 private:
  store::Store& real_;
  int left_ = 0;
  bool after_ = false, dead_ = false;
};

enum class Fault { kNone, kLostCall, kLostReply, kRefused };

/// Subjects with versions: what the house knows is in a table, what the target accepts in memory,
/// as it is with a real foreign system. Counts what must never happen.
class FakeRotatable final : public Rotatable {
 public:
  FakeRotatable(store::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  Traits the_traits{false, true, true, true};
  std::function<Fault(Verb, const Run&)> fault;              ///< nothing: none
  std::function<std::string(const std::string&)> target_of;  ///< of a subject's name
  std::function<void(Verb, const Run&)> on_perform;
  Drain drain{Drain::Quality::kExact, 0, std::nullopt, {}};
  Health the_health;
  bool free_slot = true;
  std::string drift;
  std::set<std::string> damaged;  ///< names
  std::atomic<int> violations{0}, performed{0}, settled_calls{0};

  Status add(const std::string& tenant, const std::string& name);
  std::int64_t primary(const std::string& name);
  /// What the target accepts of it.
  std::set<std::uint32_t> accepted(const std::string& name);
  void swap_at_target(const std::string& name, std::uint32_t only);

  std::string_view kind() const override { return "fake"; }
  Traits traits(const SubjectFacts& facts) const override {
    Traits made = the_traits;
    if (target_of) made.target = target_of(facts.subject.name);
    return made;
  }
  Result<std::vector<SubjectFacts>> inventory(const Subject* after, int limit) override;
  Result<Observed> inspect(const Run& run) override;
  Performed perform(Verb verb, const Run& run) override;
  Status settle(Verb verb, store::Tx& tx, const audit::Event& by, Run& run,
                const Performed& performed) override;
  void settled(const Run&) override { ++settled_calls; }
  Result<Drain> measure_drain(const Run&) override { return drain; }
  Result<Health> health(const Run&) override { return the_health; }

 private:
  void act(Verb verb, const Run& run);
  bool accepted_of(const Run& run);
  Result<SubjectFacts> facts(store::Reader& reader, const Subject& subject);

  store::Store& store_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<Subject, std::set<std::uint32_t>> accepted_;
};

class EngineRoom {
 public:
  explicit EngineRoom(const std::string& engine = "sqlite");
  ~EngineRoom();

  /// A new engine process on the same store; the one before is gone.
  Engine& restart();
  Engine& engine() { return *engine_; }
  /// Rounds until nothing moves any more or `rounds` are over; the clock stands still.
  void settle(int rounds = 40);
  /// Rounds with the clock going on by `step`, until the run is finished.
  Run carry_to_end(const RunId& id, std::chrono::seconds step = std::chrono::seconds(10),
                   int rounds = 1200);

  Run start(const std::string& name, StartOptions options = {});
  Run show(const RunId& id);
  std::vector<Step> steps(const RunId& id);
  std::string steer(const std::function<Status(Change)>& work);
  std::int64_t number(std::string_view sql);
  Subject subject(const std::string& name) const { return {"fake", "acme", name}; }

  FakeClock clock{from_micros(1'800'000'000'000'000)};
  std::unique_ptr<store::Store> store;
  std::unique_ptr<MortalStore> mortal;  ///< of the present engine
  std::unique_ptr<audit::ChangeLog> log;
  std::unique_ptr<Runs> runs;
  std::unique_ptr<Consumers> consumers;
  std::unique_ptr<FakeRotatable> fake;
  observe::Registry metrics;
  EngineOptions options;
  EffectivePolicy policy;  ///< of every subject

 private:
  std::string folder_;
  std::unique_ptr<Engine> engine_;
  int engines_ = 0;
};

}  // namespace kw::rotation

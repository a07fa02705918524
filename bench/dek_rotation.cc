// Durable rotations of data-encryption keys by the engine, each with its run, its step and its
// leaf: by schedule as everything that is due at once, by hand as runs that are all open at once,
// and one run per transaction for comparison. Every tenant has a KEK of its own.
//
// The engine's settings are those of a server, but for the spreading of what is overdue.
//
//   bench_dek_rotation STORE_URL KEYS TENANTS
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "audit/change_log.h"
#include "cluster/cluster.h"
#include "codec/json.h"
#include "crypto/random.h"
#include "crypto/x509.h"
#include "keys/key_rotatable.h"
#include "keys/keyring.h"
#include "keys/rollout_meter.h"
#include "keys/usage.h"
#include "observe/metrics.h"
#include "rotation/engine.h"
#include "rotation/migrations.h"
#include "rotation/runs.h"
#include "seal/barrier.h"
#include "seal/seal.h"
#include "store/store.h"

namespace {

using namespace kw;
using Clocked = std::chrono::steady_clock;

constexpr int kOpenAtOnce = 10'000;
constexpr std::chrono::hours kQuarter{24 * 90};
constexpr std::chrono::milliseconds kLeastWait{20}, kLongestWait{300};

template <typename Outcome>
void must(const Outcome& outcome) {
  if (outcome) return;
  std::fprintf(stderr, "failed: %s (%s)\n", outcome.error().message.c_str(),
               outcome.error().reason.c_str());
  std::_Exit(1);
}

/// The machine's clock, and a quarter of a year later in one step.
class QuarterClock final : public Clock {
 public:
  WallTime wall() const override { return system_.wall() + (later_ ? kQuarter : kQuarter * 0); }
  SteadyTime steady() const override { return system_.steady(); }
  void pass() { later_ = true; }

 private:
  SystemClock system_;
  std::atomic<bool> later_{false};
};

class Bench {
 public:
  Bench(store::Store& store, int keys, int tenants)
      : store_(store), keys_(keys), tenants_(tenants) {
    must(barrier_.install(&root_));
    event_.action = "key.create";
    event_.actor = "bench";
    policy_.interval = kQuarter - std::chrono::hours(24);
    policy_.old_version = rotation::OldVersion::kKeepSecondary;
    must(write([this](store::Tx& tx) -> Status {
      KW_OK(keyring_.create_tenant({tx, event_}, *TenantName::parse("system")));
      return ok();
    }));
    in_writes(tenants, [this](store::Tx& tx, int i) -> Status {
      KW_OK(keyring_.create_tenant({tx, event_}, *TenantName::parse(tenant(i))));
      return ok();
    });
    in_writes(keys, [this](store::Tx& tx, int i) -> Status {
      KW_OK(keyring_.create({tx, event_}, tenant(i), keys::NewKey{*ObjectName::parse(name(i))}));
      return ok();
    });
  }

  /// The first `count` keys, one run per transaction, begun by hand. @returns rotations per second
  double one_by_one(int count) {
    rotation::Engine engine = make();
    const auto start = Clocked::now();
    for (int i = 0; i < count; ++i) {
      must(write([&](store::Tx& tx) { return begin(tx, i); }));
      must(engine.tick());
    }
    return done(count, start);
  }

  struct Open {
    double begun, ended;  ///< runs per second: through Runs, then by the engine
  };
  /// Runs that are all open before the engine comes.
  Open open_at_once(int count) {
    const auto first = Clocked::now();
    in_writes(count, [this](store::Tx& tx, int i) { return begin(tx, i); });
    const std::int64_t before = finished_runs();
    must_be(number("SELECT COUNT(*) FROM rotation_run WHERE finished_at IS NULL") == count);
    const std::chrono::duration<double> beginning = Clocked::now() - first;
    rotation::Engine engine = make();
    const auto start = Clocked::now();
    run_until(engine, before + count);
    return {count / beginning.count(), done(count, start)};
  }

  struct Scheduled {
    double rate;    ///< rotations per second
    double cpu_us;  ///< of this process, per rotation
  };
  /// Every key is due at once.
  Scheduled by_schedule() {
    rotation::Engine engine = make();
    while (number("SELECT COUNT(*) FROM rotation_schedule") < keys_) must(engine.tick());
    clock_.pass();
    must(engine.confirm_clock(event_));
    const std::int64_t before = finished_runs();
    const std::clock_t used = std::clock();
    const auto start = Clocked::now();
    run_until(engine, before + keys_);
    const double rate = done(keys_, start);
    return {rate, 1e6 * static_cast<double>(std::clock() - used) / CLOCKS_PER_SEC / keys_};
  }

 private:
  static std::string name(int number) { return "k" + std::to_string(number); }
  std::string tenant(int number) const { return "t" + std::to_string(number % tenants_); }

  Status write(const store::Store::Work& work) { return store_.write(work); }
  void in_writes(int count, const std::function<Status(store::Tx&, int)>& one) {
    constexpr int kPerWrite = 500;
    for (int from = 0; from < count; from += kPerWrite)
      must(write([&](store::Tx& tx) -> Status {
        for (int i = from; i < std::min(count, from + kPerWrite); ++i) KW_OK(one(tx, i));
        return ok();
      }));
  }
  Status begin(store::Tx& tx, int i) {
    KW_OK(runs_.start({tx, event_}, {"key", tenant(i), name(i)}, {}));
    return ok();
  }

  rotation::Engine make() {
    rotation::EngineOptions options;
    options.catch_up_from = INT32_MAX;  // a storm is what is measured
    options.policy_for =
        [this](const rotation::SubjectFacts&) -> Result<rotation::EffectivePolicy> {
      return policy_;
    };
    options.due_of = [](const rotation::SubjectFacts& facts,
                        const rotation::EffectivePolicy& policy, WallTime now) {
      return rotation::next_due(facts, policy, now, as_bytes("bench"));
    };
    return {{store_, log_, clock_}, {&rotatable_}, std::move(options)};
  }

  void run_until(rotation::Engine& engine, std::int64_t finished) {
    must(engine.start());
    const auto start = Clocked::now();
    const std::int64_t before = finished_runs();
    // Counting is work beside what is measured: looks become rare, and frequent near the end.
    for (std::int64_t now = before; now < finished; now = finished_runs()) {
      const std::chrono::duration<double> gone = Clocked::now() - start;
      const auto left =
          static_cast<double>(finished - now) / static_cast<double>(finished - before);
      std::this_thread::sleep_for(
          std::clamp<std::chrono::duration<double>>(gone * left / 2, kLeastWait, kLongestWait));
    }
    engine.stop();
  }

  double done(int count, Clocked::time_point start) {
    const std::chrono::duration<double> took = Clocked::now() - start;
    must_be(number("SELECT COUNT(*) FROM rotation_run WHERE state <> 'done'") == 0);
    return count / took.count();
  }
  static void must_be(bool true_) {
    if (!true_) std::fprintf(stderr, "a run is not where it should be\n"), std::_Exit(1);
  }
  std::int64_t finished_runs() {
    return number("SELECT COUNT(*) FROM rotation_run WHERE state = 'done'");
  }
  std::int64_t number(std::string_view sql) {
    std::int64_t value = 0;
    must(store_.read([&](store::Reader& reader) -> Status {
      KW_TRY(const auto row, reader.query_one(sql, {}));
      value = row->integer(0);
      return ok();
    }));
    return value;
  }

  store::Store& store_;
  const int keys_, tenants_;
  QuarterClock clock_;
  observe::Registry metrics_;
  const seal::RootKey root_{crypto::random_secret(32)};
  seal::Barrier barrier_{store_, clock_};
  audit::ChangeLog log_{store_, clock_, "bench", "bench/audit"};
  keys::Keyring keyring_{store_, barrier_, log_, clock_, metrics_, {}};
  keys::UsageLedger usage_{store_, clock_};
  keys::RolloutMeter meter_{store_, clock_, "bench"};
  keys::KeyRotatable rotatable_{keyring_, usage_, meter_};
  rotation::Runs runs_{log_, clock_};
  rotation::EffectivePolicy policy_;
  audit::Event event_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const int keys = static_cast<int>(std::strtol(argv[2], nullptr, 10)),
            tenants = static_cast<int>(std::strtol(argv[3], nullptr, 10));
  if (keys < kOpenAtOnce || tenants < 1) return 2;
  must(crypto::initialise_library(SecretArena::Unlocked::kAllow));
  const auto store = store::open(argv[1]);
  must(store);
  std::vector<store::Migration> all;
  for (const auto& room : {cluster::migrations(), seal::migrations(), audit::migrations(),
                           rotation::migrations(), keys::migrations()})
    all.insert(all.end(), room.begin(), room.end());
  must((*store)->migrate(all));
  Bench bench(**store, keys, tenants);
  const double alone = bench.one_by_one(200);
  const Bench::Open open = bench.open_at_once(kOpenAtOnce);
  const Bench::Scheduled scheduled = bench.by_schedule();
  codec::JsonWriter json;
  json.begin_object().member("engine", (*store)->engine()).member("keys", keys);
  json.member("tenants", tenants).member("per_second", scheduled.rate);
  json.member("cpu_us", scheduled.cpu_us);
  json.member("open_at_once", kOpenAtOnce).member("begun_per_second", open.begun);
  json.member("open_per_second", open.ended);
  json.member("one_by_one_per_second", alone).end_object();
  std::printf("%s\n", std::string(json.text()).c_str());
  return 0;
}

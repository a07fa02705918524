// Durable rotations of data-encryption keys by the engine, so many runs per transaction (group
// commit), against one run per transaction on the same store in the same run.
//
//   bench_dek_rotation STORE_URL KEYS TOGETHER
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
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

template <typename Outcome>
void must(const Outcome& outcome) {
  if (outcome) return;
  std::fprintf(stderr, "failed: %s (%s)\n", outcome.error().message.c_str(),
               outcome.error().reason.c_str());
  std::_Exit(1);
}

class Bench {
 public:
  explicit Bench(store::Store& store) : store_(store) {
    must(barrier_.install(&root_));
    event_.action = "key.create";
    event_.actor = "bench";
    must(store_.write([this](store::Tx& tx) -> Status {
      for (const char* tenant : {"system", "acme"})
        KW_OK(keyring_.create_tenant({tx, event_}, *TenantName::parse(tenant)));
      return ok();
    }));
    policy_.old_version = rotation::OldVersion::kKeepSecondary;
  }

  void fill(int keys) {
    constexpr int kPerWrite = 500;
    for (int done = 0; done < keys; done += kPerWrite)
      must(store_.write([&](store::Tx& tx) -> Status {
        for (int i = done; i < std::min(keys, done + kPerWrite); ++i)
          KW_OK(keyring_.create({tx, event_}, "acme", keys::NewKey{*ObjectName::parse(name(i))}));
        return ok();
      }));
  }

  /// Rotates the keys [from, to), `together` runs per transaction. @returns rotations per second
  double rotate(int from, int to, int together) {
    rotation::EngineOptions options;
    options.batch = options.round = together;
    options.workers = 1;
    options.policy_for =
        [this](const rotation::SubjectFacts&) -> Result<rotation::EffectivePolicy> {
      return policy_;
    };
    rotation::Engine engine({store_, log_, clock_}, {&rotatable_}, std::move(options));
    const auto start = std::chrono::steady_clock::now();
    for (int at = from; at < to; at += together) {
      must(start_runs(at, std::min(to, at + together)));
      must(engine.tick());
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    rotation::RunFilter still_open;
    still_open.open_only = true;
    must(store_.read([&](store::Reader& reader) -> Status {
      KW_TRY(const auto open, runs_.list(reader, still_open));
      if (open.empty()) return ok();
      return error(Code::kInternal, "bench",
                   "a run is in state " + std::string(run_state_name(open[0].state)) + " " +
                       open[0].problem);
    }));
    return (to - from) / took.count();
  }

 private:
  static std::string name(int number) { return "k" + std::to_string(number); }
  Status start_runs(int from, int to) {
    return store_.write([&](store::Tx& tx) -> Status {
      for (int i = from; i < to; ++i)
        KW_OK(runs_.start({tx, event_}, {"key", "acme", name(i)}, {}));
      return ok();
    });
  }

  store::Store& store_;
  const SystemClock clock_;
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
  const int keys = std::atoi(argv[2]), together = std::atoi(argv[3]);
  if (keys < 1000 || together < 1 || together > 256) return 2;
  must(crypto::initialise_library(SecretArena::Unlocked::kAllow));
  const auto store = store::open(argv[1]);
  must(store);
  std::vector<store::Migration> all;
  for (const auto& room : {cluster::migrations(), seal::migrations(), audit::migrations(),
                           rotation::migrations(), keys::migrations()})
    all.insert(all.end(), room.begin(), room.end());
  must((*store)->migrate(all));
  Bench bench(**store);
  bench.fill(keys);
  const int alone = keys / 10;
  const double one_by_one = bench.rotate(0, alone, 1);
  const double rate = bench.rotate(alone, keys, together);
  codec::JsonWriter json;
  json.begin_object().member("engine", (*store)->engine()).member("keys", keys);
  json.member("per_second", rate).member("one_by_one_per_second", one_by_one).end_object();
  std::printf("%s\n", std::string(json.text()).c_str());
  return 0;
}

// KEK rotation over N sealed versions, against the row-by-row loop of one transaction per row, on
// the same store in the same run.
//
//   bench_kek_rotation STORE_URL VERSIONS LOOP_ROWS
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>
#include <thread>

#include "audit/change_log.h"
#include "cluster/cluster.h"
#include "codec/json.h"
#include "crypto/random.h"
#include "crypto/x509.h"
#include "keys/kek_rotation.h"
#include "seal/barrier.h"
#include "seal/seal.h"
#include "store/store.h"

namespace {

using namespace kw;
using Seconds = std::chrono::duration<double>;

double since(std::chrono::steady_clock::time_point start) {
  return Seconds(std::chrono::steady_clock::now() - start).count();
}

template <typename T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "failed: %s (%s)\n", result.error().message.c_str(),
                 result.error().reason.c_str());
    std::_Exit(1);
  }
  return std::move(*result);
}
void must(const Status& status) {
  if (status) return;
  std::fprintf(stderr, "failed: %s (%s)\n", status.error().message.c_str(),
               status.error().reason.c_str());
  std::_Exit(1);
}

constexpr std::int64_t kTenant = 1;

seal::SealContext context_of(ByteView object) {
  seal::SealContext context;
  context.label = "key-version";
  context.object = object;
  context.version = 1;
  context.purpose = "encrypt";
  context.algorithm = "aes-256-gcm";
  context.origin = "generated";
  return context;
}

void fill(store::Store& store, seal::Barrier& barrier, std::int64_t versions) {
  const SecretBytes secret = crypto::random_secret(32);
  const KeyId object = crypto::random_id<KeyId>();
  for (std::int64_t done = 0; done < versions; done += 5000)
    must(store.write([&](store::Tx& tx) -> Status {
      for (std::int64_t i = done; i < std::min(versions, done + 5000); ++i)
        KW_OK(barrier.put(tx, kTenant, context_of(object.bytes()), secret));
      return ok();
    }));
}

// What a straightforward rotation does: read a row, re-wrap it, write it, commit; next row.
double row_by_row(store::Store& store, seal::Barrier& barrier, std::uint32_t target,
                  std::int64_t rows) {
  seal::KekCipher cipher = must(barrier.cipher_to(kTenant, target));
  const auto start = std::chrono::steady_clock::now();
  for (std::int64_t i = 1; i <= rows; ++i)
    must(store.write([&](store::Tx& tx) -> Status {
      const std::int64_t id = (kTenant << 40) + i;
      KW_TRY(const auto row, tx.query_one("SELECT cell FROM sealed_cell WHERE id = $1", {id}));
      Bytes fresh(row->bytes(0).size());
      KW_TRY(const bool changed, cipher.rewrap(row->bytes(0), fresh));
      if (changed) KW_OK(tx.execute("UPDATE sealed_cell SET cell = $2 WHERE id = $1", {id, fresh}));
      return ok();
    }));
  return static_cast<double>(rows) / since(start);
}

struct Rotation {
  double seconds = 0;  ///< without the pauses
  std::int64_t done = 0;
};

class Rotations {
 public:
  Rotations(store::Store& store, seal::Barrier& barrier, keys::KekRotations& rotations)
      : store_(store), barrier_(barrier), rotations_(rotations) {
    event_.action = "kek.rotate";
  }

  /// One rotation to its end. @param pauses  called each kWork of it while it is paused, or none
  Rotation rotate(const std::function<void()>& pauses = nullptr) {
    keys::Tenant tenant;
    tenant.number = kTenant;
    tenant.name = "bench";
    double seconds = 0;
    auto start = std::chrono::steady_clock::now();
    keys::Job job = change([&](keys::Change by) { return rotations_.start(by, tenant); });
    barrier_.refresh_keks(kTenant);
    rotations_.kick(job.id);
    while (job.state == keys::JobState::kRunning) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      job = must(rotations_.show(job.id));
      if (pauses == nullptr || job.phase != "rewrap" || since(start) < kWork) continue;
      seconds += since(start);
      change([&](keys::Change by) { return rotations_.pause(by, job.id); });
      pauses();
      start = std::chrono::steady_clock::now();
      job = change([&](keys::Change by) { return rotations_.resume(by, job.id); });
      rotations_.kick(job.id);
    }
    if (job.state != keys::JobState::kDone) std::_Exit(1);
    return {seconds + since(start), job.done};
  }

 private:
  static constexpr double kWork = 3;

  keys::Job change(const std::function<Result<keys::Job>(keys::Change)>& body) {
    std::optional<keys::Job> job;
    must(store_.write([&](store::Tx& tx) -> Status {
      KW_TRY(job, body({tx, event_}));
      return ok();
    }));
    return *std::move(job);
  }

  store::Store& store_;
  seal::Barrier& barrier_;
  keys::KekRotations& rotations_;
  audit::Event event_;
};

struct Beside {
  Rotation rotation;
  std::vector<double> busy, calm;  ///< what writes of others took, with it and in its pauses
};
// A foreground client: durable writes of its own, one after the other, beside a rotation that is
// paused now and then. A machine is not the same from one minute to the next, so calm is what is
// around each span of work.
Beside rotate_beside_a_client(store::Store& store, Rotations& rotations) {
  constexpr std::chrono::milliseconds kSettle{300}, kLook{2000};
  enum class Part { kBusy, kCalm, kNeither };
  std::atomic<Part> part{Part::kNeither};
  std::atomic<bool> stop{false};
  Beside found;
  std::thread client([&] {
    while (!stop) {
      const Part before = part;
      const auto start = std::chrono::steady_clock::now();
      must(store.write([](store::Tx& tx) -> Status { return cluster::announce(tx, "bench"); }));
      if (before == Part::kBusy) found.busy.push_back(since(start));
      if (before == Part::kCalm && part == Part::kCalm) found.calm.push_back(since(start));
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  const auto look = [&] {
    part = Part::kNeither;
    std::this_thread::sleep_for(kSettle);
    part = Part::kCalm;
    std::this_thread::sleep_for(kLook);
    part = Part::kBusy;
  };
  look();
  found.rotation = rotations.rotate(look);
  look();
  stop = true;
  client.join();
  return found;
}

double p99(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  return times.empty() ? 0 : times[times.size() * 99 / 100];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const std::int64_t versions = std::strtoll(argv[2], nullptr, 10),
                     loop_rows = std::strtoll(argv[3], nullptr, 10);
  must(crypto::initialise_library(SecretArena::Unlocked::kAllow));
  const SystemClock clock;
  auto store = must(store::open(argv[1]));
  std::vector<store::Migration> all;
  for (const auto& room :
       {cluster::migrations(), seal::migrations(), audit::migrations(), keys::migrations()})
    all.insert(all.end(), room.begin(), room.end());
  must(store->migrate(all));
  seal::Barrier barrier(*store, clock);
  const seal::RootKey root(crypto::random_secret(32));
  must(barrier.install(&root));
  must(store->write([&](store::Tx& tx) -> Status {
    for (const std::int64_t tenant : {std::int64_t{0}, kTenant})
      KW_OK(barrier.create_kek(tx, tenant));
    return ok();
  }));
  audit::ChangeLog log(*store, clock, "bench", "bench/audit");
  keys::KekRotations rotations(*store, barrier, log, clock, {});
  fill(*store, barrier, versions);
  // Filling was foreground work: a re-wrap would be gentle for as long as it shows in the
  // latencies.
  std::this_thread::sleep_for(std::chrono::milliseconds(1200));
  Rotations work(*store, barrier, rotations);
  const std::clock_t used = std::clock();
  const Rotation first = work.rotate();
  const double cpu_us = 1e6 * static_cast<double>(std::clock() - used) / CLOCKS_PER_SEC /
                        static_cast<double>(first.done);
  const Beside second = rotate_beside_a_client(*store, work);
  const double calm = p99(second.calm), busy = p99(second.busy);
  // The loop re-wraps to a KEK that nothing is under yet, so that each row really changes.
  std::uint32_t target = 0;
  must(store->write([&](store::Tx& tx) -> Status {
    KW_TRY(target, barrier.create_kek(tx, kTenant));
    return barrier.promote_kek(tx, kTenant, target);
  }));
  barrier.refresh_keks(kTenant);
  const double loop = row_by_row(*store, barrier, target, loop_rows);
  codec::JsonWriter json;
  const double rate = static_cast<double>(first.done) / first.seconds;
  json.begin_object()
      .member("engine", store->engine())
      .member("versions", versions)
      .member("seconds", first.seconds);
  json.member("per_second", rate)
      .member("cpu_us", cpu_us)
      .member("row_by_row_per_second", loop)
      .member("ratio", rate / loop);
  json.member("under_traffic_per_second",
              static_cast<double>(second.rotation.done) / second.rotation.seconds);
  json.member("foreground_p99_calm_ms", calm * 1e3).member("foreground_p99_busy_ms", busy * 1e3);
  json.member("foreground_ratio", calm > 0 ? busy / calm : 0).end_object();
  std::printf("%s\n", std::string(json.text()).c_str());
  return 0;
}

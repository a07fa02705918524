#include "keys/rollout_meter.h"

#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "base/failpoint.h"

namespace kw::keys {

namespace {

constexpr std::int64_t kCheckedFirst = 1000;
constexpr std::int64_t kCheckedEvery = 16;
constexpr std::chrono::minutes kKeptIdle{10};
constexpr int kStepsPerDoubling = 4;
constexpr std::size_t kSteps = 96;  // from 1 us to over 10 s
constexpr double kLateShare = 0.01;

/// How many operations took how long: step n ends at 2^((n + 1) / 4) us.
using Times = std::array<std::uint64_t, kSteps>;

std::size_t step_of(std::chrono::nanoseconds took) {
  const auto nanos = static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0));
  const std::uint64_t micros = nanos / 1000;
  if (micros == 0) return 0;
  const int doublings = static_cast<int>(std::bit_width(micros)) - 1;
  const std::uint64_t part = (micros << 2 >> doublings) & 3U;
  const std::size_t step = static_cast<std::size_t>(doublings) * kStepsPerDoubling + part;
  return std::min(step, kSteps - 1);
}

double seconds_of(std::size_t step) {
  const std::size_t doublings = step / kStepsPerDoubling, part = step % kStepsPerDoubling;
  const double micros = static_cast<double>(std::uint64_t{1} << doublings) *
                        (1 + static_cast<double>(part + 1) / kStepsPerDoubling);
  return micros / 1e6;
}

struct Tally {
  std::int64_t operations = 0, errors = 0;
  Times times{};

  void add(const Tally& other) {
    operations += other.operations;
    errors += other.errors;
    for (std::size_t i = 0; i < kSteps; ++i) times[i] += other.times[i];
  }
  double p99() const {
    std::uint64_t all = 0;
    for (const std::uint64_t each : times) all += each;
    const auto late = static_cast<std::uint64_t>(static_cast<double>(all) * kLateShare);
    std::uint64_t above = 0;
    for (std::size_t step = kSteps; step-- > 0;) {
      above += times[step];
      if (above > late) return seconds_of(step);
    }
    return 0;
  }
};

Bytes packed(const Times& times) {
  ByteWriter out;
  for (const std::uint64_t each : times) out.u64(each);
  return std::move(out).bytes();
}

Result<Times> unpacked(ByteView bytes) {
  Times times{};
  ByteReader in(bytes);
  for (std::uint64_t& each : times) {
    KW_TRY(each, in.u64());
  }
  return times;
}

/// What was counted at one percentage.
struct Counted {
  Tally old_cohort, new_cohort;
  bool wrong = false;

  void add(const Counted& other) {
    old_cohort.add(other.old_cohort);
    new_cohort.add(other.new_cohort);
    wrong = wrong || other.wrong;
  }
  bool empty() const { return old_cohort.operations == 0 && new_cohort.operations == 0 && !wrong; }
};

struct Stage {
  std::uint32_t version = 0;
  int percent = 0;
  bool operator==(const Stage&) const = default;
};
Stage stage_of(const Rollout& rollout) {
  return {rollout.version, rollout.percent};
}

Result<Counted> counted_of(const store::Row& row) {
  Counted counted;
  counted.old_cohort.operations = row.integer(0);
  counted.old_cohort.errors = row.integer(1);
  KW_TRY(counted.old_cohort.times, unpacked(row.bytes(2)));
  counted.new_cohort.operations = row.integer(3);
  counted.new_cohort.errors = row.integer(4);
  KW_TRY(counted.new_cohort.times, unpacked(row.bytes(5)));
  counted.wrong = row.integer(6) != 0;
  return counted;
}

constexpr std::string_view kSelectOfNode =
    "SELECT old_operations, old_errors, old_times, new_operations, new_errors, new_times, wrong"
    " FROM key_rollout_health WHERE key_id = $1 AND version = $2 AND percent = $3 AND node = $4";
constexpr std::string_view kSelectOfAll =
    "SELECT old_operations, old_errors, old_times, new_operations, new_errors, new_times, wrong"
    " FROM key_rollout_health WHERE key_id = $1 AND version = $2 AND percent = $3";
constexpr std::string_view kUpsert =
    "INSERT INTO key_rollout_health (key_id, node, version, percent, old_operations, old_errors,"
    " old_times, new_operations, new_errors, new_times, wrong)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
    " ON CONFLICT (key_id, node) DO UPDATE SET version = excluded.version,"
    " percent = excluded.percent, old_operations = excluded.old_operations,"
    " old_errors = excluded.old_errors, old_times = excluded.old_times,"
    " new_operations = excluded.new_operations, new_errors = excluded.new_errors,"
    " new_times = excluded.new_times, wrong = excluded.wrong";

struct Entry {
  Stage stage;
  Counted fresh;                 ///< since the last flush
  std::int64_t answers = 0;      ///< of the new version at this percentage
  std::uint32_t distrusted = 0;  ///< a version that answered wrongly here
  SteadyTime used_at;
};
struct Written {
  KeyId key;
  Stage stage;
  Counted fresh;
};

}  // namespace

struct RolloutMeter::State {
  store::Store& store;
  const Clock& clock;
  std::string node;
  std::mutex flushing{};  ///< one flush at a time, and none between the two halves of health()
  std::mutex mutex{};
  std::map<KeyId, Entry> entries{};  ///< keys in a rollout, and those that were

  Entry& entry(const Key& key) {
    Entry& found = entries[key.id];
    const Stage stage = stage_of(key.rollout);
    found.used_at = clock.steady();
    if (found.stage == stage) return found;
    const std::uint32_t distrusted = found.distrusted;
    found = Entry();
    found.stage = stage;
    found.distrusted = distrusted;
    found.used_at = clock.steady();
    return found;
  }

  std::vector<Written> take() {
    std::vector<Written> all;
    const std::scoped_lock lock(mutex);
    std::erase_if(entries, [&](const auto& each) {
      return each.second.fresh.empty() && clock.steady() - each.second.used_at > kKeptIdle;
    });
    for (auto& [key, entry] : entries) {
      if (entry.fresh.empty()) continue;
      all.push_back({key, entry.stage, std::exchange(entry.fresh, {})});
    }
    return all;
  }

  void put_back(const std::vector<Written>& all) {
    const std::scoped_lock lock(mutex);
    for (const Written& each : all) {
      const auto found = entries.find(each.key);
      if (found != entries.end() && found->second.stage == each.stage)
        found->second.fresh.add(each.fresh);
    }
  }

  Status write(store::Tx& tx, const Written& one) const {
    const ByteView key = one.key.bytes();
    Counted all = one.fresh;
    KW_TRY(const auto before,
           tx.query_one(kSelectOfNode, {key, one.stage.version, one.stage.percent, node}));
    if (before) {
      KW_TRY(const Counted counted, counted_of(*before));
      all.add(counted);
    }
    KW_OK(tx.execute(
        kUpsert, {key, node, one.stage.version, one.stage.percent, all.old_cohort.operations,
                  all.old_cohort.errors, packed(all.old_cohort.times), all.new_cohort.operations,
                  all.new_cohort.errors, packed(all.new_cohort.times), all.wrong ? 1 : 0}));
    return ok();
  }
};

RolloutMeter::RolloutMeter(store::Store& store, const Clock& clock, std::string node)
    : state_(new State{store, clock, std::move(node)}) {}
RolloutMeter::~RolloutMeter() = default;

bool RolloutMeter::trusts(const Key& key) {
  const std::scoped_lock lock(state_->mutex);
  const auto found = state_->entries.find(key.id);
  return found == state_->entries.end() || found->second.distrusted != key.rollout.version;
}

bool RolloutMeter::wants_check(const Key& key) {
  const std::scoped_lock lock(state_->mutex);
  const std::int64_t answer = state_->entry(key).answers++;
  return answer < kCheckedFirst || answer % kCheckedEvery == 0;
}

void RolloutMeter::note(const Key& key, Cohort cohort, bool good, std::chrono::nanoseconds took) {
  const std::scoped_lock lock(state_->mutex);
  Counted& fresh = state_->entry(key).fresh;
  Tally& tally = cohort == Cohort::kNew ? fresh.new_cohort : fresh.old_cohort;
  ++tally.operations;
  if (!good) ++tally.errors;
  if (took.count() > 0) ++tally.times[step_of(took)];
}

void RolloutMeter::note_wrong(const Key& key) {
  const std::scoped_lock lock(state_->mutex);
  Entry& entry = state_->entry(key);
  entry.fresh.wrong = true;
  entry.distrusted = key.rollout.version;
}

Status RolloutMeter::flush() {
  const std::scoped_lock one(state_->flushing);
  const std::vector<Written> all = state_->take();
  if (all.empty()) return ok();
  Status written = state_->store.write(
      [&](store::Tx& tx) -> Status {
        for (const Written& each : all) KW_OK(state_->write(tx, each));
        KW_FAILPOINT("keys.rollout.flush");
        return ok();
      },
      store::Priority::kBackground);
  if (!written) state_->put_back(all);
  return written;
}

Result<rotation::Health> RolloutMeter::health(const KeyId& key, const Rollout& rollout) {
  const std::scoped_lock one(state_->flushing);
  Counted all;
  KW_OK(state_->store.read([&](store::Reader& reader) -> Status {
    all = {};
    KW_TRY(const auto rows,
           reader.query(kSelectOfAll, {key.bytes(), rollout.version, rollout.percent}));
    for (const store::Row& row : rows) {
      KW_TRY(const Counted counted, counted_of(row));
      all.add(counted);
    }
    return ok();
  }));
  {
    const std::scoped_lock lock(state_->mutex);
    const auto found = state_->entries.find(key);
    if (found != state_->entries.end() && found->second.stage == stage_of(rollout))
      all.add(found->second.fresh);
  }
  rotation::Health health;
  health.old_operations = all.old_cohort.operations;
  health.old_errors = all.old_cohort.errors;
  health.old_p99 = all.old_cohort.p99();
  health.new_operations = all.new_cohort.operations;
  health.new_errors = all.new_cohort.errors;
  health.new_p99 = all.new_cohort.p99();
  health.integrity_failure = all.wrong;
  return health;
}

Status RolloutMeter::forget(store::Tx& tx, const KeyId& key) {
  KW_OK(tx.execute("DELETE FROM key_rollout_health WHERE key_id = $1", {key.bytes()}));
  return ok();
}

}  // namespace kw::keys

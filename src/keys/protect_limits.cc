#include "keys/protect_limits.h"

#include <array>
#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "keys/key_facts.h"

namespace kw::keys {

namespace {

constexpr std::chrono::seconds kFresh{30};
constexpr std::size_t kShards = 16;
constexpr std::size_t kShardMax = 8192;  // keys; the cache starts anew beyond it

struct Known {
  std::int64_t epoch = 0;
  std::uint64_t generation = 0;
  SteadyTime until;
  Limits limits;
};
struct Shard {
  std::shared_mutex mutex;
  std::unordered_map<KeyId, Known> known;
};

}  // namespace

struct ProtectLimits::State {
  const Clock& clock;
  PolicyFor policy_for;
  DueOf due_of;
  std::atomic<std::uint64_t> generation{0};
  std::array<Shard, kShards> shards{};

  std::optional<Known> find(const KeyId& key) {
    Shard& shard = shards[key.bytes()[0] % kShards];
    const std::shared_lock lock(shard.mutex);
    const auto found = shard.known.find(key);
    if (found == shard.known.end()) return std::nullopt;
    return found->second;
  }

  void keep(const KeyId& key, const Known& known) {
    Shard& shard = shards[key.bytes()[0] % kShards];
    const std::unique_lock lock(shard.mutex);
    if (shard.known.size() >= kShardMax) shard.known.clear();
    shard.known[key] = known;
  }

  Result<Limits> work_out(const Key& key) {
    // Without its use, which has its own stops: nobody waits for the store here.
    const rotation::SubjectFacts facts = facts_of(key, UsageTotal());
    KW_TRY(const rotation::EffectivePolicy policy, policy_for(facts));
    Limits limits;
    limits.operations_max = policy.max_operations.value_or(0);
    limits.bytes_max = policy.max_bytes.value_or(0);
    if (policy.at_deadline != rotation::AtDeadline::kBlockProtect || !due_of) return limits;
    KW_TRY(const rotation::Due due, due_of(facts, policy, clock.wall()));
    limits.blocked_from = due.hard_deadline;
    return limits;
  }
};

ProtectLimits::ProtectLimits(const Clock& clock, PolicyFor policy_for, DueOf due_of)
    : state_(new State{clock, std::move(policy_for), std::move(due_of)}) {}
ProtectLimits::~ProtectLimits() = default;

Result<Limits> ProtectLimits::of(const Key& key) {
  const std::uint64_t generation = state_->generation.load();
  const SteadyTime now = state_->clock.steady();
  const std::optional<Known> known = state_->find(key.id);
  const bool fresh =
      known && known->epoch == key.epoch && known->generation == generation && now < known->until;
  if (fresh) return known->limits;
  Result<Limits> limits = state_->work_out(key);
  if (!limits && known) return known->limits;
  if (limits) state_->keep(key.id, {key.epoch, generation, now + kFresh, *limits});
  return limits;
}

void ProtectLimits::forget() {
  ++state_->generation;
}

}  // namespace kw::keys

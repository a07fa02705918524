#include "service/limits.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <string>
#include <unordered_map>

namespace kw::service {

namespace {
constexpr std::size_t kShards = 16;
constexpr std::size_t kKeysPerShard = 4096;

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};
struct Bucket {
  double level = 0;
  SteadyTime filled_at;
};
using Buckets = std::unordered_map<std::string, Bucket, TextHash, std::equal_to<>>;

struct Shard {
  std::mutex mutex;
  Buckets buckets;
};
}  // namespace

struct RateLimiter::State {
  const Clock& clock;
  Rate rate;
  std::array<Shard, kShards> shards;

  void refill(Bucket& bucket, SteadyTime now) const {
    const double seconds = std::chrono::duration<double>(now - bucket.filled_at).count();
    bucket.level = std::min(rate.burst, bucket.level + seconds * rate.per_second);
    bucket.filled_at = now;
  }

  // A full bucket says nothing that a new one would not say: those go first.
  void make_room(Buckets& buckets, SteadyTime now) const {
    if (buckets.size() < kKeysPerShard) return;
    std::erase_if(buckets, [&](const auto& entry) {
      Bucket copy = entry.second;
      refill(copy, now);
      return copy.level >= rate.burst;
    });
    if (buckets.size() >= kKeysPerShard) buckets.clear();
  }
};

RateLimiter::RateLimiter(const Clock& clock, Rate rate) : state_(new State{clock, rate, {}}) {}
RateLimiter::~RateLimiter() = default;

Status RateLimiter::take(std::string_view key) {
  if (state_->rate.per_second <= 0) return ok();
  const SteadyTime now = state_->clock.steady();
  Shard& shard = state_->shards[TextHash{}(key) % kShards];
  std::lock_guard lock(shard.mutex);
  auto found = shard.buckets.find(key);
  if (found == shard.buckets.end()) {
    state_->make_room(shard.buckets, now);
    found = shard.buckets.emplace(std::string(key), Bucket{state_->rate.burst, now}).first;
  }
  Bucket& bucket = found->second;
  state_->refill(bucket, now);
  if (bucket.level >= 1) {
    bucket.level -= 1;
    return ok();
  }
  Error refusal = error(Code::kResourceExhausted, "rate_limited", "too many requests; slow down");
  const double wait = (1 - bucket.level) / state_->rate.per_second;
  refusal.retry_after = std::chrono::seconds(std::max(1, static_cast<int>(std::ceil(wait))));
  return refusal;
}

}  // namespace kw::service

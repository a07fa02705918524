#include "keys/usage.h"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <set>
#include <tuple>
#include <unordered_map>

#include "base/failpoint.h"
#include "keys/operations.h"

namespace kw::keys {

namespace {

constexpr std::size_t kShards = 16;
constexpr std::int64_t kHourMicros = 3600LL * 1'000'000;
constexpr std::int64_t kKeysOfCallerMax = 10'000;

struct UseRef {
  KeyId key;
  std::uint32_t version = 0;
  Operation operation{};
  std::string_view caller;
};
struct UseName {
  KeyId key;
  std::uint32_t version = 0;
  Operation operation{};
  std::string caller;
};
struct Tally {
  std::int64_t uses = 0;
  std::int64_t hour = 0;
  std::int64_t last_at = 0;
};

std::size_t hash_of(const KeyId& key, std::uint32_t version, Operation operation,
                    std::string_view caller) {
  const std::size_t id = std::hash<KeyId>{}(key);
  const std::size_t rest = std::hash<std::string_view>{}(caller) ^
                           (std::size_t{version} << 8 | static_cast<std::size_t>(operation));
  return id ^ (rest * 0x9E3779B97F4A7C15ULL);
}
struct UseHash {
  using is_transparent = void;
  std::size_t operator()(const UseName& use) const {
    return hash_of(use.key, use.version, use.operation, use.caller);
  }
  std::size_t operator()(const UseRef& use) const {
    return hash_of(use.key, use.version, use.operation, use.caller);
  }
};
struct UseEqual {
  using is_transparent = void;
  template <typename A, typename B>
  bool operator()(const A& a, const B& b) const {
    return a.version == b.version && a.operation == b.operation && a.key == b.key &&
           std::string_view(a.caller) == std::string_view(b.caller);
  }
};
using Tallies = std::unordered_map<UseName, Tally, UseHash, UseEqual>;
using Pending = std::vector<std::pair<UseName, Tally>>;

struct Shard {
  std::mutex mutex;
  Tallies tallies;
  Pending closed;  // tallies of an hour that ended before the flush came
};

Status write_one(store::Tx& tx, const UseName& use, const Tally& tally) {
  return tx.post(
      "INSERT INTO key_usage (key_id, hour, version, operation, caller, uses, last_at)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7)"
      " ON CONFLICT (key_id, hour, version, operation, caller) DO UPDATE SET"
      " uses = key_usage.uses + excluded.uses,"
      " last_at = CASE WHEN excluded.last_at > key_usage.last_at THEN excluded.last_at ELSE "
      "key_usage.last_at END",
      {use.key.bytes(), tally.hour, use.version, operation_name(use.operation), use.caller,
       tally.uses, tally.last_at});
}

}  // namespace

struct UsageLedger::State {
  store::Store& store;
  const Clock& clock;
  std::array<Shard, kShards> shards{};
  std::mutex flushing{};  // one flush at a time, and none between the two halves of usage()

  void add(Shard& shard, const UseRef& use, std::int64_t by) {
    const std::int64_t now = to_micros(clock.wall());
    const std::int64_t hour = now - now % kHourMicros;
    std::lock_guard lock(shard.mutex);
    auto found = shard.tallies.find(use);
    if (found == shard.tallies.end())
      found = shard.tallies
                  .emplace(UseName{use.key, use.version, use.operation, std::string(use.caller)},
                           Tally{0, hour, now})
                  .first;
    Tally& tally = found->second;
    if (tally.hour != hour) {
      shard.closed.emplace_back(found->first, tally);
      tally = Tally{0, hour, now};
    }
    tally.uses += by;
    tally.last_at = now;
  }

  Pending take() {
    Pending all;
    for (Shard& shard : shards) {
      std::lock_guard lock(shard.mutex);
      for (auto& entry : shard.closed) all.push_back(std::move(entry));
      shard.closed.clear();
      for (auto& [use, tally] : shard.tallies) all.emplace_back(use, tally);
      shard.tallies.clear();
    }
    return all;
  }

  void put_back(Pending pending) {
    Shard& shard = shards.front();
    std::lock_guard lock(shard.mutex);
    for (auto& entry : pending) shard.closed.push_back(std::move(entry));
  }

  std::set<KeyId> peek_keys(std::string_view caller, std::int64_t from) {
    std::set<KeyId> all;
    const auto look = [&](const UseName& use, const Tally& tally) {
      if (use.caller == caller && tally.hour >= from) all.insert(use.key);
    };
    for (Shard& shard : shards) {
      std::lock_guard lock(shard.mutex);
      for (const auto& [use, tally] : shard.closed) look(use, tally);
      for (const auto& [use, tally] : shard.tallies) look(use, tally);
    }
    return all;
  }

  Pending peek(const KeyId& key) {
    Pending all;
    for (Shard& shard : shards) {
      std::lock_guard lock(shard.mutex);
      for (const auto& entry : shard.closed)
        if (entry.first.key == key) all.push_back(entry);
      for (const auto& [use, tally] : shard.tallies)
        if (use.key == key) all.emplace_back(use, tally);
    }
    return all;
  }
};

UsageLedger::UsageLedger(store::Store& store, const Clock& clock)
    : state_(new State{store, clock}) {}
UsageLedger::~UsageLedger() = default;

void UsageLedger::count(const KeyId& key, std::uint32_t version, Operation operation,
                        std::string_view caller, std::int64_t by) {
  const UseRef use{key, version, operation, caller};
  state_->add(state_->shards[UseHash{}(use) % kShards], use, by);
}

Status UsageLedger::flush(std::string_view node, std::uint64_t log_size) {
  std::lock_guard lock(state_->flushing);
  Pending pending = state_->take();
  KW_TRY(const std::uint64_t counted, counted_to(node));
  if (pending.empty() && counted >= log_size) return ok();
  Status written = state_->store.write([&](store::Tx& tx) -> Status {
    for (const auto& [use, tally] : pending) KW_OK(write_one(tx, use, tally));
    KW_FAILPOINT("usage.flush");
    KW_OK(
        tx.execute("INSERT INTO usage_mark (node, position) VALUES ($1, $2)"
                   " ON CONFLICT (node) DO UPDATE SET position = excluded.position",
                   {node, static_cast<std::int64_t>(log_size)}));
    return ok();
  });
  if (!written) state_->put_back(std::move(pending));
  return written;
}

Result<std::uint64_t> UsageLedger::counted_to(std::string_view node) {
  std::uint64_t position = 0;
  KW_OK(state_->store.read([&](store::Reader& reader) -> Status {
    KW_TRY(const auto row,
           reader.query_one("SELECT position FROM usage_mark WHERE node = $1", {node}));
    if (row) position = static_cast<std::uint64_t>(row->integer(0));
    return ok();
  }));
  return position;
}

Result<std::vector<UsageRow>> UsageLedger::usage(const KeyId& key, WallTime since) {
  const std::int64_t from = to_micros(since) - to_micros(since) % kHourMicros;
  using Place = std::tuple<std::int64_t, std::uint32_t, std::string, std::string>;
  std::map<Place, Tally> merged;
  const auto merge = [&](const Place& place, std::int64_t uses, std::int64_t last_at) {
    Tally& tally = merged[place];
    tally.uses += uses;
    tally.last_at = std::max(tally.last_at, last_at);
  };
  std::lock_guard lock(state_->flushing);
  KW_OK(state_->store.read([&](store::Reader& reader) -> Status {
    merged.clear();
    KW_TRY(const auto rows,
           reader.query("SELECT hour, version, operation, caller, uses, last_at FROM key_usage"
                        " WHERE key_id = $1 AND hour >= $2 ORDER BY hour DESC LIMIT 100000",
                        {key.bytes(), from}));
    for (const store::Row& row : rows)
      merge({row.integer(0), static_cast<std::uint32_t>(row.integer(1)), row.text(2), row.text(3)},
            row.integer(4), row.integer(5));
    return ok();
  }));
  for (const auto& [use, tally] : state_->peek(key))
    if (tally.hour >= from)
      merge({tally.hour, use.version, std::string(operation_name(use.operation)), use.caller},
            tally.uses, tally.last_at);
  std::vector<UsageRow> result;
  for (auto entry = merged.rbegin(); entry != merged.rend(); ++entry) {
    const auto& [hour, version, operation, caller] = entry->first;
    result.push_back({version, operation, caller, from_micros(hour), entry->second.uses,
                      from_micros(entry->second.last_at)});
  }
  return result;
}

Result<std::vector<KeyId>> UsageLedger::keys_used_by(std::string_view caller, WallTime since) {
  const std::int64_t from = to_micros(since) - to_micros(since) % kHourMicros;
  std::lock_guard lock(state_->flushing);
  std::set<KeyId> all = state_->peek_keys(caller, from);
  KW_OK(state_->store.read([&](store::Reader& reader) -> Status {
    KW_TRY(const auto rows, reader.query("SELECT DISTINCT key_id FROM key_usage"
                                         " WHERE caller = $1 AND hour >= $2 LIMIT $3",
                                         {caller, from, kKeysOfCallerMax + 1}));
    for (const store::Row& row : rows) {
      KW_TRY(const KeyId id, KeyId::from_bytes(row.bytes(0)));
      all.insert(id);
    }
    return ok();
  }));
  if (all.size() > static_cast<std::size_t>(kKeysOfCallerMax))
    return error(Code::kResourceExhausted, "scope_too_large", "the caller used over 10,000 keys");
  return std::vector<KeyId>(all.begin(), all.end());
}

}  // namespace kw::keys

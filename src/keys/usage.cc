#include "keys/usage.h"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <tuple>
#include <unordered_map>

#include "base/failpoint.h"
#include "keys/operations.h"
#include "store/row_set.h"

namespace kw::keys {

namespace {

constexpr std::size_t kShards = 16;
constexpr std::int64_t kHourMicros = 3600LL * 1'000'000;

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
  std::int64_t bytes = 0;
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

std::optional<WallTime> time_of(std::int64_t micros) {
  if (micros == 0) return std::nullopt;
  return from_micros(micros);
}

/// What a flush adds to the totals of one version.
struct Sum {
  std::int64_t protects = 0, bytes = 0, last_protect_at = 0, last_at = 0;

  void add(Operation operation, const Tally& tally) {
    last_at = std::max(last_at, tally.last_at);
    if (!kw::keys::protects(operation)) return;
    protects += tally.uses;
    bytes += tally.bytes;
    last_protect_at = std::max(last_protect_at, tally.last_at);
  }
};

// In the order of their rows, so that nodes do not wait for each other crosswise.
Status write_totals(store::Tx& tx, const Pending& pending) {
  std::map<std::pair<KeyId, std::uint32_t>, Sum> sums;
  for (const auto& [use, tally] : pending) sums[{use.key, use.version}].add(use.operation, tally);
  for (const auto& [at, sum] : sums) {
    KW_OK(tx.post(
        "INSERT INTO key_usage_total (key_id, version, protects, bytes, last_protect_at, last_at)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (key_id, version) DO UPDATE SET"
        " protects = key_usage_total.protects + excluded.protects,"
        " bytes = key_usage_total.bytes + excluded.bytes,"
        " last_protect_at = CASE WHEN excluded.last_protect_at > key_usage_total.last_protect_at"
        " THEN excluded.last_protect_at ELSE key_usage_total.last_protect_at END,"
        " last_at = CASE WHEN excluded.last_at > key_usage_total.last_at"
        " THEN excluded.last_at ELSE key_usage_total.last_at END",
        {at.first.bytes(), at.second, sum.protects, sum.bytes, sum.last_protect_at, sum.last_at}));
  }
  return ok();
}

UsageTotal total_of(const store::Row& row, std::size_t first) {
  UsageTotal total;
  total.protects = row.optional_integer(first).value_or(0);
  total.bytes = row.optional_integer(first + 1).value_or(0);
  total.last_protect_at = time_of(row.optional_integer(first + 2).value_or(0));
  total.last_at = time_of(row.optional_integer(first + 3).value_or(0));
  total.reserved = row.optional_integer(first + 4).value_or(0);
  total.reserved_bytes = row.optional_integer(first + 5).value_or(0);
  return total;
}

void add(UsageTotal& total, const Sum& unflushed) {
  total.protects += unflushed.protects;
  total.bytes += unflushed.bytes;
  total.last_at = std::max(total.last_at, time_of(unflushed.last_at));
  total.last_protect_at = std::max(total.last_protect_at, time_of(unflushed.last_protect_at));
}

#define KW_USAGE_COLUMNS \
  "u.protects, u.bytes, u.last_protect_at, u.last_at, b.reserved, b.reserved_bytes"
#define KW_USAGE_TOTAL KW_USAGE_COLUMNS " FROM key_object k"
#define KW_USAGE_JOINS(version)                                              \
  " LEFT JOIN key_usage_total u ON u.key_id = k.id AND u.version = " version \
  " LEFT JOIN message_budget b ON b.key_id = k.id AND b.version = " version

}  // namespace

bool protects(Operation operation) {
  return operation != Operation::kDecrypt && operation != Operation::kVerify &&
         operation != Operation::kVerifyMac;
}

bool protects(std::string_view operation) {
  return operation != "decrypt" && operation != "verify" && operation != "verify-mac";
}

struct UsageLedger::State {
  store::Store& store;
  const Clock& clock;
  std::array<Shard, kShards> shards{};
  std::mutex flushing{};  // one flush at a time, and none between the two halves of usage()

  void add(Shard& shard, const UseRef& use, std::int64_t by, std::int64_t bytes) {
    const std::int64_t now = to_micros(clock.wall());
    const std::int64_t hour = now - now % kHourMicros;
    std::lock_guard lock(shard.mutex);
    auto found = shard.tallies.find(use);
    if (found == shard.tallies.end())
      found = shard.tallies
                  .emplace(UseName{use.key, use.version, use.operation, std::string(use.caller)},
                           Tally{0, hour, now, 0})
                  .first;
    Tally& tally = found->second;
    if (tally.hour != hour) {
      shard.closed.emplace_back(found->first, tally);
      tally = Tally{0, hour, now, 0};
    }
    tally.uses += by;
    tally.bytes += bytes;
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

  Pending peek(const KeyId& key) {
    return peek_if([&](const KeyId& of) { return of == key; });
  }
  template <typename Wanted>
  Pending peek_if(const Wanted& wanted) {
    Pending all;
    for (Shard& shard : shards) {
      std::lock_guard lock(shard.mutex);
      for (const auto& entry : shard.closed)
        if (wanted(entry.first.key)) all.push_back(entry);
      for (const auto& [use, tally] : shard.tallies)
        if (wanted(use.key)) all.emplace_back(use, tally);
    }
    return all;
  }
};

UsageLedger::UsageLedger(store::Store& store, const Clock& clock)
    : state_(new State{store, clock}) {}
UsageLedger::~UsageLedger() = default;

void UsageLedger::count(const KeyId& key, std::uint32_t version, Operation operation,
                        std::string_view caller, std::int64_t by, std::int64_t bytes) {
  const UseRef use{key, version, operation, caller};
  state_->add(state_->shards[UseHash{}(use) % kShards], use, by, bytes);
}

Status UsageLedger::flush(std::string_view node, std::uint64_t log_size) {
  std::lock_guard lock(state_->flushing);
  Pending pending = state_->take();
  KW_TRY(const std::uint64_t counted, counted_to(node));
  if (pending.empty() && counted >= log_size) return ok();
  Status written = state_->store.write([&](store::Tx& tx) -> Status {
    for (const auto& [use, tally] : pending) KW_OK(write_one(tx, use, tally));
    KW_OK(write_totals(tx, pending));
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

Result<UsageTotal> UsageLedger::total(const KeyId& key, std::uint32_t version) {
  UsageTotal total;
  std::lock_guard lock(state_->flushing);
  KW_OK(state_->store.read([&](store::Reader& reader) -> Status {
    KW_TRY(const auto row,
           reader.query_one("SELECT " KW_USAGE_TOTAL KW_USAGE_JOINS("$2") " WHERE k.id = $1",
                            {key.bytes(), version}));
    total = row ? total_of(*row, 0) : UsageTotal();
    return ok();
  }));
  Sum unflushed;
  for (const auto& [use, tally] : state_->peek(key))
    if (use.version == version) unflushed.add(use.operation, tally);
  add(total, unflushed);
  return total;
}

Result<std::unordered_map<KeyId, UsageTotal>> UsageLedger::totals_of(std::span<const KeyId> keys) {
  std::unordered_map<KeyId, UsageTotal> all;
  std::unordered_map<KeyId, std::pair<std::uint32_t, Sum>> unflushed;  // of the primary's number
  store::RowSet wanted(1);
  for (const KeyId& key : keys) wanted.add({key.bytes()});
  std::lock_guard lock(state_->flushing);
  KW_OK(state_->store.read([&](store::Reader& reader) -> Status {
    all.clear();
    KW_TRY(const auto rows,
           reader.query_rows(
               "WITH r (wanted) AS (/*rows*/) SELECT k.id, k.primary_version, " KW_USAGE_COLUMNS
               " FROM r JOIN key_object k ON k.id = r.wanted" KW_USAGE_JOINS("k.primary_version"),
               wanted));
    for (const store::Row& row : rows) {
      KW_TRY(const KeyId key, KeyId::from_bytes(row.bytes(0)));
      all[key] = total_of(row, 2);
      unflushed[key].first = static_cast<std::uint32_t>(row.integer(1));
    }
    return ok();
  }));
  const auto wanted_key = [&](const KeyId& key) { return unflushed.contains(key); };
  for (const auto& [use, tally] : state_->peek_if(wanted_key)) {
    auto& [primary, sum] = unflushed[use.key];
    if (use.version == primary) sum.add(use.operation, tally);
  }
  for (const auto& [key, sum] : unflushed) add(all[key], sum.second);
  return all;
}

}  // namespace kw::keys

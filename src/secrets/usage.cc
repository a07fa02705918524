#include "secrets/usage.h"

#include <algorithm>

namespace kw::secrets {

namespace {
constexpr std::int64_t kHour = 3'600'000'000;
}

void ReadLedger::count(const SecretId& id, std::uint32_t version, std::string_view caller) {
  const std::int64_t now = to_micros(clock_.wall());
  const std::scoped_lock lock(mutex_);
  Count& counted = counts_[{id, version, std::string(caller), now / kHour}];
  ++counted.uses;
  counted.last_at = std::max(counted.last_at, now);
}

Status ReadLedger::write(const std::map<Key, Count>& counts) {
  return store_.write([&](store::Tx& tx) -> Status {
    for (const auto& [key, counted] : counts) {
      const auto& [id, version, caller, hour] = key;
      KW_OK(
          tx.post("INSERT INTO secret_usage (secret_id, version, caller, hour, uses, last_at)"
                  " VALUES ($1, $2, $3, $4, $5, $6)"
                  " ON CONFLICT (secret_id, version, caller, hour) DO UPDATE SET"
                  " uses = secret_usage.uses + excluded.uses,"
                  " last_at = CASE WHEN excluded.last_at > secret_usage.last_at"
                  " THEN excluded.last_at ELSE secret_usage.last_at END",
                  {id.bytes(), version, caller, hour, counted.uses, counted.last_at}));
    }
    return ok();
  });
}

Status ReadLedger::flush() {
  std::map<Key, Count> taken;
  {
    const std::scoped_lock lock(mutex_);
    taken.swap(counts_);
  }
  if (taken.empty()) return ok();
  Status written = write(taken);
  if (written) return ok();
  const std::scoped_lock lock(mutex_);
  for (const auto& [key, counted] : taken) {
    Count& kept = counts_[key];
    kept.uses += counted.uses;
    kept.last_at = std::max(kept.last_at, counted.last_at);
  }
  return written;
}

Result<std::vector<UsageRow>> ReadLedger::usage(const SecretId& id, WallTime from) {
  KW_OK(flush());
  std::vector<UsageRow> all;
  KW_OK(store_.read([&](store::Reader& reader) -> Status {
    all.clear();
    KW_TRY(const store::Rows rows,
           reader.query("SELECT version, caller, hour, uses, last_at FROM secret_usage"
                        " WHERE secret_id = $1 AND hour >= $2"
                        " ORDER BY hour DESC, version, caller LIMIT 10000",
                        {id.bytes(), to_micros(from) / kHour}));
    for (const store::Row& row : rows)
      all.push_back({static_cast<std::uint32_t>(row.integer(0)), row.text(1),
                     from_micros(row.integer(2) * kHour), row.integer(3),
                     from_micros(row.integer(4))});
    return ok();
  }));
  return all;
}

}  // namespace kw::secrets

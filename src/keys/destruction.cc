// S14: what waited long enough is shredded. Only the clockwork comes here.
#include "base/failpoint.h"
#include "keys/key_change.h"

namespace kw::keys {

namespace {

constexpr std::chrono::hours kJumpMax{1};

struct Due {
  KeyId key;
  std::uint32_t version = 0;
};

Result<std::vector<Due>> find_due(store::Reader& reader, WallTime now) {
  KW_TRY(const store::Rows found,
         reader.query("SELECT key_id, number FROM key_version WHERE state = 'destroying'"
                      " AND destroy_after <= $1 ORDER BY destroy_after, key_id LIMIT 1000",
                      {to_micros(now)}));
  std::vector<Due> due;
  for (const store::Row& row : found) {
    KW_TRY(const KeyId key, KeyId::from_bytes(row.bytes(0)));
    due.push_back({key, static_cast<std::uint32_t>(row.integer(1))});
  }
  return due;
}

// Reads and checks again inside the transaction: a cancellation may have come first.
Result<bool> destroy(const Foundations& on, Change change, const Due& due) {
  KW_TRY(auto key, rows::find_key({change.tx, on.barrier}, due.key));
  if (!key) return false;
  KeyChange edit(on, change, *std::move(key));
  KW_TRY(Version * version, edit.version(due.version));
  const bool waits = version->state == VersionState::kDestroying && version->destroy_after &&
                     *version->destroy_after <= edit.now();
  if (!waits) return false;
  KW_OK(edit.erase(*version));
  KW_OK(edit.transition(*version, VersionState::kDestroyed));
  KW_FAILPOINT("keys.destroyed");
  KW_OK(edit.finish());
  return true;
}

}  // namespace

Result<int> Keyring::destroy_due(const audit::Event& by) {
  const Foundations& on = state_->on;
  const auto wall = on.clock.wall() - state_->wall_at_start;
  const auto steady = on.clock.steady() - state_->steady_at_start;
  if (wall - steady > kJumpMax) {
    return error(Code::kFailedPrecondition, "clock_jumped",
                 "the wall clock ran ahead of the monotonic clock; nothing is destroyed");
  }
  std::vector<Due> due;
  KW_OK(on.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(due, find_due(reader, on.clock.wall()));
    return ok();
  }));
  int destroyed = 0;
  Status outcome;
  for (const Due& each : due) {
    bool done = false;
    auto written = on.store.write(
        [&](store::Tx& tx) -> Status {
          KW_TRY(done, destroy(on, Change{tx, by}, each));
          return ok();
        },
        store::Priority::kBackground);
    // One damaged key must not keep the others alive: report it after the rest.
    destroyed += written && done ? 1 : 0;
    if (!written && outcome) outcome = std::move(written);
    state_->forget(each.key);
  }
  KW_OK(outcome);
  return destroyed;
}

}  // namespace kw::keys

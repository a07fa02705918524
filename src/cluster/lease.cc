#include "base/failpoint.h"
#include "cluster/cluster.h"

namespace kw::cluster {

namespace {

constexpr std::size_t kNameBytes = 200;
constexpr std::chrono::hours kLongest{1};

struct Held {
  std::string holder;
  std::int64_t fence = 0;
  std::int64_t expires_at = 0;
};

struct Claim {
  std::string_view name;
  std::string_view holder;
  std::int64_t now = 0;  // wall microseconds
  std::int64_t expires_at = 0;
};

Status check(const Claim& claim, std::chrono::seconds time) {
  const bool names = !claim.name.empty() && claim.name.size() <= kNameBytes &&
                     !claim.holder.empty() && claim.holder.size() <= kNameBytes;
  if (names && time >= std::chrono::seconds(1) && time <= kLongest) return ok();
  return error(Code::kInvalidArgument, "bad_lease",
               "a lease has a name and a holder of 1 to 200 bytes and a time of 1 s to 1 h");
}

Result<std::optional<Held>> load(store::Tx& tx, std::string_view name) {
  KW_TRY(const std::optional<store::Row> row,
         tx.query_one("SELECT holder, fence, expires_at FROM lease WHERE name = $1", {name}));
  if (!row) return std::optional<Held>();
  return std::optional<Held>(Held{row->text(0), row->integer(1), row->integer(2)});
}

// The fence of a lease that was given to `claim`, or nullopt. Every write is a compare-and-swap on
// what was read, so two nodes that see the same expired lease cannot both win.
Result<std::optional<std::int64_t>> take(store::Tx& tx, const Claim& claim) {
  KW_FAILPOINT("cluster.lease.acquire");
  KW_TRY(const std::optional<Held> held, load(tx, claim.name));
  if (!held) {
    KW_TRY(const std::int64_t made,
           tx.execute("INSERT INTO lease (name, holder, fence, expires_at) VALUES ($1, $2, 1, $3)"
                      " ON CONFLICT (name) DO NOTHING",
                      {claim.name, claim.holder, claim.expires_at}));
    return made == 1 ? std::optional<std::int64_t>(1) : std::nullopt;
  }
  const bool lapsed = held->expires_at <= claim.now;
  if (!lapsed && held->holder != claim.holder) return std::optional<std::int64_t>();
  const std::int64_t fence = lapsed ? held->fence + 1 : held->fence;
  KW_TRY(const std::int64_t won,
         tx.execute(
             "UPDATE lease SET holder = $1, fence = $2, expires_at = $3"
             " WHERE name = $4 AND fence = $5 AND expires_at = $6",
             {claim.holder, fence, claim.expires_at, claim.name, held->fence, held->expires_at}));
  return won == 1 ? std::optional<std::int64_t>(fence) : std::nullopt;
}

}  // namespace

Result<std::optional<Lease>> acquire(store::Store& store, const Clock& clock, std::string_view name,
                                     std::string_view holder, std::chrono::seconds time) {
  const SteadyTime good_until = clock.steady() + time;
  const std::int64_t now = to_micros(clock.wall());
  const Claim claim{name, holder, now,
                    now + std::chrono::duration_cast<std::chrono::microseconds>(time).count()};
  KW_OK(check(claim, time));
  std::optional<std::int64_t> fence;
  KW_OK(store.write([&](store::Tx& tx) -> Status {
    KW_TRY(fence, take(tx, claim));
    return ok();
  }));
  if (!fence) return std::optional<Lease>();
  return std::optional<Lease>(Lease{std::string(name), *fence, good_until});
}

Status release(store::Store& store, std::string_view name, std::string_view holder) {
  // The row stays: a fence that started again at 1 would let an old holder pass.
  return store.write([&](store::Tx& tx) -> Status {
    KW_OK(tx.execute("UPDATE lease SET expires_at = 0 WHERE name = $1 AND holder = $2",
                     {name, holder}));
    return ok();
  });
}

Status require_fence(store::Tx& tx, std::string_view name, std::int64_t fence) {
  // A write, not a read: on engines with many writers it holds the row until this transaction ends.
  KW_TRY(
      const std::int64_t rows,
      tx.execute("UPDATE lease SET fence = fence WHERE name = $1 AND fence = $2", {name, fence}));
  if (rows == 1) return ok();
  return error(Code::kAborted, "fenced", "another holder has taken the lease");
}

}  // namespace kw::cluster

// The end of leases: revocation that never gives up, and what a crash left behind.
#include <algorithm>

#include "cluster/cluster.h"
#include "codec/base64.h"
#include "crypto/digest.h"
#include "observe/names.h"
#include "secrets/lease_rows.h"
#include "secrets/lease_user.h"

namespace kw::secrets {

namespace {

constexpr std::string_view kLeader = "secret-leases";
constexpr Seconds kLeaderTime{30};
constexpr Seconds kBackoffMax{300};
constexpr int kRound = 200;
constexpr Seconds kLate{60};

Seconds backoff(int attempts) {
  return std::min(kBackoffMax, Seconds(1 << std::min(attempts, 9)));
}

}  // namespace

Result<std::string> lease_prefix(seal::Barrier& barrier, std::string_view tenant,
                                 std::string_view role) {
  KW_TRY(const SecretBytes key, barrier.derive("lease-user"));
  const Bytes name = ByteWriter().field(tenant).field(role).bytes();
  const crypto::Digest256 digest = crypto::hmac_sha256(key, name);
  return "kw_" + codec::hex({digest.data(), 5}) + "_";
}

// @returns true when it is gone for good.
bool Leases::end(const audit::Event& by, const Lease& lease) {
  const Answer answer = at_target(lease, [&](Issuer& issuer, const Context& c, const Place& p) {
    return issuer.revoke(c, p, lease.settings, lease.principal);
  });
  const WallTime now = targets_.secrets().foundations().clock.wall();
  const bool gone = answer.outcome == Outcome::kOk;
  // What another node changed meanwhile is looked at again by who comes next.
  const auto written = moved(by, gone ? "lease.revoked" : "", lease, [&](Lease& l) {
    l.state = gone ? LeaseState::kRevoked : LeaseState::kRevoking;
    l.attempts += gone ? 0 : 1;
    l.next_at = gone ? now : now + backoff(l.attempts);
    l.problem = gone ? "" : answer.reason;
  });
  return gone && written.has_value();
}

Result<std::vector<Lease>> Leases::due() {
  static const std::string kSql = "SELECT " + std::string(rows::kLeaseColumns) +
                                  " FROM lease_row WHERE state <> 'revoked' AND next_at <= $1"
                                  " ORDER BY next_at LIMIT $2";
  const Foundations& on = targets_.secrets().foundations();
  std::vector<Lease> all;
  KW_OK(on.store.read([&](store::Reader& reader) -> Status {
    all.clear();
    KW_TRY(const store::Rows found, reader.query(kSql, {to_micros(on.clock.wall()), kRound}));
    for (const store::Row& row : found) {
      KW_TRY(Lease lease, rows::lease_of(on.barrier, row));
      all.push_back(std::move(lease));
    }
    return ok();
  }));
  return all;
}

Result<bool> Leases::leads() {
  const Foundations& on = targets_.secrets().foundations();
  KW_TRY(const auto lease,
         cluster::acquire(on.store, on.clock, kLeader, options_.node, kLeaderTime));
  return lease.has_value();
}

Status Leases::look_for_orphans(const audit::Event& by) {
  const Foundations& on = targets_.secrets().foundations();
  const SteadyTime now = on.clock.steady();
  if (orphans_at_ && now - *orphans_at_ < options_.orphan_interval) return ok();
  orphans_at_ = now;
  std::vector<LeaseRole> roles;
  KW_OK(on.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(roles, rows::all_roles({reader, on.barrier}));
    return ok();
  }));
  std::map<std::string, SteadyTime> still;
  for (const LeaseRole& each : roles) KW_OK(drop_orphans(by, each, still));
  orphans_ = std::move(still);
  return ok();
}

Status Leases::drop_orphans(const audit::Event& by, const LeaseRole& role,
                            std::map<std::string, SteadyTime>& still) {
  const Foundations& on = targets_.secrets().foundations();
  Lease question;
  question.tenant_name = role.tenant_name;
  question.target = role.target;
  KW_TRY(const std::string prefix, lease_prefix(on.barrier, role.tenant_name, role.name));
  std::vector<std::string> users;
  at_target(question, [&](Issuer& issuer, const Context& c, const Place& p) -> Answer {
    auto found = issuer.issued(c, p, prefix);
    if (!found) return Answer::unknown(found.error().reason);
    users = *std::move(found);
    return Answer::ok();
  });
  for (const std::string& user : users) {
    bool known = false;
    KW_OK(on.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(const auto row,
             reader.query_one("SELECT 1 FROM lease_row WHERE principal = $1 AND tenant = $2"
                              " AND state <> 'revoked'",
                              {user, role.tenant}));
      known = row.has_value();
      return ok();
    }));
    if (known || !user.starts_with(prefix)) continue;
    const std::string place = role.tenant_name + "/" + role.target + "/" + user;
    const auto seen = orphans_.find(place);
    const SteadyTime since = seen == orphans_.end() ? on.clock.steady() : seen->second;
    still[place] = since;
    if (on.clock.steady() - since < options_.orphan_grace) continue;
    const Answer gone = at_target(question, [&](Issuer& issuer, const Context& c, const Place& p) {
      return issuer.revoke(c, p, role.settings, user);
    });
    if (gone.outcome != Outcome::kOk) continue;
    still.erase(place);
    audit::Event event = by;
    event.action = "lease.orphan";
    event.kind = "lease";
    event.object = user;
    event.tenant = role.tenant_name;
    KW_OK(on.log.append(event));
  }
  return ok();
}

Status Leases::count() {
  if (options_.metrics == nullptr) return ok();
  const Foundations& on = targets_.secrets().foundations();
  std::int64_t open = 0, late = 0;
  KW_OK(on.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(const auto row,
           reader.query_one("SELECT COUNT(*), SUM(CASE WHEN expires_at < $1 THEN 1 ELSE 0 END)"
                            " FROM lease_row WHERE state <> 'revoked'",
                            {to_micros(on.clock.wall() - kLate)}));
    open = row->integer(0);
    late = row->is_null(1) ? 0 : row->integer(1);
    return ok();
  }));
  options_.metrics
      ->gauge(observe::names::kLeasesOpen, "Leases of dynamic credentials that are not revoked")
      .set(static_cast<double>(open));
  options_.metrics
      ->gauge(observe::names::kLeasesLate,
              "Leases over for more than a minute whose credential may still work")
      .set(static_cast<double>(late));
  return ok();
}

Result<int> Leases::tick(const audit::Event& by) {
  const std::scoped_lock lock(mutex_);
  KW_TRY(const bool leader, leads());
  if (!leader) return 0;
  KW_TRY(const std::vector<Lease> waiting, due());
  int ended = 0;
  for (Lease lease : waiting) {
    if (lease.state != LeaseState::kRevoking) {
      auto over =
          moved(by, "lease.expire", lease, [](Lease& l) { l.state = LeaseState::kRevoking; });
      if (!over) continue;  // renewed or revoked a moment ago
      lease = *std::move(over);
    }
    ended += end(by, lease) ? 1 : 0;
  }
  KW_OK(look_for_orphans(by));
  KW_OK(count());
  return ended;
}

}  // namespace kw::secrets

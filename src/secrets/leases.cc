#include <algorithm>

#include "base/failpoint.h"
#include "crypto/random.h"
#include "secrets/generator.h"
#include "secrets/lease_rows.h"
#include "secrets/lease_user.h"

namespace kw::secrets {

namespace {

constexpr Seconds kTtlMin{60};

Error no_lease() {
  return error(Code::kNotFound, "not_found", "there is no such lease");
}

seal::SealContext seal_context(const Lease& lease) {
  seal::SealContext context;
  context.label = "lease";
  context.object = lease.id.bytes();
  return context;
}

Status leaf(const Foundations& on, store::Tx& tx, const audit::Event& by, std::string_view action,
            const Lease& lease, std::string_view from) {
  const std::string id = lease.id.text();
  audit::Event event = by;
  event.action = action;
  event.kind = "lease";
  event.object = id;
  event.tenant = lease.tenant_name;
  event.from_state = from;
  event.to_state = lease_state_name(lease.state);
  event.reason = lease.problem;
  KW_OK(on.log.append(tx, event));
  return ok();
}

Result<std::int64_t> open_leases(store::Reader& reader, std::int64_t tenant,
                                 std::string_view role) {
  KW_TRY(const auto row, reader.query_one("SELECT COUNT(*) FROM lease_row WHERE tenant = $1"
                                          " AND ($2 = '' OR role = $2) AND state <> 'revoked'",
                                          {tenant, role}));
  return row->integer(0);
}

Status check_quota(store::Reader& reader, const LeaseRole& role) {
  KW_TRY(const std::int64_t of_role, open_leases(reader, role.tenant, role.name));
  KW_TRY(const std::int64_t of_tenant, open_leases(reader, role.tenant, ""));
  if (of_role < role.leases_max && of_tenant < kLeasesPerTenantMax) return ok();
  return error(Code::kResourceExhausted, "lease_quota",
               of_role >= role.leases_max ? "the role has as many leases as it may have"
                                          : "the tenant has as many leases as it may have");
}

Result<Seconds> checked_ttl(const LeaseRole& role, std::optional<Seconds> wanted) {
  const Seconds ttl = wanted.value_or(role.ttl);
  if (ttl >= kTtlMin && ttl <= role.ttl) return ttl;
  return error(Code::kInvalidArgument, "bad_ttl",
               "a lease of this role lives 60 s to " + std::to_string(role.ttl.count()) + " s");
}

Error failure_of(const Answer& answer) {
  const bool unknown = answer.outcome == Outcome::kUnknown;
  return error(unknown ? Code::kUnavailable : Code::kFailedPrecondition, answer.reason,
               "the target did not do it: " + answer.detail);
}

}  // namespace

Leases::Leases(Targets& targets, Options options)
    : targets_(targets), options_(std::move(options)) {}

Result<Lease> Leases::begin(const audit::Event& by, const LeaseRole& role, std::string_view caller,
                            Seconds ttl, const SecretBytes& password) {
  const Foundations& on = targets_.secrets().foundations();
  Lease lease;
  lease.id = crypto::random_id<LeaseId>();
  lease.tenant = role.tenant;
  lease.tenant_name = role.tenant_name;
  lease.role = role.name;
  lease.target = role.target;
  lease.settings = role.settings;
  lease.caller = caller;
  KW_TRY(const std::string prefix, lease_prefix(on.barrier, role.tenant_name, role.name));
  lease.principal = prefix + lease.id.text().substr(0, 12);
  lease.issued_at = on.clock.wall();
  lease.expires_at = lease.issued_at + ttl;
  lease.last_at = lease.issued_at + role.ttl_max;
  lease.next_at = lease.issued_at + kIssueTime;
  lease.epoch = 1;
  KW_OK(on.store.write([&](store::Tx& tx) -> Status {
    KW_OK(check_quota(tx, role));
    KW_TRY(lease.cell, on.barrier.put(tx, lease.tenant, seal_context(lease), password));
    KW_OK(rows::insert_lease({tx, on.barrier}, lease));
    KW_FAILPOINT("secrets.lease.written");
    return leaf(on, tx, by, "lease.issue", lease, "none");
  }));
  return lease;
}

// The row as it is now; whoever was quicker wins.
Result<Lease> Leases::moved(const audit::Event& by, std::string_view action, const Lease& lease,
                            const std::function<void(Lease&)>& change) {
  const Foundations& on = targets_.secrets().foundations();
  Lease after = lease;
  KW_OK(on.store.write([&](store::Tx& tx) -> Status {
    after = lease;
    change(after);
    const bool done_with = after.state == LeaseState::kLive || after.state == LeaseState::kRevoked;
    if (done_with && after.cell != 0) {
      KW_OK(on.barrier.erase(tx, after.cell));
      after.cell = 0;
    }
    KW_OK(rows::update_lease({tx, on.barrier}, after));
    KW_FAILPOINT("secrets.lease.moved");
    if (action.empty()) return ok();
    return leaf(on, tx, by, action, after, lease_state_name(lease.state));
  }));
  return after;
}

Answer Leases::at_target(const Lease& lease,
                         const std::function<Answer(Issuer&, const Context&, const Place&)>& call) {
  std::optional<Binding> binding;
  std::vector<Credential> admins;
  const Status read =
      targets_.secrets().foundations().store.read([&](store::Reader& reader) -> Status {
        KW_TRY(binding, targets_.place(reader, lease.tenant_name, lease.target));
        KW_TRY(admins, targets_.admins_of(reader, *binding));
        return ok();
      });
  if (!read) return Answer::unknown(read.error().reason, read.error().message);
  Issuer* issuer = binding->connector->issuer();
  if (issuer == nullptr) return Answer::unknown("no_issuer", "the connector lost its issuer");
  const std::string id = lease.id.text();
  Answer answer = Answer::definite_fail("admin_refused", "the target has no admin secret");
  for (const Credential& admin : admins) {
    const Context context{id, std::chrono::steady_clock::now() + kCallTime, false};
    answer = call(*issuer, context, binding->place(&admin));
    if (answer.outcome != Outcome::kDefiniteFail || answer.reason != "admin_refused") break;
  }
  return answer;
}

Result<Leases::Issued> Leases::issue(const audit::Event& by, std::string_view tenant,
                                     std::string_view role_name, std::string_view caller,
                                     std::optional<Seconds> wanted) {
  std::optional<LeaseRole> found;
  KW_OK(targets_.secrets().foundations().store.read([&](store::Reader& reader) -> Status {
    KW_TRY(found, role(reader, tenant, role_name));
    return ok();
  }));
  KW_TRY(const Seconds ttl, checked_ttl(*found, wanted));
  KW_TRY(const Generator generator, parse_generator(found->generator));
  KW_TRY(Fields made, generate(generator));
  SecretBytes password = std::move(made.front().second);
  KW_TRY(Lease lease, begin(by, *found, caller, ttl, password));
  Credential credential;
  credential.version = 1;
  credential.principal = lease.principal;
  credential.secret = password.clone();
  const Answer answer = at_target(lease, [&](Issuer& issuer, const Context& c, const Place& p) {
    return issuer.issue(c, p, lease.settings, credential, lease.expires_at);
  });
  KW_FAILPOINT("secrets.lease.issued");
  if (answer.outcome == Outcome::kOk) {
    KW_TRY(lease, moved(by, "lease.issue", lease, [](Lease& l) {
             l.state = LeaseState::kLive;
             l.next_at = l.expires_at;
           }));
    return Issued{std::move(lease), std::move(password)};
  }
  // Nobody knows what is there now: what may be there is taken away.
  KW_TRY(lease, moved(by, "lease.issue", lease, [&](Lease& l) {
           l.state = LeaseState::kRevoking;
           l.next_at = l.issued_at;
           l.problem = answer.reason;
         }));
  end(by, lease);
  return failure_of(answer);
}

Result<Lease> Leases::show(store::Reader& reader, const LeaseId& id) {
  KW_TRY(auto found, rows::find_lease({reader, targets_.secrets().foundations().barrier}, id));
  if (!found) return no_lease();
  return *std::move(found);
}

Result<std::vector<Lease>> Leases::list(store::Reader& reader, std::string_view tenant,
                                        const Filter& filter) {
  static const std::string kSql =
      "SELECT " + std::string(rows::kLeaseColumns) +
      " FROM lease_row WHERE tenant = $1 AND id > $2 AND ($3 = '' OR role = $3)"
      " AND ($4 = '' OR caller = $4) AND ($5 = 0 OR state <> 'revoked') ORDER BY id LIMIT $6";
  const Foundations& on = targets_.secrets().foundations();
  if (filter.limit < 1 || filter.limit > 1000)
    return error(Code::kInvalidArgument, "bad_limit", "a page has 1 to 1,000 leases");
  const auto number = on.tenant_number(reader, tenant);
  if (!number) return number.error().code == Code::kNotFound ? no_lease() : number.error();
  const LeaseId after = filter.after.value_or(LeaseId());
  KW_TRY(const store::Rows found,
         reader.query(kSql, {*number, after.bytes(), filter.role, filter.caller,
                             filter.open ? 1 : 0, filter.limit}));
  std::vector<Lease> all;
  for (const store::Row& row : found) {
    KW_TRY(Lease lease, rows::lease_of(on.barrier, row));
    all.push_back(std::move(lease));
  }
  return all;
}

Result<Lease> Leases::renew(const audit::Event& by, const LeaseId& id,
                            std::optional<Seconds> wanted) {
  const Foundations& on = targets_.secrets().foundations();
  std::optional<Lease> lease;
  std::optional<LeaseRole> found;
  KW_OK(on.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(lease, show(reader, id));
    KW_TRY(found, role(reader, lease->tenant_name, lease->role));
    return ok();
  }));
  const WallTime now = on.clock.wall();
  if (lease->state != LeaseState::kLive || lease->expires_at <= now)
    return error(Code::kFailedPrecondition, "lease_over", "the lease is over: ask for a new one");
  KW_TRY(const Seconds ttl, checked_ttl(*found, wanted));
  const WallTime until = std::min(std::max(lease->expires_at, now + ttl), lease->last_at);
  const Answer answer = at_target(*lease, [&](Issuer& issuer, const Context& c, const Place& p) {
    return issuer.renew(c, p, lease->principal, until);
  });
  if (answer.outcome != Outcome::kOk) return failure_of(answer);
  return moved(by, "lease.renew", *lease, [&](Lease& l) { l.expires_at = l.next_at = until; });
}

Result<Lease> Leases::revoke(const audit::Event& by, const LeaseId& id) {
  const Foundations& on = targets_.secrets().foundations();
  std::optional<Lease> lease;
  KW_OK(on.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(lease, show(reader, id));
    return ok();
  }));
  if (lease->state == LeaseState::kRevoked) return *std::move(lease);
  const WallTime now = on.clock.wall();
  if (lease->state != LeaseState::kRevoking) {
    KW_TRY(lease, moved(by, "lease.revoke", *lease, [&](Lease& l) {
             l.state = LeaseState::kRevoking;
             l.next_at = now;
           }));
  }
  end(by, *lease);
  std::optional<Lease> after;
  KW_OK(on.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(after, show(reader, id));
    return ok();
  }));
  return *std::move(after);
}

}  // namespace kw::secrets

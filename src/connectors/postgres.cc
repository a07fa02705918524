// PostgreSQL: two roles that take turns and act as a common owner, or the swap of one password.
// docs/connectors/postgres.md says what it needs and what its traps are.
#include <algorithm>

#include "connectors/login_connector.h"
#include "connectors/make_connectors.h"
#include "connectors/outcome.h"
#include "connectors/postgres_issuer.h"
#include "connectors/postgres_link.h"
#include "connectors/postgres_roles.h"
#include "connectors/postgres_target.h"
#include "connectors/principal_name.h"

namespace kw::connectors {

using secrets::Answer;
using secrets::Capabilities;
using secrets::Context;
using secrets::Credential;
using secrets::Drain;
using secrets::Minting;
using secrets::Observed;
using secrets::Place;
using secrets::Probe;
using secrets::SettingRule;

namespace {

constexpr std::chrono::seconds kReplication{10};

// A table made, filled, read and dropped as the owner, and none of it kept.
Status may_work(PostgresSession& session, const PostgresTarget& target) {
  if (!target.owner.empty()) {
    KW_TRY(const auto rows, session.ask("SELECT current_user::text"));
    if (rows.text(0, 0) != target.owner)
      return error(Code::kFailedPrecondition, "permission_missing",
                   "the role does not act as the owner");
  }
  if (target.probe_schema.empty()) return ok();
  KW_TRY(const auto pid, session.ask("SELECT pg_backend_pid()::text"));
  const std::string table =
      quoted_identifier(target.probe_schema) + ".keywright_probe_" + std::string(pid.text(0, 0));
  Status done = session.run("BEGIN; CREATE TABLE " + table + " (id int); INSERT INTO " + table +
                            " VALUES (1); UPDATE " + table + " SET id = 2; SELECT id FROM " +
                            table + "; DROP TABLE " + table + "; ROLLBACK");
  if (!done && done.error().code == Code::kFailedPrecondition)
    return error(Code::kFailedPrecondition, "permission_missing", done.error().message);
  return done;
}

class Postgres final : public LoginConnector {
 public:
  std::string_view name() const override { return "postgres"; }
  std::span<const SettingRule> system_rules() const override { return postgres_system_rules(); }
  std::span<const SettingRule> account_rules() const override { return postgres_account_rules(); }
  secrets::Issuer* issuer() override { return &issuer_; }

  Status check(const Place& place) const override {
    KW_TRY(const PostgresTarget target, PostgresTarget::read(place));
    if (target.swap) return ok();
    KW_OK(check_base_name(target.name));
    if (target.owner.empty())
      return bad_setting("alternating roles need an owner: whoever is in, objects are the owner's");
    if (place.admin == nullptr)
      return bad_setting("alternating roles need an administrator; strategy=swap does not");
    return ok();
  }

  Capabilities describe(const Place& place) const override {
    Capabilities can;
    const auto target = PostgresTarget::read(place);
    const bool swap = target && target->swap;
    can.slots = swap ? 1 : 2;
    can.principal_per_version = !swap;
    can.soft_disable = !swap;
    can.sessions_survive_revoke = true;
    can.meter = swap ? Drain::Quality::kNone : Drain::Quality::kExact;
    if (target && !target->replicas.empty()) can.propagation = kReplication;
    return can;
  }

  Result<Credential> create_pending(const Context&, const Place& place,
                                    const Minting& minting) override {
    KW_TRY(const PostgresTarget target, PostgresTarget::read(place));
    Credential fresh{minting.version, target.name, {}};
    if (target.swap) return fresh;
    KW_TRY(fresh.principal, alternate_name(target.name, minting));
    return fresh;
  }

  Result<Observed> inspect(const Context& context, const Place& place,
                           std::span<const Credential* const> known) override {
    KW_TRY(const PostgresTarget target, PostgresTarget::read(place));
    KW_TRY(Observed seen, LoginConnector::inspect(context, place, known));
    const bool silent = std::all_of(seen.accepted.begin(), seen.accepted.end(),
                                    [](auto each) { return each == Observed::Accepted::kUnknown; });
    if (target.swap || (silent && !known.empty())) return seen;
    KW_TRY(const auto admin, target.administer(place, {}, context.deadline));
    KW_TRY(const auto open, open_roles(*admin, target.name + "_a", target.name + "_b"));
    seen.free_slot = open < 2;
    return seen;
  }

  Answer install(const Context& context, const Place& place, const Credential& fresh,
                 const Credential* old) override {
    return answer_of(put(context, place, fresh, old));
  }

  Result<Drain> measure_drain(const Context& context, const Place& place,
                              const Credential& old) override {
    KW_TRY(const PostgresTarget target, PostgresTarget::read(place));
    Drain drain;
    if (target.swap) return drain;
    drain.quality = Drain::Quality::kExact;
    KW_OK(target.on_each(place, {&old}, context.deadline, [&](PostgresSession& session) {
      return count_role_sessions(session, old.principal, drain);
    }));
    return drain;
  }

  Answer disable_old(const Context& context, const Place& place, const Credential& old,
                     const Credential& fresh) override {
    return answer_of(shut(context, place, old, fresh, false));
  }

  Answer restore_old(const Context& context, const Place& place, const Credential& old,
                     const Credential& fresh) override {
    const auto restored = [&]() -> Status {
      KW_TRY(const PostgresTarget target, PostgresTarget::read(place));
      if (target.swap) return ok();
      KW_TRY(const auto admin, target.administer(place, {&fresh}, context.deadline));
      return reopen_role(*admin, old.principal);
    };
    return answer_of(restored());
  }

  Answer revoke_old(const Context& context, const Place& place, const Credential& old,
                    const Credential& fresh, bool end_sessions) override {
    const Status revoked = shut(context, place, old, fresh, true);
    if (!revoked || !end_sessions) return answer_of(revoked);
    return answer_of(end(context, place, old.principal, fresh));
  }

  Answer remove_pending(const Context& context, const Place& place, const Credential& fresh,
                        const Credential* old) override {
    const auto removed = [&]() -> Status {
      KW_TRY(const PostgresTarget target, PostgresTarget::read(place));
      if (target.swap) {
        if (old == nullptr)
          return error(Code::kFailedPrecondition, "no_old_credential",
                       "a swap is undone by the old credential only");
        return exchange(context, place, target, *old, &fresh);
      }
      KW_TRY(const auto admin, target.administer(place, {old}, context.deadline));
      KW_OK(shut_role(*admin, fresh.principal, true));
      return end_role_sessions(*admin, fresh.principal);
    };
    return answer_of(removed());
  }

 private:
  Status log_in(const Context& context, const Place& place,
                const Credential& credential) const override {
    KW_TRY(const PostgresTarget target, PostgresTarget::read(place));
    return target.probe(target.primary, credential, context.deadline);
  }

  Status works(const Context& context, const Place& place, const Credential& credential,
               Probe probe) const override {
    KW_TRY(const PostgresTarget target, PostgresTarget::read(place));
    KW_TRY(const auto session, target.log_in(target.primary, credential, context.deadline));
    if (probe == Probe::kPermission) return may_work(*session, target);
    for (const ServerAddress& replica : target.replicas)
      KW_OK(target.probe(replica, credential, context.deadline));
    return ok();
  }

  static Status put(const Context& context, const Place& place, const Credential& fresh,
                    const Credential* old) {
    KW_TRY(const PostgresTarget target, PostgresTarget::read(place));
    if (target.swap) return exchange(context, place, target, fresh, old);
    if (target.probe(target.primary, fresh, context.deadline)) return ok();
    KW_TRY(const auto admin, target.administer(place, {}, context.deadline));
    KW_TRY(std::string verifier, admin->verifier(fresh.principal, fresh.secret));
    return put_login_role(*admin, {fresh.principal, std::move(verifier), target.owner,
                                   old == nullptr ? "" : old->principal});
  }

  /// One role, another password. @param present  the credential that may be the one that works
  static Status exchange(const Context& context, const Place& place, const PostgresTarget& target,
                         const Credential& to, const Credential* present) {
    Status already = target.probe(target.primary, to, context.deadline);
    if (already || already.error().code != Code::kUnauthenticated) return already;
    KW_TRY(const auto admin, target.administer(place, {present}, context.deadline));
    KW_TRY(const std::string verifier, admin->verifier(to.principal, to.secret));
    return set_verifier(*admin, to.principal, verifier);
  }

  static Status shut(const Context& context, const Place& place, const Credential& old,
                     const Credential& fresh, bool for_good) {
    KW_TRY(const PostgresTarget target, PostgresTarget::read(place));
    if (target.swap) return ok();
    if (old.principal == fresh.principal)
      return error(Code::kFailedPrecondition, "same_principal",
                   "shutting the old role would shut the new one: they are the same");
    KW_TRY(const auto admin, target.administer(place, {&fresh}, context.deadline));
    return shut_role(*admin, old.principal, for_good);
  }

  static Status end(const Context& context, const Place& place, const std::string& principal,
                    const Credential& fresh) {
    KW_TRY(const PostgresTarget target, PostgresTarget::read(place));
    return target.on_each(place, {&fresh}, context.deadline, [&](PostgresSession& session) {
      return end_role_sessions(session, principal);
    });
  }

  PostgresIssuer issuer_;
};

}  // namespace

std::unique_ptr<secrets::Connector> make_postgres(const ConnectorOptions&);
std::unique_ptr<secrets::Connector> make_postgres(const ConnectorOptions&) {
  return std::make_unique<Postgres>();
}

}  // namespace kw::connectors

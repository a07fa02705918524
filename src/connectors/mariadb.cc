// MariaDB: two passwords on one account, or two accounts that act by one role. The hash is sent,
// never the password. docs/connectors/mariadb.md says what it needs and what its traps are.
#include <algorithm>

#include "connectors/credential_text.h"
#include "connectors/login_connector.h"
#include "connectors/make_connectors.h"
#include "connectors/mariadb_issuer.h"
#include "connectors/mariadb_target.h"
#include "connectors/outcome.h"
#include "connectors/principal_name.h"

namespace kw::connectors {

using secrets::Answer;
using secrets::Capabilities;
using secrets::Context;
using secrets::Credential;
using secrets::Drain;
using secrets::Minting;
using secrets::Place;
using secrets::Probe;
using secrets::SettingRule;

namespace {

constexpr std::chrono::seconds kReplication{10};
constexpr std::size_t kMethodsMax = 2;

Error missing() {
  return error(Code::kNotFound, "principal_missing", "MariaDB has no such account any more");
}

bool holds(const std::vector<LoginMethod>& methods, const LoginMethod& one) {
  return std::find(methods.begin(), methods.end(), one) != methods.end();
}

// One more password on the account. The old one must be of the kind that stands beside another.
Status add_password(MariadbSession& admin, const MariadbAccount& account, const Credential& fresh,
                    const Credential* old) {
  KW_TRY(auto methods, login_methods(admin, account));
  if (!methods) return missing();
  const LoginMethod added = native_method(fresh);
  if (holds(*methods, added)) return ok();
  std::erase(*methods, no_method());
  if (old != nullptr && !holds(*methods, native_method(*old)) && !methods->empty())
    return error(Code::kFailedPrecondition, "foreign_login_method",
                 "the account does not log in by the old password with mysql_native_password");
  if (methods->size() >= kMethodsMax)
    return error(Code::kFailedPrecondition, "no_free_slot",
                 "the account has two passwords already");
  methods->insert(methods->begin(), added);
  return set_login_methods(admin, account, *methods);
}

Status remove_password(MariadbSession& admin, const MariadbAccount& account,
                       const Credential& gone) {
  KW_TRY(auto methods, login_methods(admin, account));
  if (!methods || std::erase(*methods, native_method(gone)) == 0) return ok();
  if (methods->empty()) methods->push_back(no_method());
  return set_login_methods(admin, account, *methods);
}

// The account of the new version, with the role and without anything else. It makes the role its
// own default: for others that takes the right to write into the database `mysql`.
Status put_account(MariadbSession& admin, const MariadbTarget& target, const Credential& fresh,
                   SteadyTime deadline) {
  const MariadbAccount account = target.account_of(fresh);
  const std::string name = mariadb_account(account.user, account.host);
  KW_OK(admin.run("CREATE USER IF NOT EXISTS " + name +
                  " IDENTIFIED VIA mysql_native_password USING 'invalid' ACCOUNT LOCK"));
  KW_OK(admin.run("GRANT " + mariadb_identifier(target.role) + " TO " + name));
  KW_OK(set_login_methods(admin, account, {native_method(fresh)}));
  KW_OK(lock_account(admin, account, false));
  KW_TRY(const auto self, MariadbSession::open(target.primary, "", fresh, deadline));
  return self->run("SET DEFAULT ROLE " + mariadb_identifier(target.role));
}

class Mariadb final : public LoginConnector {
 public:
  std::string_view name() const override { return "mariadb"; }
  std::span<const SettingRule> system_rules() const override { return mariadb_system_rules(); }
  std::span<const SettingRule> account_rules() const override { return mariadb_account_rules(); }
  secrets::Issuer* issuer() override { return &issuer_; }

  Status check(const Place& place) const override {
    KW_TRY(const MariadbTarget target, MariadbTarget::read(place));
    if (!target.alternate) return ok();
    KW_OK(check_base_name(target.name));
    if (target.role.empty())
      return bad_setting("alternating accounts need a role that both act by");
    if (place.admin == nullptr)
      return bad_setting("alternating accounts need an administrator; strategy=dual does not");
    return ok();
  }

  Capabilities describe(const Place& place) const override {
    const auto target = MariadbTarget::read(place);
    const bool alternate = target && target->alternate;
    Capabilities can;
    can.slots = 2;
    can.native_overlap = !alternate;
    can.principal_per_version = alternate;
    can.soft_disable = true;
    can.sessions_survive_revoke = true;
    can.meter = alternate ? Drain::Quality::kExact : Drain::Quality::kNone;
    if (target && !target->replicas.empty()) can.propagation = kReplication;
    return can;
  }

  Result<Credential> create_pending(const Context&, const Place& place,
                                    const Minting& minting) override {
    KW_TRY(const MariadbTarget target, MariadbTarget::read(place));
    Credential fresh{minting.version, target.name, {}};
    if (!target.alternate) return fresh;
    KW_TRY(fresh.principal, alternate_name(target.name, minting));
    return fresh;
  }

  Answer install(const Context& context, const Place& place, const Credential& fresh,
                 const Credential* old) override {
    const auto installed = [&]() -> Status {
      KW_TRY(const MariadbTarget target, MariadbTarget::read(place));
      KW_OK(credential_text(fresh.secret));
      KW_TRY(const auto admin, target.administer(place, {old, &fresh}, context.deadline));
      if (target.alternate) return put_account(*admin, target, fresh, context.deadline);
      return add_password(*admin, target.account_of(fresh), fresh, old);
    };
    return answer_of(installed());
  }

  Result<Drain> measure_drain(const Context& context, const Place& place,
                              const Credential& old) override {
    KW_TRY(const MariadbTarget target, MariadbTarget::read(place));
    Drain drain;
    if (!target.alternate) return drain;
    drain.quality = Drain::Quality::kExact;
    KW_TRY(const auto admin, target.administer(place, {&old}, context.deadline));
    KW_OK(count_sessions(*admin, old.principal, drain));
    return drain;
  }

  Answer disable_old(const Context& context, const Place& place, const Credential& old,
                     const Credential& fresh) override {
    return with_admin(context, place, fresh,
                      [&](MariadbSession& admin, const MariadbTarget& target) {
                        if (target.alternate)
                          return lock_account(admin, target.account_of(old), true);
                        return remove_password(admin, target.account_of(old), old);
                      });
  }

  Answer restore_old(const Context& context, const Place& place, const Credential& old,
                     const Credential& fresh) override {
    return with_admin(context, place, fresh,
                      [&](MariadbSession& admin, const MariadbTarget& target) {
                        if (target.alternate)
                          return lock_account(admin, target.account_of(old), false);
                        return add_password(admin, target.account_of(old), old, nullptr);
                      });
  }

  Answer revoke_old(const Context& context, const Place& place, const Credential& old,
                    const Credential& fresh, bool end) override {
    return with_admin(context, place, fresh,
                      [&](MariadbSession& admin, const MariadbTarget& target) -> Status {
                        KW_OK(shut(admin, target, old, fresh.principal));
                        return end ? end_sessions(admin, old.principal) : ok();
                      });
  }

  Answer remove_pending(const Context& context, const Place& place, const Credential& fresh,
                        const Credential* old) override {
    const Credential& self = old == nullptr ? fresh : *old;
    return with_admin(context, place, self,
                      [&](MariadbSession& admin, const MariadbTarget& target) {
                        return shut(admin, target, fresh, old == nullptr ? "" : old->principal);
                      });
  }

 private:
  Status log_in(const Context& context, const Place& place,
                const Credential& credential) const override {
    KW_TRY(const MariadbTarget target, MariadbTarget::read(place));
    return target.probe_login(target.primary, credential, context.deadline);
  }

  Status works(const Context& context, const Place& place, const Credential& credential,
               Probe probe) const override {
    KW_TRY(const MariadbTarget target, MariadbTarget::read(place));
    KW_TRY(const auto session,
           MariadbSession::open(target.primary, target.database, credential, context.deadline));
    if (probe == Probe::kPermission) return may_work(*session, target);
    for (const ServerAddress& replica : target.replicas)
      KW_OK(target.probe_login(replica, credential, context.deadline));
    return ok();
  }

  static Status may_work(MariadbSession& session, const MariadbTarget& target) {
    if (target.probe.empty()) return ok();
    KW_OK(session.run("START TRANSACTION"));
    Status done = session.run(target.probe);
    if (!done && done.error().code == Code::kFailedPrecondition)
      return error(Code::kFailedPrecondition, "permission_missing", done.error().message);
    if (!done) return done;
    return session.run("ROLLBACK");
  }

  static Status shut(MariadbSession& admin, const MariadbTarget& target, const Credential& one,
                     const std::string& other) {
    const MariadbAccount account = target.account_of(one);
    if (!target.alternate) return remove_password(admin, account, one);
    if (one.principal == other)
      return error(Code::kFailedPrecondition, "same_principal",
                   "shutting the one account would shut the other: they are the same");
    KW_TRY(const auto methods, login_methods(admin, account));
    if (!methods) return ok();
    KW_OK(lock_account(admin, account, true));
    return set_login_methods(admin, account, {no_method()});
  }

  /// @param self  who does it when there is no administrator
  template <typename Work>
  static Answer with_admin(const Context& context, const Place& place, const Credential& self,
                           const Work& work) {
    const auto done = [&]() -> Status {
      KW_TRY(const MariadbTarget target, MariadbTarget::read(place));
      KW_TRY(const auto admin, target.administer(place, {&self}, context.deadline));
      return work(*admin, target);
    };
    return answer_of(done());
  }

  MariadbIssuer issuer_;
};

}  // namespace

std::unique_ptr<secrets::Connector> make_mariadb(const ConnectorOptions&);
std::unique_ptr<secrets::Connector> make_mariadb(const ConnectorOptions&) {
  return std::make_unique<Mariadb>();
}

}  // namespace kw::connectors

// Redis and Valkey: a user per version, or two passwords on one user. Hashes are sent, never
// passwords. docs/connectors/redis.md says what it needs and what its traps are.
#include "connectors/credential_text.h"
#include "connectors/login_connector.h"
#include "connectors/make_connectors.h"
#include "connectors/outcome.h"
#include "connectors/principal_name.h"
#include "connectors/redis_acl.h"
#include "connectors/redis_issuer.h"
#include "connectors/redis_target.h"
#include "crypto/password_verifier.h"

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

std::string hash_of(const Credential& credential) {
  return crypto::sha256_verifier(credential.secret);
}

// As if the user ran it, without running it.
Status may_run(RedisSession& admin, const std::string& user, const std::string& command) {
  std::vector<std::string_view> words{"ACL", "DRYRUN", user};
  for (std::string_view rest = command; !rest.empty();) {
    const std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    if (!word.empty()) words.push_back(word);
  }
  KW_TRY(const RedisReply reply, admin.ask(words));
  if (reply.text == "OK") return ok();
  return error(Code::kFailedPrecondition, "permission_missing",
               "the user may not run the probe of the account");
}

class Redis final : public LoginConnector {
 public:
  std::string_view name() const override { return "redis"; }
  std::span<const SettingRule> system_rules() const override { return redis_system_rules(); }
  std::span<const SettingRule> account_rules() const override { return redis_account_rules(); }
  secrets::Issuer* issuer() override { return &issuer_; }

  Status check(const Place& place) const override {
    KW_TRY(const RedisTarget target, RedisTarget::read(place));
    if (target.dual) return ok();
    return check_base_name(target.name);
  }

  Capabilities describe(const Place& place) const override {
    const auto target = RedisTarget::read(place);
    const bool dual = target && target->dual;
    Capabilities can;
    can.slots = 2;
    can.native_overlap = dual;
    can.principal_per_version = !dual;
    can.soft_disable = true;
    // A user that is deleted takes its sessions along; a password does not.
    can.sessions_survive_revoke = dual;
    can.meter = dual ? Drain::Quality::kNone : Drain::Quality::kExact;
    return can;
  }

  Result<Credential> create_pending(const Context&, const Place& place,
                                    const Minting& minting) override {
    KW_TRY(const RedisTarget target, RedisTarget::read(place));
    const std::string version = "-v" + std::to_string(minting.version);
    return Credential{minting.version, target.name + (target.dual ? "" : version), {}};
  }

  Answer install(const Context& context, const Place& place, const Credential& fresh,
                 const Credential* old) override {
    const auto installed = [&]() -> Status {
      KW_TRY(const RedisTarget target, RedisTarget::read(place));
      KW_OK(credential_text(fresh.secret));
      return target.on_each(place, {old, &fresh}, context.deadline,
                            [&](RedisSession& admin) { return put(admin, target, fresh, old); });
    };
    return answer_of(installed());
  }

  Result<Drain> measure_drain(const Context& context, const Place& place,
                              const Credential& old) override {
    KW_TRY(const RedisTarget target, RedisTarget::read(place));
    Drain drain;
    if (target.dual) return drain;
    drain.quality = Drain::Quality::kExact;
    KW_OK(target.on_each(place, {&old}, context.deadline, [&](RedisSession& admin) {
      return count_sessions(admin, old.principal, drain);
    }));
    return drain;
  }

  Answer disable_old(const Context& context, const Place& place, const Credential& old,
                     const Credential& fresh) override {
    return change_old(context, place, old, fresh, "off", "!" + hash_of(old), false);
  }

  Answer restore_old(const Context& context, const Place& place, const Credential& old,
                     const Credential& fresh) override {
    return change_old(context, place, old, fresh, "on", "#" + hash_of(old), true);
  }

  Answer revoke_old(const Context& context, const Place& place, const Credential& old,
                    const Credential& fresh, bool end_sessions) override {
    return answer_of(take_away(context, place, old, &fresh, end_sessions));
  }

  Answer remove_pending(const Context& context, const Place& place, const Credential& fresh,
                        const Credential* old) override {
    return answer_of(take_away(context, place, fresh, old, false));
  }

 private:
  Status log_in(const Context& context, const Place& place,
                const Credential& credential) const override {
    KW_TRY(const RedisTarget target, RedisTarget::read(place));
    return target.probe_login(credential, context.deadline);
  }

  Status works(const Context& context, const Place& place, const Credential& credential,
               Probe probe) const override {
    KW_TRY(const RedisTarget target, RedisTarget::read(place));
    KW_OK(target.probe_login(credential, context.deadline));
    if (probe == Probe::kPositive) return ok();
    return target.on_each(place, {&credential}, context.deadline,
                          [&](RedisSession& admin) -> Status {
                            KW_OK(is_persistent(admin));
                            if (target.probe.empty()) return ok();
                            return may_run(admin, credential.principal, target.probe);
                          });
  }

  static Status put(RedisSession& admin, const RedisTarget& target, const Credential& fresh,
                    const Credential* old) {
    KW_OK(is_persistent(admin));
    std::vector<std::string> changes{"#" + hash_of(fresh)};
    if (!target.dual) {
      std::vector<std::string> rules = target.rules;
      if (rules.empty() && old != nullptr) {
        KW_TRY(rules, rules_of_user(admin, old->principal));
      }
      if (rules.empty())
        return bad_setting("without an old user the account needs rules to give the new one");
      changes.insert(changes.begin(), {"reset", "on"});
      changes.insert(changes.end(), rules.begin(), rules.end());
    }
    KW_OK(set_user(admin, fresh.principal, changes));
    // Also when nothing changed: an earlier try may have been cut off before this.
    return persist(admin);
  }

  /// The rule for the strategy of a user per version, or that for two passwords.
  static Answer change_old(const Context& context, const Place& place, const Credential& old,
                           const Credential& fresh, const std::string& per_user,
                           const std::string& per_password, bool must_exist) {
    const auto changed = [&]() -> Status {
      KW_TRY(const RedisTarget target, RedisTarget::read(place));
      return target.on_each(place, {&fresh}, context.deadline, [&](RedisSession& admin) -> Status {
        KW_TRY(const bool there, has_user(admin, old.principal));
        if (!there && must_exist)
          return error(Code::kNotFound, "principal_missing", "Redis has no such user any more");
        if (there) KW_OK(change(admin, old, target.dual ? per_password : per_user));
        return persist(admin);
      });
    };
    return answer_of(changed());
  }

  // A password that is not there cannot be taken away: that is an error to Redis.
  static Status change(RedisSession& admin, const Credential& one, const std::string& rule) {
    Status changed = set_user(admin, one.principal, {rule});
    if (changed || rule[0] != '!' || changed.error().reason != "target_refused") return changed;
    KW_TRY(const RedisReply facts, admin.ask({"ACL", "GETUSER", one.principal}));
    for (const RedisReply& part : facts.list)
      for (const RedisReply& hash : part.list)
        if (hash.text == rule.substr(1)) return changed;
    return ok();
  }

  static Status take_away(const Context& context, const Place& place, const Credential& one,
                          const Credential* other, bool end_sessions) {
    KW_TRY(const RedisTarget target, RedisTarget::read(place));
    if (!target.dual && other != nullptr && one.principal == other->principal)
      return error(Code::kFailedPrecondition, "same_principal",
                   "dropping the one user would drop the other: they are the same");
    return target.on_each(place, {other}, context.deadline, [&](RedisSession& admin) -> Status {
      if (target.dual) {
        KW_TRY(const bool there, has_user(admin, one.principal));
        if (there) KW_OK(change(admin, one, "!" + hash_of(one)));
      } else {
        KW_OK(drop_user(admin, one.principal));
      }
      KW_OK(persist(admin));
      return end_sessions ? kill_sessions(admin, one.principal) : ok();
    });
  }

  RedisIssuer issuer_;
};

}  // namespace

std::unique_ptr<secrets::Connector> make_redis(const ConnectorOptions&);
std::unique_ptr<secrets::Connector> make_redis(const ConnectorOptions&) {
  return std::make_unique<Redis>();
}

}  // namespace kw::connectors

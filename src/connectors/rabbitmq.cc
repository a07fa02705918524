// RabbitMQ: two users that take turns. A salted hash is sent, never the password.
// docs/connectors/rabbitmq.md says what it needs and what its traps are.
#include <algorithm>

#include "connectors/credential_text.h"
#include "connectors/login_connector.h"
#include "connectors/make_connectors.h"
#include "connectors/outcome.h"
#include "connectors/principal_name.h"
#include "connectors/rabbitmq_issuer.h"
#include "connectors/rabbitmq_target.h"

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

constexpr std::size_t kHoldersMax = 20;

// What the new user shall be and may do: as the account says, else as the old one.
struct Rights {
  std::string tags;
  std::vector<RabbitmqPermission> permissions;
};

Result<Rights> rights_of(RabbitmqApi& api, const RabbitmqTarget& target, const Credential* old) {
  if (target.permission) return Rights{target.tags, {*target.permission}};
  if (old == nullptr)
    return bad_setting("without an old user the account needs configure, write and read");
  KW_TRY(const auto user, api.user(old->principal));
  if (!user)
    return error(Code::kNotFound, "principal_missing",
                 "RabbitMQ has no old user whose permissions the new one could get");
  KW_TRY(auto permissions, api.permissions(old->principal));
  return Rights{user->tags, std::move(permissions)};
}

// The password comes last: who can log in may do all that he shall.
Status put(RabbitmqApi& api, const RabbitmqTarget& target, const Credential& fresh,
           const Credential* old) {
  KW_TRY(const Rights rights, rights_of(api, target, old));
  KW_TRY(const auto there, api.user(fresh.principal));
  if (!there) KW_OK(api.put_user(fresh.principal, {"", "", rights.tags}));
  for (const RabbitmqPermission& each : rights.permissions)
    KW_OK(api.put_permission(fresh.principal, each));
  return api.put_user(fresh.principal, rabbitmq_user_of(fresh, rights.tags));
}

class Rabbitmq final : public LoginConnector {
 public:
  std::string_view name() const override { return "rabbitmq"; }
  std::span<const SettingRule> system_rules() const override { return rabbitmq_system_rules(); }
  std::span<const SettingRule> account_rules() const override { return rabbitmq_account_rules(); }
  secrets::Issuer* issuer() override { return &issuer_; }

  Status check(const Place& place) const override {
    KW_TRY(const RabbitmqTarget target, RabbitmqTarget::read(place));
    return check_base_name(target.name);
  }

  Capabilities describe(const Place&) const override {
    Capabilities can;
    can.slots = 2;
    can.principal_per_version = true;
    can.soft_disable = true;
    can.sessions_survive_revoke = false;  // a user that is deleted takes its connections along
    can.meter = Drain::Quality::kExact;
    return can;
  }

  Result<Credential> create_pending(const Context&, const Place& place,
                                    const Minting& minting) override {
    KW_TRY(const RabbitmqTarget target, RabbitmqTarget::read(place));
    KW_TRY(std::string name, alternate_name(target.name, minting));
    return Credential{minting.version, std::move(name), {}};
  }

  Answer install(const Context& context, const Place& place, const Credential& fresh,
                 const Credential* old) override {
    const auto installed = [&]() -> Status {
      KW_TRY(const RabbitmqTarget target, RabbitmqTarget::read(place));
      KW_OK(credential_text(fresh.secret));
      if (target.probe_login(fresh, context.deadline)) return ok();
      KW_TRY(RabbitmqApi api, target.administer(place, {old}, context.deadline));
      return put(api, target, fresh, old);
    };
    return answer_of(installed());
  }

  Result<Drain> measure_drain(const Context& context, const Place& place,
                              const Credential& old) override {
    KW_TRY(const RabbitmqTarget target, RabbitmqTarget::read(place));
    KW_TRY(RabbitmqApi api, target.administer(place, {&old}, context.deadline));
    KW_TRY(std::vector<std::string> names, api.connections(old.principal));
    Drain drain;
    drain.quality = Drain::Quality::kExact;
    drain.in_use = static_cast<std::int64_t>(names.size());
    names.resize(std::min(names.size(), kHoldersMax));
    drain.holders = std::move(names);
    return drain;
  }

  Answer disable_old(const Context& context, const Place& place, const Credential& old,
                     const Credential& fresh) override {
    return change(context, place, fresh, [&](RabbitmqApi& api) -> Status {
      KW_TRY(const auto user, api.user(old.principal));
      if (!user) return ok();
      // Without a hash no password fits; sessions stay.
      return api.put_user(old.principal, {"", user->algorithm, user->tags});
    });
  }

  Answer restore_old(const Context& context, const Place& place, const Credential& old,
                     const Credential& fresh) override {
    return change(context, place, fresh, [&](RabbitmqApi& api) -> Status {
      KW_TRY(const auto user, api.user(old.principal));
      if (!user)
        return error(Code::kNotFound, "principal_missing", "RabbitMQ has no such user any more");
      return api.put_user(old.principal, rabbitmq_user_of(old, user->tags));
    });
  }

  Answer revoke_old(const Context& context, const Place& place, const Credential& old,
                    const Credential& fresh, bool) override {
    return remove(context, place, old, &fresh);
  }

  Answer remove_pending(const Context& context, const Place& place, const Credential& fresh,
                        const Credential* old) override {
    return remove(context, place, fresh, old);
  }

 private:
  Status log_in(const Context& context, const Place& place,
                const Credential& credential) const override {
    KW_TRY(const RabbitmqTarget target, RabbitmqTarget::read(place));
    return target.probe_login(credential, context.deadline);
  }

  Status works(const Context& context, const Place& place, const Credential& credential,
               Probe probe) const override {
    KW_TRY(const RabbitmqTarget target, RabbitmqTarget::read(place));
    KW_TRY(const auto login,
           RabbitmqLogin::open(target.amqp, target.vhost, credential, context.deadline));
    if (probe == Probe::kPositive) return ok();
    Status seen = login->declare_passive(target.probe_queue);
    if (seen || seen.error().code != Code::kFailedPrecondition) return seen;
    return error(Code::kFailedPrecondition, "permission_missing", seen.error().message);
  }

  /// @param self  who does it when there is no administrator
  template <typename Work>
  static Answer change(const Context& context, const Place& place, const Credential& self,
                       const Work& work) {
    const auto changed = [&]() -> Status {
      KW_TRY(const RabbitmqTarget target, RabbitmqTarget::read(place));
      KW_TRY(RabbitmqApi api, target.administer(place, {&self}, context.deadline));
      return work(api);
    };
    return answer_of(changed());
  }

  static Answer remove(const Context& context, const Place& place, const Credential& one,
                       const Credential* other) {
    if (other != nullptr && other->principal == one.principal)
      return Answer::definite_fail(
          "same_principal", "deleting the one user would delete the other: they are the same");
    return change(context, place, other == nullptr ? one : *other,
                  [&](RabbitmqApi& api) { return api.delete_user(one.principal); });
  }

  RabbitmqIssuer issuer_;
};

}  // namespace

std::unique_ptr<secrets::Connector> make_rabbitmq(const ConnectorOptions&);
std::unique_ptr<secrets::Connector> make_rabbitmq(const ConnectorOptions&) {
  return std::make_unique<Rabbitmq>();
}

}  // namespace kw::connectors

// NATS: two users that take turns, in a file that nats-server includes. A bcrypt hash is written,
// never the password. docs/connectors/nats.md says what it needs and what its traps are.
#include "connectors/bcrypt.h"
#include "connectors/login_connector.h"
#include "connectors/make_connectors.h"
#include "connectors/nats_target.h"
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

constexpr std::size_t kHoldersMax = 20;

// A hash that fits already stays: another salt would disconnect those who are in.
Result<bool> put_user(NatsUsers& users, const NatsTarget& target, const Credential& one,
                      const Credential* model) {
  std::string permissions = target.permissions;
  if (permissions.empty()) {
    // A user without permissions in the file may do everything: never by accident.
    const NatsUser* const like = model == nullptr ? nullptr : users.find(model->principal);
    if (like == nullptr)
      return bad_setting("without an old user in the file the account needs permissions");
    permissions = like->permissions;
  }
  const NatsUser* const there = users.find(one.principal);
  if (there != nullptr && there->permissions == permissions && bcrypt_fits(one.secret, there->hash))
    return false;
  KW_TRY(std::string hash, bcrypt_hash(one.secret, target.hash_cost));
  users.put({one.principal, std::move(hash), std::move(permissions)});
  return true;
}

class Nats final : public LoginConnector {
 public:
  explicit Nats(std::vector<std::string> roots) : roots_(std::move(roots)) {}
  std::string_view name() const override { return "nats"; }
  std::span<const SettingRule> system_rules() const override { return nats_system_rules(); }
  std::span<const SettingRule> account_rules() const override { return nats_account_rules(); }

  Status check(const Place& place) const override {
    KW_TRY(const NatsTarget target, NatsTarget::read(place));
    KW_OK(check_base_name(target.name));
    KW_OK(check_file_terms(target.users_file, roots_));
    return check_file_terms(target.pid_file, roots_);
  }

  Capabilities describe(const Place& place) const override {
    const auto target = NatsTarget::read(place);
    Capabilities can;
    can.slots = 2;
    can.principal_per_version = true;
    can.soft_disable = true;
    can.sessions_survive_revoke = false;  // a user that leaves the file is disconnected
    if (target && target->monitored) can.meter = Drain::Quality::kExact;
    return can;
  }

  Result<Credential> create_pending(const Context&, const Place& place,
                                    const Minting& minting) override {
    KW_TRY(const NatsTarget target, NatsTarget::read(place));
    KW_TRY(std::string name, alternate_name(target.name, minting));
    return Credential{minting.version, std::move(name), {}};
  }

  Answer install(const Context& context, const Place& place, const Credential& fresh,
                 const Credential* old) override {
    return answer_of(let_in(context, place, fresh, old));
  }

  Result<Drain> measure_drain(const Context& context, const Place& place,
                              const Credential& old) override {
    KW_TRY(const NatsTarget target, NatsTarget::read(place));
    Drain drain;
    if (!target.monitored) return drain;
    KW_TRY(std::vector<std::string> found, target.connections(old.principal, context.deadline));
    drain.quality = Drain::Quality::kExact;
    drain.in_use = static_cast<std::int64_t>(found.size());
    found.resize(std::min(found.size(), kHoldersMax));
    drain.holders = std::move(found);
    return drain;
  }

  Answer disable_old(const Context& context, const Place& place, const Credential& old,
                     const Credential& fresh) override {
    return shut_out(context, place, old, &fresh);
  }
  Answer restore_old(const Context& context, const Place& place, const Credential& old,
                     const Credential& fresh) override {
    return answer_of(let_in(context, place, old, &fresh));
  }
  Answer revoke_old(const Context& context, const Place& place, const Credential& old,
                    const Credential& fresh, bool) override {
    return shut_out(context, place, old, &fresh);
  }
  Answer remove_pending(const Context& context, const Place& place, const Credential& fresh,
                        const Credential* old) override {
    return shut_out(context, place, fresh, old);
  }

 private:
  Status log_in(const Context& context, const Place& place,
                const Credential& credential) const override {
    KW_TRY(const NatsTarget target, NatsTarget::read(place));
    return target.probe(credential, context.deadline);
  }

  Status works(const Context& context, const Place& place, const Credential& credential,
               Probe probe) const override {
    KW_TRY(const NatsTarget target, NatsTarget::read(place));
    KW_TRY(const auto login, target.log_in(credential, context.deadline));
    if (probe == Probe::kPositive || target.probe_subject.empty()) return ok();
    return login->subscribe(target.probe_subject);
  }

  Status let_in(const Context& context, const Place& place, const Credential& one,
                const Credential* model) const {
    KW_OK(check(place));
    KW_TRY(const NatsTarget target, NatsTarget::read(place));
    const bool both = works(context, target, model);
    KW_OK(target.edit(context.deadline,
                      [&](NatsUsers& users) { return put_user(users, target, one, model); }));
    KW_OK(await_login([&] { return target.probe(one, context.deadline); }, true, context.deadline));
    return both ? await_again(context, target, *model) : ok();
  }

  static bool works(const Context& context, const NatsTarget& target, const Credential* one) {
    return one != nullptr && target.probe(*one, context.deadline).has_value();
  }
  // While it reads its users again the server may refuse a login that was and will be right.
  static Status await_again(const Context& context, const NatsTarget& target,
                            const Credential& one) {
    return await_login([&] { return target.probe(one, context.deadline); }, true, context.deadline);
  }

  Answer shut_out(const Context& context, const Place& place, const Credential& one,
                  const Credential* other) const {
    if (other != nullptr && other->principal == one.principal)
      return Answer::definite_fail(
          "same_principal", "removing the one user would remove the other: they are the same");
    const auto done = [&]() -> Status {
      KW_OK(check(place));
      KW_TRY(const NatsTarget target, NatsTarget::read(place));
      const bool stays = works(context, target, other);
      KW_OK(target.edit(context.deadline, [&](NatsUsers& users) -> Result<bool> {
        return users.remove(one.principal);
      }));
      KW_OK(await_login([&] { return target.probe(one, context.deadline); }, false,
                        context.deadline));
      return stays ? await_again(context, target, *other) : ok();
    };
    return answer_of(done());
  }

  std::vector<std::string> roots_;
};

}  // namespace

std::unique_ptr<secrets::Connector> make_nats(const ConnectorOptions& options);
std::unique_ptr<secrets::Connector> make_nats(const ConnectorOptions& options) {
  return std::make_unique<Nats>(options.file_roots);
}

}  // namespace kw::connectors

#include "connectors/rabbitmq_target.h"

#include "codec/base64.h"
#include "connectors/administrator.h"
#include "connectors/principal_name.h"
#include "crypto/password_verifier.h"
#include "crypto/random.h"

namespace kw::connectors {

using secrets::Credential;
using secrets::Place;
using secrets::SettingRule;

namespace {

constexpr SettingRule kSystemRules[] = {
    kHostRule,
    {"port", "port of AMQP; commonly 5671 with TLS", false, "5672"},
    {"management_port", "port of the management interface, same host", false, "15672"},
    kTlsRule,
    kCaFileRule};
constexpr SettingRule kAccountRules[] = {
    kNameRule,
    {"vhost", "virtual host that the account connects to", false, "/"},
    {"configure", "expression of what it may configure there", false, ""},
    {"write", "expression of what it may write", false, ""},
    {"read", "expression of what it may read; all three empty: permissions of the old user", false,
     ""},
    {"tags", "tags of the user, by commas; used with the expressions", false, ""},
    {"probe_queue", "queue that the account must see; empty: only the login is probed", false, ""}};

}  // namespace

std::span<const SettingRule> rabbitmq_system_rules() {
  return kSystemRules;
}
std::span<const SettingRule> rabbitmq_account_rules() {
  return kAccountRules;
}

Result<RabbitmqTarget> RabbitmqTarget::read(const Place& place) {
  const auto of = [&](std::string_view which) {
    return std::string(secrets::setting(place.account, kAccountRules, which));
  };
  RabbitmqTarget target;
  KW_TRY(target.amqp, read_address(place.system, kSystemRules));
  KW_TRY(const auto management,
         read_addresses(
             target.amqp.host + ":" +
                 std::string(secrets::setting(place.system, kSystemRules, "management_port")),
             target.amqp));
  target.management = management.at(0);
  target.name = of("name");
  target.vhost = of("vhost");
  target.tags = of("tags");
  target.probe_queue = of("probe_queue");
  RabbitmqPermission permission{target.vhost, "", of("configure"), of("write"), of("read")};
  const bool given = !(permission.configure + permission.write + permission.read).empty();
  if (given) target.permission = std::move(permission);
  return target;
}

Status RabbitmqTarget::probe_login(const Credential& credential, SteadyTime deadline) const {
  KW_OK(RabbitmqLogin::open(amqp, vhost, credential, deadline));
  return ok();
}

Result<RabbitmqApi> RabbitmqTarget::administer(const Place& place,
                                               std::initializer_list<const Credential*> selves,
                                               SteadyTime deadline) const {
  return as_administrator(place, selves, "RabbitMQ",
                          [&](const Credential& as) -> Result<RabbitmqApi> {
                            KW_TRY(RabbitmqApi api, RabbitmqApi::open(management, as, deadline));
                            // Opening says nothing yet: the first request logs in.
                            KW_OK(api.user(as.principal));
                            return api;
                          });
}

RabbitmqUser rabbitmq_user_of(const Credential& credential, std::string tags) {
  std::array<std::uint8_t, 4> salt{};
  crypto::random_public(salt);
  return {codec::base64(crypto::salted_sha256_verifier(credential.secret, salt)),
          "rabbit_password_hashing_sha256", std::move(tags)};
}

}  // namespace kw::connectors

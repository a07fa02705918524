// The receiver of webhooks that we sign. It takes a new secret itself, from a portal or with an
// agent, so nothing is installed there: until it has the new version, the signature of the old one
// beside it carries. Each look at it is a test event on its way.
#include "connectors/make_connectors.h"
#include "connectors/outcome.h"
#include "connectors/server_address.h"
#include "connectors/webhook_delivery.h"

namespace kw::connectors {

namespace {

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

constexpr SettingRule kSystemRules[] = {
    {"url", "where the receiver takes deliveries: https://host/path", true, ""}, kCaFileRule};

WebhookEndpoint endpoint_of(const Place& place) {
  return {std::string(secrets::setting(place.system, kSystemRules, "url")),
          std::string(secrets::setting(place.system, kSystemRules, "ca_file"))};
}

class Webhook final : public secrets::Connector {
 public:
  explicit Webhook(net::EgressRules rules) : rules_(std::move(rules)) {}

  std::string_view name() const override { return "webhook"; }
  std::span<const SettingRule> system_rules() const override { return kSystemRules; }
  std::span<const SettingRule> account_rules() const override { return {}; }
  std::string_view generator() const override { return "webhook"; }
  Status check(const Place& place) const override {
    KW_OK(net::split_url(endpoint_of(place).url));
    return ok();
  }
  Capabilities describe(const Place&) const override {
    Capabilities can;
    can.slots = 2;
    can.native_overlap = true;
    can.consumer_takes = true;
    return can;
  }

  Result<Credential> create_pending(const Context&, const Place&, const Minting& minting) override {
    return Credential{minting.version, "", secrets::new_webhook_secret()};
  }
  Result<Observed> inspect(const Context& context, const Place& place,
                           std::span<const Credential* const> known) override {
    Observed seen;
    for (const Credential* each : known)
      seen.accepted.push_back(accepted_by(event(context, place, *each)));
    return seen;
  }
  // As deliveries are signed from now on: the receiver reads the list and finds the one it has. The
  // very first version has none beside it, and nobody has it yet.
  Answer install(const Context& context, const Place& place, const Credential& fresh,
                 const Credential* old) override {
    if (!secrets::webhook_key(fresh.secret))
      return answer_of(rejected_by_policy("this is no webhook secret: whsec_ and base64"));
    return old == nullptr ? Answer::ok() : answer_of(event(context, place, fresh, old));
  }
  Answer test(const Context& context, const Place& place, const Credential& credential,
              Probe probe) override {
    if (probe == Probe::kPermission) return Answer::ok();  // there is one thing that it may do
    if (probe == Probe::kPositive) return answer_of(event(context, place, credential));
    const Credential wrong{credential.version, "", secrets::new_webhook_secret()};
    return answer_of_negative(event(context, place, wrong));
  }
  // Who signs with what follows from the versions of the secret (secrets/webhooks.h).
  Result<Drain> measure_drain(const Context&, const Place&, const Credential&) override {
    return Drain{};
  }
  Answer disable_old(const Context&, const Place&, const Credential&, const Credential&) override {
    return Answer::ok();
  }
  Answer restore_old(const Context&, const Place&, const Credential&, const Credential&) override {
    return Answer::ok();
  }
  // The old one stops signing: only when the new one is enough. In an emergency it stops anyway.
  Answer revoke_old(const Context& context, const Place& place, const Credential&,
                    const Credential& fresh, bool) override {
    return context.emergency ? Answer::ok() : answer_of(event(context, place, fresh));
  }
  Answer remove_pending(const Context&, const Place&, const Credential&,
                        const Credential*) override {
    return Answer::ok();
  }

 private:
  Status event(const Context& context, const Place& place, const Credential& credential,
               const Credential* other = nullptr) const {
    const SecretBytes* const signers[] = {&credential.secret,
                                          other != nullptr ? &other->secret : nullptr};
    return test_webhook(rules_, endpoint_of(place), std::span(signers, other != nullptr ? 2 : 1),
                        credential.version, SystemClock().wall(), left_until(context.deadline));
  }

  const net::EgressRules rules_;
};

}  // namespace

std::unique_ptr<secrets::Connector> make_webhook(const ConnectorOptions& options) {
  return std::make_unique<Webhook>(options.egress);
}

}  // namespace kw::connectors

#include "service/webhooks.h"

#include "service/secret_house.h"
#include "service/secrets.h"

namespace kw::service {

using secrets::SignedWebhook;
using secrets::WebhookVerdict;

Result<SignedWebhook> sign_webhook(House& house, Call& call,
                                   const secrets::WebhookMessage& message) {
  Result<SignedWebhook> outcome = [&]() -> Result<SignedWebhook> {
    KW_OK(visible_secret(house, call));
    return secrets::sign_with(house.secrets.secrets, call.tenant, call.object, message);
  }();
  const std::uint32_t primary = outcome ? outcome->versions.front() : 0;
  if (outcome) house.secrets.reads.count(outcome->secret, primary, call.caller->name);
  KW_OK(record_and_wait(house, call, status_of(outcome), 0, primary));
  return outcome;
}

Result<WebhookVerdict> verify_webhook(House& house, Call& call,
                                      const secrets::InboundWebhook& message,
                                      std::chrono::seconds tolerance) {
  Result<WebhookVerdict> outcome = [&]() -> Result<WebhookVerdict> {
    KW_OK(visible_secret(house, call));
    return secrets::verify_with(house.secrets.secrets, call.tenant, call.object, message,
                                tolerance);
  }();
  const std::uint32_t version = outcome ? outcome->version : 0;
  if (version != 0) house.secrets.reads.count(outcome->secret, version, call.caller->name);
  if (outcome) call.note = secrets::verdict_name(outcome->kind);
  KW_OK(record_and_wait(house, call, status_of(outcome), 0, version));
  return outcome;
}

}  // namespace kw::service

// Webhooks through the gate: who sends or takes them never holds the secret.
#pragma once

#include "secrets/webhooks.h"
#include "service/gate.h"

namespace kw::service {

/// In the access log before the answer; the record's version is the primary, which alone is counted
/// as used: a signature for those who still have an older version says nothing of whether any does.
/// @errors as authorise and secrets::sign_with. @audit secret.sign-webhook
Result<secrets::SignedWebhook> sign_webhook(House& house, Call& call,
                                            const secrets::WebhookMessage& message);

/// The version that signed is counted as used: as long as a sender uses the old one, a rotation
/// does not end it. The record's note is the verdict.
/// @errors as authorise and secrets::verify_with. @audit secret.verify-webhook
Result<secrets::WebhookVerdict> verify_webhook(House& house, Call& call,
                                               const secrets::InboundWebhook& message,
                                               std::chrono::seconds tolerance);

}  // namespace kw::service

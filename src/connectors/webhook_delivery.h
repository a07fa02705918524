// Webhooks on their way to a consumer's endpoint, through the gate for outgoing calls.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "net/egress.h"
#include "secrets/connector.h"
#include "secrets/webhook_signature.h"

namespace kw::connectors {

struct WebhookEndpoint {
  std::string url;      ///< https://host/path
  std::string ca_file;  ///< PEM; "": the system's authorities
};

/// Sends one message, signed with every secret, newest first. Does not try again.
/// @returns the HTTP status; redirects are not followed
/// @errors kInvalidArgument(bad_url | insecure_url) and those of sign_webhook;
///   kPermissionDenied(egress_denied), kUnavailable(target_unreachable),
///   kDeadlineExceeded(target_slow), kFailedPrecondition(tls_untrusted)
Result<int> deliver_webhook(const net::EgressRules& rules, const WebhookEndpoint& endpoint,
                            std::span<const SecretBytes* const> secrets,
                            const secrets::WebhookMessage& message,
                            std::chrono::milliseconds timeout);

/// A test event ("type":"keywright.test"), signed with this version alone: a 2xx answer says that
/// the consumer has it. 400, 401 and 403 say that it has not: kDefiniteFail(credential_refused).
/// Everything else is kUnknown, what we ourselves refuse a definite failure.
secrets::Answer test_webhook(const net::EgressRules& rules, const WebhookEndpoint& endpoint,
                             const secrets::Credential& credential, WallTime now,
                             std::chrono::milliseconds timeout);

}  // namespace kw::connectors

// Webhooks on their way to a consumer's endpoint, through the gate for outgoing calls.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "net/egress.h"
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

/// A test event ("type":"keywright.test" about `version`), signed with these secrets alone: a 2xx
/// answer says that the consumer has one of them.
/// @errors kUnauthenticated(credential_refused): 400, 401 or 403, it has none;
///   kUnavailable(not_confirmed): any other answer; those of deliver_webhook
Status test_webhook(const net::EgressRules& rules, const WebhookEndpoint& endpoint,
                    std::span<const SecretBytes* const> secrets, std::uint32_t version,
                    WallTime now, std::chrono::milliseconds timeout);

}  // namespace kw::connectors

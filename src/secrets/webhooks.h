// Webhooks signed and checked with the versions of a secret. The values stay in the room: callers
// get signatures and verdicts.
//
// The secret's type says what it is for: "webhook" signs what we send and checks it,
// "webhook-inbound" checks what others send. Live are the versions whose value may be handed out
// (active, primary, secondary, not expired): a receiver or a sender may have any of them.
//
// Free functions; thread-safe; each is one read of the store. Audit and counting are the caller's.
// Source: Standard Webhooks specification.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "secrets/secrets.h"
#include "secrets/webhook_signature.h"

namespace kw::secrets {

/// What the sender puts into its request, and with which versions it was made.
struct SignedWebhook {
  SecretId secret;
  std::vector<std::uint32_t> versions;  ///< in the order of the signatures; the first is primary
  std::string signature;                ///< the value of the header webhook-signature
};
/// Signs with the primary first, then with what is being rolled out, then with what was primary
/// before, newest first; at most 8 versions.
/// @errors kNotFound(not_found), kFailedPrecondition(secret_deleted | not_a_webhook | no_primary |
///   version_expired | bad_webhook_secret): the primary is none; those of sign_webhook
Result<SignedWebhook> sign_with(Secrets& secrets, std::string_view tenant, std::string_view path,
                                const WebhookMessage& message);

struct WebhookVerdict {
  enum class Kind : std::uint8_t {
    kValid,      ///< a live version signed it, in time
    kUntrusted,  ///< a version that is not live any more did
    kInvalid,    ///< no version did, or too long ago
  };
  Kind kind = Kind::kInvalid;
  SecretId secret;
  std::uint32_t version = 0;  ///< that signed it; 0 of an invalid one
  std::string reason;         ///< "" when valid; "webhook_signature", "webhook_time" or a state
};
std::string_view verdict_name(WebhookVerdict::Kind kind);  ///< "valid", "untrusted", "invalid"

/// @param tolerance  how far the sender's clock may be off
/// @errors kNotFound(not_found), kFailedPrecondition(secret_deleted | not_a_webhook)
Result<WebhookVerdict> verify_with(Secrets& secrets, std::string_view tenant, std::string_view path,
                                   const InboundWebhook& message, std::chrono::seconds tolerance);

}  // namespace kw::secrets

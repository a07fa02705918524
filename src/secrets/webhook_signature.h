// Signatures of webhooks: made for those that leave, checked on those that come in. During a
// rotation what leaves is signed with every live version, so a receiver may have any of them.
//
// Standard form: HMAC-SHA-256 over "id.timestamp.body"; header webhook-signature holds
// "v1,<base64>" for each version, newest first, with blanks between. Secrets are
// "whsec_" + base64 of 24 to 64 bytes. Pure functions but for new_webhook_secret.
// Source: Standard Webhooks specification; RFC 2104.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace kw::secrets {

/// How senders write their signatures.
enum class WebhookForm : std::uint8_t {
  kStandard,   ///< webhook-id, webhook-timestamp, webhook-signature: "v1,<base64> …"
  kHexOfBody,  ///< one header: "sha256=<hex>" or "<hex>" over the body alone
  kTimedHex,   ///< one header: "t=<seconds>,v1=<hex>,…" over "<seconds>.body"
};
/// "standard", "hex_of_body", "timed_hex". @errors kInvalidArgument(bad_webhook_form)
Result<WebhookForm> parse_webhook_form(std::string_view name);

struct WebhookMessage {
  std::string_view id;         ///< of the message, the same when it is sent again; 1 to 256 bytes
  std::int64_t timestamp = 0;  ///< seconds since 1970, of this attempt
  std::string_view body;
};

/// A new secret of 32 bytes in its text form.
SecretBytes new_webhook_secret();
/// The key inside. The text may come without "whsec_"; in the other forms it is the key itself.
/// @errors kInvalidArgument(bad_webhook_secret)
Result<SecretBytes> webhook_key(const SecretBytes& text, WebhookForm form = WebhookForm::kStandard);

/// The value of the header webhook-signature: one signature per secret, in their order.
/// @param secrets  text forms, 1 to 8
/// @errors kInvalidArgument(bad_webhook_secret | bad_webhook_id | bad_webhook_timestamp)
Result<std::string> sign_webhook(std::span<const SecretBytes* const> secrets,
                                 const WebhookMessage& message);

/// What came in. `timestamp` and `signature` are the headers' texts.
struct InboundWebhook {
  WebhookForm form = WebhookForm::kStandard;
  std::string_view id;         ///< standard form only
  std::string_view timestamp;  ///< standard form only
  std::string_view signature;
  std::string_view body;
};

/// Which of the secrets signed it: an index into `secrets`. Every secret and every signature is
/// tried, in constant time, whether or not one fits.
/// @param tolerance  how far the sender's clock may be off; of forms without time it has no meaning
/// @errors kUnauthenticated(webhook_signature): none fits, or the header is none;
///   kUnauthenticated(webhook_time): signed too long ago or too far ahead;
///   kInvalidArgument(bad_webhook_secret)
Result<std::size_t> verify_webhook(std::span<const SecretBytes* const> secrets,
                                   const InboundWebhook& message, WallTime now,
                                   std::chrono::seconds tolerance);

}  // namespace kw::secrets

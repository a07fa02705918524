// Messages signed with a shared secret: how a foreign system without a token of ours is known.
// Pure. @source Standard Webhooks 1.0.0: HMAC-SHA-256 over "id.timestamp.body".
#pragma once

#include <chrono>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace kw::auth {

/// A message may be so much older or newer than our clock.
inline constexpr std::chrono::seconds kSignedMessageTolerance{300};

/// A message as it came. Views are borrowed for the call.
struct SignedMessage {
  std::string_view id;          ///< [A-Za-z0-9._-]{1,128}; a repeat of it is a replay
  std::string_view timestamp;   ///< seconds since 1970, decimal
  std::string_view signatures;  ///< "v1,<base64>", several with spaces between; at most 1 KiB
  std::string_view body;        ///< exactly the bytes that were signed
};

/// 32 random bytes.
SecretBytes new_message_secret();
/// "whsec_" and standard base64: what the foreign system is given, once.
WipedText message_secret_text(const SecretBytes& secret);

/// Proves the message. Other signature versions than v1 are passed over.
/// @errors kUnauthenticated(signature_invalid), one answer for form, time and signature
Status check_signed_message(const SecretBytes& secret, const SignedMessage& message, WallTime now);

}  // namespace kw::auth

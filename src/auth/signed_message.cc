#include "auth/signed_message.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "base/reveal.h"
#include "codec/base64.h"
#include "crypto/digest.h"
#include "crypto/random.h"

namespace kw::auth {

namespace {

constexpr std::size_t kSecretSize = 32;
constexpr std::size_t kIdMax = 128;
constexpr std::size_t kSignaturesMax = 1024;
constexpr std::string_view kVersion = "v1,";

Error invalid() {
  return error(Code::kUnauthenticated, "signature_invalid",
               "the message is not signed as it must be, or its time is not ours");
}

bool id_allowed(std::string_view id) {
  return !id.empty() && id.size() <= kIdMax &&
         id.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == id.npos;
}

bool in_time(std::string_view text, WallTime now) {
  std::int64_t seconds = 0;
  const char* const last = text.data() + text.size();
  const auto [end, failure] = std::from_chars(text.data(), last, seconds);
  const bool number = failure == std::errc{} && end == last && seconds >= 0 && text.front() != '+';
  if (!number) return false;
  const std::int64_t here =
      std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  const std::int64_t tolerance = kSignedMessageTolerance.count();
  return seconds >= here - tolerance && seconds <= here + tolerance;
}

bool signs(std::string_view signature, ByteView expected) {
  if (!signature.starts_with(kVersion)) return false;
  const auto given = codec::from_base64(signature.substr(kVersion.size()));
  return given && equal_constant_time(*given, expected);
}

}  // namespace

SecretBytes new_message_secret() {
  return crypto::random_secret(kSecretSize);
}

WipedText message_secret_text(const SecretBytes& secret) {
  WipedText text("whsec_");
  text += codec::wiped_base64(secret.reveal(Reveal{}));
  return text;
}

Status check_signed_message(const SecretBytes& secret, const SignedMessage& message, WallTime now) {
  if (!id_allowed(message.id) || message.signatures.size() > kSignaturesMax ||
      !in_time(message.timestamp, now))
    return invalid();
  std::string signed_text(message.id);
  signed_text.append(".").append(message.timestamp).append(".").append(message.body);
  const crypto::Digest256 expected = crypto::hmac_sha256(secret, as_bytes(signed_text));
  std::string_view rest = message.signatures;
  bool found = false;
  while (!rest.empty()) {
    const auto end = std::min(rest.find(' '), rest.size());
    found = signs(rest.substr(0, end), expected) || found;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return found ? ok() : Status(invalid());
}

}  // namespace kw::auth

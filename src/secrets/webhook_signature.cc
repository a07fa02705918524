#include "secrets/webhook_signature.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "base/reveal.h"
#include "codec/base64.h"
#include "crypto/digest.h"
#include "crypto/random.h"

namespace kw::secrets {

namespace {

constexpr std::string_view kPrefix = "whsec_";
constexpr std::string_view kVersion = "v1,";
constexpr std::size_t kKeyMin = 24, kKeyMax = 64, kNewKey = 32;
constexpr std::size_t kSecretsMax = 8, kSignaturesMax = 16, kIdMax = 256;

Error bad(const char* reason, std::string_view why) {
  return error(Code::kInvalidArgument, reason, why);
}
Error bad_secret() {
  return bad("bad_webhook_secret", "a webhook secret is whsec_ and the base64 of 24 to 64 bytes");
}
Error no_signature() {
  return error(Code::kUnauthenticated, "webhook_signature",
               "no live version of the secret made this signature");
}

std::optional<std::int64_t> seconds_of(std::string_view text) {
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = !text.empty() && text.size() <= 12 && read.ec == std::errc() &&
                     read.ptr == text.data() + text.size() && value >= 0;
  return whole ? std::optional(value) : std::nullopt;
}

/// A header, taken apart. Never secret.
struct Claimed {
  std::vector<Bytes> tags;
  std::optional<std::int64_t> timestamp;
};

template <typename Take>
void split(std::string_view text, char between, const Take& take) {
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, text.find(between));
    text.remove_prefix(std::min(piece.size() + 1, text.size()));
    if (!piece.empty()) take(piece);
  }
}

void add_tag(Claimed& claimed, Result<Bytes> tag) {
  if (tag && tag->size() == std::tuple_size_v<crypto::Digest256> &&
      claimed.tags.size() < kSignaturesMax)
    claimed.tags.push_back(*std::move(tag));
}

// Signatures of versions that we do not know (asymmetric ones, say) are passed over.
Claimed read_standard(const InboundWebhook& message) {
  Claimed claimed;
  split(message.signature, ' ', [&](std::string_view piece) {
    if (piece.starts_with(kVersion))
      add_tag(claimed, codec::from_base64(piece.substr(kVersion.size())));
  });
  claimed.timestamp = seconds_of(message.timestamp);
  return claimed;
}

Claimed read_hex(const InboundWebhook& message) {
  Claimed claimed;
  std::string_view text = message.signature;
  if (text.starts_with("sha256=")) text.remove_prefix(7);
  add_tag(claimed, codec::from_hex(text));
  return claimed;
}

Claimed read_timed(const InboundWebhook& message) {
  Claimed claimed;
  split(message.signature, ',', [&](std::string_view piece) {
    if (piece.starts_with("v1=")) add_tag(claimed, codec::from_hex(piece.substr(3)));
    if (piece.starts_with("t=") && !claimed.timestamp)
      claimed.timestamp = seconds_of(piece.substr(2));
  });
  return claimed;
}

Claimed read_claim(const InboundWebhook& message) {
  switch (message.form) {
    case WebhookForm::kStandard:
      return read_standard(message);
    case WebhookForm::kHexOfBody:
      return read_hex(message);
    case WebhookForm::kTimedHex:
      return read_timed(message);
  }
  return {};
}

WipedBytes signed_text(std::initializer_list<std::string_view> parts) {
  WipedBytes text;
  for (const std::string_view part : parts) text.insert(text.end(), part.begin(), part.end());
  return text;
}

WipedBytes claimed_text(const InboundWebhook& message, const Claimed& claimed) {
  const std::string time = std::to_string(claimed.timestamp.value_or(0));
  switch (message.form) {
    case WebhookForm::kStandard:
      // As the sender wrote it: what was signed, not what we made of it.
      return signed_text({message.id, ".", message.timestamp, ".", message.body});
    case WebhookForm::kTimedHex:
      return signed_text({time, ".", message.body});
    case WebhookForm::kHexOfBody:
      break;
  }
  return signed_text({message.body});
}

Status check_time(const Claimed& claimed, const InboundWebhook& message, WallTime now,
                  std::chrono::seconds tolerance) {
  if (message.form == WebhookForm::kHexOfBody) return ok();
  const Error off = error(Code::kUnauthenticated, "webhook_time",
                          "the webhook was signed too long ago, or too far ahead");
  if (!claimed.timestamp) return off;
  const auto age = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()) -
                   std::chrono::seconds(*claimed.timestamp);
  return age > tolerance || age < -tolerance ? Status(off) : ok();
}

}  // namespace

Result<WebhookForm> parse_webhook_form(std::string_view name) {
  if (name == "standard") return WebhookForm::kStandard;
  if (name == "hex_of_body") return WebhookForm::kHexOfBody;
  if (name == "timed_hex") return WebhookForm::kTimedHex;
  return bad("bad_webhook_form", "a form is standard, hex_of_body or timed_hex");
}

SecretBytes new_webhook_secret() {
  const SecretBytes key = crypto::random_secret(kNewKey);
  const WipedText text = codec::wiped_base64(key.reveal(Reveal{}));
  SecretBytes secret(kPrefix.size() + text.size());
  const auto out = secret.reveal_mutable(Reveal{});
  std::copy(kPrefix.begin(), kPrefix.end(), out.begin());
  std::copy(text.begin(), text.end(), out.begin() + kPrefix.size());
  return secret;
}

Result<SecretBytes> webhook_key(const SecretBytes& text, WebhookForm form) {
  std::string_view shown = as_text(text.reveal(Reveal{}));
  if (form != WebhookForm::kStandard) {
    if (shown.empty()) return bad_secret();
    return text.clone();
  }
  if (shown.starts_with(kPrefix)) shown.remove_prefix(kPrefix.size());
  auto key = codec::secret_from_base64(shown);
  if (!key || key->size() < kKeyMin || key->size() > kKeyMax) return bad_secret();
  return key;
}

Result<std::string> sign_webhook(std::span<const SecretBytes* const> secrets,
                                 const WebhookMessage& message) {
  if (secrets.empty() || secrets.size() > kSecretsMax) return bad_secret();
  const bool visible = std::all_of(message.id.begin(), message.id.end(),
                                   [](char c) { return c > 0x20 && c < 0x7F && c != '.'; });
  if (message.id.empty() || message.id.size() > kIdMax || !visible)
    return bad("bad_webhook_id", "an id is 1 to 256 visible characters without '.'");
  if (message.timestamp < 0) return bad("bad_webhook_timestamp", "a timestamp is not negative");
  const WipedBytes text =
      signed_text({message.id, ".", std::to_string(message.timestamp), ".", message.body});
  std::string header;
  for (const SecretBytes* secret : secrets) {
    KW_TRY(const SecretBytes key, webhook_key(*secret));
    if (!header.empty()) header += ' ';
    header += std::string(kVersion) + codec::base64(crypto::hmac_sha256(key, text));
  }
  return header;
}

Result<std::size_t> verify_webhook(std::span<const SecretBytes* const> secrets,
                                   const InboundWebhook& message, WallTime now,
                                   std::chrono::seconds tolerance) {
  const Claimed claimed = read_claim(message);
  const WipedBytes text = claimed_text(message, claimed);
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < secrets.size(); ++i) {
    KW_TRY(const SecretBytes key, webhook_key(*secrets[i], message.form));
    const crypto::Digest256 wanted = crypto::hmac_sha256(key, text);
    for (const Bytes& tag : claimed.tags)
      if (equal_constant_time(wanted, tag) && !found) found = i;
  }
  // Who does not have the secret learns nothing of our clock.
  if (!found) return no_signature();
  KW_OK(check_time(claimed, message, now, tolerance));
  return *found;
}

}  // namespace kw::secrets

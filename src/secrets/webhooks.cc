#include "secrets/webhooks.h"

#include <algorithm>

#include "secrets/target.h"

namespace kw::secrets {

namespace {

constexpr std::size_t kSignersMax = 8, kCheckedMax = 16;
constexpr std::string_view kOutbound = "webhook", kInbound = "webhook-inbound";

Error refused(std::string_view reason, std::string_view message) {
  return error(Code::kFailedPrecondition, reason, message);
}

/// A version with its value as the key of a signature.
struct Held {
  std::uint32_t version = 0;
  VersionState state = VersionState::kPending;
  bool live = false;
  SecretBytes text;
};

bool is_live(const Version& version, WallTime now) {
  return readable(version.state) && (!version.expires_at || now < *version.expires_at);
}

// Primary, then what is rolled out, then the rest; newest first.
std::vector<const Version*> in_order(const Secret& secret, WallTime now) {
  std::vector<const Version*> all;
  for (const Version& each : secret.versions)
    if (each.cell != 0 && each.state != VersionState::kPending) all.push_back(&each);
  const auto rank = [&](const Version& each) {
    if (!is_live(each, now)) return 3;
    if (each.number == secret.primary) return 0;
    return each.state == VersionState::kActive ? 1 : 2;
  };
  std::sort(all.begin(), all.end(), [&](const Version* a, const Version* b) {
    return std::pair(rank(*a), b->number) < std::pair(rank(*b), a->number);
  });
  return all;
}

Result<Secret> webhook_secret(Secrets& secrets, store::Reader& reader, std::string_view tenant,
                              std::string_view path, bool to_sign) {
  KW_TRY(Secret secret, secrets.load(reader, tenant, path));
  if (secret.deleted_at)
    return refused("secret_deleted", "the secret was deleted; undelete brings it back");
  const std::string& type = secret.metadata.type;
  if (type == kOutbound || (!to_sign && type == kInbound)) return secret;
  return refused("not_a_webhook",
                 to_sign ? "only secrets of type webhook sign webhooks"
                         : "only secrets of type webhook or webhook-inbound check webhooks");
}

// Versions whose value is no key are passed over: somebody put them by hand, and none signs.
Result<std::vector<Held>> held(Secrets& secrets, store::Reader& reader, const Secret& secret,
                               WebhookForm form) {
  const WallTime now = secrets.foundations().clock.wall();
  std::vector<Held> all;
  for (const Version* each : in_order(secret, now)) {
    if (all.size() == kCheckedMax) break;
    KW_TRY(const Value value, secrets.open(reader, secret, *each));
    auto credential = credential_of(secret, *each, value);
    if (!credential || !webhook_key(credential->secret, form)) continue;
    all.push_back({each->number, each->state, is_live(*each, now), std::move(credential->secret)});
  }
  return all;
}

Status check_signer(const Secret& secret, const std::vector<Held>& all, WallTime now) {
  const Version* primary = secret.version(secret.primary);
  if (primary == nullptr) return refused("no_primary", "the secret has no primary version now");
  if (!is_live(*primary, now))
    return refused("version_expired", "the primary version is over: rotate the secret");
  if (!all.empty() && all.front().version == primary->number) return ok();
  return refused("bad_webhook_secret",
                 "the primary version is not whsec_ and the base64 of 24 to 64 bytes");
}

std::vector<const SecretBytes*> texts_of(std::span<const Held> all) {
  std::vector<const SecretBytes*> texts;
  for (const Held& each : all) texts.push_back(&each.text);
  return texts;
}

// First the live ones: when both hold the same value, the live one counts.
Result<WebhookVerdict> verdict_of(std::span<const Held> all, const InboundWebhook& message,
                                  WallTime now, std::chrono::seconds tolerance) {
  const auto live = static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [](const Held& each) { return each.live; }));
  WebhookVerdict verdict;
  for (const std::span<const Held> part : {all.first(live), all.subspan(live)}) {
    const auto found = verify_webhook(texts_of(part), message, now, tolerance);
    if (found) {
      const Held& signer = part[*found];
      verdict.version = signer.version;
      verdict.kind = signer.live ? WebhookVerdict::Kind::kValid : WebhookVerdict::Kind::kUntrusted;
      if (signer.live) {
        verdict.reason.clear();
      } else {
        verdict.reason = readable(signer.state) ? "expired" : rotation::state_name(signer.state);
      }
      return verdict;
    }
    if (found.error().code != Code::kUnauthenticated) return found.error();
    verdict.reason = found.error().reason;
    if (verdict.reason == "webhook_time") break;
  }
  return verdict;
}

}  // namespace

std::string_view verdict_name(WebhookVerdict::Kind kind) {
  if (kind == WebhookVerdict::Kind::kValid) return "valid";
  return kind == WebhookVerdict::Kind::kUntrusted ? "untrusted" : "invalid";
}

Result<SignedWebhook> sign_with(Secrets& secrets, std::string_view tenant, std::string_view path,
                                const WebhookMessage& message) {
  SignedWebhook made;
  const WallTime now = secrets.foundations().clock.wall();
  KW_OK(secrets.foundations().store.read([&](store::Reader& reader) -> Status {
    KW_TRY(const Secret secret, webhook_secret(secrets, reader, tenant, path, true));
    KW_TRY(std::vector<Held> all, held(secrets, reader, secret, WebhookForm::kStandard));
    KW_OK(check_signer(secret, all, now));
    std::erase_if(all, [](const Held& each) { return !each.live; });
    if (all.size() > kSignersMax) all.resize(kSignersMax);
    made = {secret.id, {}, {}};
    for (const Held& each : all) made.versions.push_back(each.version);
    KW_TRY(made.signature, sign_webhook(texts_of(all), message));
    return ok();
  }));
  return made;
}

Result<WebhookVerdict> verify_with(Secrets& secrets, std::string_view tenant, std::string_view path,
                                   const InboundWebhook& message, std::chrono::seconds tolerance) {
  WebhookVerdict verdict;
  const WallTime now = secrets.foundations().clock.wall();
  KW_OK(secrets.foundations().store.read([&](store::Reader& reader) -> Status {
    KW_TRY(const Secret secret, webhook_secret(secrets, reader, tenant, path, false));
    KW_TRY(const std::vector<Held> all, held(secrets, reader, secret, message.form));
    KW_TRY(verdict, verdict_of(all, message, now, tolerance));
    verdict.secret = secret.id;
    return ok();
  }));
  return verdict;
}

}  // namespace kw::secrets

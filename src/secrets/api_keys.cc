#include "secrets/api_keys.h"

#include <algorithm>

#include "base/name.h"
#include "base/reveal.h"
#include "codec/base64.h"
#include "crypto/random.h"
#include "secrets/api_key_rows.h"

namespace kw::secrets {

namespace {

using rotation::Change;
using rows::StoredApiKey;

constexpr std::string_view kPrefix = "kwk_";
constexpr std::size_t kIdText = 32, kSecret = 32;

Error refused() {
  return error(Code::kUnauthenticated, "api_key_refused", "the API key is not accepted");
}
Error no_such_key() {
  return error(Code::kNotFound, "not_found", "there is no such API key");
}
Error no_free_slot() {
  return error(Code::kFailedPrecondition, "no_free_slot",
               "the client has two live keys: revoke one, or wait for the end of its grace");
}

// On the heap from the start, then only in the arena.
SecretBytes text_of(const ApiKeyId& id) {
  const SecretBytes secret = crypto::random_secret(kSecret);
  const WipedText encoded = codec::wiped_base64url(secret.reveal(Reveal{}));
  WipedText text;
  text.reserve(kApiKeyTextBytes);
  text.append(kPrefix).append(id.text()).append("_").append(encoded);
  return SecretBytes::copy_of(as_bytes(text));
}

std::optional<ApiKeyId> id_in(ByteView bytes) {
  const std::string_view text = as_text(bytes);
  if (text.size() != kApiKeyTextBytes || !text.starts_with(kPrefix) ||
      text[kPrefix.size() + kIdText] != '_')
    return std::nullopt;
  const auto id = ApiKeyId::parse(text.substr(kPrefix.size(), kIdText));
  return id ? std::optional(*id) : std::nullopt;
}

std::optional<WallTime> end_after(WallTime now, std::chrono::seconds lifetime) {
  return lifetime.count() > 0 ? std::optional(WallTime(now + lifetime)) : std::nullopt;
}

bool legal(ApiKeyState from, ApiKeyState to) {
  return from == to || from != ApiKeyState::kRevoked;
}

Status record(audit::ChangeLog& log, Change change, const ApiKey& key, std::string_view from) {
  audit::Event event = change.by;
  const std::string object = key.tenant_name + "/" + key.client;
  event.kind = "api-key";
  event.object = object;
  event.version = key.number;
  event.from_state = from;
  event.to_state = api_key_state_name(key.state);
  KW_OK(log.append(change.tx, event));
  return ok();
}

}  // namespace

struct ApiKeys::Wanted {
  std::int64_t tenant;
  std::string_view tenant_name, client;
  std::chrono::seconds lifetime;
  const std::vector<StoredApiKey>& others;  ///< all of the client, newest first
};

Result<crypto::Digest256> ApiKeys::digest(ByteView text) {
  KW_TRY(const SecretBytes key, on_.barrier.derive("api-key"));
  return crypto::hmac_sha256(key, text);
}

Result<IssuedApiKey> ApiKeys::make(Change change, const Wanted& wanted) {
  const WallTime now = on_.clock.wall();
  const auto live = std::count_if(wanted.others.begin(), wanted.others.end(),
                                  [&](const auto& each) { return each.key.accepted(now); });
  if (live >= kLiveApiKeysMax) return no_free_slot();
  IssuedApiKey made;
  made.key.id = crypto::random_id<ApiKeyId>();
  made.key.tenant = wanted.tenant;
  made.key.tenant_name = wanted.tenant_name;
  made.key.client = wanted.client;
  made.key.number = wanted.others.empty() ? 1 : wanted.others.front().key.number + 1;
  made.key.created_at = now;
  made.key.expires_at = end_after(now, wanted.lifetime);
  made.text = text_of(made.key.id);
  KW_TRY(const auto hidden, digest(made.text.reveal(Reveal{})));
  KW_OK(rows::insert_api_key(change.tx, on_.barrier, {made.key, to_bytes(hidden)}));
  KW_OK(record(on_.log, change, made.key, "none"));
  return made;
}

Result<IssuedApiKey> ApiKeys::issue(Change change, std::string_view tenant, std::string_view client,
                                    std::chrono::seconds lifetime) {
  KW_OK(Name<ObjectRule>::parse(client));
  KW_TRY(const std::int64_t number, on_.tenant_number(change.tx, tenant));
  KW_TRY(const auto others, rows::api_keys_of(change.tx, on_.barrier, number, client));
  return make(change, {number, tenant, client, lifetime, others});
}

Result<IssuedApiKey> ApiKeys::rotate(Change change, std::string_view tenant,
                                     std::string_view client, std::chrono::seconds lifetime,
                                     std::chrono::seconds grace) {
  KW_OK(Name<ObjectRule>::parse(client));
  KW_TRY(const std::int64_t number, on_.tenant_number(change.tx, tenant));
  KW_TRY(auto others, rows::api_keys_of(change.tx, on_.barrier, number, client));
  const WallTime now = on_.clock.wall();
  KW_TRY(IssuedApiKey made, make(change, {number, tenant, client, lifetime, others}));
  bool any = false;
  for (StoredApiKey& each : others) {
    if (!each.key.accepted(now)) continue;
    any = true;
    const WallTime end = now + std::max(grace, std::chrono::seconds(0));
    each.key.expires_at = std::min(each.key.expires_at.value_or(end), end);
    KW_OK(rows::update_api_key(change.tx, on_.barrier, each));
    KW_OK(record(on_.log, change, each.key, api_key_state_name(each.key.state)));
  }
  if (!any)
    return error(Code::kFailedPrecondition, "no_key", "the client has no live key: issue one");
  return made;
}

Result<ApiKey> ApiKeys::move(Change change, std::string_view tenant, const ApiKeyId& id,
                             ApiKeyState to) {
  KW_TRY(const std::int64_t number, on_.tenant_number(change.tx, tenant));
  KW_TRY(auto found, rows::find_api_key(change.tx, on_.barrier, id));
  if (!found || found->key.tenant != number) return no_such_key();
  const ApiKeyState from = found->key.state;
  if (from == to) return found->key;
  if (!legal(from, to))
    return error(Code::kFailedPrecondition, "invalid_transition", "a revoked key stays revoked");
  if (to == ApiKeyState::kLive) {
    const WallTime now = on_.clock.wall();
    KW_TRY(const auto all, rows::api_keys_of(change.tx, on_.barrier, number, found->key.client));
    const auto live = std::count_if(all.begin(), all.end(),
                                    [&](const auto& each) { return each.key.accepted(now); });
    if (live >= kLiveApiKeysMax) return no_free_slot();
  }
  found->key.state = to;
  KW_OK(rows::update_api_key(change.tx, on_.barrier, *found));
  KW_OK(record(on_.log, change, found->key, api_key_state_name(from)));
  return found->key;
}

Result<ApiKey> ApiKeys::verify(std::string_view tenant, ByteView text) {
  KW_TRY(const auto hidden, digest(text));
  const auto id = id_in(text);
  std::optional<StoredApiKey> found;
  KW_OK(on_.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(const std::int64_t number, on_.tenant_number(reader, tenant));
    if (!id) return ok();
    KW_TRY(found, rows::find_api_key(reader, on_.barrier, *id));
    if (found && found->key.tenant != number) found.reset();
    return ok();
  }));
  if (!found || !equal_constant_time(found->digest, hidden) ||
      !found->key.accepted(on_.clock.wall()))
    return refused();
  count(found->key.id);
  return found->key;
}

Result<std::vector<ApiKey>> ApiKeys::list(std::string_view tenant, std::string_view client) {
  KW_OK(flush());
  std::vector<ApiKey> all;
  KW_OK(on_.store.read([&](store::Reader& reader) -> Status {
    all.clear();
    KW_TRY(const std::int64_t number, on_.tenant_number(reader, tenant));
    KW_TRY(const auto found, rows::api_keys_of(reader, on_.barrier, number, client));
    for (const StoredApiKey& each : found) all.push_back(each.key);
    return ok();
  }));
  return all;
}

void ApiKeys::count(const ApiKeyId& id) {
  const std::int64_t now = to_micros(on_.clock.wall());
  const std::scoped_lock lock(mutex_);
  Use& use = uses_[id];
  ++use.uses;
  use.last_at = std::max(use.last_at, now);
}

Status ApiKeys::flush() {
  std::map<ApiKeyId, Use> taken;
  {
    const std::scoped_lock lock(mutex_);
    taken.swap(uses_);
  }
  if (taken.empty()) return ok();
  Status written = on_.store.write([&](store::Tx& tx) -> Status {
    for (const auto& [id, use] : taken)
      KW_OK(
          tx.post("INSERT INTO api_key_use (id, uses, last_at) VALUES ($1, $2, $3)"
                  " ON CONFLICT (id) DO UPDATE SET uses = api_key_use.uses + excluded.uses,"
                  " last_at = CASE WHEN excluded.last_at > api_key_use.last_at"
                  " THEN excluded.last_at ELSE api_key_use.last_at END",
                  {id.bytes(), use.uses, use.last_at}));
    return ok();
  });
  if (written) return ok();
  const std::scoped_lock lock(mutex_);
  for (const auto& [id, use] : taken) {
    Use& kept = uses_[id];
    kept.uses += use.uses;
    kept.last_at = std::max(kept.last_at, use.last_at);
  }
  return written;
}

}  // namespace kw::secrets

// Which versions a tenant's key set (JWKS) shows, how long, and how long others may keep it. Pure
// rules; docs/guide/jwt.md explains them.
//
// Published are keys with the label `use=jwt` alone: whoever trusts the set accepts tokens under
// every key in it, so a key that signs releases must not be there.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "keys/model.h"

namespace kw::keys {

/// The label that makes a sign or mac key one for tokens, and its value.
inline constexpr std::string_view kUseLabel = "use";
inline constexpr std::string_view kUseTokens = "jwt";
/// The label that says how long a token may live at most, as a duration: "12h". check_labels
/// refuses others.
inline constexpr std::string_view kTokenLifeLabel = "jwt.token-life";
/// What clocks may differ by. @source spec: rotation timing, epsilon.
inline constexpr std::chrono::seconds kClockSkew{60};

/// True for keys of purpose sign or mac with the label use=jwt.
bool signs_tokens(const Key& key);

/// How long a token of this key lives at most: the longer of the label and the least overlap that
/// the key's policy promises.
std::chrono::seconds token_life(const Key& key, std::chrono::seconds min_overlap);

/// True while a verifier may meet a token under this version that it must accept: active (published
/// before the first use), primary, secondary; then, retired or archived, until `token_life` and the
/// clock skew have passed since it could sign last. Never pending, suspended, revoked, destroying
/// or destroyed.
bool published(const Key& key, const Version& version, std::chrono::seconds token_life,
               WallTime now);

/// The published versions: the primary first, then newest first.
std::vector<const Version*> published_versions(const Key& key, std::chrono::seconds token_life,
                                               WallTime now);

/// How long others may keep the set: half of the time from publication to first signature, so that
/// a verifier may miss one refresh; at most 10 minutes, so that a revoked key goes soon.
std::chrono::seconds set_max_age(std::chrono::seconds publish_wait);

/// What a version is called and shown as outside. Neither ever changes.
struct PublicForm {
  std::string kid;
  /// The members of RFC 7517, 4, as JSON text: kty, kid, use, alg and the public key. Purpose sign
  /// only; "" for algorithms without a JWK form.
  std::string jwk;
};

}  // namespace kw::keys

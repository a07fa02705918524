// What everybody may know of a tenant's keys: the set that verifies its tokens, and the archive of
// public keys. Both are public, so neither is recorded: a flood of strangers must not fill the log.
#pragma once

#include <vector>

#include "keys/jwks.h"
#include "service/gate.h"

namespace kw::service {

struct PublicKey {
  std::shared_ptr<const keys::Key> key;
  const keys::Version* version = nullptr;  ///< borrowed from `key`
  std::shared_ptr<const keys::PublicForm> form;
};

struct KeySet {
  std::vector<PublicKey> keys;  ///< by name, the primary first; each kid once
  /// How long others may keep it: keys::set_max_age of the shortest publish_wait.
  std::chrono::seconds max_age{0};
};

/// @errors kNotFound(not_found): no such tenant, or one without keys for tokens; which, it does not
///   tell. kUnavailable(sealed)
Result<KeySet> published_keys(House& house, Call& call);

/// A version of a sign key by its kid, in every state, for ever. Who knows a kid knows the key.
/// @errors kNotFound(not_found), kUnavailable(sealed)
Result<PublicKey> archived_key(House& house, Call& call, std::string_view kid);

/// How long a token of this key may live: its label, or the overlap that its policy promises.
Result<std::chrono::seconds> life_of_tokens(House& house, const keys::Key& key);

}  // namespace kw::service

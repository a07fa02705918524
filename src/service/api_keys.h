// API keys that tenants issue to clients of theirs.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "secrets/api_keys.h"
#include "service/gate.h"

namespace kw::service {

/// How long a key lives and how long the one before it goes on.
struct ApiKeyTerms {
  std::chrono::seconds lifetime{0};  ///< 0: no end
  std::chrono::seconds grace{0};     ///< of a rotation
};

/// The text is shown once and kept nowhere. @errors those of secrets::ApiKeys::issue and rotate.
/// @audit api-key.issue, api-key.rotate
Result<secrets::IssuedApiKey> issue_api_key(House& house, Call& call, const ObjectName& client,
                                            const ApiKeyTerms& terms);
Result<secrets::IssuedApiKey> rotate_api_key(House& house, Call& call, const ObjectName& client,
                                             const ApiKeyTerms& terms);
/// @errors those of secrets::ApiKeys::move. @audit api-key.suspend, api-key.restore, api-key.revoke
Result<secrets::ApiKey> move_api_key(House& house, Call& call, const secrets::ApiKeyId& id,
                                     secrets::ApiKeyState to,
                                     const Wording<secrets::ApiKey>& wording = {});
/// Whose key it is; nothing when it is not accepted, for whatever reason. The record says which.
Result<std::optional<secrets::ApiKey>> verify_api_key(House& house, Call& call, ByteView text);
/// Newest first. @param client  "": of all clients
Result<std::vector<secrets::ApiKey>> list_api_keys(House& house, Call& call,
                                                   std::string_view client);

}  // namespace kw::service

// API keys that we issue to clients of somebody's service, and check for it.
//
// A key is "kwk_<id>_<secret>": the id (32 hexadecimal digits) says which key it is and is no
// secret; the secret is 256 random bits (43 base64url characters). The text is shown once; the
// store keeps HMAC-SHA-256 of it under a key derived from the root, so a stolen database yields no
// key, and nobody can plant one. A client has at most two live keys: the old one works on until its
// grace is over, so a rotation needs no moment. Every check is counted per key: the old key's last
// use tells when it may go.
//
// Tables: api_key (rows carry a MAC and an epoch), api_key_use. Thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/change_log.h"
#include "base/clock.h"
#include "base/id.h"
#include "crypto/digest.h"
#include "rotation/runs.h"
#include "seal/barrier.h"
#include "store/store.h"

namespace kw::secrets {

using ApiKeyId = Id<struct ApiKeyTag>;

inline constexpr std::size_t kApiKeyTextBytes = 4 + 32 + 1 + 43;
inline constexpr int kLiveApiKeysMax = 2;

enum class ApiKeyState : std::uint8_t {
  kLive,
  kSuspended,  ///< refused, may come back
  kRevoked,    ///< refused for ever
};
std::string_view api_key_state_name(ApiKeyState state);  ///< "live", "suspended", "revoked"

struct ApiKey {
  ApiKeyId id;
  std::int64_t tenant = 0;
  std::string tenant_name;
  std::string client;
  std::uint32_t number = 0;  ///< 1, 2, 3 … of the client, never again
  ApiKeyState state = ApiKeyState::kLive;
  WallTime created_at;
  std::optional<WallTime> expires_at;  ///< refused from then on: its own end, or that of the grace
  std::int64_t epoch = 0;
  // Not part of the authenticated row.
  std::int64_t uses = 0;
  std::optional<WallTime> last_used;

  bool accepted(WallTime now) const {
    return state == ApiKeyState::kLive && (!expires_at || now < *expires_at);
  }
};

struct IssuedApiKey {
  ApiKey key;
  SecretBytes text;  ///< the only copy
};

/// What the keys stand on; all of it outlives them.
struct ApiKeyFoundations {
  store::Store& store;
  seal::Barrier& barrier;
  audit::ChangeLog& log;
  const Clock& clock;
  /// @errors kNotFound(not_found)
  std::function<Result<std::int64_t>(store::Reader&, std::string_view tenant)> tenant_number;
};

/// Common errors: kUnavailable(sealed), kDataLoss(row_tampered), kNotFound(not_found), and the
/// store's.
class ApiKeys {
 public:
  explicit ApiKeys(ApiKeyFoundations on) : on_(std::move(on)) {}

  /// A further key of the client. @param lifetime  0: no end of its own
  /// @errors kFailedPrecondition(no_free_slot): two keys are live already;
  ///   kInvalidArgument(bad_name) @audit kind "api-key", object "<tenant>/<client>"
  Result<IssuedApiKey> issue(rotation::Change change, std::string_view tenant,
                             std::string_view client, std::chrono::seconds lifetime);
  /// A new key; the one that was live ends `grace` from now, or at its own end if that is sooner.
  /// @errors as issue; kFailedPrecondition(no_key): the client has none that is live
  Result<IssuedApiKey> rotate(rotation::Change change, std::string_view tenant,
                              std::string_view client, std::chrono::seconds lifetime,
                              std::chrono::seconds grace);
  /// The same state again is fine. Revoked is for ever.
  /// @errors kFailedPrecondition(invalid_transition), kFailedPrecondition(no_free_slot): back to
  ///   live beside two others
  Result<ApiKey> move(rotation::Change change, std::string_view tenant, const ApiKeyId& id,
                      ApiKeyState to);

  /// Whose key it is. Counts the use. One error, whatever is wrong with the text.
  /// @errors kUnauthenticated(api_key_refused)
  Result<ApiKey> verify(std::string_view tenant, ByteView text);
  /// Newest first, revoked ones too, with their uses. @param client  "": of all clients
  Result<std::vector<ApiKey>> list(std::string_view tenant, std::string_view client);
  /// Makes counted uses durable; what cannot be written stays for the next time.
  Status flush();

 private:
  struct Use {
    std::int64_t uses = 0, last_at = 0;
  };
  struct Wanted;
  Result<IssuedApiKey> make(rotation::Change change, const Wanted& wanted);
  Result<crypto::Digest256> digest(ByteView text);
  void count(const ApiKeyId& id);

  ApiKeyFoundations on_;
  std::mutex mutex_;
  std::map<ApiKeyId, Use> uses_;
};

std::span<const store::Migration> api_key_migrations();

}  // namespace kw::secrets

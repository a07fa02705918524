// A version of a secret as a reader got it. Immutable once it is shared.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "codec/json.h"

namespace kw::client {

struct SecretValue {
  std::string path;
  std::uint32_t version = 0;
  std::int64_t epoch = 0;              ///< of the secret: grows with each change of it; 0: unknown
  std::string state;                   ///< "primary", "active" (of a rollout), "secondary"
  std::optional<WallTime> expires_at;  ///< the server does not hand it out any more from then on
  /// Fields by name; a value without fields is the one part "".
  std::vector<std::pair<std::string, SecretBytes>> parts;

  /// nullptr when there is no such part.
  const SecretBytes* part(std::string_view name) const;
  /// @errors kNotFound(no_such_field)
  Result<SecretBytes> copy(std::string_view name) const;
};
using SecretPointer = std::shared_ptr<const SecretValue>;

/// Reads the server's answer (or the agent's, which is the same).
/// @errors kInvalidArgument(json_*): not such an answer
Result<SecretPointer> read_secret(std::string_view path, const codec::JsonView& answer);

/// "/api/v1/tenants/TENANT/secrets/PATH"; the path keeps its slashes.
std::string secret_url(std::string_view tenant, std::string_view path);

}  // namespace kw::client

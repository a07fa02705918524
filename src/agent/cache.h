// What the agent last got, encrypted on disk, so that applications start while the server is away.
//
// One file per value, AES-256-GCM under a key derived for exactly this server, tenant, consumer,
// path and kind (present or previous): a file that is moved, renamed or brought from elsewhere does
// not open. A file that an intruder puts back from earlier does, until its age ends it; the
// server's next answer replaces it.
//
//   "KWAC1" | nonce (12) | AES-256-GCM of: version, state, stored at, expires at, parts
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "agent/rooted_file.h"
#include "base/clock.h"
#include "client/secret_value.h"

namespace kw::agent {

struct CacheOptions {
  std::string folder;    ///< absolute; made 0700 when it is not there; "" : no cache
  std::string key_file;  ///< 32 bytes; made (0600) when it is not there
  std::chrono::seconds max_age{86'400};  ///< since the server last confirmed the value
};

/// What values are bound to.
struct CacheBinding {
  std::string server, tenant, consumer;
};

/// Which value: the one in force, or the version before it.
enum class CacheSlot : std::uint8_t { kPresent, kPrevious };

struct Cached {
  client::SecretPointer value;
  std::chrono::microseconds age{0};  ///< since the server confirmed it
};

/// Thread-safe. Borrows the clock.
class Cache {
 public:
  /// @errors kFailedPrecondition(cache_open): others may read folder or key file;
  ///   kUnavailable(cache_failed): they can be neither read nor made; kDataLoss(bad_cache_key)
  static Result<Cache> open(CacheOptions options, CacheBinding binding, const Clock& clock);

  /// The value, if there is one of at most max_age that the server would still hand out.
  /// @errors kNotFound(not_cached); kDataLoss(cache_unreadable): not ours, damaged, another key
  Result<Cached> load(const std::string& path, CacheSlot slot) const;
  /// Writes it whole, as confirmed now. @errors those of Roots::replace
  Status store(const client::SecretValue& value, CacheSlot slot) const;
  /// Takes it away. @errors those of Roots::remove
  Status drop(const std::string& path, CacheSlot slot) const;
  bool enabled() const { return !options_.folder.empty(); }

 private:
  Cache(CacheOptions options, CacheBinding binding, SecretBytes key, const Clock& clock)
      : options_(std::move(options)),
        binding_(std::move(binding)),
        key_(std::move(key)),
        clock_(&clock) {}
  Bytes context(const std::string& path, CacheSlot slot) const;
  RootedPath place(const std::string& path, CacheSlot slot) const;

  CacheOptions options_;
  CacheBinding binding_;
  SecretBytes key_;
  const Clock* clock_;
};

}  // namespace kw::agent

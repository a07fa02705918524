// What the agent holds of each secret: what the server offers, what is in force here, and what has
// been said about it.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/upstream.h"
#include "base/clock.h"
#include "client/secret_value.h"
#include "codec/text_template.h"

namespace kw::agent {

/// One acknowledgement that the server has not got yet, or must get again.
struct Saying {
  std::string path;
  std::uint32_t version = 0;
  Grade grade = Grade::kLoaded;
};

/// Thread-safe. Borrows the clock.
///
/// A version that the server offers is in force when every application that uses it took it. One
/// that an application was not well with is `rejected`: it is reported, and the old one stays in
/// force until the server offers another.
class Holdings {
 public:
  /// @param previous  paths whose version before is wanted as well
  Holdings(const std::set<std::string>& paths, std::set<std::string> previous, const Clock& clock);

  const std::set<std::string>& wants_previous() const { return previous_; }
  std::vector<std::string> paths() const;

  /// What was in force before a restart, from the cache.
  void resume(client::SecretPointer value, std::chrono::microseconds age);
  /// What the server gave. @returns true when it is another version than it offered before.
  bool offer(client::SecretPointer value);
  /// The version that a rotation prepares can be used here: said as loaded.
  void prepared(const std::string& path, std::uint32_t version);
  void offer_previous(const std::string& path, client::SecretPointer value);
  /// The server does not hand it out any more: it is forgotten. @returns false when nothing was
  /// held.
  bool drop(const std::string& path);
  /// Forgets what was not confirmed for so long. @returns the paths
  std::vector<std::string> expire(std::chrono::seconds max_age);
  /// True when the server confirmed it since the agent started.
  bool confirmed(const std::string& path) const;

  /// What an application should take now: the version offered, or the one in force when that was
  /// rejected. Null when there is none.
  client::SecretPointer wanted(const codec::TextReference& reference) const;
  /// What the local socket hands out.
  client::SecretPointer in_force(const std::string& path) const;
  client::SecretPointer previous(const std::string& path) const;

  /// Everybody who uses the path has `version` now.
  void took(const std::string& path, std::uint32_t version);
  void reached(const std::string& path, std::uint32_t version, Grade grade);

  /// What has to be said: news, and what was last said longer ago than `repeat`.
  std::vector<Saying> unsaid(std::chrono::seconds repeat) const;
  void said(const Saying& saying);

  /// Called after a version comes into force; under no lock. Set before threads start.
  std::function<void(const std::string& path)> on_force;

 private:
  struct Standing {
    client::SecretPointer offered, in_force, previous;
    std::optional<SteadyTime> confirmed_at;  ///< by the server, in this life or the last
    bool confirmed_now = false;              ///< in this life
    std::uint32_t rejected = 0;
    std::uint32_t loaded = 0, used = 0;  ///< versions that reached the grade
    std::uint32_t prepared = 0, said_prepared = 0;
    std::uint32_t said_loaded = 0, said_used = 0, said_failed = 0;
    std::optional<SteadyTime> said_at;
  };
  std::optional<Saying> next_saying(const std::string& path, const Standing& standing,
                                    std::chrono::seconds repeat) const;

  const std::set<std::string> previous_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, Standing> standings_;
};

}  // namespace kw::agent

// What the agent says to the server and asks of it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "agent/config.h"
#include "client/channel.h"
#include "client/secret_value.h"

namespace kw::agent {

/// What an instance says about a version. `failed`: it was tried and the application was not well.
enum class Grade : std::uint8_t { kLoaded, kUsed, kFailed };
std::string_view grade_name(Grade grade);

/// Thread-safe. Never tries again by itself: the agent's rounds do.
class Upstream {
 public:
  /// @errors those of HttpClient::create
  static Result<std::unique_ptr<Upstream>> open(const Config& config, const Clock& clock);

  /// @errors the server's own; is_away() tells whether it may be different later
  Result<client::SecretPointer> fetch(const std::string& path, bool previous);
  /// The version that a rotation prepares, if there is one that is newer than `present`: it may be
  /// read by its number before anybody should use it.
  Result<client::SecretPointer> upcoming(const std::string& path, std::uint32_t present);
  Status acknowledge(const std::string& path, std::uint32_t version, Grade grade);
  Status heartbeat();
  /// One stream of what changes for this consumer: `on_change` gets the path of a secret, or ""
  /// when everything has to be looked at. `on_open` is called when the stream stands;
  /// without `resumed` what happened before is not told.
  Status listen(const std::function<void(bool resumed)>& on_open,
                const std::function<void(const std::string& path)>& on_change,
                const std::atomic<bool>& stop);
  void stop() { channel_->stop(); }

 private:
  Upstream(const Config& config, std::shared_ptr<client::Channel> channel, const Clock& clock);
  Result<client::SecretPointer> read(const std::string& path, const std::string& version);
  struct Standing {
    std::uint32_t newest_active = 0, in_rollout = 0;
  };
  Result<Standing> standing(const std::string& path);
  const bool canary_;
  const std::string tenant_, consumer_, instance_;
  const std::shared_ptr<client::Channel> channel_;
  const Clock& clock_;
  std::string last_event_;  ///< of the listening thread
};

/// True for what says nothing about the secret itself: the server is away, sealed, busy, or does
/// not know the agent at the moment.
bool is_away(const Error& failure);

}  // namespace kw::agent

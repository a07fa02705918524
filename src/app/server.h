// The server: everything wired together from a Config, serving until it is told to stop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "app/config.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace kw::app {

class Server {
 public:
  /// Opens the store, brings the schema up, opens the audit logs, reads the seal and starts to
  /// listen.
  /// @errors what the rooms answer, plus kUnavailable(address_in_use)
  static Result<std::unique_ptr<Server>> start(const Config& config);
  ~Server();

  std::string url() const;
  std::string certificate_file() const;
  std::string certificate_sha256() const;  ///< hex
  /// Development only: a token with every role.
  Result<WipedText> development_token();
  /// Development only: a tenant to start with; fine when it is there already.
  Status development_tenant(const std::string& name);
  /// Blocks until SIGINT or SIGTERM (or request_stop), then stops gracefully.
  void run_until_signal();
  void request_stop();

  struct Parts;  ///< implementation

 private:
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace kw::app

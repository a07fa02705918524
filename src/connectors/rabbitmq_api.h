// The management interface of a RabbitMQ: users, their permissions and connections.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connectors/server_address.h"
#include "net/http_client.h"

namespace kw::connectors {

struct RabbitmqUser {
  std::string password_hash;  ///< base64; "": nobody can log in by a password
  std::string algorithm, tags;
};

/// What a user may in one virtual host; with an exchange: for topics there.
struct RabbitmqPermission {
  std::string vhost, exchange, configure, write, read;
};

/// One login; each call is a request of its own within the same deadline. Used by one thread.
class RabbitmqApi {
 public:
  /// @errors of every call: kUnauthenticated(credential_refused), kUnavailable(target_unreachable |
  ///   target_busy), kDeadlineExceeded(target_slow), kFailedPrecondition(target_permission |
  ///   target_refused | tls_untrusted)
  static Result<RabbitmqApi> open(const ServerAddress& address,
                                  const secrets::Credential& credential, SteadyTime deadline);

  Result<std::optional<RabbitmqUser>> user(std::string_view name);
  Result<std::vector<std::string>> users();
  Status put_user(std::string_view name, const RabbitmqUser& user);
  Status delete_user(std::string_view name);  ///< gone already: fine
  Result<std::vector<RabbitmqPermission>> permissions(std::string_view name);
  Status put_permission(std::string_view name, const RabbitmqPermission& permission);
  /// The connections of the user, by their names.
  Result<std::vector<std::string>> connections(std::string_view name);

 private:
  struct Answer {
    int status = 0;
    WipedText body;
  };
  RabbitmqApi(std::string base, std::string ca_file, WipedText authorization, SteadyTime deadline)
      : base_(std::move(base)),
        ca_file_(std::move(ca_file)),
        authorization_(std::move(authorization)),
        deadline_(deadline) {}
  /// Any status below 400, and 404.
  Result<Answer> call(const char* method, const std::string& path, std::string_view body = {});
  Status change(const char* method, const std::string& path, std::string_view body = {});

  std::string base_, ca_file_;
  WipedText authorization_;
  SteadyTime deadline_;
};

}  // namespace kw::connectors

// A connection to a Redis (or Valkey): RESP over a Wire, replies read by hiredis.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "connectors/wire.h"

struct redisReader;
struct redisReply;

namespace kw::connectors {

/// An answer, copied out of the library.
struct RedisReply {
  enum class Kind : std::uint8_t { kText, kNumber, kNothing, kList } kind = Kind::kNothing;
  std::string text;
  std::int64_t number = 0;
  std::vector<RedisReply> list;
};

class RedisSession {
 public:
  /// AUTH with name and password. @errors kUnauthenticated(credential_refused),
  ///   kUnavailable(target_unreachable | target_busy), kDeadlineExceeded(target_slow),
  ///   kFailedPrecondition(target_permission | target_refused | rejected_by_policy …)
  static Result<std::unique_ptr<RedisSession>> open(const ServerAddress& address,
                                                    const secrets::Credential& credential,
                                                    SteadyTime deadline);
  /// One command; each argument is sent with its length, so nothing in it means anything.
  Result<RedisReply> ask(const std::vector<std::string_view>& arguments);
  Status run(const std::vector<std::string_view>& arguments);

 private:
  struct Free {
    void operator()(redisReader* reader) const noexcept;
  };
  explicit RedisSession(std::unique_ptr<Wire> wire);
  Result<RedisReply> receive();

  std::unique_ptr<Wire> wire_;
  std::unique_ptr<redisReader, Free> reader_;
};

}  // namespace kw::connectors

// A file of users that a nats-server includes in its configuration: one user a line, as JSON, which
// that configuration language understands. Lines of other people stay as they are.
//
//   authorization { include "users.conf" }      users = [
//                                               {"user":"app_a","password":"$2b$…","permissions":{…}}
//                                               ]
// Source: NATS documentation, "Configuration" and "Authorization".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret_bytes.h"

namespace kw::connectors {

struct NatsUser {
  std::string name, hash;
  std::string permissions;  ///< a JSON object; "": the server's default ones
};

class NatsUsers {
 public:
  /// @param text  nothing: a new file
  /// @errors kFailedPrecondition(foreign_file): there is no list of users in it
  static Result<NatsUsers> parse(std::string_view text);

  const NatsUser* find(std::string_view name) const;
  /// In the place of the user of that name, or as the last one.
  void put(NatsUser user);
  bool remove(std::string_view name);  ///< false: there is none
  WipedText text() const;

 private:
  struct Line {
    std::string text;
    std::optional<NatsUser> user;
    bool ends_list = false;  ///< the "]" of our list, not of another
  };
  std::vector<Line> lines_;
};

/// A JSON object in the form of a line. @errors kInvalidArgument(bad_setting)
Result<std::string> read_permissions(std::string_view json);

}  // namespace kw::connectors

// What is said to a Redis about its users, and how it is kept over a restart.
#pragma once

#include "connectors/redis_session.h"

namespace kw::connectors {

/// "~app:* +@read (+get ~key2)" as separate arguments; parentheses keep together.
/// @errors kInvalidArgument(bad_setting): a rule about passwords or the state of the user
Result<std::vector<std::string>> acl_rules(std::string_view text);

/// The rules of a user that is there, without passwords and state.
/// @errors kNotFound(principal_missing)
Result<std::vector<std::string>> rules_of_user(RedisSession& admin, std::string_view user);
Result<bool> has_user(RedisSession& admin, std::string_view user);

/// @errors kFailedPrecondition(not_persistent): neither an ACL file nor a configuration file, so a
///   restart would bring the old credentials back
Status is_persistent(RedisSession& admin);
/// Writes the users to where the next start reads them. @errors as is_persistent
Status persist(RedisSession& admin);

/// ACL SETUSER. @param changes  each is one rule
Status set_user(RedisSession& admin, std::string_view user,
                const std::vector<std::string>& changes);
/// Takes the user away with its sessions; "default" cannot go and is shut. Gone already: fine.
Status drop_user(RedisSession& admin, std::string_view user);
Status kill_sessions(RedisSession& admin, std::string_view user);
Status count_sessions(RedisSession& admin, std::string_view user, secrets::Drain& drain);

}  // namespace kw::connectors

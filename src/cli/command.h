// A command as data: noun, verb, flags, examples and the function that runs it. Parser, help and
// completion read the same table.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace kw::cli {

class Session;

struct Flag {
  enum class Kind : std::uint8_t { kText, kNumber, kSwitch, kRepeated };
  std::string name;  ///< "--owner"
  std::string help;
  Kind kind = Kind::kText;
  bool required = false;
};

/// The parsed flags and the positional of one call.
class Arguments {
 public:
  bool has(const std::string& flag) const { return values.contains(flag); }
  std::string text(const std::string& flag, std::string_view fallback = "") const;
  /// Numbers were checked by the parser.
  std::int64_t number(const std::string& flag, std::int64_t fallback) const;
  std::vector<std::string> repeated(const std::string& flag) const;
  std::string reference;  ///< the positional, or ""

  std::map<std::string, std::vector<std::string>> values;
};

struct Command {
  std::string noun;
  std::string verb;
  std::string summary;
  std::string positional;  ///< "KEY", "[KEY]" or "" when there is none
  std::vector<Flag> flags;
  std::vector<std::string> examples;
  std::function<Status(Session&, const Arguments&)> run;
};

/// Every command, in the order in which help shows them.
std::vector<Command> all_commands();

// One function per noun file; each adds its rows.
void add_key_commands(std::vector<Command>& commands);
void add_rotation_commands(std::vector<Command>& commands);
void add_policy_commands(std::vector<Command>& commands);
void add_run_commands(std::vector<Command>& commands);
void add_consumer_commands(std::vector<Command>& commands);
void add_event_commands(std::vector<Command>& commands);
void add_version_commands(std::vector<Command>& commands);
void add_use_commands(std::vector<Command>& commands);
void add_jwks_commands(std::vector<Command>& commands);
void add_tenant_commands(std::vector<Command>& commands);
void add_job_commands(std::vector<Command>& commands);
void add_reencryption_commands(std::vector<Command>& commands);
void add_seal_commands(std::vector<Command>& commands);
void add_access_commands(std::vector<Command>& commands);
void add_approval_commands(std::vector<Command>& commands);
void add_audit_commands(std::vector<Command>& commands);
void add_context_commands(std::vector<Command>& commands);
void add_api_key_commands(std::vector<Command>& commands);
void add_doctor_commands(std::vector<Command>& commands);
void add_secret_commands(std::vector<Command>& commands);
void add_secret_task_commands(std::vector<Command>& commands);
void add_webhook_commands(std::vector<Command>& commands);
void add_target_commands(std::vector<Command>& commands);
void add_lease_commands(std::vector<Command>& commands);

}  // namespace kw::cli

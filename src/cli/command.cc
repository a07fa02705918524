#include "cli/command.h"

#include <charconv>

#include "cli/emergency_commands.h"

namespace kw::cli {

std::string Arguments::text(const std::string& flag, std::string_view fallback) const {
  const auto found = values.find(flag);
  return found == values.end() || found->second.empty() ? std::string(fallback)
                                                        : found->second.front();
}

std::int64_t Arguments::number(const std::string& flag, std::int64_t fallback) const {
  const std::string digits = text(flag);
  std::int64_t value = fallback;
  if (!digits.empty()) std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

std::vector<std::string> Arguments::repeated(const std::string& flag) const {
  const auto found = values.find(flag);
  return found == values.end() ? std::vector<std::string>() : found->second;
}

std::vector<Command> all_commands() {
  std::vector<Command> commands;
  add_key_commands(commands);
  add_rotation_commands(commands);
  add_policy_commands(commands);
  add_run_commands(commands);
  add_consumer_commands(commands);
  add_event_commands(commands);
  add_use_commands(commands);
  add_jwks_commands(commands);
  add_version_commands(commands);
  add_secret_commands(commands);
  add_secret_task_commands(commands);
  add_webhook_commands(commands);
  add_target_commands(commands);
  add_lease_commands(commands);
  add_tenant_commands(commands);
  add_job_commands(commands);
  add_reencryption_commands(commands);
  add_seal_commands(commands);
  add_access_commands(commands);
  add_approval_commands(commands);
  add_audit_commands(commands);
  add_graph_commands(commands);
  add_incident_commands(commands);
  add_ceremony_commands(commands);
  add_context_commands(commands);
  add_api_key_commands(commands);
  add_doctor_commands(commands);
  return commands;
}

}  // namespace kw::cli

#include <algorithm>

#include "secrets/target_rows.h"

namespace kw::secrets {

namespace {

constexpr std::size_t kNamedMax = 5;

Error refused(std::string_view reason, const std::string& message) {
  return error(Code::kFailedPrecondition, reason, message);
}
Error no_target() {
  return error(Code::kNotFound, "not_found", "there is no such target");
}

bool is_ours(std::string_view name) {
  return std::any_of(std::begin(kBindingRules), std::end(kBindingRules),
                     [&](const SettingRule& rule) { return rule.name == name; });
}

// Each of ours has one value that means something.
Status check_ours(const Settings& ours) {
  KW_OK(check_settings(ours, kBindingRules));
  for (const auto& [name, value] : ours) {
    const std::string_view word = name == "admin" ? "self" : name == "consent" ? "swap" : "yes";
    if (!value.empty() && value != word)
      return error(Code::kInvalidArgument, "bad_setting",
                   "setting \"" + name + "\" is " + std::string(word) + " or not there");
  }
  return ok();
}

Status leaf(const Foundations& on, Change change, const Target& target) {
  const std::string name = target.tenant_name + "/" + target.name;
  audit::Event event = change.by;
  event.kind = "target";
  event.object = name;
  event.tenant = target.tenant_name;
  KW_OK(on.log.append(change.tx, event));
  return ok();
}

}  // namespace

bool single_slot(const Capabilities& can) {
  return can.slots <= 1 && !can.native_overlap && !can.principal_per_version;
}

Targets::Targets(Secrets& secrets, const Connectors& connectors)
    : secrets_(secrets), connectors_(connectors), budget_(secrets.foundations().clock) {}

Result<Binding> Targets::place_of(const Target& target, const Settings& account) {
  Binding binding;
  binding.target = target;
  binding.connector = connector_named(connectors_, target.connector);
  if (binding.connector == nullptr)
    return refused("unknown_connector",
                   "this server has no connector \"" + target.connector + "\"");
  Settings ours;
  for (const auto& [name, value] : account) (is_ours(name) ? ours : binding.account)[name] = value;
  KW_OK(check_ours(ours));
  binding.admin_is_self = setting(ours, kBindingRules, "admin") == "self";
  binding.swap_allowed = setting(ours, kBindingRules, "consent") == "swap";
  binding.end_sessions = setting(ours, kBindingRules, "end_sessions") == "yes";
  return binding;
}

Result<Target> Targets::put(Change change, std::string_view tenant, const ObjectName& name,
                            const Target& wanted) {
  const Foundations& on = secrets_.foundations();
  const rows::Source source{change.tx, on.barrier};
  KW_TRY(const std::int64_t number, on.tenant_number(change.tx, tenant));
  Connector* connector = connector_named(connectors_, wanted.connector);
  if (connector == nullptr)
    return error(Code::kInvalidArgument, "unknown_connector",
                 "this server has no connector of this name");
  KW_OK(check_settings(wanted.settings, connector->system_rules()));
  if (!wanted.admin_secret.empty()) {
    KW_OK(SecretPath::parse(wanted.admin_secret));
    KW_TRY(const auto admin, rows::find_secret(source, number, wanted.admin_secret));
    if (!admin || admin->deleted_at)
      return refused("admin_secret_missing", "there is no secret \"" + wanted.admin_secret + "\"");
  }
  KW_TRY(const auto before, rows::find_target(source, number, name.text()));
  if (before && before->connector != wanted.connector)
    return refused("connector_changed", "a target keeps its connector: remove it first");
  Target target = wanted;
  target.tenant = number;
  target.tenant_name = tenant;
  target.name = name.text();
  target.created_at = before ? before->created_at : on.clock.wall();
  target.epoch = before ? before->epoch : 0;
  KW_OK(rows::write_target({change.tx, on.barrier}, target));
  KW_OK(leaf(on, change, target));
  return target;
}

Status Targets::remove(Change change, std::string_view tenant, std::string_view name) {
  const Foundations& on = secrets_.foundations();
  KW_TRY(const Target target, show(change.tx, tenant, name));
  KW_TRY(const store::Rows bound,
         change.tx.query("SELECT path FROM secret_object WHERE tenant = $1 AND target = $2"
                         " ORDER BY path LIMIT $3",
                         {target.tenant, target.name, static_cast<int>(kNamedMax)}));
  std::string names;
  for (const store::Row& row : bound) names += (names.empty() ? "" : ", ") + row.text(0);
  if (!names.empty()) return refused("target_in_use", "secrets are bound to it: " + names);
  KW_TRY(const auto leased,
         change.tx.query_one("SELECT 1 FROM lease_role WHERE tenant = $1 AND target = $2 UNION ALL"
                             " SELECT 1 FROM lease_row WHERE tenant = $1 AND target = $2"
                             " AND state <> 'revoked' LIMIT 1",
                             {target.tenant, target.name}));
  if (leased) return refused("target_in_use", "roles or leases of short-lived users need it");
  KW_OK(rows::remove_target(change.tx, target));
  return leaf(on, change, target);
}

Result<Target> Targets::show(store::Reader& reader, std::string_view tenant,
                             std::string_view name) {
  const Foundations& on = secrets_.foundations();
  const auto number = on.tenant_number(reader, tenant);
  if (!number) return number.error().code == Code::kNotFound ? no_target() : number.error();
  KW_TRY(auto found, rows::find_target({reader, on.barrier}, *number, name));
  if (!found) return no_target();
  return *std::move(found);
}

Result<std::vector<Target>> Targets::list(store::Reader& reader, std::string_view tenant,
                                          std::string_view after, int limit) {
  const Foundations& on = secrets_.foundations();
  if (limit < 1 || limit > 1000)
    return error(Code::kInvalidArgument, "bad_limit", "a page has 1 to 1,000 targets");
  const auto number = on.tenant_number(reader, tenant);
  if (!number) return number.error().code == Code::kNotFound ? no_target() : number.error();
  return rows::list_targets({reader, on.barrier}, *number, after, limit);
}

Result<Secret> Targets::bind(Change change, const Secret& secret, std::string_view target,
                             const Settings& account) {
  KW_TRY(const Target found, show(change.tx, secret.tenant_name, target));
  KW_TRY(const Binding binding, place_of(found, account));
  KW_OK(check_settings(binding.account, binding.connector->account_rules()));
  // What is asked is only whether somebody else changes the credential.
  const Credential somebody;
  const bool administered = !found.admin_secret.empty() && !binding.admin_is_self;
  const Place place = binding.place(administered ? &somebody : nullptr);
  KW_OK(binding.connector->check(place));
  const Capabilities can = binding.connector->describe(place);
  if (binding.end_sessions && can.sessions_survive_revoke && !can.ends_sessions)
    return refused("sessions_cannot_be_ended",
                   "this connector cannot end sessions: leave end_sessions out, and restart the "
                   "system when they must end");
  if (single_slot(can) && !binding.swap_allowed)
    return refused("consent_needed",
                   "only one credential works there at a time, so a rotation is a short outage: "
                   "say consent=swap to allow it");
  return secrets_.bind(change, secret, found.name, account, type_of(found.connector));
}

Result<Secret> Targets::unbind(Change change, const Secret& secret) {
  if (secret.target.empty()) return refused("not_bound", "the secret is bound to no target");
  return secrets_.bind(change, secret, "", {}, "");
}

Result<std::optional<Binding>> Targets::binding_of(store::Reader& reader, const Secret& secret) {
  if (secret.target.empty()) return std::optional<Binding>();
  KW_TRY(const Target target, show(reader, secret.tenant_name, secret.target));
  KW_TRY(Binding binding, place_of(target, secret.account));
  return std::optional<Binding>(std::move(binding));
}

Result<Binding> Targets::place(store::Reader& reader, std::string_view tenant,
                               std::string_view target) {
  KW_TRY(const Target found, show(reader, tenant, target));
  return place_of(found, {});
}

Result<std::vector<Credential>> Targets::admins_of(store::Reader& reader, const Binding& binding) {
  std::vector<Credential> all;
  if (binding.target.admin_secret.empty()) return all;
  const Target& target = binding.target;
  KW_TRY(const Secret admin, secrets_.load(reader, target.tenant_name, target.admin_secret));
  std::vector<std::uint32_t> numbers{admin.primary};
  // While it rotates itself, one of the others may be the one that works.
  for (auto each = admin.versions.rbegin(); each != admin.versions.rend(); ++each)
    if (each->number != admin.primary && readable(each->state)) numbers.push_back(each->number);
  for (const std::uint32_t number : numbers) {
    const Version* version = admin.version(number);
    if (version == nullptr) continue;
    KW_TRY(const Value value, secrets_.open(reader, admin, *version));
    KW_TRY(Credential credential, credential_of(admin, *version, value));
    all.push_back(std::move(credential));
  }
  return all;
}

}  // namespace kw::secrets

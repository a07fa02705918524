// Targets: foreign systems that accept secrets, by tenant and name, and what is bound to them.
//
// The admin credential of a target is itself a secret, named by its path. A secret that is bound
// says by settings of its own what the connector does not need to know (kBindingRules); the others
// are the connector's. Table: secret_target (rows carry a MAC and an epoch). Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "secrets/connector.h"
#include "secrets/secrets.h"

namespace kw::secrets {

struct Target {
  std::int64_t tenant = 0;
  std::string tenant_name;
  std::string name;       ///< as object names
  std::string connector;  ///< as in the connectors' catalog
  Settings settings;
  std::string admin_secret;  ///< path in the same tenant; "": each credential changes itself
  WallTime created_at;
  std::int64_t epoch = 0;
  std::string etag() const { return "\"" + std::to_string(epoch) + "\""; }
};

/// Settings of a binding that are ours and not the connector's.
inline constexpr SettingRule kBindingRules[] = {
    {"admin", "self: the credential changes itself; else the target's admin secret does", false,
     ""},
    {"consent", "swap: where only one credential works at a time, replace it in place", false, ""},
    {"end_sessions", "yes: sessions of the old credential end when it is revoked", false, ""},
};

/// A bound secret's place, taken apart.
struct Binding {
  Target target;
  Connector* connector = nullptr;
  Settings account;  ///< what the connector sees
  bool admin_is_self = false, swap_allowed = false, end_sessions = false;

  Place place(const Credential* admin) const {
    return {target.tenant_name, target.name, target.settings, account, admin};
  }
};

/// A probe of `target test`.
struct ProbeRow {
  std::string what;     ///< "settings", "admin login" …
  std::string subject;  ///< path of the secret that was probed; ""
  Outcome outcome = Outcome::kOk;
  std::string reason, detail;
};
struct TargetReport {
  Target target;
  Capabilities capabilities;
  std::vector<ProbeRow> rows;
};

/// How an account may fail to log in before it locks: half of the threshold within an hour is ours.
/// Thread-safe.
class LockoutBudget {
 public:
  explicit LockoutBudget(const Clock& clock) : clock_(clock) {}
  /// True when a login that may fail can be tried. @param threshold  0: never locks
  bool allows(const std::string& account, int threshold);
  void failed(const std::string& account);

 private:
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, std::vector<SteadyTime>> failures_;
};

class Targets {
 public:
  /// Borrows both.
  Targets(Secrets& secrets, const Connectors& connectors);

  /// New, or another description of one that exists; name, tenant and connector stay.
  /// @errors kInvalidArgument(unknown_connector | unknown_setting | missing_setting | bad_setting),
  ///   kNotFound(not_found): no such tenant; kFailedPrecondition(admin_secret_missing |
  ///   connector_changed). @audit kind "target"
  Result<Target> put(Change change, std::string_view tenant, const ObjectName& name,
                     const Target& wanted);
  /// @errors kNotFound(not_found), kFailedPrecondition(target_in_use): names what is bound
  Status remove(Change change, std::string_view tenant, std::string_view name);
  /// @errors kNotFound(not_found)
  Result<Target> show(store::Reader& reader, std::string_view tenant, std::string_view name);
  /// By name. @param limit 1 to 1,000
  Result<std::vector<Target>> list(store::Reader& reader, std::string_view tenant,
                                   std::string_view after, int limit);

  /// Checks the account with the connector and binds. @errors kInvalidArgument(…_setting),
  ///   kNotFound(not_found), kFailedPrecondition(consent_needed): one slot, and no consent=swap
  Result<Secret> bind(Change change, const Secret& secret, std::string_view target,
                      const Settings& account);
  Result<Secret> unbind(Change change, const Secret& secret);
  /// Nothing when the secret is bound nowhere. @errors kFailedPrecondition(unknown_connector)
  Result<std::optional<Binding>> binding_of(store::Reader& reader, const Secret& secret);
  /// The place itself, for what is bound to it in no other way.
  Result<Binding> place(store::Reader& reader, std::string_view tenant, std::string_view target);
  /// Those that may change credentials there, the most likely one first: the versions of the admin
  /// secret that work or may work. Empty: the credential itself does it.
  Result<std::vector<Credential>> admins_of(store::Reader& reader, const Binding& binding);

  /// Connects and probes: admin, then what is bound. Not in a transaction; takes seconds.
  /// @errors kNotFound(not_found), kFailedPrecondition(unknown_connector)
  Result<TargetReport> test(std::string_view tenant, std::string_view name);

  Secrets& secrets() { return secrets_; }
  LockoutBudget& budget() { return budget_; }
  const Connectors& connectors() const { return connectors_; }

 private:
  Result<Binding> place_of(const Target& target, const Settings& account);
  void probe_admin(const Binding& binding, TargetReport& report);
  void probe_bound(const Binding& binding, const Secret& secret, TargetReport& report);

  Secrets& secrets_;
  const Connectors& connectors_;
  LockoutBudget budget_;
};

/// A version as the foreign system knows it: fields "username" and "password" (or the generator's
/// field), or the value as a whole with the version's own principal.
/// @errors kFailedPrecondition(no_credential): the secret has no such field
Result<Credential> credential_of(const Secret& secret, const Version& version, const Value& value);
/// True when one credential works at a time: installing another one replaces it.
bool single_slot(const Capabilities& can);
/// The name of the field that holds what is generated.
std::string secret_field(const Secret& secret);
/// What policies call the accounts of a connector: "postgresql", "redis" …
std::string type_of(std::string_view connector);
/// How long one call to a foreign system may take.
inline constexpr std::chrono::seconds kCallTime{20};

}  // namespace kw::secrets

// What callers may ask for.
#include "secrets/generator.h"
#include "secrets/lease_rows.h"
#include "secrets/target_rows.h"

namespace kw::secrets {

namespace {

constexpr Seconds kTtlMin{60}, kTtlMax{30 * 86400}, kLifeMax{90 * 86400};
constexpr int kLeasesMax = 10'000;

Error no_role() {
  return error(Code::kNotFound, "not_found", "there is no such role");
}

Status check_times(const LeaseRole& role) {
  const bool good = role.ttl >= kTtlMin && role.ttl <= kTtlMax && role.ttl_max >= role.ttl &&
                    role.ttl_max <= kLifeMax && role.leases_max >= 1 &&
                    role.leases_max <= kLeasesMax;
  if (good) return ok();
  return error(Code::kInvalidArgument, "bad_role",
               "a lease lives 60 s to 30 d, with renewals at most 90 d; a role has 1 to 10,000");
}

Status leaf(const Foundations& on, Change change, const LeaseRole& role) {
  const std::string name = role.tenant_name + "/" + role.name;
  audit::Event event = change.by;
  event.kind = "lease-role";
  event.object = name;
  event.tenant = role.tenant_name;
  KW_OK(on.log.append(change.tx, event));
  return ok();
}

}  // namespace

Result<LeaseRole> Leases::put_role(Change change, std::string_view tenant, const ObjectName& name,
                                   const LeaseRole& wanted) {
  const Foundations& on = targets_.secrets().foundations();
  const rows::Source source{change.tx, on.barrier};
  KW_TRY(const Target target, targets_.show(change.tx, tenant, wanted.target));
  Connector* connector = connector_named(targets_.connectors(), target.connector);
  Issuer* issuer = connector == nullptr ? nullptr : connector->issuer();
  if (issuer == nullptr)
    return error(Code::kFailedPrecondition, "no_issuer",
                 "a target of the kind \"" + target.connector + "\" has no short-lived users");
  KW_OK(check_settings(wanted.settings, issuer->role_rules()));
  KW_OK(check_times(wanted));
  KW_TRY(const Generator generator, parse_generator(wanted.generator));
  if (generator.key_pair() || generator.manual())
    return error(Code::kInvalidArgument, "bad_generator", "a lease holds a password");
  KW_TRY(const auto before, rows::find_role(source, target.tenant, name.text()));
  LeaseRole role = wanted;
  role.tenant = target.tenant;
  role.tenant_name = tenant;
  role.name = name.text();
  role.epoch = before ? before->epoch : 0;
  KW_OK(rows::write_role({change.tx, on.barrier}, role));
  KW_OK(leaf(on, change, role));
  return role;
}

Status Leases::remove_role(Change change, std::string_view tenant, std::string_view name) {
  KW_TRY(const LeaseRole found, role(change.tx, tenant, name));
  KW_OK(rows::remove_role(change.tx, found));
  return leaf(targets_.secrets().foundations(), change, found);
}

Result<LeaseRole> Leases::role(store::Reader& reader, std::string_view tenant,
                               std::string_view name) {
  const Foundations& on = targets_.secrets().foundations();
  const auto number = on.tenant_number(reader, tenant);
  if (!number) return number.error().code == Code::kNotFound ? no_role() : number.error();
  KW_TRY(auto found, rows::find_role({reader, on.barrier}, *number, name));
  if (!found) return no_role();
  return *std::move(found);
}

Result<std::vector<LeaseRole>> Leases::roles(store::Reader& reader, std::string_view tenant) {
  const Foundations& on = targets_.secrets().foundations();
  const auto number = on.tenant_number(reader, tenant);
  if (!number) return number.error().code == Code::kNotFound ? no_role() : number.error();
  return rows::list_roles({reader, on.barrier}, *number);
}

}  // namespace kw::secrets

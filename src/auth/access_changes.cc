// Changes and listings of principals and policies.
#include <algorithm>

#include "auth/access_state.h"

namespace kw::auth {
namespace {

// Names under which the service itself acts: no person may look like it in the audit log.
constexpr std::string_view kReservedNames[] = {"system", "scheduler", "anonymous"};
constexpr int kPageMax = 1000;

Status check_policy_tenant(std::string_view tenant) {
  if (tenant.empty() || TenantRule::matches(tenant)) return ok();
  return error(Code::kInvalidArgument, "bad_name", TenantRule::kGrammar);
}

Status check_certificate_free(store::Reader& reader, std::string_view certificate_name,
                              std::string_view name) {
  if (certificate_name.empty()) return ok();
  KW_TRY(const auto taken,
         reader.query_one("SELECT name FROM principal WHERE certificate_name = $1 AND name <> $2",
                          {certificate_name, name}));
  if (!taken) return ok();
  return error(Code::kAlreadyExists, "already_exists",
               "another principal has this certificate name");
}

}  // namespace

Status Access::State::check_duties_and_grants(std::span<const Grant> grants) const {
  KW_OK(check_grants(grants));
  if (options.duties == Duties::kDevelopment) return ok();
  return check_duties(grants);
}

Status Access::create_principal(store::Tx& tx, const NewPrincipal& principal) {
  const std::string& name = principal.name.text();
  if (std::find(std::begin(kReservedNames), std::end(kReservedNames), folded(name)) !=
      std::end(kReservedNames)) {
    return error(Code::kInvalidArgument, "reserved_name",
                 "this name belongs to the service itself");
  }
  KW_OK(state_->check_duties_and_grants(principal.grants));
  KW_OK(check_certificate_name(principal.certificate_name));
  KW_TRY(const auto count, tx.query_one("SELECT COUNT(*) FROM principal", {}));
  if (count && count->integer(0) >= kPrincipalsMax) {
    return error(Code::kResourceExhausted, "too_many_principals",
                 "there are 100,000 principals already");
  }
  PrincipalRow row;
  row.record.name = name;
  row.record.grants = principal.grants;
  row.record.certificate_name = principal.certificate_name;
  row.created_at = state_->clock.wall();
  KW_TRY(row.record.epoch, next_change(tx));
  return insert_principal(tx, state_->barrier, row);
}

Status Access::update_principal(store::Tx& tx, const PrincipalRecord& principal) {
  KW_OK(state_->check_duties_and_grants(principal.grants));
  KW_OK(check_certificate_name(principal.certificate_name));
  KW_TRY(auto row, find_principal(tx, state_->barrier, principal.name));
  if (!row) return error(Code::kNotFound, "not_found", "there is no principal with this name");
  KW_OK(check_certificate_free(tx, principal.certificate_name, principal.name));
  const std::int64_t expected = principal.epoch;
  row->record = principal;
  KW_TRY(row->record.epoch, next_change(tx));
  return replace_principal(tx, state_->barrier, *row, expected);
}

Result<std::vector<PrincipalRecord>> Access::principals(store::Reader& reader,
                                                        std::string_view after, int limit) {
  KW_TRY(const auto rows, reader.query("SELECT " KW_PRINCIPAL_COLUMNS
                                       " FROM principal WHERE name > $1 ORDER BY name LIMIT $2",
                                       {after, std::clamp(limit, 1, kPageMax)}));
  std::vector<PrincipalRecord> records;
  for (const store::Row& row : rows) {
    KW_TRY(PrincipalRow principal, read_principal(state_->barrier, row));
    records.push_back(std::move(principal.record));
  }
  return records;
}

Status Access::put_policy(store::Tx& tx, std::string_view tenant, const ObjectName& name,
                          std::string_view yaml) {
  KW_OK(check_policy_tenant(tenant));
  PolicyRow row{std::string(tenant), name.text(), std::string(yaml), false, 0};
  KW_OK(statements_of(row, state_->options.vocabulary));
  KW_TRY(const bool replaces, has_policy(tx, tenant, name.text()));
  KW_TRY(const auto count,
         tx.query_one("SELECT COUNT(*) FROM access_policy WHERE tenant = $1 AND removed = 0",
                      {tenant}));
  if (!replaces && count && count->integer(0) >= kPoliciesPerTenantMax) {
    return error(Code::kResourceExhausted, "too_many_policies",
                 "the tenant has 1,000 policies already");
  }
  KW_TRY(row.epoch, next_change(tx));
  return put_policy_row(tx, state_->barrier, row);
}

Status Access::remove_policy(store::Tx& tx, std::string_view tenant, const ObjectName& name) {
  KW_TRY(const bool exists, has_policy(tx, tenant, name.text()));
  if (!exists) return error(Code::kNotFound, "not_found", "there is no policy with this name");
  PolicyRow row{std::string(tenant), name.text(), "", true, 0};
  KW_TRY(row.epoch, next_change(tx));
  return put_policy_row(tx, state_->barrier, row);
}

Result<std::vector<Access::PolicyRecord>> Access::policies(store::Reader& reader,
                                                           std::string_view tenant) {
  KW_TRY(auto rows, policies_of(reader, state_->barrier, tenant));
  std::vector<PolicyRecord> records;
  records.reserve(rows.size());
  for (PolicyRow& row : rows) records.push_back({std::move(row.name), std::move(row.yaml)});
  return records;
}

}  // namespace kw::auth

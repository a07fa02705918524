#include "auth/principal_rows.h"

#include <algorithm>

#include "base/failpoint.h"

namespace kw::auth {
namespace {

constexpr std::string_view kTable = "principal";
constexpr std::size_t kGrantsMax = 256;
constexpr std::size_t kCertificateNameMax = 512;

Error bad_grant(std::string_view why) {
  return error(Code::kInvalidArgument, "bad_grant", why);
}

// "role@tenant,role@tenant": neither part can hold '@' or ','.
std::string grants_text(std::span<const Grant> grants) {
  std::string text;
  for (const Grant& grant : grants) {
    if (!text.empty()) text += ',';
    text.append(role_name(grant.role)).append("@").append(grant.tenant);
  }
  return text;
}

Result<std::vector<Grant>> parse_grants(std::string_view text) {
  std::vector<Grant> grants;
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find(','));
    text.remove_prefix(std::min(one.size() + 1, text.size()));
    const std::size_t at = one.find('@');
    if (at == std::string_view::npos) return bad_grant("a grant is role@tenant");
    KW_TRY(const Role role, parse_role(one.substr(0, at)));
    grants.push_back({role, std::string(one.substr(at + 1))});
  }
  return grants;
}

Bytes canonical(const PrincipalRecord& record, std::int64_t created_at) {
  ByteWriter row;
  row.field(record.name).field(grants_text(record.grants)).field(record.certificate_name);
  row.u8(record.disabled ? 1 : 0).u64(static_cast<std::uint64_t>(record.epoch));
  row.u64(static_cast<std::uint64_t>(created_at));
  return std::move(row).bytes();
}

bool is_lower_dns_or_uri(std::string_view name) {
  return std::all_of(
      name.begin(), name.end(), [uri = name.find("://") != std::string_view::npos](char c) {
        if (uri) return c > ' ' && c <= '~' && c != '*';
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
      });
}

}  // namespace

std::string folded(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

Status check_grants(std::span<const Grant> grants) {
  if (grants.size() > kGrantsMax) return bad_grant("a principal has at most 256 grants");
  for (const Grant& grant : grants) {
    if (static_cast<int>(grant.role) >= kRoleCount) return bad_grant("there is no such role");
    if (grant.tenant != "*" && !TenantRule::matches(grant.tenant)) {
      return bad_grant("a grant names a tenant, or * for all");
    }
    if (std::count(grants.begin(), grants.end(), grant) > 1)
      return bad_grant("a grant is given twice");
  }
  return ok();
}

Status check_certificate_name(std::string_view name) {
  if (name.size() <= kCertificateNameMax && is_lower_dns_or_uri(name)) return ok();
  return error(Code::kInvalidArgument, "bad_certificate_name",
               "a certificate name is a lower-case DNS name or a URI, without wildcards, of at "
               "most 512 bytes");
}

Result<PrincipalRow> read_principal(seal::Barrier& barrier, const store::Row& row) {
  PrincipalRow found;
  found.record.name = row.text(0);
  found.record.certificate_name = row.text(2);
  found.record.disabled = row.integer(3) != 0;
  found.record.epoch = row.integer(4);
  found.created_at = from_micros(row.integer(5));
  auto grants = parse_grants(row.text(1));
  if (!grants)
    return error(Code::kDataLoss, "row_tampered", "the grants of a principal are not readable");
  found.record.grants = *std::move(grants);
  KW_OK(barrier.check_row(kTable, canonical(found.record, row.integer(5)), row.bytes(6)));
  return found;
}

Result<std::optional<PrincipalRow>> find_principal(store::Reader& reader, seal::Barrier& barrier,
                                                   std::string_view name) {
  KW_TRY(
      const auto row,
      reader.query_one("SELECT " KW_PRINCIPAL_COLUMNS " FROM principal WHERE name = $1", {name}));
  if (!row) return std::optional<PrincipalRow>();
  KW_TRY(PrincipalRow found, read_principal(barrier, *row));
  return std::optional<PrincipalRow>(std::move(found));
}

Status insert_principal(store::Tx& tx, seal::Barrier& barrier, const PrincipalRow& row) {
  const PrincipalRecord& record = row.record;
  const std::int64_t created_at = to_micros(row.created_at);
  KW_TRY(const auto mac, barrier.row_mac(kTable, canonical(record, created_at)));
  KW_TRY(const auto inserted,
         tx.execute(
             "INSERT INTO principal (name, folded, grants, certificate_name, disabled, epoch, "
             "created_at, mac) "
             "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
             {record.name, folded(record.name), grants_text(record.grants), record.certificate_name,
              record.disabled ? 1 : 0, record.epoch, created_at, ByteView(mac)}));
  if (inserted == 1) return ok();
  return error(Code::kAlreadyExists, "already_exists",
               "a principal with this name (in any spelling) or this certificate name exists");
}

Status replace_principal(store::Tx& tx, seal::Barrier& barrier, const PrincipalRow& row,
                         std::int64_t expected) {
  const PrincipalRecord& record = row.record;
  KW_TRY(const auto mac, barrier.row_mac(kTable, canonical(record, to_micros(row.created_at))));
  KW_TRY(const auto changed,
         tx.execute("UPDATE principal SET grants = $1, certificate_name = $2, disabled = $3, "
                    "epoch = $4, mac = $5 WHERE name = $6 AND epoch = $7",
                    {grants_text(record.grants), record.certificate_name, record.disabled ? 1 : 0,
                     record.epoch, ByteView(mac), record.name, expected}));
  if (changed == 1) return ok();
  return error(Code::kAborted, "stale_epoch",
               "the principal was changed meanwhile; read it and try again");
}

Result<std::int64_t> next_change(store::Tx& tx) {
  KW_FAILPOINT("auth.change");
  KW_TRY(const auto row,
         tx.query_one("UPDATE access_change SET number = number + 1 WHERE id = 1 RETURNING number",
                      {}));
  if (!row)
    return error(Code::kDataLoss, "row_tampered", "the counter of access changes is missing");
  return row->integer(0);
}

}  // namespace kw::auth

// Many keys in a few statements.
#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <unordered_map>

#include "keys/known_versions.h"
#include "store/row_set.h"

namespace kw::keys::rows {

namespace {

/// One of many keys that are read together.
struct Partial {
  KeyRow row;
  Known known;
  std::vector<Version> versions;
};

// Versions of all of them, in one statement.
Status add_versions(Source source, std::vector<Partial>& keys) {
  static const std::string kSql =
      "WITH r (wanted, oldest) AS (/*rows*/) SELECT " + std::string(kVersionColumns) +
      " FROM r JOIN key_version v ON v.key_id = r.wanted AND v.number >= r.oldest";
  store::RowSet wanted(2);
  std::unordered_map<KeyId, Partial*> by_id;
  for (Partial& each : keys) {
    const KeyId& id = each.row.key.id;
    each.versions = each.known.versions();
    if (each.known.all) continue;
    wanted.add({id.bytes(), each.known.from});
    by_id.emplace(id, &each);
  }
  if (by_id.empty()) return ok();
  KW_TRY(const store::Rows found, source.reader.query_rows(kSql, wanted));
  KW_TRY(seal::RowMacs macs, source.barrier.row_macs());
  for (const store::Row& row : found) {
    KW_TRY(const KeyId id, KeyId::from_bytes(row.bytes(0)));
    KW_TRY(Version version, version_of(macs, row));
    const auto asked = by_id.find(id);
    if (asked == by_id.end()) return tampered();  // not what was asked for
    asked->second->versions.push_back(std::move(version));
  }
  return ok();
}

using TenantNames = std::map<std::int64_t, std::string_view>;

// The keys of these rows, in their order.
Result<std::vector<Key>> keys_of_rows(Source source, const store::Rows& found,
                                      const TenantNames& tenants) {
  KW_TRY(seal::RowMacs macs, source.barrier.row_macs());
  std::vector<Partial> partial;
  partial.reserve(found.size());
  for (const store::Row& row : found) {
    KW_TRY(KeyRow one, key_of(macs, row));
    const auto tenant = tenants.find(one.key.tenant);
    if (tenant == tenants.end()) return tampered();
    one.key.tenant_name = tenant->second;
    Known known = known_of(source, one);
    partial.push_back({std::move(one), std::move(known), {}});
  }
  KW_OK(add_versions(source, partial));
  std::vector<Key> keys;
  keys.reserve(partial.size());
  for (Partial& each : partial) {
    std::sort(each.versions.begin(), each.versions.end(),
              [](const Version& a, const Version& b) { return a.number < b.number; });
    KW_TRY(Key key, completed(source, std::move(each.row), each.known, std::move(each.versions)));
    keys.push_back(std::move(key));
  }
  return keys;
}

constexpr std::size_t kName = 2, kTenantName = 19;  // columns of rows_behind

// The rest of the tenant, then the tenants behind it: as one condition, each page of a large tenant
// would be read from the tenant's first key on.
Result<store::Rows> rows_behind(store::Reader& reader, std::string_view tenant,
                                std::string_view name, int limit) {
  static const std::string kJoined = "SELECT " + std::string(kKeyColumns) +
                                     ", t.name FROM tenant t JOIN key_object k"
                                     " ON k.tenant = t.number WHERE ";
  static const std::string kRest = kJoined + "t.name = $1 AND k.name > $2 ORDER BY k.name LIMIT $3";
  static const std::string kNext = kJoined + "t.name > $1 ORDER BY t.name, k.name LIMIT $2";
  KW_TRY(store::Rows found, reader.query(kRest, {tenant, name, limit}));
  const int room = limit - static_cast<int>(found.size());
  if (room == 0) return found;
  KW_TRY(store::Rows next, reader.query(kNext, {tenant, room}));
  std::move(next.begin(), next.end(), std::back_inserter(found));
  return found;
}

bool damaged(const Error& why) {
  return why.reason == "row_tampered";
}

// All of them, or an error because of one.
Result<std::vector<Key>> authentic(Source source, const store::Rows& found) {
  std::set<std::string_view> names;
  for (const store::Row& row : found) names.insert(row.text(kTenantName));
  const std::vector<std::string_view> wanted(names.begin(), names.end());
  KW_TRY(const std::vector<Tenant> known, find_tenants(source, wanted));
  TenantNames tenants;
  for (const Tenant& each : known) tenants.emplace(each.number, each.name);
  return keys_of_rows(source, found, tenants);
}

}  // namespace

Result<std::vector<Key>> find_keys(Source source, std::span<const KeyName> names) {
  static const std::string kSql = "WITH r (in_tenant, wanted) AS (/*rows*/) SELECT " +
                                  std::string(kKeyColumns) +
                                  " FROM r JOIN key_object k ON k.tenant = r.in_tenant"
                                  " AND k.name = r.wanted";
  store::RowSet wanted(2);
  TenantNames tenants;
  for (const auto& [tenant, name] : names) {
    wanted.add({tenant->number, name});
    tenants.emplace(tenant->number, tenant->name);
  }
  KW_TRY(const store::Rows found, source.reader.query_rows(kSql, wanted));
  return keys_of_rows(source, found, tenants);
}

Result<std::vector<Placed>> keys_behind(Source source, std::string_view tenant,
                                        std::string_view name, int limit) {
  KW_TRY(const store::Rows found, rows_behind(source.reader, tenant, name, limit));
  std::vector<Placed> all;
  all.reserve(found.size());
  for (const store::Row& row : found) all.push_back({row.text(kTenantName), row.text(kName), {}});
  Result<std::vector<Key>> keys = authentic(source, found);
  if (!keys && !damaged(keys.error())) return keys.error();
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (keys) {
      all[i].key = std::move((*keys)[i]);
      continue;
    }
    Result<std::vector<Key>> alone = authentic(source, {found[i]});
    if (!alone && !damaged(alone.error())) return alone.error();
    if (alone) all[i].key = std::move(alone->front());
  }
  return all;
}

}  // namespace kw::keys::rows

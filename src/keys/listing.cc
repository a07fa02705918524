// Lists of keys with filters, by keyset: two statements per page, whatever its size.
#include <array>
#include <unordered_map>

#include "keys/attributes.h"
#include "keys/keyring_state.h"
#include "keys/listing_cursor.h"
#include "seal/row_macs.h"

namespace kw::keys {

namespace {

constexpr std::int64_t kAny = -1;

/// A Filter, parsed.
struct Wanted {
  Sort sort = Sort::kName;
  Cursor after;
  std::int64_t tenant = 0;
  bool all_tenants = false;
  std::int64_t classification = kAny;
  std::int64_t algorithm = kAny;
  std::string label_name, label_value;
};

// Empty filters match all: the texts stay constant, so that each is prepared once.
constexpr std::string_view kMatches =
    " AND ($4 = '' OR k.owner = $4)"
    " AND ($5 = '' OR k.purpose = $5)"
    " AND (CAST($6 AS BIGINT) = -1 OR k.classification = CAST($6 AS BIGINT))"
    " AND ($7 = '' OR substr(k.name, 1, CAST($8 AS INTEGER)) = $7)"
    " AND ($9 = '' OR EXISTS (SELECT 1 FROM key_label l WHERE l.key_id = k.id"
    " AND l.name = $9 AND l.value = $10))"
    " AND (($11 = '' AND CAST($12 AS BIGINT) = -1) OR EXISTS (SELECT 1 FROM key_version s"
    " WHERE s.key_id = k.id AND ($11 = '' OR s.state = $11)"
    " AND (CAST($12 AS BIGINT) = -1 OR s.algorithm = CAST($12 AS BIGINT))))";

std::string page_sql(Sort sort, bool all_tenants, std::string_view columns) {
  const std::string place = by_name(sort) ? "k.name" : "k.created_at";
  const bool down = sort == Sort::kNameDown || sort == Sort::kCreatedDown;
  const std::string way = down ? " DESC" : "";
  return "SELECT " + std::string(columns) + " FROM key_object k WHERE k.tenant " +
         (all_tenants ? ">=" : "=") + " $1 AND (" + place + ", k.id) " + (down ? "<" : ">") +
         " ($2, $3)" + std::string(kMatches) + " ORDER BY " + place + way + ", k.id" + way +
         " LIMIT $13";
}

std::string versions_sql(Sort sort, bool all_tenants) {
  return "SELECT " + std::string(rows::kVersionColumns) + " FROM key_version v JOIN (" +
         page_sql(sort, all_tenants, "k.id") + ") p ON v.key_id = p.id ORDER BY v.key_id, v.number";
}

struct Statements {
  std::string keys;
  std::string versions;
};

const Statements& statements(Sort sort, bool all_tenants) {
  static const auto kAll = [] {
    std::array<std::array<Statements, 2>, 4> all;
    for (std::size_t s = 0; s < all.size(); ++s) {
      for (const bool every : {false, true}) {
        const auto order = static_cast<Sort>(s);
        all[s][every ? 1 : 0] = {page_sql(order, every, rows::kKeyColumns),
                                 versions_sql(order, every)};
      }
    }
    return all;
  }();
  return kAll[static_cast<std::size_t>(sort)][all_tenants ? 1 : 0];
}

Error bad(std::string_view reason, std::string_view message) {
  return error(Code::kInvalidArgument, reason, message);
}

Status parse_label(Wanted& wanted, std::string_view label) {
  if (label.empty()) return ok();
  const std::size_t equals = label.find('=');
  if (equals == label.npos) return bad("bad_label", "a label filter is name=value");
  wanted.label_name = label.substr(0, equals);
  wanted.label_value = label.substr(equals + 1);
  return check_labels({{wanted.label_name, wanted.label_value}});
}

Result<Wanted> parse(const Keyring::Filter& filter) {
  Wanted wanted;
  if (filter.limit < 1 || filter.limit > 1000) return bad("bad_limit", "a limit is 1 to 1,000");
  KW_TRY(wanted.sort, parse_sort(filter.sort));
  KW_TRY(wanted.after, parse_cursor(filter.after, wanted.sort));
  KW_OK(parse_label(wanted, filter.label));
  KW_OK(check_owner(filter.owner));
  if (!filter.state.empty()) KW_OK(parse_state(filter.state));
  if (!filter.purpose.empty()) KW_OK(crypto::parse_purpose(filter.purpose));
  if (!filter.prefix.empty() && !ObjectRule::matches(filter.prefix))
    return bad("bad_name", ObjectRule::kGrammar);
  if (!filter.algorithm.empty()) {
    KW_TRY(const crypto::Algorithm algorithm, crypto::parse_algorithm(filter.algorithm));
    wanted.algorithm = static_cast<std::int64_t>(algorithm);
  }
  if (filter.classification)
    wanted.classification = static_cast<std::int64_t>(*filter.classification);
  wanted.all_tenants = filter.tenant.empty();
  return wanted;
}

Result<store::Rows> select(store::Reader& reader, const std::string& sql, const Wanted& wanted,
                           const Keyring::Filter& filter) {
  const store::Param place = by_name(wanted.sort) ? store::Param(wanted.after.name)
                                                  : store::Param(wanted.after.created_at);
  return reader.query(
      sql, {wanted.tenant, place, wanted.after.id.bytes(), filter.owner, filter.purpose,
            wanted.classification, filter.prefix, static_cast<std::int64_t>(filter.prefix.size()),
            wanted.label_name, wanted.label_value, filter.state, wanted.algorithm, filter.limit});
}

using VersionsByKey = std::unordered_map<KeyId, std::vector<const store::Row*>>;

Result<VersionsByKey> by_key(const store::Rows& found) {
  VersionsByKey versions;
  for (const store::Row& row : found) {
    KW_TRY(const KeyId key, KeyId::from_bytes(row.bytes(0)));
    versions[key].push_back(&row);
  }
  return versions;
}

/// Names of tenants by number, read once per page.
class TenantNames {
 public:
  explicit TenantNames(rows::Source source) : source_(source) {}
  Result<std::string> name(std::int64_t number) {
    const auto known = names_.find(number);
    if (known != names_.end()) return known->second;
    KW_TRY(const auto tenant, rows::find_tenant(source_, number));
    if (!tenant) return rows::tampered();
    names_.emplace(number, tenant->name);
    return tenant->name;
  }

 private:
  rows::Source source_;
  std::unordered_map<std::int64_t, std::string> names_;
};

Result<Key> key_of(seal::RowMacs& macs, const store::Row& found, const VersionsByKey& by_key) {
  KW_TRY(rows::KeyRow row, rows::key_of(macs, found));
  std::vector<Version> versions;
  if (const auto own = by_key.find(row.key.id); own != by_key.end()) {
    versions.reserve(own->second.size());
    for (const store::Row* each : own->second) {
      KW_TRY(Version version, rows::version_of(macs, *each));
      versions.push_back(std::move(version));
    }
  }
  return rows::complete_key(std::move(row), std::move(versions));
}

Result<Keyring::Page> read_page(rows::Source source, const Wanted& wanted,
                                const Keyring::Filter& filter) {
  constexpr std::size_t kName = 2;
  const Statements& sql = statements(wanted.sort, wanted.all_tenants);
  KW_TRY(const store::Rows key_rows, select(source.reader, sql.keys, wanted, filter));
  KW_TRY(const store::Rows version_rows, select(source.reader, sql.versions, wanted, filter));
  KW_TRY(const VersionsByKey versions, by_key(version_rows));
  TenantNames tenants(source);
  KW_TRY(seal::RowMacs macs, source.barrier.row_macs());
  Keyring::Page page;
  for (const store::Row& each : key_rows) {
    Result<Key> key = key_of(macs, each, versions);
    if (!key) return seal::tampered_row_of(key.error(), "key", each.text(kName));
    KW_TRY(key->tenant_name, tenants.name(key->tenant));
    page.keys.push_back(std::make_shared<const Key>(*std::move(key)));
  }
  return page;
}

}  // namespace

Result<Keyring::Page> Keyring::list(const Filter& filter) {
  KW_TRY(Wanted wanted, parse(filter));
  Page page;
  KW_OK(state_->on.store.read([&](store::Reader& reader) -> Status {
    if (!wanted.all_tenants) {
      KW_TRY(const Tenant tenant, state_->tenant(reader, filter.tenant));
      wanted.tenant = tenant.number;
    }
    KW_TRY(page, read_page({reader, state_->on.barrier}, wanted, filter));
    return ok();
  }));
  if (page.keys.size() == static_cast<std::size_t>(filter.limit)) {
    const Key& last = *page.keys.back();
    page.next = cursor_text({wanted.sort, last.name, to_micros(last.created_at), last.id});
  }
  return page;
}

Result<Census> census(store::Reader& reader) {
  KW_TRY(const auto row, reader.query_one("SELECT (SELECT COUNT(*) FROM tenant),"
                                          " (SELECT COUNT(*) FROM key_object),"
                                          " (SELECT COUNT(*) FROM key_version),"
                                          " (SELECT COUNT(*) FROM sealed_cell)",
                                          {}));
  return Census{row->integer(0), row->integer(1), row->integer(2), row->integer(3)};
}

}  // namespace kw::keys

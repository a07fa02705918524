#include "keys/derived_edges.h"

#include "keys/suspicion.h"

namespace kw::keys {

namespace {

constexpr std::int64_t kKeysOfTenantMax = 10'001;

}  // namespace

Result<Bytes> KeyEdges::revision(store::Reader& reader) {
  KW_TRY(const auto row, reader.query_one("SELECT COUNT(*), COALESCE(MAX(created_at), 0),"
                                          " (SELECT COUNT(*) FROM tenant) FROM key_object",
                                          {}));
  ByteWriter text;
  for (std::size_t column = 0; column < 3; ++column)
    text.u64(static_cast<std::uint64_t>(row->integer(column)));
  return text.bytes();
}

Result<std::vector<rotation::Edge>> KeyEdges::edges(store::Reader& reader) {
  KW_TRY(const auto rows,
         reader.query(
             "SELECT t.name, k.name FROM (SELECT tenant, name, ROW_NUMBER() OVER"
             " (PARTITION BY tenant ORDER BY name) AS place FROM key_object) k"
             " JOIN tenant t ON t.number = k.tenant WHERE k.place <= $1"
             " AND t.name <> $2 ORDER BY t.name, k.name LIMIT $3",
             {kKeysOfTenantMax, kDrillTenant, static_cast<std::int64_t>(rotation::kEdgesMax) + 1}));
  if (rows.size() > rotation::kEdgesMax)
    return error(Code::kResourceExhausted, "too_many_edges", "the graph holds 200,000 edges");
  std::vector<rotation::Edge> all;
  all.reserve(rows.size());
  for (const store::Row& row : rows) {
    const std::string& tenant = row.text(0);
    all.push_back({rotation::Node{kek_subject(tenant).text()},
                   rotation::Node{"key:" + tenant + "/" + row.text(1)}, rotation::EdgeType::kWraps,
                   false, ""});
  }
  return all;
}

}  // namespace kw::keys

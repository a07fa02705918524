// Finding records, proofs and tiles in the stored change log.
#include "audit/change_log.h"
#include "audit/change_log_state.h"
#include "audit/stored_tree.h"

namespace kw::audit {

namespace {

constexpr int kLimitMax = 1000;

// Each driver is a column list of one index; the filters after it are the same for all, and empty
// ones match everything. Literals, because the store prepares each text once.
#define KW_AUDIT_FILTERS                                                                       \
  " AND ($1 = '' OR tenant = $1) AND ($2 = '' OR actor = $2) AND ($3 = '' OR kind = $3)"       \
  " AND ($4 = '' OR object = $4) AND ($5 = '' OR action = $5)"                                 \
  " AND ($6 = '' OR substr(action, 1, length($6)) = $6) AND at >= $7 AND at < $8 AND seq < $9" \
  " ORDER BY seq DESC LIMIT $10"
constexpr std::string_view kByObject =
    "SELECT seq, leaf FROM audit_leaf WHERE kind = $3 AND object = $4" KW_AUDIT_FILTERS;
constexpr std::string_view kByActor =
    "SELECT seq, leaf FROM audit_leaf WHERE actor = $2" KW_AUDIT_FILTERS;
constexpr std::string_view kByTenant =
    "SELECT seq, leaf FROM audit_leaf WHERE tenant = $1" KW_AUDIT_FILTERS;
constexpr std::string_view kBySequence =
    "SELECT seq, leaf FROM audit_leaf WHERE seq >= 0" KW_AUDIT_FILTERS;
#undef KW_AUDIT_FILTERS

std::string_view statement_for(const Query& query) {
  if (!query.kind.empty() && !query.object.empty()) return kByObject;
  if (!query.actor.empty()) return kByActor;
  if (!query.tenant.empty()) return kByTenant;
  return kBySequence;
}

struct ActionFilter {
  std::string exact, prefix;
};
ActionFilter action_filter(const std::string& action) {
  const bool family = action.size() >= 2 && action.substr(action.size() - 2) == ".*";
  if (family) return {"", action.substr(0, action.size() - 1)};
  return {action, ""};
}

Record to_record(const store::Row& row) {
  return {row.integer(0), row.text(1)};
}

}  // namespace

Result<std::vector<Record>> ChangeLog::query(const Query& query) {
  if (query.limit < 1 || query.limit > kLimitMax)
    return error(Code::kInvalidArgument, "bad_limit", "a page has 1 to 1,000 records");
  const ActionFilter action = action_filter(query.action);
  const std::int64_t from = query.from ? to_micros(*query.from) : INT64_MIN;
  const std::int64_t to = query.to ? to_micros(*query.to) : INT64_MAX;
  std::vector<Record> records;
  KW_OK(state_->store.read([&](store::Reader& reader) -> Status {
    KW_TRY(store::Rows rows,
           reader.query(statement_for(query),
                        {query.tenant, query.actor, query.kind, query.object, action.exact,
                         action.prefix, from, to, query.before, query.limit}));
    for (const store::Row& row : rows) records.push_back(to_record(row));
    return ok();
  }));
  return records;
}

Result<std::optional<Record>> ChangeLog::record(std::int64_t seq) {
  std::optional<Record> found;
  KW_OK(state_->store.read([&](store::Reader& reader) -> Status {
    KW_TRY(auto row, reader.query_one("SELECT seq, leaf FROM audit_leaf WHERE seq = $1", {seq}));
    if (row) found = to_record(*row);
    return ok();
  }));
  return found;
}

namespace {

Error bad_tree_size() {
  return error(Code::kInvalidArgument, "bad_tree_size", "the log has no tree of this size");
}

template <typename Make>
Result<Proof> prove(store::Store& store, std::int64_t tree_size, const Make& make) {
  Proof proof;
  KW_OK(store.read([&](store::Reader& reader) -> Status {
    KW_TRY(Frontier head, read_head(reader));
    if (tree_size < 0 || static_cast<std::uint64_t>(tree_size) > head.size())
      return bad_tree_size();
    StoredTree tree(reader);
    KW_TRY(proof, make(tree));
    return ok();
  }));
  return proof;
}

// The first `width` hashes of a tile exist once so many subtrees are complete.
bool exists(const TileName& name, std::uint64_t size) {
  const int height = name.level == kEntriesLevel ? 0 : 8 * name.level;
  const std::uint64_t complete = size >> height;
  return name.index < complete / kTileWidth + 1 && name.index * kTileWidth + name.width <= complete;
}

}  // namespace

Result<Proof> ChangeLog::inclusion(std::int64_t index, std::int64_t tree_size) {
  if (index < 0) return bad_tree_size();
  return prove(state_->store, tree_size, [&](TreeNodes& tree) {
    return inclusion_proof(tree, static_cast<std::uint64_t>(index),
                           static_cast<std::uint64_t>(tree_size));
  });
}

Result<Proof> ChangeLog::consistency(std::int64_t old_size, std::int64_t new_size) {
  if (old_size < 0) return bad_tree_size();
  return prove(state_->store, new_size, [&](TreeNodes& tree) {
    return consistency_proof(tree, static_cast<std::uint64_t>(old_size),
                             static_cast<std::uint64_t>(new_size));
  });
}

Result<Bytes> ChangeLog::tile(std::string_view path) {
  KW_TRY(const TileName name, parse_tile_path(path));
  Bytes bytes;
  KW_OK(state_->store.read([&](store::Reader& reader) -> Status {
    KW_TRY(Frontier head, read_head(reader));
    if (!exists(name, head.size()))
      return error(Code::kNotFound, "tile_not_found", "the log has not grown to this tile yet");
    StoredTree tree(reader);
    KW_TRY(bytes, tree.tile(name));
    return ok();
  }));
  return bytes;
}

}  // namespace kw::audit

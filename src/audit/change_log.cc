#include "audit/change_log.h"

#include "audit/change_log_state.h"
#include "audit/leaf_text.h"
#include "audit/tile.h"
#include "base/failpoint.h"
#include "store/row_set.h"

namespace kw::audit {

namespace {

constexpr int kTileHeight = 8;

struct CompletedTile {
  int level = 0;  // in tiles: 1 is a subtree of 256 leaves
  std::uint64_t place = 0;
  Hash hash{};
};

// The head row, locked until the transaction ends: UPDATE waits for another node's append and then
// sees its result.
Result<Frontier> lock_head(store::Tx& tx, std::int64_t more) {
  KW_TRY(auto row, tx.query_one("UPDATE audit_head SET size = size + $1 WHERE id = 1"
                                " RETURNING size, frontier",
                                {more}));
  if (!row) return audit_tampered();
  if (row->is_null(1)) {
    if (row->integer(0) != more) return audit_tampered();
    return Frontier();
  }
  KW_TRY(Frontier head, Frontier::decode(row->bytes(1)));
  if (static_cast<std::int64_t>(head.size()) + more != row->integer(0)) return audit_tampered();
  return head;
}

Status keep_hashes(store::Tx& tx, const std::vector<CompletedTile>& completed) {
  for (const CompletedTile& tile : completed)
    KW_OK(tx.post("INSERT INTO audit_hash (level, place, hash) VALUES ($1, $2, $3)",
                  {tile.level, static_cast<std::int64_t>(tile.place), ByteView(tile.hash)}));
  return ok();
}

struct Place {
  std::int64_t seq = 0;
  WallTime at{};
};

constexpr std::size_t kLeafColumns = 8;

void add_leaf(store::RowSet& rows, const Place& place, const Event& event, std::string leaf) {
  const auto column = [&](std::string_view text) { return rows.keep(column_text(text)); };
  rows.add({place.seq, to_micros(place.at), column(event.tenant), column(event.actor),
            column(event.action), column(event.kind), column(event.object),
            rows.keep(std::move(leaf))});
}

Status insert_leaves(store::Tx& tx, const store::RowSet& rows) {
  return tx.post_rows(
      "WITH r (seq, at, tenant, actor, action, kind, object, leaf) AS (/*rows*/)"
      " INSERT INTO audit_leaf (seq, at, tenant, actor, action, kind, object, leaf)"
      " SELECT r.* FROM r",
      rows);
}

}  // namespace

Error audit_tampered() {
  return error(
      Code::kDataLoss, "audit_tampered",
      "the stored audit log is not the one that was written; run `keywright audit verify`");
}

Result<Frontier> read_head(store::Reader& reader) {
  KW_TRY(auto row, reader.query_one("SELECT size, frontier FROM audit_head WHERE id = 1", {}));
  if (!row) return audit_tampered();
  if (row->is_null(1))
    return row->integer(0) == 0 ? Result<Frontier>(Frontier()) : audit_tampered();
  KW_TRY(Frontier head, Frontier::decode(row->bytes(1)));
  if (static_cast<std::int64_t>(head.size()) != row->integer(0)) return audit_tampered();
  return head;
}

ChangeLog::ChangeLog(store::Store& store, const Clock& clock, std::string node, std::string origin)
    : state_(new State{store, clock, std::move(node), std::move(origin)}) {}
ChangeLog::~ChangeLog() = default;

Result<std::int64_t> ChangeLog::append(store::Tx& tx, const Event& event) {
  return append_all(tx, {&event, 1});
}

Result<std::int64_t> ChangeLog::append_all(store::Tx& tx, std::span<const Event> events) {
  KW_FAILPOINT("audit.append");
  KW_TRY(Frontier head, lock_head(tx, static_cast<std::int64_t>(events.size())));
  const auto first = static_cast<std::int64_t>(head.size());
  const WallTime now = state_->clock.wall();
  std::vector<CompletedTile> completed;
  store::RowSet rows(kLeafColumns);
  for (const Event& event : events) {
    const Place place{static_cast<std::int64_t>(head.size()), now};
    std::string leaf = leaf_json(event, now, state_->node);
    head.add(leaf_hash(as_bytes(leaf)), [&](int level, std::uint64_t index, const Hash& hash) {
      if (level % kTileHeight == 0) completed.push_back({level / kTileHeight, index, hash});
    });
    add_leaf(rows, place, event, std::move(leaf));
  }
  KW_OK(insert_leaves(tx, rows));
  KW_OK(keep_hashes(tx, completed));
  const Bytes frontier = head.encode();
  KW_OK(tx.post("UPDATE audit_head SET frontier = $1 WHERE id = 1", {frontier}));
  return first;
}

Status ChangeLog::append(const Event& event) {
  return state_->store.write([&](store::Tx& tx) -> Status {
    KW_OK(append(tx, event));
    return ok();
  });
}

Result<std::int64_t> ChangeLog::size() {
  std::int64_t size = 0;
  KW_OK(state_->store.read([&](store::Reader& reader) -> Status {
    KW_TRY(Frontier head, read_head(reader));
    size = static_cast<std::int64_t>(head.size());
    return ok();
  }));
  return size;
}

}  // namespace kw::audit

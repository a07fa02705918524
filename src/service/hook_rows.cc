#include "service/hook_rows.h"

namespace kw::service {

namespace {

constexpr std::string_view kTable = "rotation_hook";
constexpr std::string_view kColumns = "id, name, tenant, events, cell, created_by, created_at, mac";
constexpr std::chrono::hours kSeenKept{24};

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

Bytes canonical(const HookRow& row) {
  return ByteWriter()
      .raw(row.hook.id.bytes())
      .field(row.hook.name)
      .field(row.hook.tenant)
      .field(joined(row.hook.events))
      .u64(static_cast<std::uint64_t>(row.cell))
      .field(row.hook.created_by)
      .u64(static_cast<std::uint64_t>(to_micros(row.hook.created_at)))
      .bytes();
}

Result<HookRow> hook_of(seal::Barrier& barrier, const store::Row& stored) {
  HookRow row;
  KW_TRY(row.hook.id, HookId::from_bytes(stored.bytes(0)));
  row.hook.name = stored.text(1);
  row.hook.tenant = stored.text(2);
  row.hook.events = split(stored.text(3));
  row.cell = stored.integer(4);
  row.hook.created_by = stored.text(5);
  row.hook.created_at = from_micros(stored.integer(6));
  KW_OK(barrier.check_row(kTable, canonical(row), stored.bytes(7)));
  return row;
}

}  // namespace

Status insert_hook(store::Tx& tx, seal::Barrier& barrier, const HookRow& row) {
  KW_TRY(const auto mac, barrier.row_mac(kTable, canonical(row)));
  KW_OK(tx.execute("INSERT INTO rotation_hook (" + std::string(kColumns) +
                       ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                   {row.hook.id.bytes(), row.hook.name, row.hook.tenant, joined(row.hook.events),
                    row.cell, row.hook.created_by, to_micros(row.hook.created_at), to_bytes(mac)}));
  return ok();
}

Result<std::int64_t> count_hooks(store::Reader& reader) {
  KW_TRY(const auto row, reader.query_one("SELECT COUNT(*) FROM rotation_hook", {}));
  return row->integer(0);
}

Result<std::optional<HookRow>> load_hook(store::Reader& reader, seal::Barrier& barrier,
                                         const HookId& id) {
  KW_TRY(const auto stored,
         reader.query_one("SELECT " + std::string(kColumns) + " FROM rotation_hook WHERE id = $1",
                          {id.bytes()}));
  if (!stored) return std::optional<HookRow>();
  KW_TRY(HookRow row, hook_of(barrier, *stored));
  return std::optional<HookRow>(std::move(row));
}

Result<std::vector<HookRow>> select_hooks(store::Reader& reader, seal::Barrier& barrier,
                                          std::string_view tenant) {
  KW_TRY(const auto stored, reader.query("SELECT " + std::string(kColumns) +
                                             " FROM rotation_hook WHERE $1 = '' OR tenant = $1"
                                             " ORDER BY created_at, id",
                                         {tenant}));
  std::vector<HookRow> rows;
  for (const store::Row& each : stored) {
    KW_TRY(HookRow row, hook_of(barrier, each));
    rows.push_back(std::move(row));
  }
  return rows;
}

Status delete_hook(store::Tx& tx, const HookId& id) {
  KW_OK(tx.execute("DELETE FROM rotation_hook_seen WHERE hook = $1", {id.bytes()}));
  KW_OK(tx.execute("DELETE FROM rotation_hook WHERE id = $1", {id.bytes()}));
  return ok();
}

Result<bool> take_message(store::Tx& tx, const HookId& hook, std::string_view message,
                          WallTime now) {
  KW_OK(tx.execute("DELETE FROM rotation_hook_seen WHERE seen_at < $1",
                   {to_micros(now - kSeenKept)}));
  KW_TRY(const std::int64_t taken,
         tx.execute("INSERT INTO rotation_hook_seen (hook, message, seen_at) VALUES ($1, $2, $3)"
                    " ON CONFLICT (hook, message) DO NOTHING",
                    {hook.bytes(), message, to_micros(now)}));
  return taken == 1;
}

}  // namespace kw::service

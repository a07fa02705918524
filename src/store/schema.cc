#include "store/schema.h"

#include <algorithm>
#include <map>

#include "base/failpoint.h"

namespace kw::store {

namespace {

using LastNumbers = std::map<std::string_view, int>;

LastNumbers last_numbers(std::span<const Migration> migrations) {
  LastNumbers last;
  for (const Migration& migration : migrations) {
    int& number = last[migration.room];
    number = std::max(number, migration.number);
  }
  return last;
}

}  // namespace

Status check_numbers(std::span<const Migration> migrations) {
  LastNumbers last;
  for (const Migration& migration : migrations)
    if (migration.number != ++last[migration.room])
      return error(Code::kInvalidArgument, "bad_migration",
                   "the steps of a room are numbered 1, 2, 3 ... in order");
  return ok();
}

Status create_version_table(Session& session) {
  KW_FAILPOINT("store.migrate.begin");
  return session.run_script(
      "CREATE TABLE IF NOT EXISTS schema_version (room TEXT NOT NULL, number BIGINT NOT NULL,"
      " applied_at BIGINT NOT NULL, PRIMARY KEY (room, number))");
}

Status refuse_newer(Session& session, std::span<const Migration> migrations) {
  for (const auto& [room, number] : last_numbers(migrations)) {
    KW_TRY(Rows newer,
           session.query("SELECT 1 FROM schema_version WHERE room = $1 AND number > $2 LIMIT 1",
                         {room, number}));
    if (!newer.empty())
      return error(Code::kFailedPrecondition, "schema_too_new",
                   "a newer version of the program has changed this database");
  }
  return ok();
}

Status apply(Session& session, const Migration& migration, const Clock& clock) {
  // The row comes first: of two nodes the second waits here, finds it and skips the step.
  KW_TRY(auto inserted,
         session.execute("INSERT INTO schema_version (room, number, applied_at)"
                         " VALUES ($1, $2, $3) ON CONFLICT (room, number) DO NOTHING",
                         {migration.room, migration.number, to_micros(clock.wall())}));
  if (inserted == 0) return ok();
  KW_FAILPOINT("store.migrate");
  return session.run_script(migration.sql);
}

}  // namespace kw::store

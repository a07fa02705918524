// Opening, transactions and the write-ahead log of one connection.
//
// Only the writer's connection writes. Readers open read-only; checkpoints run beside the writer on
// a connection of their own (https://www.sqlite.org/wal.html).
#include "store/engines/sqlite_session.h"

#include <sqlite3.h>

#include <algorithm>

#include "base/failpoint.h"
#include "store/engines/sqlite_error.h"
#include "store/schema_text.h"

namespace kw::store::engines {

namespace {

constexpr int kBusyMillis = 5'000;
// Of a new store; one that is there keeps its own.
constexpr const char* kPageSize = "PRAGMA page_size = 8192";
// 8 MiB. Where transactions are large, and so change the same pages again and again, up to 31: each
// page is copied once. In rotations of 60,000 keys that saved a fifth of the time of a core.
constexpr int kCheckpointPages = 1'000, kCheckpointPagesMost = 4'000;
constexpr int kTransactionsBetween = 8;  // of the size of the largest
// Long reads pin the log, and writes without a pause never let it restart; beyond 256 MiB the
// writer waits a little so that it can.
constexpr int kRestartPages = 32'768;
constexpr int kRestartMillis = 50;
constexpr const char* kSyncFull = "PRAGMA synchronous = FULL";
constexpr const char* kSyncNormal = "PRAGMA synchronous = NORMAL";

// BIGINT PRIMARY KEY must become INTEGER PRIMARY KEY, the row id: cells are found by it.
// STRICT tables refuse what PostgreSQL refuses (https://www.sqlite.org/stricttables.html).
constexpr Dialect kDialect{"INTEGER", "BLOB", "", " STRICT", false};

Status at_checkpoint() {
  KW_FAILPOINT("store.checkpoint");
  return ok();
}

}  // namespace

Result<std::unique_ptr<Session>> SqliteSession::open(const std::string& path, Role role) {
  const int mode = role == Role::kWriter ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
  // Nobody reads what SQLite counts of its memory, and every allocation would take a lock for it.
  static const int uncounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(uncounted);  // refused where SQLite is in use already
  sqlite3* database = nullptr;
  const int opened = sqlite3_open_v2(
      path.c_str(), &database,
      mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE, nullptr);
  std::unique_ptr<SqliteSession> session(new SqliteSession(database, role));
  if (opened != SQLITE_OK) return sqlite_error(opened, "the database file does not open");
  KW_OK(session->configure());
  if (role == Role::kWriter) {
    KW_TRY(session->checkpoints_, SqliteCheckpoints::open(path));
  }
  return std::unique_ptr<Session>(std::move(session));
}

SqliteSession::~SqliteSession() {
  if (role_ == Role::kReader || database_ == nullptr) return;
  const bool failed = suspect();
  checkpoints_.reset();
  // After a failed sync the log is the only good copy: leave it as it is.
  if (failed) {
    sqlite3_db_config(database_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  } else {
    sqlite3_busy_timeout(database_.get(), kRestartMillis);
    sqlite3_wal_checkpoint_v2(database_.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr,
                              nullptr);
  }
}

Status SqliteSession::configure() {
  sqlite3* db = database_.get();
  sqlite3_busy_timeout(db, kBusyMillis);
  for (const int off : {SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_DQS_DML,
                        SQLITE_DBCONFIG_DQS_DDL, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION})
    sqlite3_db_config(db, off, 0, nullptr);
  for (const int on : {SQLITE_DBCONFIG_DEFENSIVE, SQLITE_DBCONFIG_ENABLE_FKEY})
    sqlite3_db_config(db, on, 1, nullptr);
  KW_OK(pragma("PRAGMA cell_size_check = ON"));
  KW_OK(pragma("PRAGMA temp_store = MEMORY"));
  if (role_ == Role::kReader) {
    KW_OK(pragma("PRAGMA cache_size = -8192"));
    return pragma("PRAGMA query_only = ON");
  }
  // SQLite opens a protected file for reading without a word.
  if (sqlite3_db_readonly(db, "main") != 0)
    return error(Code::kUnavailable, "store_unavailable", "the database file is not writable");
  KW_OK(pragma(kPageSize));
  KW_OK(pragma("PRAGMA journal_mode = WAL"));
  KW_OK(pragma(kSyncFull));
  KW_OK(pragma("PRAGMA secure_delete = ON"));
  // In rotations of 50,000 keys (three turns each, two cores) 64 MiB was a tenth slower, 256 a
  // fifth.
  KW_OK(pragma("PRAGMA cache_size = -24576"));
  KW_OK(pragma("PRAGMA journal_size_limit = 67108864"));
  return watch_log();
}

Status SqliteSession::pragma(const char* sql) {
  const int code = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return sqlite_error(code, sqlite3_errmsg(database_.get()));
  return ok();
}

Status SqliteSession::watch_log() {
  KW_TRY(auto mode, query_one("PRAGMA journal_mode", {}));
  // On a file system without shared memory SQLite stays silently in another mode.
  if (!mode || mode->text(0) != "wal")
    return error(Code::kUnavailable, "store_unavailable", "this file system has no WAL for SQLite");
  sqlite3_wal_autocheckpoint(database_.get(), 0);
  const auto hook = [](void* self, sqlite3*, const char*, int pages) {
    static_cast<SqliteSession*>(self)->log_pages_ = pages;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(database_.get(), hook, this);
  return ok();
}

bool SqliteSession::in_transaction() const {
  return sqlite3_get_autocommit(database_.get()) == 0;
}

int SqliteSession::run(std::string_view sql) {
  auto prepared = prepare(sql);
  if (!prepared) return sqlite3_extended_errcode(database_.get());
  sqlite3_stmt* statement = (*prepared)->handle.get();
  const int code = sqlite3_step(statement);
  sqlite3_reset(statement);
  return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

Status SqliteSession::control(std::string_view sql) {
  const int code = run(sql);
  if (code == SQLITE_OK) return ok();
  note_io_error(code);
  return fail({Damage::kTransaction, false, sqlite_error(code, sqlite3_errmsg(database_.get()))});
}

Status SqliteSession::begin(Durability durability) {
  forget_failure();
  KW_OK(sync_when(durability));
  return control("BEGIN IMMEDIATE");
}

// A commit under NORMAL is in the log but not synced; the next one under FULL syncs both.
Status SqliteSession::sync_when(Durability durability) {
  if (durability == durability_) return ok();
  const bool at_once = durability == Durability::kAtOnce;
  const int code =
      sqlite3_exec(database_.get(), at_once ? kSyncFull : kSyncNormal, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK)
    return fail({Damage::kTransaction, false, sqlite_error(code, sqlite3_errmsg(database_.get()))});
  durability_ = durability;
  return ok();
}

Status SqliteSession::begin_snapshot() {
  forget_failure();
  return control("BEGIN DEFERRED");
}

Status SqliteSession::mark() {
  return control("SAVEPOINT work");
}
Status SqliteSession::keep() {
  return control("RELEASE work");
}

Status SqliteSession::undo() {
  KW_OK(control("ROLLBACK TO work"));
  KW_OK(control("RELEASE work"));
  forget_failure();
  return ok();
}

Status SqliteSession::commit() {
  const int code = run("COMMIT");
  return code == SQLITE_OK ? ok() : failed_commit(code);
}

Status SqliteSession::failed_commit(int code) {
  if (!is_io_error(code))
    return fail({Damage::kTransaction, false, sqlite_error(code, sqlite3_errmsg(database_.get()))});
  // The commit record may be in the log, synced or not, and a recovery may find it. No retry: the
  // kernel reports a failed write-back once and drops the pages.
  suspect_ = true;
  return fail({Damage::kUnknown, false,
               error(Code::kUnavailable, "store_outcome_unknown",
                     "the disk failed in the commit; the write may or may not be durable")});
}

void SqliteSession::note_io_error(int code) {
  if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC) suspect_ = true;
}

Error SqliteSession::failed_with(int code) {
  note_io_error(code);
  // A full disk, an I/O error or no memory may have rolled everything back already.
  const Damage damage = in_transaction() ? Damage::kWork : Damage::kTransaction;
  return fail({damage, false, sqlite_error(code, sqlite3_errmsg(database_.get()))});
}

void SqliteSession::rollback() noexcept {
  if (in_transaction()) run("ROLLBACK");
}

Status SqliteSession::run_script(std::string_view portable_sql) {
  auto statements = portable_statements(portable_sql, kDialect);
  if (!statements) return fail({Damage::kWork, false, std::move(statements).error()});
  for (const std::string& sql : *statements) {
    const int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return failed_with(code);
  }
  return ok();
}

void SqliteSession::tidy() noexcept {
  // The log begins anew now and then.
  const int written = log_pages_ - (log_pages_ < seen_pages_ ? 0 : seen_pages_);
  if (log_pages_ < asked_pages_) asked_pages_ = 0;
  seen_pages_ = log_pages_;
  largest_ = std::max(largest_, written);
  const int enough =
      std::clamp(kTransactionsBetween * largest_, kCheckpointPages, kCheckpointPagesMost);
  if (suspect() || log_pages_ < asked_pages_ + enough) return;
  if (!at_checkpoint()) return;
  asked_pages_ = log_pages_;
  largest_ = 0;
  if (log_pages_ > kRestartPages)
    restart_log();
  else
    checkpoints_->ask();
}

void SqliteSession::restart_log() noexcept {
  sqlite3_busy_timeout(database_.get(), kRestartMillis);
  const int code = sqlite3_wal_checkpoint_v2(database_.get(), nullptr, SQLITE_CHECKPOINT_RESTART,
                                             nullptr, nullptr);
  sqlite3_busy_timeout(database_.get(), kBusyMillis);
  // Another try could report success for pages that the kernel has dropped.
  if (is_io_error(code)) suspect_ = true;
}

}  // namespace kw::store::engines

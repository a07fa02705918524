// The Store port: durable relational storage with one writer and group commit.
//
// SQL is portable: parameters $1, $2 …; types BIGINT, TEXT, BYTEA; INSERT … ON CONFLICT,
// RETURNING, compare-and-swap on an epoch column, keyset pagination. Rooms own their tables; this
// room knows none of them. Texts are UTF-8 without NUL; one value has at most 64 MiB. Engines:
// store/engines/.
//
//   KW_TRY(auto store, store::open("sqlite:///var/lib/keywright/store.db"));
//   KW_OK(store->migrate(kMigrations));
//   KW_OK(store->write([&](store::Tx& tx) -> Status {
//     KW_TRY(auto changed, tx.execute("UPDATE k SET epoch = epoch + 1 WHERE epoch = $1", {epoch}));
//     if (changed == 0) return error(Code::kAborted, "epoch_moved", "read it again");
//     return ok();
//   }));
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "store/sealed.h"

namespace kw::store {

/// A statement parameter, borrowed for the call. Secrets do not convert: SecretBytes has no view
/// without Reveal, and sealed blobs enter as Sealed.
class Param {
 public:
  // NOLINTBEGIN(*-explicit-*): a parameter list reads as the values in it.
  Param(std::nullptr_t) {}
  Param(std::int64_t number) : value_(number) {}
  Param(int number) : value_(std::int64_t{number}) {}
  Param(std::uint32_t number) : value_(std::int64_t{number}) {}
  Param(std::string_view text) : value_(text) {}
  Param(const std::string& text) : value_(std::string_view(text)) {}
  Param(const char* text) : value_(std::string_view(text)) {}
  Param(ByteView bytes) : value_(bytes) {}
  Param(const Bytes& bytes) : value_(ByteView(bytes)) {}
  Param(const Sealed& sealed) : value_(sealed.bytes()) {}
  Param(const std::optional<std::int64_t>& number) {
    if (number) value_ = *number;
  }
  // NOLINTEND(*-explicit-*)
  Param(const SecretBytes&) = delete;
  Param(const WipedBytes&) = delete;
  Param(const WipedText&) = delete;

  using Value = std::variant<std::monostate, std::int64_t, std::string_view, ByteView>;
  const Value& value() const { return value_; }

 private:
  Value value_;
};
using Params = std::initializer_list<Param>;

class RowSet;

/// One result row. Reading a column as the wrong type aborts: the schema is ours.
class Row {
 public:
  using Value = std::variant<std::monostate, std::int64_t, std::string, Bytes>;
  explicit Row(std::vector<Value> values) : values_(std::move(values)) {}
  bool is_null(std::size_t column) const;
  std::int64_t integer(std::size_t column) const;
  /// Nothing when null.
  std::optional<std::int64_t> optional_integer(std::size_t column) const;
  const std::string& text(std::size_t column) const;
  /// "" when null.
  std::string text_or_empty(std::size_t column) const;
  const Bytes& bytes(std::size_t column) const;
  /// A sealed blob as it was stored; opening it needs the Barrier.
  Sealed sealed(std::size_t column) const { return Sealed::from_store(bytes(column)); }
  std::size_t size() const { return values_.size(); }

 private:
  const Value& at(std::size_t column) const;
  std::vector<Value> values_;
};
using Rows = std::vector<Row>;

/// A cell of a narrow table `CREATE TABLE t (id BIGINT PRIMARY KEY, cell BYTEA NOT NULL)/*cells*/`:
/// how hot sealed blobs are kept.
struct Cell {
  std::int64_t id = 0;
  Bytes bytes;
};

/// Reads within one consistent snapshot. Used by one thread, inside the call that handed it out.
class Reader {
 public:
  virtual ~Reader() = default;
  /// All rows of one statement. `sql` must be a string that lives as long as the store (a literal):
  /// it is prepared once per connection.
  /// After a failed statement every later one of the same work answers that first error.
  /// @errors kUnavailable(store_unavailable): retry later. kInternal(store_error): a statement that
  ///   the schema refuses. kInvalidArgument(bad_text): not UTF-8 or with NUL.
  ///   kTooLarge(value_too_large). kDataLoss(store_corrupt).
  virtual Result<Rows> query(std::string_view sql, Params params) = 0;
  /// As query, once for every row of `rows` (row_set.h); the results follow one another.
  virtual Result<Rows> query_rows(std::string_view sql, const RowSet& rows) = 0;
  /// Up to `limit` cells with id > after and id <= last, by id. `table` is a literal table name
  /// `[a-z][a-z0-9_]*`. @errors as query.
  Result<std::vector<Cell>> read_cells(std::string_view table, std::int64_t after,
                                       std::int64_t last, std::size_t limit);
  /// The same for who reads slice after slice: the memory of what `cells` held is used again.
  virtual Status read_cells_into(std::vector<Cell>& cells, std::string_view table,
                                 std::int64_t after, std::int64_t last, std::size_t limit) = 0;
  /// First row or none. @errors as query.
  Result<std::optional<Row>> query_one(std::string_view sql, Params params);
};

/// One rewrite of a cell.
struct CellUpdate {
  std::int64_t id = 0;                ///< each id at most once per call
  std::uint32_t expected_prefix = 0;  ///< written only if the stored cell's first 4 bytes
                                      ///< (big-endian) still equal this
  ByteView cell;                      ///< the same size as the stored cell
};

/// A write transaction. Lives on the store's writer thread; do no I/O and no waiting inside.
///
/// Works behave as if they ran one after the other, on every engine and with several nodes.
/// A failed statement undoes the work even if it returns ok(): use ON CONFLICT to expect a
/// conflict.
class Tx : public Reader {
 public:
  /// @returns the number of rows changed.
  /// @errors kAlreadyExists(unique_violation), kUnavailable(store_full), and as query.
  virtual Result<std::int64_t> execute(std::string_view sql, Params params) = 0;
  /// As execute, for a statement whose count the work does not need: PostgreSQL is not waited for,
  /// so that an error may come only with a later statement or as the outcome of the write.
  virtual Status post(std::string_view sql, Params params);
  /// As execute and post, once for every row of `rows` (row_set.h).
  /// @returns the number of rows changed by all of them.
  virtual Result<std::int64_t> execute_rows(std::string_view sql, const RowSet& rows) = 0;
  virtual Status post_rows(std::string_view sql, const RowSet& rows);
  /// Rewrites cells in place in bulk (SQLite: incremental blob I/O; PostgreSQL: one UPDATE … FROM
  /// unnest). Slices of about 1,000 keep foreground writes quick.
  /// @returns how many were written; the others had another prefix or size or are gone.
  /// @errors as execute.
  virtual Result<std::int64_t> write_cells(std::string_view table,
                                           std::span<const CellUpdate> updates) = 0;
};

/// One step of a room's schema. Steps of a room are numbered 1, 2, 3 … and never edited once
/// released.
struct Migration {
  std::string_view room;
  int number = 0;
  /// Portable; several statements separated by ';'. Types BIGINT, TEXT and BYTEA only. The marker
  /// `/*cells*/` after the ')' of a CREATE TABLE says that its rows are rewritten in place; a
  /// statement with `/*postgres*/` is for PostgreSQL alone.
  std::string_view sql;
};

/// What foreground writes were like within the last second; zeros with fewer than ten.
struct Foreground {
  double p99 = 0;         ///< of their latency, in seconds
  double per_second = 0;  ///< how many there were
};

enum class Priority : std::uint8_t {
  kForeground,
  kBackground,  ///< only while no foreground work waits
  /// As background, for the many slices of a job: committed when write() returns, in order, and
  /// durable with the next change of another priority. A job ends with such a change. On an engine
  /// with many writers slices have one of their own, so nobody waits for them, and each statement
  /// sees what others have committed: a slice guards what it writes (expected prefixes, epochs, the
  /// row of its lease).
  kSlice,
};

/// A durable store. Thread-safe. Destruction waits for accepted writes.
class Store {
 public:
  using Work = std::function<Status(Tx&)>;
  virtual ~Store() = default;

  /// Runs `work` on the writer thread in a transaction shared with other waiting works (group
  /// commit) and returns when it is durable. If `work` fails or throws, only its own changes are
  /// undone. `work` may run more than once (serialisation failure): it must have no effect outside
  /// the transaction but assigning results. Works that are not kForeground run only when no
  /// foreground work waits, each in a transaction of its own.
  /// @errors what `work` returned; kUnavailable(store_unavailable | store_full): not written.
  ///   kUnavailable(store_outcome_unknown): the commit failed in a way that does not tell whether
  ///   it is durable. kUnavailable(store_suspect): not written; after an I/O error in a commit the
  ///   store refuses every later write until restart. kInternal(store_work_threw |
  ///   store_reentrant).
  virtual Status write(const Work& work, Priority priority = Priority::kForeground) = 0;
  /// As write, without blocking: `done` is called on the writer thread once the outcome is durable;
  /// it must not block or call write. When 65,536 works wait already, `done` is called at once on
  /// the calling thread with kUnavailable(store_unavailable).
  virtual void write_async(Work work, std::function<void(Status)> done) = 0;
  /// Runs `work` once, on the calling thread, in one snapshot of what was durable when it began.
  /// @errors what `work` returned; kUnavailable(store_unavailable): also when all connections stay
  ///   busy for 10 s. kInternal(store_work_threw).
  virtual Status read(const std::function<Status(Reader&)>& work) = 0;
  /// Brings the schema up; steps that were applied before are skipped. Several nodes may do it at
  /// once. @errors kFailedPrecondition(schema_too_new): a newer program has been here.
  ///   kInvalidArgument(bad_migration): numbers not 1, 2, 3 … or text that is not portable.
  virtual Status migrate(std::span<const Migration> migrations) = 0;
  /// "sqlite" or "postgres".
  virtual std::string_view engine() const = 0;
  /// Foreground writes of the last second; jobs use it to adapt. Cheap enough to call before every
  /// slice.
  virtual Foreground foreground() const = 0;
};

/// Opens "sqlite:///absolute/path" or "postgres://…" (libpq URI). The SQLite file is created with
/// mode 0600 in an existing folder, and belongs to one Store at a time.
/// @errors kInvalidArgument(bad_store_url), kUnavailable(store_unavailable | store_in_use)
Result<std::unique_ptr<Store>> open(const std::string& url);

}  // namespace kw::store

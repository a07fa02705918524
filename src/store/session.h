// What an engine implements: one connection, its transactions, and what a failure did to them.
//
// A Session is used by one thread at a time: the writer thread or the borrower of a reader.
#pragma once

#include <memory>

#include "store/row_set.h"
#include "store/store.h"

namespace kw::store {

/// How much of a transaction the first failure of a work has spoilt.
enum class Damage : std::uint8_t {
  kNone,
  kWork,         ///< undo() repairs it; the other works of the group are untouched
  kTransaction,  ///< the whole transaction is gone and certainly not durable
  kUnknown,      ///< a commit that may or may not be durable
};

/// When a committed transaction survives a power failure.
enum class Durability : std::uint8_t {
  kAtOnce,
  kWithTheNext,  ///< with the next transaction that is durable at once
};

struct Failure {
  Damage damage = Damage::kNone;
  bool again = false;  ///< running the same works once more may succeed
  Error error;
};

class Session : public Tx {
 public:
  /// Begins a write transaction and forgets the last failure. Connects again if need be.
  virtual Status begin(Durability durability) = 0;
  /// Begins a read-only transaction on one snapshot; ended by rollback().
  virtual Status begin_snapshot() = 0;
  /// A point that undo() returns to; keep() makes the work since then part of the transaction.
  virtual Status mark() = 0;
  virtual Status keep() = 0;
  virtual Status undo() = 0;
  virtual Status commit() = 0;
  virtual void rollback() noexcept = 0;
  /// Runs the statements of a migration inside the transaction.
  virtual Status run_script(std::string_view portable_sql) = 0;
  /// Housekeeping between transactions.
  virtual void tidy() noexcept {}
  /// True from the first sign that synced data may not be on the disk.
  virtual bool suspect() const { return false; }

  const Failure& failure() const { return failure_; }
  bool failed() const { return failure_.damage != Damage::kNone; }

 protected:
  /// Keeps the worst failure of the transaction; returns its error for the caller to pass on.
  Error fail(Failure failure);
  void forget_failure() { failure_ = Failure{}; }
  /// Refuses values that not every engine can hold, and statements after a failure.
  Status accept(std::span<const Param> params);
  Status accept(Params params) { return accept(std::span(params.begin(), params.size())); }
  Status accept(const RowSet& rows);

 private:
  Failure failure_;
};

/// Opens connections to one database; outlives them. Thread-safe.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::string_view name() const = 0;
  virtual Result<std::unique_ptr<Session>> open_writer() = 0;
  /// Whether a second writer works beside the first instead of waiting for it.
  virtual bool many_writers() const = 0;
  virtual Result<std::unique_ptr<Session>> open_reader() = 0;
};

}  // namespace kw::store

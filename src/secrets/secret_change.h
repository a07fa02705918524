// One change of one secret inside the caller's transaction: versions, transitions, then the row,
// then the templates that are made of it. Private to the room.
#pragma once

#include <string>
#include <vector>

#include "secrets/rows.h"
#include "secrets/secrets.h"

namespace kw::secrets {

/// The leaves of a change, in order. They are written last: every transaction then takes the cells'
/// counter before the log's head, and nodes do not deadlock.
class Leaves {
 public:
  struct Leaf {
    std::string kind, object, tenant, from, to, reason, note;
    std::uint32_t version = 0;
  };
  void add(Leaf leaf) { leaves_.push_back(std::move(leaf)); }
  Status write(audit::ChangeLog& log, Change change) const;

 private:
  std::vector<Leaf> leaves_;
};

/// Works on its own copy. Nothing is announced before finish(); the transaction undoes the rest.
class SecretChange {
 public:
  SecretChange(const Foundations& on, store::Tx& tx, Leaves& leaves, Secret before);

  Secret& secret() { return secret_; }
  WallTime now() const { return now_; }

  /// Seals the value as the next version and enters its fingerprints.
  Result<Version> seal(const Value& value, std::string_view origin);
  /// Adds a sealed version in `state`. @returns its number.
  Result<std::uint32_t> add(Version version, VersionState state);
  /// The version to work on. @errors kNotFound(not_found)
  Result<Version*> version(std::uint32_t number);
  /// Checks the pair, sets state and stamps, writes the row.
  /// @errors kFailedPrecondition(invalid_transition), kAborted(stale_epoch)
  Status transition(Version& version, VersionState to, std::string_view reason = {});
  /// Through the states between, as far as the table allows.
  Status lead(Version& version, VersionState to, std::string_view reason = {});
  /// Demotes the primary, if there is one, and promotes `number`.
  Status promote(std::uint32_t number);
  /// Since when the version is suspect; nothing: it is not. Writes the row.
  Status mark(Version& version, std::optional<WallTime> since);
  /// The value of a version, in this transaction.
  Result<Value> value(const Version& version);
  /// All secondaries but `kept` leave: only one previous value is readable.
  Status retire_others(std::uint32_t kept);
  /// Erases the sealed cell of a version that is being destroyed.
  Status erase(Version& version);
  /// A leaf that is no transition, about a version or, with 0, the secret itself.
  void leaf_about(std::uint32_t version, std::string_view note = {});
  /// Writes a secret that is new. @errors kAlreadyExists(already_exists)
  Result<Secret> finish_new();
  /// Writes the row, announces, and lets what is made of it follow. @errors kAborted(stale_epoch)
  Result<Secret> finish();

 private:
  std::string object() const { return secret_.tenant_name + "/" + secret_.path; }
  rows::Sink sink() const { return {tx_, on_.barrier}; }
  Status announce();

  const Foundations& on_;
  store::Tx& tx_;
  Leaves& leaves_;
  Secret secret_;
  WallTime now_;
};

/// What a version's sealed cell is bound to. Borrows from `secret`.
seal::SealContext seal_context(const Secret& secret, std::uint32_t version);
/// The value of a version in this transaction or snapshot. @errors kDataLoss(unwrap_failed | …),
///   kFailedPrecondition(version_state): destroyed
Result<Value> open_value(rows::Source source, const Secret& secret, const Version& version);

/// Runs `body` as one change of `secret` with its leaves.
template <typename Body>
Result<Secret> changed(const Foundations& on, Change change, const Secret& secret,
                       const Body& body) {
  Leaves leaves;
  SecretChange edit(on, change.tx, leaves, secret);
  KW_OK(body(edit));
  KW_TRY(Secret after, edit.finish());
  KW_OK(leaves.write(on.log, change));
  return after;
}

}  // namespace kw::secrets

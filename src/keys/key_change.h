// One change of one key inside the caller's transaction: transitions, each with its leaf, then the
// key row. Private.
#pragma once

#include <string>

#include "keys/keyring_state.h"

namespace kw::keys {

/// Works on its own copy of the key. Nothing is announced before finish(); the transaction undoes
/// the rest.
class KeyChange {
 public:
  KeyChange(const Foundations& on, Change change, Key before);

  Key& key() { return key_; }
  WallTime now() const { return now_; }

  /// Seals `prepared` as the next version. To be called before anything that adds a leaf: every
  /// transaction then takes the cells' counter before the log's head, and nodes do not deadlock.
  Result<Version> seal(const Prepared& prepared);
  /// Adds a sealed version in `state`, with a leaf from "none". @returns its number.
  Result<std::uint32_t> add(Version version, VersionState state);
  /// The version to work on. @errors kNotFound(not_found)
  Result<Version*> version(std::uint32_t number);
  /// Checks the pair, sets state and stamps, writes the row, adds the leaf.
  /// @errors kFailedPrecondition(invalid_transition), kAborted(stale_epoch)
  Status transition(Version& version, VersionState to, std::string_view reason = {});
  /// Demotes the primary, if there is one, and promotes `number`. The material was proven.
  Status promote(std::uint32_t number);
  /// Opens the stored cell of `version` in this transaction and proves it.
  Status prove_stored(const Version& version);
  /// Erases the sealed cell of a version that is being destroyed.
  Status erase(Version& version);
  /// A leaf of kind "key-version" that is no transition.
  Status leaf_about(const Version& version);
  /// A leaf of kind "key" about the key itself.
  Status leaf_about_key();
  /// Writes a key that is new. @errors kAlreadyExists(already_exists)
  Result<Key> finish_new();
  /// Writes the key row and announces. @errors kAborted(stale_epoch)
  Result<Key> finish();

 private:
  Status leaf(const Version& version, audit::Event event);
  std::string object() const { return key_.tenant_name + "/" + key_.name; }
  rows::Target target() const { return {change_.tx, on_.barrier}; }

  const Foundations& on_;
  Change change_;
  Key key_;
  WallTime now_;
};

/// The version that `prepared` becomes, without its cell.
Version next_version(const Key& key, const Prepared& prepared, WallTime now);
/// Sets state and stamps, as a transition does. The pair was checked.
void move_state(Version& version, VersionState to, std::string_view reason, WallTime now);

/// What a version's sealed cell is bound to. Borrows from `key` and `version`.
seal::SealContext seal_context(const Key& key, const Version& version);

/// `prepared` when it was given and fits, else new material now.
/// @errors kInvalidArgument(prepared_mismatch), and as Keyring::prepare
Result<PreparedPtr> prepared_or_new(const PreparedPtr& prepared, crypto::Algorithm algorithm);

}  // namespace kw::keys

// What people do with shares, in memory: collecting them, and giving new ones back. Not
// thread-safe: Seal runs its verbs one after the other.
#pragma once

#include <vector>

#include "seal/seal_row.h"

namespace kw::seal {

/// Shares of one seal on their way to its threshold.
class ShareSet {
 public:
  /// Takes a share of `seal`. @errors kInvalidArgument(bad_share | share_repeated)
  Status add(const SealFacts& seal, SealShare share);
  int size() const { return static_cast<int>(shares_.size()); }
  /// The shares; the set is empty afterwards.
  std::vector<Share> take();
  void clear() { shares_.clear(); }

 private:
  SealId seal_id_{};
  std::vector<Share> shares_;
};

/// A new seal whose shares were handed out and do not count yet.
class NewSeal {
 public:
  /// @param facts  shamir, with id, shares and threshold. @errors kInvalidArgument(bad_threshold)
  static Result<NewSeal> make(SealFacts facts, SecretBytes root);

  const SealRow& row() const { return row_; }
  const SecretBytes& root() const { return root_; }
  std::vector<ShareText> texts() const;
  int given() const { return given_; }
  int wanted() const { return row_.facts.shares - given_; }

  /// Counts a share. @errors kInvalidArgument(bad_share): not one of these shares, or given before.
  Status give_back(const SealShare& share);
  /// Undoes the latest give_back, which was of `share`.
  void take_back(const SealShare& share);
  /// Once every share was given: `threshold` of the shares that came back really open the row.
  /// @errors kInternal(seal_not_proven)
  Status prove() const;

 private:
  NewSeal() = default;
  SealRow row_;
  SecretBytes root_;
  std::vector<Share> issued_;    // by index - 1
  std::vector<Share> returned_;  // the first `threshold` that came back
  std::vector<bool> seen_;
  int given_ = 0;
};

}  // namespace kw::seal

// One log's verification; shared by the verifier's source files only.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "audit/claims.h"
#include "audit/leaf.h"
#include "audit/lifecycle.h"
#include "audit/merkle.h"
#include "audit/note.h"

namespace kw::audit {

/// Grows the tree leaf by leaf and holds it against every claim that it passes.
class TreeCheck {
 public:
  TreeCheck(const std::vector<Claim>& claims, LogReport& report);

  /// False when a claim at the new size does not hold: a record is told and the log is not worth
  /// reading on. `suspect`: the leaf's stored hash differs from the leaf.
  bool add(const Hash& hash, std::string_view time, bool suspect,
           const Frontier::Completed& completed);
  /// After the last leaf: claims beyond it are truncation.
  void finish();
  std::uint64_t size() const { return frontier_.size(); }

 private:
  bool hold(std::string_view time);

  const std::vector<Claim>& claims_;
  LogReport& report_;
  Frontier frontier_;
  std::size_t next_ = 0;  // of claims_
  std::uint64_t held_ = 0;
  std::optional<std::uint64_t> suspect_;
};

/// @param key  empty: no verifier key is known.
/// @returns the anchors in the log. @errors kUnavailable(io_error)
Result<std::vector<Anchor>> verify_change_log(const std::string& directory,
                                              const std::optional<VerifierKey>& key,
                                              LogReport& report);

/// @param key  of the change log; only its public key counts here, the name is the access log's
/// own.
/// @errors kUnavailable(io_error)
Status verify_access_log(const std::string& folder, const std::string& node,
                         const std::optional<VerifierKey>& key, const std::vector<Anchor>& anchors,
                         LogReport& report);

/// A file's content; empty when it does not exist or is larger than it can honestly be. @errors
/// kUnavailable(io_error)
Result<Bytes> read_if_present(const std::string& path, std::size_t bytes_max);

}  // namespace kw::audit

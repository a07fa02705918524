// Inside this room only: what a file of this folder gives to the catalogue.
#pragma once

#include <memory>
#include <span>

#include "crypto/algorithm.h"
#include "crypto/key.h"

namespace kw::crypto {

using KeyPtr = std::shared_ptr<const Key>;

/// One family of algorithms. All functions take only algorithms of `rows`. Immutable, lives for
/// ever.
struct Family {
  std::span<const AlgorithmInfo> rows;
  /// Asks the library at hand, once.
  bool (*available)(Algorithm);
  Result<Material> (*generate)(Algorithm);
  /// Everything but the pairwise consistency test, which key.cc does for all. Returns the
  /// normalised form.
  Result<Material> (*check_import)(Algorithm, const SecretBytes&);
  Result<KeyPtr> (*load)(Algorithm, const SecretBytes&);
  /// Null: the family has no public half.
  Result<KeyPtr> (*load_public)(Algorithm, ByteView);
};

#define KW_ALGORITHM(constant, number, family) const Family& family##_family();
#include "crypto/algorithms/catalog.def"
#undef KW_ALGORITHM

/// The family of `algorithm`.
const Family& family_of(Algorithm algorithm);

/// kDataLoss(bad_key): stored material that does not parse.
Error stored_key_broken();
/// kInvalidArgument(bad_key): foreign material of wrong form, size or type.
Error bad_key(std::string_view message);
/// kInvalidArgument(weak_key)
Error weak_key(std::string_view message);

}  // namespace kw::crypto

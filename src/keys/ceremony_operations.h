// What ceremonies execute: operations on KEKs and on the root.
//
//   kek.rotate   object: a tenant      a new KEK, and everything under the old one is re-wrapped
//   root.reseal  object: "<M>-of-<N>"  begins a change of shares; the old and then the new shares
//                                      go to the seal, not through here
#pragma once

#include "keys/kek_rotation.h"
#include "keys/keyring.h"
#include "rotation/ceremony.h"
#include "seal/seal.h"

namespace kw::keys {

/// Thread-safe. Borrows everything.
class CeremonyOperations final : public rotation::Perform {
 public:
  CeremonyOperations(Keyring& keyring, seal::Barrier& barrier, seal::Seal& seal,
                     KekRotations& kek_rotations)
      : keyring_(keyring), barrier_(barrier), seal_(seal), kek_rotations_(kek_rotations) {}

  /// The tenant of an operation, "" of one on the root.
  static std::string tenant_of(std::string_view operation, std::string_view object);
  /// Covers the present primary KEK, or the present shares. @errors kInvalidArgument(
  ///   unknown_operation | bad_threshold), kNotFound(not_found): no such tenant
  Result<std::string> request_hash(store::Reader& reader, std::string_view operation,
                                   std::string_view object) override;
  /// @errors also those of KekRotations::start
  Status perform(rotation::Change change, const rotation::Ceremony& ceremony) override;
  /// After the transaction of perform(): what is in memory alone. @errors those of
  /// Seal::begin_reseal
  Status performed(const rotation::Ceremony& ceremony);

 private:
  Result<std::string> kek_hash(store::Reader& reader, std::string_view tenant);

  Keyring& keyring_;
  seal::Barrier& barrier_;
  seal::Seal& seal_;
  KekRotations& kek_rotations_;
};

}  // namespace kw::keys

// The sealed cell: layout and authenticated data.
//
// KEK version u32 | nonce 12 | binding 32 | ciphertext | tag 16, under AES-256-GCM.
// AAD = field("keywright/cell/v1") | tenant number u64 | KEK version u32 | binding.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/aead.h"
#include "crypto/digest.h"

namespace kw::seal {

/// A KEK version as cells name it.
struct KekName {
  std::int64_t tenant = 0;
  std::uint32_t version = 0;
};

/// The bytes of a cell by place; borrows them. `bytes` has at least kCellOverheadBytes.
struct CellParts {
  explicit CellParts(ByteView cell);
  std::uint32_t version;
  crypto::GcmNonce nonce;
  ByteView binding;
  ByteView sealed;  ///< ciphertext and tag
};

/// Authenticated data of cells under one KEK version; the binding is put in per cell. Not
/// thread-safe.
class CellAad {
 public:
  explicit CellAad(const KekName& kek);
  ByteView with(ByteView binding);

 private:
  std::array<std::uint8_t, 4 + 17 + 8 + 4 + 32> bytes_;
};

/// A KEK version ready for work on many cells. Not thread-safe; wiped when it dies.
class CellCipher {
 public:
  CellCipher(const KekName& kek, const SecretBytes& key);
  std::uint32_t version() const { return version_; }
  /// Writes a whole cell: `out` has plaintext.size() + kCellOverheadBytes.
  void seal(ByteView binding, ByteView plaintext, std::span<std::uint8_t> out);
  /// Writes the plaintext of `cell`, whose version is this one: `out` has cell.size() -
  /// kCellOverheadBytes. @errors kDataLoss(unwrap_failed)
  Status open(const CellParts& cell, std::span<std::uint8_t> out);

 private:
  std::uint32_t version_;
  CellAad aad_;
  crypto::Aes256Gcm gcm_;
};

/// kDataLoss(unwrap_failed): one error for every cell that does not open.
Error unwrap_failed();

}  // namespace kw::seal

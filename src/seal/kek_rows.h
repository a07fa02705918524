// The table kek: rows of wrapped tenant KEKs, each under a MAC, changed by compare-and-swap.
// Free functions over a caller's reader or transaction; no state.
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "crypto/aead.h"
#include "seal/barrier.h"
#include "seal/root_keys.h"
#include "store/store.h"

namespace kw::seal {

struct KekRow {
  KekVersion facts;
  std::int64_t epoch = 1;
  Bytes wrapped;  ///< nonce 12 | ciphertext 32 | tag 16
};

/// A fresh random KEK, wrapped under the root.
Bytes new_wrapped_kek(const RootKeys& root, const KekVersion& facts);
/// Unwraps the KEKs of one statement; not thread-safe.
class KekOpener {
 public:
  explicit KekOpener(const RootKeys& root);
  /// @errors kDataLoss(unwrap_failed)
  Result<SecretBytes> open(const KekRow& row);

 private:
  crypto::Aes256Gcm gcm_;
};
/// @errors kDataLoss(unwrap_failed)
Result<SecretBytes> unwrap_kek(const RootKeys& root, const KekRow& row);

/// All versions of the tenant, oldest first. @errors kDataLoss(row_tampered)
Result<std::vector<KekRow>> load_keks(store::Reader& reader, const RootKeys& root,
                                      std::int64_t tenant);
/// @errors kNotFound(no_kek), kDataLoss(row_tampered)
Result<KekRow> load_kek(store::Reader& reader, const RootKeys& root, std::int64_t tenant,
                        std::uint32_t version);
/// @errors kFailedPrecondition(no_primary_kek), kDataLoss(row_tampered)
Result<KekRow> load_primary_kek(store::Reader& reader, const RootKeys& root, std::int64_t tenant);
/// The primaries of several tenants, in any order. @errors as load_primary_kek
Result<std::vector<KekRow>> load_primary_keks(store::Reader& reader, const RootKeys& root,
                                              std::span<const std::int64_t> tenants);
Status insert_kek(store::Tx& tx, const RootKeys& root, const KekRow& row);
/// @errors kAborted(kek_changed): somebody else moved it since `row` was read.
Status move_kek(store::Tx& tx, const RootKeys& root, KekRow row, KekState to);

}  // namespace kw::seal

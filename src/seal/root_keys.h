// The keys that the root key stands for: one per use, derived by HKDF-SHA-256 under a clear label.
#pragma once

#include <memory>
#include <string_view>

#include "base/secret_bytes.h"
#include "crypto/digest.h"
#include "seal/row_macs.h"

namespace kw::seal {

/// Immutable, so thread-safe; wiped when the last operation that uses it ends.
class RootKeys {
 public:
  /// @param root  32 bytes. @source RFC 5869.
  explicit RootKeys(const SecretBytes& root);

  /// The key that wraps tenant KEKs.
  const SecretBytes& kek_wrap() const { return kek_wrap_; }
  /// For many rows.
  RowMacs row_macs() const { return RowMacs(row_); }
  /// HMAC of a row of `table`; see Barrier::row_mac.
  crypto::Digest256 row_mac(std::string_view table, ByteView canonical_row) const;
  crypto::Digest256 token_hmac(ByteView token) const;
  crypto::Digest256 audit_hmac(std::int64_t tenant, ByteView value) const;
  /// A 32-byte key for `label`; no label reaches the keys above.
  SecretBytes derive(std::string_view label) const;

 private:
  SecretBytes kek_wrap_;
  SecretBytes row_;
  SecretBytes token_;
  SecretBytes audit_;
  SecretBytes derive_;
};

using RootKeysPtr = std::shared_ptr<const RootKeys>;

}  // namespace kw::seal

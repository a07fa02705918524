// MACs of rows, by which edits behind the service's back are noticed.
#pragma once

#include <string_view>

#include "base/result.h"
#include "crypto/digest.h"

namespace kw::seal {

/// As Barrier::row_mac and check_row for the rows of one statement, at a third of the cost. Not
/// thread-safe, and not for longer than these rows take: see crypto::HmacSha256.
class RowMacs {
 public:
  /// HMAC over a row's canonical encoding.
  crypto::Digest256 of(std::string_view table, ByteView canonical_row);
  /// @errors kDataLoss(row_tampered)
  Status check(std::string_view table, ByteView canonical_row, ByteView mac);

 private:
  friend class RootKeys;
  explicit RowMacs(const SecretBytes& key) : hmac_(key) {}

  crypto::HmacSha256 hmac_;
};

/// `failure`; where it is row_tampered it says whose row that is.
/// @param kind  "key" or "secret". @param name  as the store has it: one that is no name is left
/// out
Error tampered_row_of(Error failure, std::string_view kind, std::string_view name);

}  // namespace kw::seal

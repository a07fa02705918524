// The table `token`: one authenticated row per bearer token, found by the token's HMAC. Inside the
// room only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "auth/access.h"
#include "crypto/digest.h"
#include "seal/barrier.h"
#include "store/store.h"

namespace kw::auth {

/// Times are microseconds since 1970.
struct TokenRow {
  crypto::Digest256 token_mac{};
  std::string accessor;
  std::string principal;
  std::int64_t created_at = 0;
  std::int64_t expires_at = 0;
  std::int64_t idle_seconds = 0;  ///< 0: no idle limit
  std::int64_t last_used_at = 0;
  std::int64_t revoked_at = 0;  ///< 0: not revoked
  std::string certificate_sha256;
  std::int64_t epoch = 0;  ///< 0 as issued; the number of the access change that revoked it
};

/// @errors of all reads: kDataLoss(row_tampered)
Result<std::optional<TokenRow>> find_token(store::Reader& reader, seal::Barrier& barrier,
                                           ByteView token_mac);
Result<std::optional<TokenRow>> find_token_by_accessor(store::Reader& reader,
                                                       seal::Barrier& barrier,
                                                       std::string_view accessor);
Result<std::vector<TokenRow>> tokens_of(store::Reader& reader, seal::Barrier& barrier,
                                        std::string_view principal, std::string_view after,
                                        int limit);
Status insert_token(store::Tx& tx, seal::Barrier& barrier, const TokenRow& row);
/// Writes last use and revocation over a row that still has this epoch; otherwise it was revoked
/// meanwhile, which stays.
Status update_token(store::Tx& tx, seal::Barrier& barrier, const TokenRow& row,
                    std::int64_t expected_epoch);
/// Spends as long as checking a row: for tokens that do not exist.
void check_no_row(seal::Barrier& barrier);

}  // namespace kw::auth

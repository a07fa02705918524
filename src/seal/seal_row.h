// The one row of seal_config: the root key under the seal key.
//
// wrapped = nonce 12 | ciphertext 32 | tag 16 under HKDF-Expand(seal key,
// "keywright/seal/wrap/v1"), AES-256-GCM. AAD = field("keywright/root-key/v1") | field(kind) |
// field(seal id) | shares u8 | threshold u8. key_check = HMAC-SHA-256(HKDF-Expand(seal key,
// "keywright/seal/check/v1"), seal id): tells wrong shares from a damaged row.
#pragma once

#include <optional>

#include "base/clock.h"
#include "crypto/digest.h"
#include "seal/seal.h"
#include "seal/share_text.h"

namespace kw::seal {

inline constexpr std::size_t kRootKeyBytes = 32;

/// What a seal is, apart from its key.
struct SealFacts {
  SealKind kind = SealKind::kNone;
  SealId seal_id{};
  int shares = 0;  ///< 0 for dev
  int threshold = 0;
  WallTime created_at;
};

struct SealRow {
  SealFacts facts;
  Bytes wrapped;
  crypto::Digest256 key_check{};
};

SealId new_seal_id();
SealRow wrap_root(const SealFacts& facts, const SecretBytes& seal_key, const SecretBytes& root);
/// @errors kPermissionDenied(shares_do_not_fit): another seal key. kDataLoss(root_key_damaged)
Result<SecretBytes> unwrap_root(const SealRow& row, const SecretBytes& seal_key);

/// @errors kDataLoss(seal_config_damaged)
Result<std::optional<SealRow>> load_seal(store::Reader& reader);
/// Succeeds also when this very row is there already (a commit whose outcome was unknown).
/// @errors kFailedPrecondition(already_initialised)
Status insert_seal(store::Tx& tx, const SealRow& row);
/// Succeeds also when `row` is there already. @errors kAborted(seal_changed): `old` is not there.
Status replace_seal(store::Tx& tx, const SealId& old, const SealRow& row);

}  // namespace kw::seal

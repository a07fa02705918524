// Keyed fingerprints of what secrets hold: they find the same material elsewhere, in whatever
// tenant, and tell nothing to who does not have the root key.
//
// HMAC-SHA-256 under a key derived from the root. Every part of a value has one: bytes as a whole,
// each field of a structured value. Parts of less than 8 bytes have none: names and ports are the
// same everywhere. The index (table secret_fingerprint) is a hint: who finds something there opens
// the cell and compares.
#pragma once

#include "crypto/digest.h"
#include "seal/barrier.h"
#include "secrets/model.h"
#include "secrets/value.h"
#include "store/store.h"

namespace kw::secrets {

inline constexpr std::size_t kFingerprintedMin = 8;

/// @errors kUnavailable(sealed)
Result<crypto::Digest256> fingerprint(seal::Barrier& barrier, const SecretBytes& part);

/// Enters the parts of a new version. In the transaction that makes it.
Status index_value(store::Tx& tx, seal::Barrier& barrier, const SecretId& id, std::uint32_t version,
                   const Value& value);
/// Takes a destroyed version out.
Status unindex_version(store::Tx& tx, const SecretId& id, std::uint32_t version);

struct Indexed {
  SecretId id;
  std::uint32_t version = 0;
  std::string field;
};
/// At most 1,000, in the order of ids.
Result<std::vector<Indexed>> indexed(store::Reader& reader, const crypto::Digest256& fingerprint);

}  // namespace kw::secrets

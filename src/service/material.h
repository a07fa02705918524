// Key material crossing the wall: wrapped import and export. Material is never in clear outside the
// arena.
//
// Mechanism rsa-oaep-sha256-aes-kwp: RSA-OAEP-SHA-256 of a fresh 32-byte AES key, then that key's
// AES-KWP wrap of the material (raw bytes for symmetric keys, PKCS#8 DER for private keys). Source:
// RFC 8017 7.1, RFC 5649, PKCS#11 CKM_RSA_AES_KEY_WRAP.
#pragma once

#include "service/gate.h"

namespace kw::service {

inline constexpr std::string_view kImportMechanism = "rsa-oaep-sha256-aes-kwp";

struct WrappingKey {
  std::uint32_t version = 0;
  Bytes public_key;  ///< SubjectPublicKeyInfo DER, RSA-4096
};
/// The tenant's key `import-wrapping-key`, made at first use. @audit key.import when it is made
Result<WrappingKey> wrapping_key(House& house, Call& call);

/// @errors kInvalidArgument(unwrap_failed | weak_key | bad_key),
/// kFailedPrecondition(approval_required). @audit key.import
Result<keys::Key> import_key(House& house, Call& call, const keys::NewKey& wanted, ByteView wrapped,
                             const Wording<keys::Key>& wording = {});

/// Only for keys created exportable. @errors kFailedPrecondition(not_exportable | version_state |
/// approval_required),
///   kInvalidArgument(bad_recipient). @audit key.export
Result<Bytes> export_key(House& house, Call& call, std::uint32_t version,
                         ByteView recipient_public_key);

}  // namespace kw::service

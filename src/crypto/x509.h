// The little X.509 that a server needs at first start: a self-signed certificate and fingerprints;
// and the start of the cryptographic library. Thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret_arena.h"
#include "base/secret_bytes.h"

namespace kw::crypto {

struct CertificateAndKey {
  std::string certificate_pem;
  SecretBytes private_key_pem;
};

/// A self-signed ECDSA P-256 server certificate for the given DNS names and IP addresses (1 to
/// 100), valid from 5 minutes before `now` for `days` (1 to 825). @source RFC 5280.
/// @errors kInvalidArgument(bad_subject)
Result<CertificateAndKey> self_signed_certificate(const std::vector<std::string>& names,
                                                  WallTime now, int days);
/// SHA-256 of the DER of the first certificate in `pem`. @errors kInvalidArgument(bad_certificate)
Result<Bytes> certificate_fingerprint(std::string_view pem);
/// The end of validity of the first certificate in `pem`. @errors kInvalidArgument(bad_certificate)
Result<WallTime> certificate_not_after(std::string_view pem);

/// Starts the cryptographic library: allocator that wipes what OpenSSL frees, locked heap of 1 MiB
/// for private keys, known-answer tests. The first OpenSSL call of the process; later calls change
/// nothing and repeat the tests.
///
/// @param unlocked  kAllow goes on when the machine refuses to lock the heap; the caller audits
/// that.
/// @errors kFailedPrecondition(openssl_too_old | openssl_in_use: someone used OpenSSL before |
/// memory_not_lockable |
///         self_test_failed)
Status initialise_library(SecretArena::Unlocked unlocked = SecretArena::Unlocked::kRefuse);
/// "OpenSSL 3.0.x ..." as the library at hand reports itself.
std::string library_version();

}  // namespace kw::crypto

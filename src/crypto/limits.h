// Inside this room only: sizes that every suite refuses before it allocates or computes, and the
// one decryption error.
#pragma once

#include <cstddef>

#include "base/error.h"

namespace kw::crypto {

/// One message of any suite, and its associated data in the one-shot suites. EVP counts in `int`,
/// so a limit is needed.
inline constexpr std::size_t kPlaintextBytesMax = std::size_t{1} << 30;
/// Any encoded key; RSA-4096 as PKCS#8 has 2.4 KiB.
inline constexpr std::size_t kKeyDerBytesMax = 16 * 1024;

Error decrypt_failed();
/// kTooLarge(plaintext_too_large)
Error plaintext_too_large();

}  // namespace kw::crypto

// Inside this room only: which OpenSSL releases are good enough.
#pragma once

namespace kw::crypto {

/// True for releases that authenticate empty associated data in AES-SIV (CVE-2023-2975
/// fixed: 3.0.10, 3.1.2) and hide the time of RSA decryption (CVE-2022-4304 fixed: 3.0.8).
bool fixed_release(unsigned major, unsigned minor, unsigned patch);

}  // namespace kw::crypto

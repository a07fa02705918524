// What foreign systems store in place of a password. A rotation sends this instead, so that the
// password itself is in none of their logs. A verifier is no secret by itself, yet lets who has it
// guess: keep it out of our own logs too. Pure but for the salts. Thread-safe.
#pragma once

#include <string>

#include "base/secret_bytes.h"

namespace kw::crypto {

/// "SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>", as PostgreSQL stores it.
/// @param password  printable ASCII, which SASLprep (RFC 4013) leaves alone (checked)
/// @param iterations  4,096 or more (checked)
/// @source RFC 5802, 3; RFC 5803; RFC 7677
std::string scram_sha256_verifier(const SecretBytes& password, ByteView salt, unsigned iterations);
/// True when scram_sha256_verifier takes the password.
bool is_printable_ascii(const SecretBytes& password);

/// "*" and SHA-1(SHA-1(password)) in upper-case hexadecimal: mysql_native_password. SHA-1 twice is
/// weak against guessing: only for values with full entropy.
/// @source MariaDB Server, sql/password.c: make_scrambled_password
std::string mysql_native_verifier(const SecretBytes& password);

/// SHA-256 in lower-case hexadecimal, as Redis stores passwords.
std::string sha256_verifier(const SecretBytes& password);

/// salt ‖ SHA-256(salt ‖ password): rabbit_password_hashing_sha256, before its base64.
/// @param salt  4 bytes (checked)
Bytes salted_sha256_verifier(const SecretBytes& password, ByteView salt);

}  // namespace kw::crypto

// Ed25519 key pairs as OpenSSH writes them. Source: OpenSSH PROTOCOL.key; RFC 4253, 6.6; RFC 8709.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace kw::connectors {

/// The public half.
struct SshPublicKey {
  Bytes blob;  ///< as in SSH messages and KRLs

  std::string base64() const;       ///< the second word of a line of authorized_keys
  std::string line() const;         ///< "ssh-ed25519 <base64>"
  std::string fingerprint() const;  ///< "SHA256:…"
};

/// A new private key, PEM text "OPENSSH PRIVATE KEY" without a passphrase.
/// @param comment  stands in it; [A-Za-z0-9._-]
/// @errors kInternal(inconsistent_pair), kResourceExhausted(secure_heap_full)
Result<SecretBytes> new_ssh_key(std::string_view comment);
/// The public half of such a text; it is computed anew from the private one.
/// @errors kInvalidArgument(bad_ssh_key): not Ed25519, encrypted, or not what PROTOCOL.key says
Result<SshPublicKey> public_half(const SecretBytes& private_key);
/// True when a line of authorized_keys or TrustedUserCAKeys is for that key, whatever its options
/// and comment are.
bool line_has_key(std::string_view line, const SshPublicKey& key);

}  // namespace kw::connectors

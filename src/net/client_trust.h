// Which server certificate an outgoing TLS connection believes.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace kw::net {

/// The rule of one client and what its last handshake saw. Lives as long as the connections that
/// use it.
class ClientTrust {
 public:
  /// @param pinned_sha256_hex  empty: trust the CA bundle; else trust only this leaf certificate.
  /// Colons and upper
  ///   case, as other tools print fingerprints, are understood.
  /// @errors kInvalidArgument(bad_pin): not the 64 hexadecimal digits of a SHA-256.
  static Result<ClientTrust> create(std::string_view pinned_sha256_hex);

  bool is_pinned() const { return !pinned_.empty(); }
  /// Makes an SSL_CTX ask this object. @param ssl_context  an SSL_CTX*, as libcurl hands it out.
  void install(void* ssl_context);
  /// Lower-case hexadecimal SHA-256 of the certificate that the last full handshake showed; "" when
  /// none did.
  const std::string& seen_sha256() const { return seen_; }
  /// True when the last full handshake failed because of the certificate.
  bool has_rejected() const { return rejected_; }
  void forget();

  /// Called by OpenSSL. @param store_context  an X509_STORE_CTX*. Returns 1 to trust.
  int verify(void* store_context);

 private:
  std::string pinned_;
  std::string seen_;
  bool rejected_ = false;
};

}  // namespace kw::net

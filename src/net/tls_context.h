// The server's TLS rules: version 1.3 only, HTTP/1.1 only, client certificates when a CA for them
// is given.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/secret_bytes.h"
#include "net/http_server.h"

struct ssl_ctx_st;
struct ssl_st;
struct x509_st;

namespace kw::net {

/// Owns an SSL_CTX. Shared by all loops: OpenSSL locks what must be locked.
class TlsContext {
 public:
  /// @param client_ca_pem  empty: client certificates are not asked for.
  /// @errors kInvalidArgument(bad_certificate): not PEM, key and certificate do not belong
  /// together, or the
  ///   library's policy refuses them.
  static Result<std::unique_ptr<TlsContext>> create(const std::string& certificate_pem,
                                                    const SecretBytes& private_key_pem,
                                                    const std::string& client_ca_pem);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  ssl_ctx_st* get() const { return context_; }

 private:
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* context_;
};

/// What the peer of a finished handshake proved to hold; nothing when it showed no certificate.
/// @errors kUnauthenticated(certificate_expired): resumed with a certificate that is outside its
/// dates by now.
Result<std::optional<PeerCertificate>> peer_certificate(ssl_st* session);

/// DER, SHA-256 and names of a certificate. @errors kInvalidArgument(bad_certificate)
Result<PeerCertificate> describe_certificate(x509_st* certificate);

}  // namespace kw::net

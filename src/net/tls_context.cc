#include "net/tls_context.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstring>

#include "base/reveal.h"

namespace kw::net {

namespace {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
void free_names(GENERAL_NAMES* names) {
  GENERAL_NAMES_free(names);
}
using BioPtr = std::unique_ptr<BIO, Freed<BIO_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Freed<X509_free>>;
using ContextPtr = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, Freed<free_names>>;

constexpr long kSessionSeconds = 3600;
constexpr int kChainMax = 10;

Error bad_certificate(std::string_view message) {
  ERR_clear_error();
  return error(Code::kInvalidArgument, "bad_certificate", message);
}

// Without this OpenSSL asks the terminal for the passphrase of an encrypted key.
int refuse_passphrase(char*, int, int, void*) {
  return -1;
}

BioPtr borrow(std::string_view pem) {
  return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

CertificatePtr next_certificate(BIO* pem) {
  CertificatePtr certificate(PEM_read_bio_X509(pem, nullptr, refuse_passphrase, nullptr));
  ERR_clear_error();  // the end of the input is reported as an error
  return certificate;
}

// RFC 7301 section 3.2: a client that only speaks other protocols gets no_application_protocol.
int choose_http_1_1(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* offered, unsigned int offered_size, void*) {
  static constexpr std::array<unsigned char, 9> kHttp11{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* match = nullptr;
  if (SSL_select_next_proto(&match, chosen_size, kHttp11.data(), kHttp11.size(), offered,
                            offered_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = match;
  return SSL_TLSEXT_ERR_OK;
}

Status use_identity(SSL_CTX* context, const std::string& certificate_pem,
                    const SecretBytes& private_key_pem) {
  const BioPtr chain = borrow(certificate_pem);
  const CertificatePtr leaf = next_certificate(chain.get());
  if (!leaf) return bad_certificate("the server certificate is not PEM");
  if (SSL_CTX_use_certificate(context, leaf.get()) != 1)
    return bad_certificate("the server certificate is refused by the security level");
  for (int i = 0; i < kChainMax; ++i) {
    CertificatePtr issuer = next_certificate(chain.get());
    if (!issuer) break;
    if (SSL_CTX_add0_chain_cert(context, issuer.get()) != 1)
      return bad_certificate("an issuer in the server's chain is refused");
    static_cast<void>(issuer.release());  // the context owns it now
  }
  const BioPtr key_pem = borrow(as_text(private_key_pem.reveal(Reveal{})));
  const KeyPtr key(PEM_read_bio_PrivateKey(key_pem.get(), nullptr, refuse_passphrase, nullptr));
  if (!key) return bad_certificate("the private key is not PEM, or it is encrypted");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1)
    return bad_certificate("the private key does not belong to the server certificate");
  return ok();
}

// A certificate that is shown must verify; whether one is needed is the application's decision.
Status trust_clients(SSL_CTX* context, const std::string& ca_pem) {
  const BioPtr pem = borrow(ca_pem);
  int count = 0;
  for (CertificatePtr ca = next_certificate(pem.get()); ca; ca = next_certificate(pem.get())) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca.get()) != 1 ||
        SSL_CTX_add_client_CA(context, ca.get()) != 1)
      return bad_certificate("a client CA certificate is refused");
    ++count;
  }
  if (count == 0) return bad_certificate("the client CA holds no PEM certificate");
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_verify_depth(context, kChainMax);
  return ok();
}

// RFC 8446 section 2.2: resumption only with a fresh (EC)DHE share (OpenSSL's default, psk_dhe_ke),
// and never early data, so a stolen ticket key opens no recorded traffic.
bool set_policy(SSL_CTX* context) {
  static constexpr unsigned char kSessionContext[] = "keywright";
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_CLEANSE_PLAINTEXT |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                   SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_timeout(context, kSessionSeconds);
  SSL_CTX_set_alpn_select_cb(context, choose_http_1_1, nullptr);
  return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
         SSL_CTX_set_max_early_data(context, 0) == 1 && SSL_CTX_set_num_tickets(context, 1) == 1 &&
         SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext - 1) == 1;
}

void collect_name(const GENERAL_NAME& name, PeerCertificate& out) {
  if (name.type != GEN_DNS && name.type != GEN_URI) return;
  const ASN1_IA5STRING* text =
      name.type == GEN_DNS ? name.d.dNSName : name.d.uniformResourceIdentifier;
  const std::string value(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                          static_cast<std::size_t>(ASN1_STRING_length(text)));
  if (value.find('\0') != std::string::npos)
    return;  // a name that two readers would read differently
  (name.type == GEN_DNS ? out.dns_names : out.uris).push_back(value);
}

}  // namespace

Result<std::unique_ptr<TlsContext>> TlsContext::create(const std::string& certificate_pem,
                                                       const SecretBytes& private_key_pem,
                                                       const std::string& client_ca_pem) {
  ContextPtr context(SSL_CTX_new(TLS_server_method()));
  if (!context || !set_policy(context.get())) {
    ERR_clear_error();
    return error(Code::kInternal, "tls_unavailable", "the TLS library refused its settings");
  }
  KW_OK(use_identity(context.get(), certificate_pem, private_key_pem));
  if (!client_ca_pem.empty()) KW_OK(trust_clients(context.get(), client_ca_pem));
  return std::unique_ptr<TlsContext>(new TlsContext(context.release()));
}

TlsContext::~TlsContext() {
  SSL_CTX_free(context_);
}

Result<PeerCertificate> describe_certificate(x509_st* certificate) {
  PeerCertificate out;
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  if (size <= 0) return bad_certificate("the certificate has no DER form");
  out.der.assign(der, der + size);
  OPENSSL_free(der);
  out.sha256.resize(32);
  if (EVP_Digest(out.der.data(), out.der.size(), out.sha256.data(), nullptr, EVP_sha256(),
                 nullptr) != 1)
    return bad_certificate("SHA-256 is not available");
  const NamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i)
    collect_name(*sk_GENERAL_NAME_value(names.get(), i), out);
  ERR_clear_error();
  return out;
}

Result<std::optional<PeerCertificate>> peer_certificate(ssl_st* session) {
  X509* certificate = SSL_get0_peer_certificate(session);
  if (certificate == nullptr) return std::optional<PeerCertificate>();
  // A resumed session brings the certificate of its first handshake, which is not verified again.
  if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0 ||
      X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0 ||
      SSL_get_verify_result(session) != X509_V_OK)
    return error(Code::kUnauthenticated, "certificate_expired",
                 "the client certificate is no longer valid");
  KW_TRY(PeerCertificate described, describe_certificate(certificate));
  return std::optional<PeerCertificate>(std::move(described));
}

}  // namespace kw::net

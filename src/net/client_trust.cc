#include "net/client_trust.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>

namespace kw::net {

namespace {

constexpr std::size_t kHexSize = 64;

// libcurl's own verification result is not asked: this is called instead of the chain check.
int verify_callback(X509_STORE_CTX* store_context, void* trust) {
  return static_cast<ClientTrust*>(trust)->verify(store_context);
}

std::string sha256_hex(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) return {};
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    hex += kDigits[digest[i] >> 4];
    hex += kDigits[digest[i] & 15];
  }
  return hex;
}

}  // namespace

Result<ClientTrust> ClientTrust::create(std::string_view pinned_sha256_hex) {
  ClientTrust trust;
  for (const char c : pinned_sha256_hex) {
    if (c == ':') continue;
    const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
    const bool hex = (lower >= '0' && lower <= '9') || (lower >= 'a' && lower <= 'f');
    if (!hex) return error(Code::kInvalidArgument, "bad_pin", "a pin is 64 hexadecimal digits");
    trust.pinned_ += lower;
  }
  if (!pinned_sha256_hex.empty() && trust.pinned_.size() != kHexSize)
    return error(Code::kInvalidArgument, "bad_pin", "a pin is 64 hexadecimal digits");
  return trust;
}

void ClientTrust::install(void* ssl_context) {
  SSL_CTX_set_cert_verify_callback(static_cast<SSL_CTX*>(ssl_context), verify_callback, this);
}

int ClientTrust::verify(void* store_context) {
  auto* context = static_cast<X509_STORE_CTX*>(store_context);
  const X509* leaf = X509_STORE_CTX_get0_cert(context);
  seen_ = leaf == nullptr ? std::string() : sha256_hex(leaf);
  bool trusted = seen_ == pinned_;
  if (is_pinned()) {
    X509_STORE_CTX_set_error(context, trusted ? X509_V_OK : X509_V_ERR_CERT_UNTRUSTED);
  } else {
    trusted = X509_verify_cert(context) == 1;
  }
  rejected_ = !trusted;
  return trusted ? 1 : 0;
}

void ClientTrust::forget() {
  seen_.clear();
  rejected_ = false;
}

}  // namespace kw::net

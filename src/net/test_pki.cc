#include "net/test_pki.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <memory>

#include "base/check.h"

namespace kw::net::test {

namespace {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Freed<X509_free>>;
using BioPtr = std::unique_ptr<BIO, Freed<BIO_free>>;

constexpr long kDay = 24 * 3600;

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

void add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  KW_CHECK(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

CertificatePtr begin(const std::string& name, EVP_PKEY* key, Life life) {
  CertificatePtr certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  std::uint32_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial | 1U);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -2 * kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), life == Life::kOver ? -kDay : kDay);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return certificate;
}

Identity sign(X509* certificate, EVP_PKEY* key, EVP_PKEY* issuer_key) {
  KW_CHECK(X509_sign(certificate, issuer_key, EVP_sha256()) > 0);
  Identity identity;
  const BioPtr certificate_pem(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(certificate_pem.get(), certificate);
  identity.certificate_pem = text_of(certificate_pem.get());
  const BioPtr key_pem(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(key_pem.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  identity.key_pem = text_of(key_pem.get());
  unsigned char digest[32];
  X509_digest(certificate, EVP_sha256(), digest, nullptr);
  for (const unsigned char byte : digest) {
    identity.sha256_hex += "0123456789abcdef"[byte >> 4];
    identity.sha256_hex += "0123456789abcdef"[byte & 15];
  }
  return identity;
}

BioPtr borrow(const std::string& pem) {
  return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

}  // namespace

Identity make_ca(const std::string& name) {
  const KeyPtr key(EVP_EC_gen("P-256"));
  const CertificatePtr certificate = begin(name, key.get(), Life::kCurrent);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
  add_extension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  return sign(certificate.get(), key.get(), key.get());
}

Identity make_leaf(const Identity& ca, const Subject& subject) {
  const BioPtr ca_pem = borrow(ca.certificate_pem);
  const BioPtr ca_key_pem = borrow(ca.key_pem);
  const CertificatePtr issuer(PEM_read_bio_X509(ca_pem.get(), nullptr, nullptr, nullptr));
  const KeyPtr issuer_key(PEM_read_bio_PrivateKey(ca_key_pem.get(), nullptr, nullptr, nullptr));
  const KeyPtr key(EVP_EC_gen("P-256"));
  const CertificatePtr certificate = begin(subject.name, key.get(), subject.life);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer.get()));
  add_extension(certificate.get(), NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate.get(), NID_ext_key_usage, "serverAuth,clientAuth");
  std::string names;
  for (const std::string& name : subject.alternative_names)
    names += (names.empty() ? "" : ",") + name;
  if (!names.empty()) add_extension(certificate.get(), NID_subject_alt_name, names);
  return sign(certificate.get(), key.get(), issuer_key.get());
}

}  // namespace kw::net::test

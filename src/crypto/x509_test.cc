#include "crypto/x509.h"

#include <gtest/gtest.h>
#include <openssl/x509v3.h>

#include "base/reveal.h"
#include "crypto/digest.h"
#include "crypto/hex_test_support.h"
#include "crypto/openssl.h"

#include <openssl/pem.h>

namespace kw::crypto {
namespace {

const WallTime kNow = parse_rfc3339("2026-11-20T13:00:00Z").value();

CertificatePtr parsed(const std::string& pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return CertificatePtr(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

PkeyPtr private_key(const SecretBytes& pem) {
  const ByteView bytes = pem.reveal(Reveal{});
  const BioPtr bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
  return PkeyPtr(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
}

TEST(X509, self_signed_certificate_names_its_hosts_and_verifies) {
  const auto made =
      self_signed_certificate({"localhost", "kms.example.org", "127.0.0.1", "::1"}, kNow, 90);
  ASSERT_TRUE(made.has_value());
  const CertificatePtr certificate = parsed(made->certificate_pem);
  ASSERT_NE(certificate, nullptr);
  EXPECT_EQ(X509_check_host(certificate.get(), "kms.example.org", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(certificate.get(), "localhost", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(certificate.get(), "example.org", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "::1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "127.0.0.2", 0), 0);
  EXPECT_EQ(X509_verify(certificate.get(), X509_get0_pubkey(certificate.get())), 1);
  EXPECT_EQ(X509_check_ca(certificate.get()), 0);
  const PkeyPtr key = private_key(made->private_key_pem);
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(X509_check_private_key(certificate.get(), key.get()), 1);
}

TEST(X509, validity_is_counted_from_the_given_time) {
  const auto made = self_signed_certificate({"localhost"}, kNow, 90);
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(certificate_not_after(made->certificate_pem).value(),
            kNow + std::chrono::hours(24 * 90));
  std::tm fields{};
  ASSERT_EQ(ASN1_TIME_to_tm(X509_get0_notBefore(parsed(made->certificate_pem).get()), &fields), 1);
  EXPECT_EQ(fields.tm_hour, 12);
  EXPECT_EQ(fields.tm_min, 55);
}

TEST(X509, serial_numbers_differ_and_are_positive) {
  const auto a = self_signed_certificate({"localhost"}, kNow, 1);
  const auto b = self_signed_certificate({"localhost"}, kNow, 1);
  const CertificatePtr first = parsed(a->certificate_pem);
  const CertificatePtr second = parsed(b->certificate_pem);
  EXPECT_NE(
      ASN1_INTEGER_cmp(X509_get0_serialNumber(first.get()), X509_get0_serialNumber(second.get())),
      0);
  EXPECT_EQ(ASN1_STRING_length(X509_get0_serialNumber(first.get())), 16);
}

TEST(X509, refuses_names_that_are_no_hosts) {
  for (const char* name : {"", ".", "a..b", "-a", "a-", "a b", "*.example.org", "a,DNS:b", "a\nb",
                           "1.2.3.4.5/8", "exa_mple", "\xC3\xA9.org"})
    EXPECT_EQ(self_signed_certificate({name}, kNow, 1).error().reason, "bad_subject") << name;
  EXPECT_FALSE(self_signed_certificate({std::string(64, 'a')}, kNow, 1).has_value());
  EXPECT_FALSE(self_signed_certificate({std::string("a\0b", 3)}, kNow, 1).has_value());
  EXPECT_FALSE(self_signed_certificate({std::string("127.0.0.1\0x", 11)}, kNow, 1).has_value());
  EXPECT_FALSE(self_signed_certificate({}, kNow, 1).has_value());
  EXPECT_FALSE(self_signed_certificate(std::vector<std::string>(101, "a"), kNow, 1).has_value());
  EXPECT_FALSE(self_signed_certificate({"a"}, kNow, 0).has_value());
  EXPECT_FALSE(self_signed_certificate({"a"}, kNow, 826).has_value());
}

TEST(X509, fingerprint_is_the_digest_of_the_der) {
  const auto made = self_signed_certificate({"localhost"}, kNow, 1);
  unsigned char* der = nullptr;
  const int size = i2d_X509(parsed(made->certificate_pem).get(), &der);
  ASSERT_GT(size, 0);
  const auto expected = sha256(ByteView(der, static_cast<std::size_t>(size)));
  OPENSSL_free(der);
  EXPECT_EQ(to_hex(certificate_fingerprint(made->certificate_pem).value()), to_hex(expected));
}

TEST(X509, refuses_what_is_no_certificate) {
  for (const std::string_view pem :
       {"", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}) {
    EXPECT_EQ(certificate_fingerprint(pem).error().reason, "bad_certificate");
    EXPECT_EQ(certificate_not_after(pem).error().reason, "bad_certificate");
  }
  EXPECT_FALSE(certificate_fingerprint(std::string((1 << 20) + 1, 'A')).has_value());
}

}  // namespace
}  // namespace kw::crypto

#include "crypto/x509.h"

#include <arpa/inet.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <climits>
#include <ctime>

#include "base/reveal.h"
#include "crypto/algorithms/key_pair.h"
#include "crypto/openssl.h"
#include "crypto/random.h"

namespace kw::crypto {

namespace {

constexpr std::size_t kPemBytesMax = 1 << 20;
constexpr std::size_t kNamesMax = 100;
constexpr int kDaysMax = 825;
constexpr long kClockSkewSeconds = 300;
constexpr long kDaySeconds = 86'400;
constexpr const char* kCommonName = "keywright self-signed";

using NamesPtr = std::unique_ptr<GENERAL_NAMES, Releaser<GENERAL_NAMES_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Releaser<X509_EXTENSION_free>>;
using TimePtr = std::unique_ptr<ASN1_TIME, Releaser<ASN1_TIME_free>>;

Error bad_subject(std::string_view message) {
  return error(Code::kInvalidArgument, "bad_subject", message);
}

Error bad_certificate() {
  return error(Code::kInvalidArgument, "bad_certificate", "not a certificate in PEM form");
}

bool is_label(std::string_view label) {
  const auto letter_or_digit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(),
                     [&](char c) { return letter_or_digit(c) || c == '-'; });
}

bool is_dns_name(std::string_view name) {
  if (name.size() > 253) return false;
  for (std::size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.')) {
    if (!is_label(name.substr(0, dot))) return false;
    name.remove_prefix(dot + 1);
  }
  return is_label(name);
}

// The address in network order: 4 or 16 bytes; empty when `name` is not an address.
Bytes address_bytes(const std::string& name) {
  if (name.find('\0') != std::string::npos) return {};
  std::array<std::uint8_t, 16> address{};
  if (inet_pton(AF_INET, name.c_str(), address.data()) == 1)
    return {address.begin(), address.begin() + 4};
  if (inet_pton(AF_INET6, name.c_str(), address.data()) == 1)
    return {address.begin(), address.end()};
  return {};
}

// Names become typed values here: no configuration text that a name could break out of.
Status add_name(GENERAL_NAMES* names, const std::string& name) {
  const Bytes address = address_bytes(name);
  if (address.empty() && !is_dns_name(name))
    return bad_subject("not a DNS name and not an IP address");
  const ByteView content = address.empty() ? as_bytes(name) : ByteView(address);
  ASN1_STRING* text =
      ASN1_STRING_type_new(address.empty() ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING);
  KW_CHECK(text != nullptr);
  require(ASN1_STRING_set(text, content.data(), static_cast<int>(content.size())));
  GENERAL_NAME* entry = GENERAL_NAME_new();
  KW_CHECK(entry != nullptr);
  GENERAL_NAME_set0_value(entry, address.empty() ? GEN_DNS : GEN_IPADD, text);
  KW_CHECK(sk_GENERAL_NAME_push(names, entry) > 0);
  return ok();
}

Result<NamesPtr> alternative_names(const std::vector<std::string>& names) {
  if (names.empty() || names.size() > kNamesMax)
    return bad_subject("a certificate has 1 to 100 names");
  NamesPtr list(GENERAL_NAMES_new());
  KW_CHECK(list != nullptr);
  for (const std::string& name : names) KW_OK(add_name(list.get(), name));
  return list;
}

void add_extension(X509* certificate, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  KW_CHECK(extension != nullptr);
  require(X509_add_ext(certificate, extension.get(), -1));
}

// RFC 5280, 4.1.2.2: positive, at most 20 bytes; 127 random bits.
void set_serial(X509* certificate) {
  std::array<std::uint8_t, 16> bytes;
  random_public(bytes);
  bytes[0] = static_cast<std::uint8_t>((bytes[0] & 0x7F) | 0x40);
  const BignumPtr number(BN_bin2bn(bytes.data(), bytes.size(), nullptr));
  KW_CHECK(number != nullptr &&
           BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr);
}

void set_validity(X509* certificate, WallTime now, int days) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  const TimePtr begin(ASN1_TIME_set(nullptr, seconds - kClockSkewSeconds));
  const TimePtr end(ASN1_TIME_set(nullptr, seconds + days * kDaySeconds));
  KW_CHECK(begin != nullptr && end != nullptr);
  require(X509_set1_notBefore(certificate, begin.get()));
  require(X509_set1_notAfter(certificate, end.get()));
}

CertificatePtr sign_certificate(EVP_PKEY* pair, GENERAL_NAMES* names, WallTime now, int days) {
  CertificatePtr certificate(X509_new());
  KW_CHECK(certificate != nullptr);
  X509* raw = certificate.get();
  require(X509_set_version(raw, X509_VERSION_3));
  set_serial(raw);
  set_validity(raw, now, days);
  X509_NAME* subject = X509_get_subject_name(raw);
  require(X509_NAME_add_entry_by_txt(
      subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(kCommonName), -1, -1, 0));
  require(X509_set_issuer_name(raw, subject));
  require(X509_set_pubkey(raw, pair));
  add_extension(raw, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(raw, NID_key_usage, "critical,digitalSignature");
  add_extension(raw, NID_ext_key_usage, "serverAuth");
  add_extension(raw, NID_subject_key_identifier, "hash");
  require(X509_add1_ext_i2d(raw, NID_subject_alt_name, names, 0, 0));
  KW_CHECK(X509_sign(raw, pair, fetched_digest(Hash::kSha256)) > 0);
  return certificate;
}

ByteView contents(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  KW_CHECK(size >= 0);
  return {reinterpret_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)};
}

std::string certificate_pem(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  KW_CHECK(bio != nullptr);
  require(PEM_write_bio_X509(bio.get(), certificate));
  return std::string(as_text(contents(bio.get())));
}

SecretBytes private_key_pem(EVP_PKEY* pair) {
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  KW_CHECK(bio != nullptr);
  require(PEM_write_bio_PKCS8PrivateKey(bio.get(), pair, nullptr, nullptr, 0, nullptr, nullptr));
  return SecretBytes::copy_of(contents(bio.get()));
}

// No question for a password is ever asked on a terminal.
int no_password(char*, int, int, void*) {
  return 0;
}

Result<CertificatePtr> read_certificate(std::string_view pem) {
  if (pem.size() > kPemBytesMax) return bad_certificate();
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  KW_CHECK(bio != nullptr);
  CertificatePtr certificate(PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr));
  forget_errors();
  if (certificate == nullptr) return bad_certificate();
  return certificate;
}

}  // namespace

Result<CertificateAndKey> self_signed_certificate(const std::vector<std::string>& names,
                                                  WallTime now, int days) {
  if (days < 1 || days > kDaysMax) return bad_subject("a certificate is valid for 1 to 825 days");
  KW_TRY(const NamesPtr list, alternative_names(names));
  char group[] = "prime256v1";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
      OSSL_PARAM_construct_end()};
  KW_TRY(const PkeyPtr pair, generate_pair("EC", params));
  const CertificatePtr certificate = sign_certificate(pair.get(), list.get(), now, days);
  return CertificateAndKey{certificate_pem(certificate.get()), private_key_pem(pair.get())};
}

Result<Bytes> certificate_fingerprint(std::string_view pem) {
  KW_TRY(const CertificatePtr certificate, read_certificate(pem));
  Bytes out(digest_size(Hash::kSha256));
  unsigned size = 0;
  require(X509_digest(certificate.get(), fetched_digest(Hash::kSha256), out.data(), &size));
  KW_CHECK(size == out.size());
  return out;
}

Result<WallTime> certificate_not_after(std::string_view pem) {
  KW_TRY(const CertificatePtr certificate, read_certificate(pem));
  std::tm fields{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &fields) != 1) {
    forget_errors();
    return bad_certificate();
  }
  return WallTime(std::chrono::seconds(timegm(&fields)));
}

}  // namespace kw::crypto

// ML-KEM-768 and ML-KEM-1024: suite 0x0401; only with a library that has them (OpenSSL 3.5). The
// shared secret of one encapsulation is the input key of one C2SP chunked message, so the
// ciphertext commits to it. @source FIPS 203.
#include "crypto/algorithms/ml_kem.h"

#include <array>

#include "base/reveal.h"
#include "crypto/algorithms/family.h"
#include "crypto/algorithms/seed_key.h"
#include "crypto/algorithms/signature_key.h"
#include "crypto/chunked_encryption.h"
#include "crypto/kdf.h"
#include "crypto/limits.h"

namespace kw::crypto {

namespace {

constexpr std::uint16_t kSuite = 0x0401;
constexpr std::size_t kSharedSecretBytes = 32;
constexpr Purpose kPurposes[] = {Purpose::kWrap};
constexpr AlgorithmInfo kRows[] = {
    {Algorithm::kMlKem768, "ml-kem-768", kPurposes, true, kSuite, 0, true},
    {Algorithm::kMlKem1024, "ml-kem-1024", kPurposes, true, kSuite, 0, true},
};

// SEQUENCE { 0, SEQUENCE { OID 2.16.840.1.101.3.4.4.2 (or .3) }, OCTET STRING { [0] seed } }. RFC
// 9935, 6.
constexpr std::array<std::uint8_t, 22> prefix_with(std::uint8_t last_arc) {
  return {0x30, 0x54, 0x02, 0x01, 0x00, 0x30, 0x0B,     0x06, 0x09, 0x60, 0x86,
          0x48, 0x01, 0x65, 0x03, 0x04, 0x04, last_arc, 0x04, 0x42, 0x80, 0x40};
}

SeedFormat format_of(Algorithm algorithm) {
  static constexpr auto k768 = prefix_with(0x02);
  static constexpr auto k1024 = prefix_with(0x03);
  if (algorithm == Algorithm::kMlKem768) return {"ML-KEM-768", k768, 64};
  return {"ML-KEM-1024", k1024, 64};
}

std::size_t ciphertext_bytes(Algorithm algorithm) {
  return algorithm == Algorithm::kMlKem768 ? 1088 : 1568;
}

struct Encapsulated {
  SecretBytes shared;
  Bytes ciphertext;
};

Encapsulated encapsulate(EVP_PKEY* key, std::size_t ciphertext_size) {
  const PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  KW_CHECK(context != nullptr);
  require(EVP_PKEY_encapsulate_init(context.get(), nullptr));
  Encapsulated out{SecretBytes(kSharedSecretBytes), Bytes(ciphertext_size)};
  std::size_t shared_size = kSharedSecretBytes;
  std::size_t size = ciphertext_size;
  require(EVP_PKEY_encapsulate(context.get(), out.ciphertext.data(), &size,
                               out.shared.reveal_mutable(Reveal{}).data(), &shared_size));
  KW_CHECK(size == ciphertext_size && shared_size == kSharedSecretBytes);
  return out;
}

// The length keeps KEM ciphertext and associated data apart.
std::array<std::uint8_t, 64> bound_data(ByteView kem_ciphertext, ByteView aad) {
  const Bytes length = ByteWriter().u32(static_cast<std::uint32_t>(kem_ciphertext.size())).bytes();
  return sha512({length, kem_ciphertext, aad});
}

class KemKey final : public Key {
 public:
  KemKey(Algorithm algorithm, PkeyPtr key, Half half)
      : algorithm_(algorithm), key_(std::move(key)), half_(half) {}

  Algorithm algorithm() const override { return algorithm_; }

  Result<Bytes> encrypt(EnvelopeHeader header, ByteView aad, ByteView plaintext) const override {
    if (plaintext.size() > kPlaintextBytesMax) return plaintext_too_large();
    header.suite = kSuite;
    const Encapsulated kem = encapsulate(key_.get(), ciphertext_bytes(algorithm_));
    Bytes out = encode_header(header);
    out.insert(out.end(), kem.ciphertext.begin(), kem.ciphertext.end());
    const std::size_t body = out.size();
    out.resize(body + chunked_size(plaintext.size()));
    const auto bound = bound_data(kem.ciphertext, aad);
    chunked_seal(kem.shared.reveal(Reveal{}), {ByteView(out).first(kEnvelopeHeaderBytes), bound},
                 plaintext, std::span(out).subspan(body));
    return out;
  }

  Result<WipedBytes> decrypt(const Envelope& envelope, ByteView aad) const override {
    if (half_ == Half::kPublic) return unsupported();
    const std::size_t size = ciphertext_bytes(algorithm_);
    if (envelope.header.suite != kSuite || envelope.body.size() < size) return decrypt_failed();
    const ByteView kem_ciphertext = envelope.body.first(size);
    KW_TRY(const SecretBytes shared, ml_kem_decapsulate(key_.get(), kem_ciphertext));
    return chunked_open(shared.reveal(Reveal{}),
                        {envelope.header_bytes, bound_data(kem_ciphertext, aad)},
                        envelope.body.subspan(size));
  }

 private:
  Algorithm algorithm_;
  PkeyPtr key_;
  Half half_;
};

bool has(Algorithm algorithm) {
  static const bool known768 = key_type_available("ML-KEM-768");
  static const bool known1024 = key_type_available("ML-KEM-1024");
  return algorithm == Algorithm::kMlKem768 ? known768 : known1024;
}

Result<Material> make(Algorithm algorithm) {
  return generate_seed_pair(format_of(algorithm));
}

Result<Material> check(Algorithm algorithm, const SecretBytes& secret) {
  return check_seed_pair(format_of(algorithm), secret);
}

Result<KeyPtr> open(Algorithm algorithm, const SecretBytes& secret) {
  PkeyPtr pair = parse_private(secret, format_of(algorithm).type);
  if (pair == nullptr) return private_load_failed();
  return KeyPtr(std::make_shared<KemKey>(algorithm, std::move(pair), Half::kPrivate));
}

Result<KeyPtr> open_public(Algorithm algorithm, ByteView spki) {
  PkeyPtr key = parse_public(spki, format_of(algorithm).type);
  if (key == nullptr) return stored_key_broken();
  return KeyPtr(std::make_shared<KemKey>(algorithm, std::move(key), Half::kPublic));
}

}  // namespace

Result<SecretBytes> ml_kem_decapsulate(EVP_PKEY* key, ByteView ciphertext) {
  const PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  KW_CHECK(context != nullptr);
  require(EVP_PKEY_decapsulate_init(context.get(), nullptr));
  SecretBytes shared(kSharedSecretBytes);
  std::size_t size = shared.size();
  if (EVP_PKEY_decapsulate(context.get(), shared.reveal_mutable(Reveal{}).data(), &size,
                           ciphertext.data(), ciphertext.size()) != 1 ||
      size != kSharedSecretBytes) {
    forget_errors();
    return decrypt_failed();
  }
  return shared;
}

const Family& ml_kem_family() {
  static constexpr Family kFamily{kRows, has, make, check, open, open_public};
  return kFamily;
}

}  // namespace kw::crypto

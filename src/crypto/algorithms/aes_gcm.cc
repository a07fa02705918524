// AES-256-GCM: suite 0x0101 (C2SP chunked encryption, per-message keys, committing) and 0x0102 (one
// call, random nonce).
#include <array>

#include "base/reveal.h"
#include "crypto/algorithms/family.h"
#include "crypto/algorithms/one_shot_aead.h"
#include "crypto/algorithms/symmetric_material.h"
#include "crypto/chunked_encryption.h"
#include "crypto/kdf.h"
#include "crypto/limits.h"

namespace kw::crypto {

namespace {

constexpr KeySizes kSizes{32, 32};
constexpr std::uint16_t kChunkedSuite = 0x0101;
constexpr Purpose kBoth[] = {Purpose::kEncrypt, Purpose::kWrap};
constexpr Purpose kEncryptOnly[] = {Purpose::kEncrypt};

constexpr AlgorithmInfo kRows[] = {
    {Algorithm::kAes256Gcm, "aes-256-gcm", kBoth, false, kChunkedSuite, 0, true},
    {Algorithm::kAes256GcmCounted, "aes-256-gcm-counted", kEncryptOnly, false, 0x0102,
     kRandomNonceMessagesMax, true},
};

class ChunkedKey final : public Key {
 public:
  explicit ChunkedKey(const SecretBytes& secret) : secret_(secret.clone()) {}

  Algorithm algorithm() const override { return Algorithm::kAes256Gcm; }

  Result<Bytes> encrypt(EnvelopeHeader header, ByteView aad, ByteView plaintext) const override {
    if (plaintext.size() > kPlaintextBytesMax) return plaintext_too_large();
    header.suite = kChunkedSuite;
    Bytes out = encode_header(header);
    out.resize(kEnvelopeHeaderBytes + chunked_size(plaintext.size()));
    const auto all = std::span(out);
    const auto aad_digest = sha512({aad});
    chunked_seal(secret_.reveal(Reveal{}), {all.first(kEnvelopeHeaderBytes), aad_digest}, plaintext,
                 all.subspan(kEnvelopeHeaderBytes));
    return out;
  }

  Result<WipedBytes> decrypt(const Envelope& envelope, ByteView aad) const override {
    if (envelope.header.suite != kChunkedSuite) return decrypt_failed();
    const auto aad_digest = sha512({aad});
    return chunked_open(secret_.reveal(Reveal{}), {envelope.header_bytes, aad_digest},
                        envelope.body);
  }

 private:
  SecretBytes secret_;
};

bool has(Algorithm) {
  return fetched_cipher(Cipher::kAes256Gcm) != nullptr;
}

Result<Material> make(Algorithm) {
  return random_material(kSizes.least);
}

Result<Material> check(Algorithm, const SecretBytes& secret) {
  return check_raw_key(secret, kSizes);
}

Result<KeyPtr> open(Algorithm algorithm, const SecretBytes& secret) {
  KW_OK(check_stored_size(secret, kSizes));
  if (algorithm == Algorithm::kAes256Gcm) return KeyPtr(std::make_shared<ChunkedKey>(secret));
  return one_shot_key(algorithm, Cipher::kAes256Gcm, secret);
}

}  // namespace

const Family& aes_gcm_family() {
  static constexpr Family kFamily{kRows, has, make, check, open, nullptr};
  return kFamily;
}

}  // namespace kw::crypto

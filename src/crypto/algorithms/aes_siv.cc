// AES-256-SIV: suite 0x0103, deterministic: equal plaintexts under an equal context give equal
// ciphertexts, so that a database can look them up. Its own purpose, never shared with a randomised
// suite.
#include "crypto/algorithms/aes_siv.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>

#include "base/reveal.h"
#include "crypto/algorithms/family.h"
#include "crypto/algorithms/symmetric_material.h"
#include "crypto/limits.h"
#include "crypto/openssl.h"

namespace kw::crypto {

namespace {

constexpr KeySizes kSizes{64, 64};
constexpr std::uint16_t kSuite = 0x0103;
constexpr Purpose kPurposes[] = {Purpose::kDeterministic};
constexpr AlgorithmInfo kRows[] = {
    {Algorithm::kAes256Siv, "aes-256-siv", kPurposes, false, kSuite, 0, false},
};

using Block = std::array<std::uint8_t, kSivTagBytes>;

CipherContext start(ByteView key, std::initializer_list<ByteView> components, int encrypt) {
  KW_CHECK(key.size() == kSizes.least);
  CipherContext context(EVP_CIPHER_CTX_new());
  KW_CHECK(context != nullptr);
  require(EVP_CipherInit_ex2(context.get(), fetched_cipher(Cipher::kAes256Siv), key.data(), nullptr,
                             encrypt, nullptr));
  static constexpr std::uint8_t kNothing = 0;
  int written = 0;
  // Each call is one component of S2V; an empty one counts too.
  for (const ByteView part : components)
    require(EVP_CipherUpdate(context.get(), nullptr, &written,
                             part.empty() ? &kNothing : part.data(),
                             static_cast<int>(part.size())));
  return context;
}

// OpenSSL's SIV does not process an empty plaintext, so its V is computed here from CMAC. RFC
// 5297, 2.4.
class EmptyPlaintext {
 public:
  explicit EmptyPlaintext(ByteView cmac_key) {
    static const EVP_MAC* const fetched = EVP_MAC_fetch(nullptr, "CMAC", nullptr);
    KW_CHECK(fetched != nullptr);
    context_.reset(EVP_MAC_CTX_new(const_cast<EVP_MAC*>(fetched)));
    KW_CHECK(context_ != nullptr);
    char cipher[] = "AES-256-CBC";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0),
                                 OSSL_PARAM_construct_end()};
    require(EVP_MAC_init(context_.get(), cmac_key.data(), cmac_key.size(), params));
  }

  Block v(std::initializer_list<ByteView> components) {
    Block chained = cmac(Block{});
    for (const ByteView part : components) chained = xored(doubled(chained), cmac(part));
    Block padding{};
    padding[0] = 0x80;
    return cmac(xored(doubled(chained), padding));
  }

 private:
  Block cmac(ByteView bytes) {
    require(EVP_MAC_init(context_.get(), nullptr, 0, nullptr));
    if (!bytes.empty()) require(EVP_MAC_update(context_.get(), bytes.data(), bytes.size()));
    Block out;
    std::size_t written = 0;
    require(EVP_MAC_final(context_.get(), out.data(), &written, out.size()));
    return out;
  }
  // Multiplication by x in GF(2^128) without a branch on the secret top bit.
  static Block doubled(const Block& block) {
    Block out;
    std::uint8_t carry = 0;
    for (std::size_t i = block.size(); i-- > 0;) {
      out[i] = static_cast<std::uint8_t>(block[i] << 1 | carry);
      carry = block[i] >> 7;
    }
    out.back() ^= static_cast<std::uint8_t>(0x87 & -carry);
    return out;
  }
  static Block xored(Block a, const Block& b) {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] ^= b[i];
    return a;
  }

  MacContext context_;
};

Block v_of_nothing(ByteView key, std::initializer_list<ByteView> components) {
  return EmptyPlaintext(key.first(key.size() / 2)).v(components);
}

bool too_large(std::initializer_list<ByteView> parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [](ByteView p) { return p.size() > kPlaintextBytesMax; });
}

class SivKey final : public Key {
 public:
  explicit SivKey(const SecretBytes& secret) : secret_(secret.clone()) {}

  Algorithm algorithm() const override { return Algorithm::kAes256Siv; }

  Result<Bytes> encrypt(EnvelopeHeader header, ByteView aad, ByteView plaintext) const override {
    if (aad.empty())
      return error(Code::kInvalidArgument, "context_required",
                   "deterministic encryption needs a context (associated data), for example the "
                   "column's name");
    if (too_large({aad, plaintext})) return plaintext_too_large();
    header.suite = kSuite;
    Bytes out = encode_header(header);
    const Bytes sealed = siv_seal(secret_.reveal(Reveal{}), {out, aad}, plaintext);
    out.insert(out.end(), sealed.begin(), sealed.end());
    return out;
  }

  Result<WipedBytes> decrypt(const Envelope& envelope, ByteView aad) const override {
    if (envelope.header.suite != kSuite || aad.empty() || too_large({aad, envelope.body}))
      return decrypt_failed();
    return siv_open(secret_.reveal(Reveal{}), {envelope.header_bytes, aad}, envelope.body);
  }

 private:
  SecretBytes secret_;
};

bool has(Algorithm) {
  return fetched_cipher(Cipher::kAes256Siv) != nullptr;
}

Result<Material> make(Algorithm) {
  return random_material(kSizes.least);
}

Result<Material> check(Algorithm, const SecretBytes& secret) {
  KW_TRY(Material material, check_raw_key(secret, kSizes));
  const ByteView bytes = secret.reveal(Reveal{});
  if (equal_tags(bytes.first(32), bytes.last(32)))
    return weak_key("both halves of the key are equal");
  return material;
}

Result<KeyPtr> open(Algorithm, const SecretBytes& secret) {
  KW_OK(check_stored_size(secret, kSizes));
  return KeyPtr(std::make_shared<SivKey>(secret));
}

}  // namespace

Bytes siv_seal(ByteView key, std::initializer_list<ByteView> components, ByteView plaintext) {
  Bytes out(kSivTagBytes + plaintext.size());
  if (plaintext.empty()) {
    const Block v = v_of_nothing(key, components);
    std::copy(v.begin(), v.end(), out.begin());
    return out;
  }
  const CipherContext context = start(key, components, 1);
  int written = 0;
  require(EVP_CipherUpdate(context.get(), out.data() + kSivTagBytes, &written, plaintext.data(),
                           static_cast<int>(plaintext.size())));
  require(EVP_CipherFinal_ex(context.get(), out.data(), &written));
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kSivTagBytes, out.data()));
  return out;
}

Result<WipedBytes> siv_open(ByteView key, std::initializer_list<ByteView> components,
                            ByteView sealed) {
  if (sealed.size() < kSivTagBytes) return decrypt_failed();
  Block v;
  std::copy_n(sealed.begin(), kSivTagBytes, v.begin());
  if (sealed.size() == kSivTagBytes) {
    if (!equal_tags(v, v_of_nothing(key, components))) return decrypt_failed();
    return WipedBytes{};
  }
  const CipherContext context = start(key, components, 0);
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kSivTagBytes, v.data()));
  const ByteView ciphertext = sealed.subspan(kSivTagBytes);
  WipedBytes plaintext(ciphertext.size());
  int written = 0;
  if (EVP_CipherUpdate(context.get(), plaintext.data(), &written, ciphertext.data(),
                       static_cast<int>(ciphertext.size())) != 1 ||
      EVP_CipherFinal_ex(context.get(), v.data(), &written) != 1) {
    forget_errors();
    return decrypt_failed();
  }
  return plaintext;
}

const Family& aes_siv_family() {
  static constexpr Family kFamily{kRows, has, make, check, open, nullptr};
  return kFamily;
}

}  // namespace kw::crypto

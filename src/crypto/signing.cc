#include "crypto/signing.h"

#include "base/reveal.h"
#include "crypto/algorithms/key_pair.h"
#include "crypto/openssl.h"

namespace kw::crypto {

namespace {

constexpr std::size_t kSeedBytes = 32;
constexpr const char* kType = "ED25519";

}  // namespace

struct SigningKey::State {
  PkeyPtr key;
};

SigningKey::SigningKey(std::unique_ptr<State> state) : state_(std::move(state)) {}
SigningKey::SigningKey(SigningKey&&) noexcept = default;
SigningKey& SigningKey::operator=(SigningKey&&) noexcept = default;
SigningKey::~SigningKey() = default;

Result<SigningKey> SigningKey::from_seed(const SecretBytes& seed) {
  if (seed.size() != kSeedBytes)
    return error(Code::kInvalidArgument, "bad_key", "an Ed25519 seed has 32 bytes");
  PkeyPtr key(EVP_PKEY_new_raw_private_key_ex(nullptr, kType, nullptr, seed.reveal(Reveal{}).data(),
                                              kSeedBytes));
  if (key == nullptr) {
    forget_errors();
    return private_load_failed();
  }
  return SigningKey(std::make_unique<State>(State{std::move(key)}));
}

std::array<std::uint8_t, 32> SigningKey::public_key() const {
  std::array<std::uint8_t, 32> out;
  std::size_t size = out.size();
  require(EVP_PKEY_get_raw_public_key(state_->key.get(), out.data(), &size));
  KW_CHECK(size == out.size());
  return out;
}

std::array<std::uint8_t, 64> SigningKey::sign(ByteView message) const {
  const DigestContext context(EVP_MD_CTX_new());
  KW_CHECK(context != nullptr);
  require(EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr,
                                state_->key.get(), nullptr));
  std::array<std::uint8_t, 64> out;
  std::size_t size = out.size();
  require(EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size()));
  KW_CHECK(size == out.size());
  return out;
}

bool ed25519_verify(ByteView public_key, ByteView message, ByteView signature) {
  if (public_key.size() != 32 || signature.size() != 64) return false;
  const PkeyPtr key(EVP_PKEY_new_raw_public_key_ex(nullptr, kType, nullptr, public_key.data(),
                                                   public_key.size()));
  const DigestContext context(EVP_MD_CTX_new());
  const bool valid = key != nullptr && context != nullptr &&
                     EVP_DigestVerifyInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr,
                                             key.get(), nullptr) == 1 &&
                     EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                                      message.data(), message.size()) == 1;
  if (!valid) forget_errors();
  return valid;
}

}  // namespace kw::crypto

#include "crypto/algorithms/signature_key.h"

#include <openssl/rsa.h>

namespace kw::crypto {

namespace {

class SignatureKey final : public Key {
 public:
  SignatureKey(Algorithm algorithm, PkeyPtr key, Half half, SignatureScheme scheme)
      : algorithm_(algorithm), key_(std::move(key)), half_(half), scheme_(scheme) {}

  Algorithm algorithm() const override { return algorithm_; }

  Result<Bytes> sign(ByteView message) const override {
    if (half_ == Half::kPublic) return unsupported();
    const DigestContext context(EVP_MD_CTX_new());
    KW_CHECK(context != nullptr);
    EVP_PKEY_CTX* details = nullptr;
    Bytes signature(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())));
    std::size_t size = signature.size();
    if (EVP_DigestSignInit_ex(context.get(), &details, scheme_.hash, nullptr, nullptr, key_.get(),
                              nullptr) != 1 ||
        !set_padding(details) ||
        EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) !=
            1) {
      forget_errors();
      return error(Code::kUnavailable, "crypto_busy", "no memory for the signature now");
    }
    signature.resize(size);
    return signature;
  }

  Result<bool> verify(ByteView message, ByteView signature) const override {
    const DigestContext context(EVP_MD_CTX_new());
    KW_CHECK(context != nullptr);
    EVP_PKEY_CTX* details = nullptr;
    require(EVP_DigestVerifyInit_ex(context.get(), &details, scheme_.hash, nullptr, nullptr,
                                    key_.get(), nullptr));
    KW_CHECK(set_padding(details));
    const int valid = EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                                       message.data(), message.size());
    if (valid != 1) forget_errors();
    return valid == 1;
  }

 private:
  bool set_padding(EVP_PKEY_CTX* details) const {
    if (scheme_.padding == RsaPadding::kNone) return true;
    if (scheme_.padding == RsaPadding::kPkcs1)
      return EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PADDING) == 1;
    // FIPS 186-5, 5.4: salt of the hash length; MGF1 uses the signature's hash by default.
    return EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(details, RSA_PSS_SALTLEN_DIGEST) == 1;
  }

  Algorithm algorithm_;
  PkeyPtr key_;
  Half half_;
  SignatureScheme scheme_;
};

}  // namespace

KeyPtr signature_key(Algorithm algorithm, PkeyPtr key, Half half, SignatureScheme scheme) {
  return std::make_shared<SignatureKey>(algorithm, std::move(key), half, scheme);
}

}  // namespace kw::crypto

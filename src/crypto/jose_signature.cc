#include "crypto/jose_signature.h"

#include <openssl/bn.h>
#include <openssl/ec.h>

#include <memory>

#include "crypto/openssl.h"

namespace kw::crypto {

namespace {

struct FreeSignature {
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};
using SignaturePtr = std::unique_ptr<ECDSA_SIG, FreeSignature>;

/// Bytes of r and of s; 0: not ECDSA.
std::size_t field_size(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kEcdsaP256:
      return 32;
    case Algorithm::kEcdsaP384:
      return 48;
    case Algorithm::kEcdsaP521:
      return 66;
    default:
      return 0;
  }
}

Error bad_signature() {
  return error(Code::kDataLoss, "bad_signature", "the signature does not have its form");
}

std::optional<Bytes> der_of(const ECDSA_SIG* signature) {
  const int size = i2d_ECDSA_SIG(signature, nullptr);
  if (size <= 0) return std::nullopt;
  Bytes der(static_cast<std::size_t>(size));
  unsigned char* out = der.data();
  if (i2d_ECDSA_SIG(signature, &out) != size) return std::nullopt;
  return der;
}

}  // namespace

Result<SignatureForm> parse_signature_form(std::string_view name) {
  if (name == "der") return SignatureForm::kDer;
  if (name == "jose") return SignatureForm::kJose;
  return error(Code::kInvalidArgument, "bad_signature_format",
               "a signature format is \"der\" or \"jose\"");
}

Result<Bytes> in_form(Algorithm algorithm, SignatureForm form, ByteView signature) {
  const std::size_t size = field_size(algorithm);
  if (form == SignatureForm::kDer || size == 0) return Bytes(signature.begin(), signature.end());
  const unsigned char* in = signature.data();
  const SignaturePtr parsed(d2i_ECDSA_SIG(nullptr, &in, static_cast<long>(signature.size())));
  if (!parsed) {
    forget_errors();
    return bad_signature();
  }
  Bytes raw(2 * size);
  const auto width = static_cast<int>(size);
  if (BN_bn2binpad(ECDSA_SIG_get0_r(parsed.get()), raw.data(), width) != width ||
      BN_bn2binpad(ECDSA_SIG_get0_s(parsed.get()), raw.data() + size, width) != width)
    return bad_signature();
  return raw;
}

std::optional<Bytes> from_form(Algorithm algorithm, SignatureForm form, ByteView signature) {
  const std::size_t size = field_size(algorithm);
  if (form == SignatureForm::kDer || size == 0) return Bytes(signature.begin(), signature.end());
  if (signature.size() != 2 * size) return std::nullopt;
  const SignaturePtr made(ECDSA_SIG_new());
  BignumPtr r(BN_bin2bn(signature.data(), static_cast<int>(size), nullptr));
  BignumPtr s(BN_bin2bn(signature.data() + size, static_cast<int>(size), nullptr));
  KW_CHECK(made != nullptr && r != nullptr && s != nullptr);
  require(ECDSA_SIG_set0(made.get(), r.get(), s.get()));
  // The signature owns them now.
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  return der_of(made.get());
}

}  // namespace kw::crypto

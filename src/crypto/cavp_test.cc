// NIST's Cryptographic Algorithm Validation Program and RFC vectors, as Debian's
// python3-cryptography-vectors has them.
#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/reveal.h"
#include "crypto/aead.h"
#include "crypto/algorithms/key_pair.h"
#include "crypto/cavp_test_support.h"
#include "crypto/digest.h"
#include "crypto/hex_test_support.h"
#include "crypto/key.h"
#include "crypto/signing.h"

namespace kw::crypto {
namespace {

using SignaturePtr = std::unique_ptr<ECDSA_SIG, Releaser<ECDSA_SIG_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Releaser<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Releaser<OSSL_PARAM_free>>;

BignumPtr number(const Bytes& big_endian) {
  return BignumPtr(BN_bin2bn(big_endian.data(), static_cast<int>(big_endian.size()), nullptr));
}

std::string gcm_skip(const CavpRecord& r) {
  if (r.bytes("IV").size() != 12) return "nonces of other sizes than 96 bits";
  return r.bytes("Tag").size() == kGcmTagBytes ? "" : "shorter tags";
}

std::string gcm(const CavpRecord& r, bool& right) {
  std::string skip = gcm_skip(r);
  if (!skip.empty()) return skip;
  GcmNonce nonce;
  const Bytes iv = r.bytes("IV");
  std::copy(iv.begin(), iv.end(), nonce.begin());
  Aes256Gcm cipher{ByteView(r.bytes("Key"))};
  Bytes sealed = r.bytes("CT");
  const Bytes tag = r.bytes("Tag");
  sealed.insert(sealed.end(), tag.begin(), tag.end());
  Bytes opened(r.bytes("CT").size());
  const bool accepted = cipher.open(nonce, r.bytes("AAD"), sealed, opened).has_value();
  right = accepted != r.has("FAIL");
  if (r.has("FAIL")) return "";
  Bytes again(sealed.size());
  cipher.seal(nonce, r.bytes("AAD"), r.bytes("PT"), again);
  right = right && opened == r.bytes("PT") && again == sealed;
  return "";
}

template <auto Unwrap>
std::string unwrap(const CavpRecord& r, bool& right) {
  const auto opened = Unwrap(SecretBytes::copy_of(r.bytes("K")), r.bytes("C"));
  right = opened.has_value() != r.has("FAIL") &&
          (r.has("FAIL") || same_bytes(opened->reveal(Reveal{}), r.bytes("P")));
  return "";
}

std::string wrap(const CavpRecord& r, bool& right) {
  const auto wrapped =
      kw_wrap(SecretBytes::copy_of(r.bytes("K")), SecretBytes::copy_of(r.bytes("P")));
  right = wrapped.has_value() && wrapped.value() == r.bytes("C");
  return "";
}

std::string wrap_padded(const CavpRecord& r, bool& right) {
  right = kwp_wrap(SecretBytes::copy_of(r.bytes("K")), SecretBytes::copy_of(r.bytes("P"))) ==
          r.bytes("C");
  return "";
}

auto hmac_with(Hash hash, std::size_t full) {
  return [hash, full](const CavpRecord& r, bool& right) -> std::string {
    if (r.bytes("MD").size() != full) return "truncated tags";
    right = hmac(hash, SecretBytes::copy_of(r.bytes("Key")), r.bytes("Msg")) == r.bytes("MD");
    return "";
  };
}

std::string hkdf_of(const CavpRecord& r, bool& right) {
  if (r.text("Hash") != "SHA-256") return "other hashes than SHA-2";
  const auto size = static_cast<std::size_t>(std::stoul(r.text("L")));
  const SecretBytes out = hkdf(Hash::kSha256, SecretBytes::copy_of(r.bytes("IKM")), r.bytes("salt"),
                               r.bytes("info"), size);
  right = same_bytes(out.reveal(Reveal{}), r.bytes("OKM"));
  return "";
}

struct Curve {
  Algorithm algorithm;
  std::size_t field_bytes;
  const char* spki_prefix;  ///< SubjectPublicKeyInfo up to the coordinates of the point
};

const Curve* curve_of(const std::string& heading) {
  static const std::map<std::string, Curve> kCurves = {
      {"P-256",
       {Algorithm::kEcdsaP256, 32, "3059301306072a8648ce3d020106082a8648ce3d03010703420004"}},
      {"P-384", {Algorithm::kEcdsaP384, 48, "3076301006072a8648ce3d020106052b8104002203620004"}},
      {"P-521",
       {Algorithm::kEcdsaP521, 66, "30819b301006072a8648ce3d020106052b810400230381860004"}}};
  const auto found = kCurves.find(heading.substr(0, heading.find(',')));
  return found == kCurves.end() ? nullptr : &found->second;
}

Bytes spki_of(const Curve& curve, const CavpRecord& r) {
  Bytes spki = from_hex(curve.spki_prefix);
  for (const char* coordinate : {"Qx", "Qy"}) {
    const Bytes value = r.bytes(coordinate);
    if (value.size() < curve.field_bytes)
      spki.resize(spki.size() + curve.field_bytes - value.size());
    spki.insert(spki.end(), value.begin(), value.end());
  }
  return spki;
}

std::string public_key_is_valid(const CavpRecord& r, bool& right) {
  const Curve* curve = curve_of(r.text("heading"));
  if (curve == nullptr) return "other curves";
  right =
      load_public(curve->algorithm, spki_of(*curve, r)).has_value() == (r.text("Result")[0] == 'P');
  return "";
}

Bytes der_signature(const CavpRecord& r) {
  const SignaturePtr signature(ECDSA_SIG_new());
  require(ECDSA_SIG_set0(signature.get(), number(r.bytes("R")).release(),
                         number(r.bytes("S")).release()));
  Bytes der(static_cast<std::size_t>(i2d_ECDSA_SIG(signature.get(), nullptr)));
  unsigned char* at = der.data();
  KW_CHECK(i2d_ECDSA_SIG(signature.get(), &at) > 0);
  return der;
}

std::string ecdsa_signature_is_valid(const CavpRecord& r, bool& right) {
  const Curve* curve = curve_of(r.text("heading"));
  if (curve == nullptr) return "other curves";
  const std::string heading = r.text("heading");
  if (heading != "P-256,SHA-256" && heading != "P-384,SHA-384" && heading != "P-521,SHA-512")
    return "hash that this curve's algorithm does not use";
  const auto key = load_public(curve->algorithm, spki_of(*curve, r));
  const bool valid =
      key.has_value() && key.value()->verify(r.bytes("Msg"), der_signature(r)).value();
  right = valid == (r.text("Result")[0] == 'P');
  return "";
}

Bytes rsa_spki(const CavpRecord& r, const Bytes& modulus) {
  const BignumPtr n = number(modulus);
  const BignumPtr e = number(r.bytes("e"));
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  require(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()));
  require(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()));
  const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  require(EVP_PKEY_fromdata_init(context.get()));
  EVP_PKEY* raw = nullptr;
  require(EVP_PKEY_fromdata(context.get(), &raw, EVP_PKEY_PUBLIC_KEY, params.get()));
  return encode_public(PkeyPtr(raw).get());
}

// A modulus holds until the next one.
auto rsa_signature_is_valid(Algorithm with_3072, Algorithm with_4096) {
  return [with_3072, with_4096, modulus = Bytes()](const CavpRecord& r,
                                                   bool& right) mutable -> std::string {
    if (r.has("n")) modulus = r.bytes("n");
    if (r.text("mod") != "3072" && r.text("mod") != "4096")
      return "RSA of other sizes than 3072 and 4096 bits";
    if (r.text("SHAAlg") != "SHA256") return "other hashes than SHA-256";
    const bool pss = info(with_3072).name.find("pss") != std::string_view::npos;
    if (pss && r.bytes("SaltVal").size() != 32) return "salts that have not the size of the hash";
    const auto key =
        load_public(r.text("mod") == "3072" ? with_3072 : with_4096, rsa_spki(r, modulus)).value();
    right = key->verify(r.bytes("Msg"), r.bytes("S")).value() == (r.text("Result")[0] == 'P');
    return "";
  };
}

class Cavp : public testing::Test {
 protected:
  void SetUp() override {
    if (std::filesystem::exists(cavp_folder() + "/ciphers/AES/GCM")) return;
    std::printf("cavp: 0 vectors run, there is no folder %s\n", cavp_folder().c_str());
    GTEST_SKIP() << "no vectors";
  }
  void TearDown() override {
    total_.print();
    EXPECT_EQ(total_.wrong(), 0U);
    EXPECT_TRUE(IsSkipped() || total_.run() > 0);
  }
  template <typename Runner>
  void run(const std::string& file, Runner runner) {
    total_.add(run_cavp(file, runner));
  }

  VectorReport total_{"total"};
};

TEST_F(Cavp, aes_gcm) {
  run("ciphers/AES/GCM/gcmDecrypt256.rsp", gcm);
  run("ciphers/AES/GCM/gcmEncryptExtIV256.rsp", gcm);
}

TEST_F(Cavp, aes_key_wrap) {
  run("keywrap/kwtestvectors/KW_AD_256.txt", unwrap<kw_unwrap>);
  run("keywrap/kwtestvectors/KWP_AD_256.txt", unwrap<kwp_unwrap>);
  run("keywrap/kwtestvectors/KW_AE_256.txt", wrap);
  run("keywrap/kwtestvectors/KWP_AE_256.txt", wrap_padded);
}

TEST_F(Cavp, hmac_and_hkdf) {
  run("HMAC/rfc-4231-sha256.txt", hmac_with(Hash::kSha256, 32));
  run("HMAC/rfc-4231-sha384.txt", hmac_with(Hash::kSha384, 48));
  run("HMAC/rfc-4231-sha512.txt", hmac_with(Hash::kSha512, 64));
  run("KDF/rfc-5869-HKDF-SHA256.txt", hkdf_of);
  run("KDF/hkdf-generated.txt", hkdf_of);
}

TEST_F(Cavp, ecdsa) {
  run("asymmetric/ECDSA/FIPS_186-3/SigVer.rsp", ecdsa_signature_is_valid);
  run("asymmetric/ECDSA/FIPS_186-3/PKV.rsp", public_key_is_valid);
}

TEST_F(Cavp, rsa) {
  run("asymmetric/RSA/FIPS_186-2/SigVer15_186-3.rsp",
      rsa_signature_is_valid(Algorithm::kRsa3072Pkcs1, Algorithm::kRsa4096Pkcs1));
  run("asymmetric/RSA/FIPS_186-2/SigVerPSS_186-3.rsp",
      rsa_signature_is_valid(Algorithm::kRsa3072Pss, Algorithm::kRsa4096Pss));
}

TEST_F(Cavp, ed25519) {
  // Lines of "seed | public key : public key : message : signature | message :".
  std::ifstream input(cavp_folder() + "/asymmetric/Ed25519/sign.input");
  std::size_t line_number = 0;
  for (std::string line; std::getline(input, line); ++line_number) {
    const std::size_t message_at = line.find(':', 129) + 1;
    const std::size_t signature_at = line.find(':', message_at) + 1;
    const Bytes message = from_hex(line.substr(message_at, signature_at - 1 - message_at));
    const Bytes signature = from_hex(line.substr(signature_at, 128));
    const SigningKey key = SigningKey::from_seed(secret_from_hex(line.substr(0, 64))).value();
    total_.ran(to_hex(key.public_key()) == line.substr(64, 64) &&
                   same_bytes(key.sign(message), signature) &&
                   ed25519_verify(key.public_key(), message, signature),
               "line " + std::to_string(line_number));
  }
}

}  // namespace
}  // namespace kw::crypto

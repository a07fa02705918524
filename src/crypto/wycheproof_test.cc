// Project Wycheproof: known attacks and edge cases as test vectors. Every vector of every file is
// run or counted as skipped with its reason. "acceptable" vectors are counted as open: they test
// legacy encodings (an RSA signature whose DigestInfo lacks NULL, key wrap of 8 bytes), where
// OpenSSL's strict answer and a lax one are both within the standard.
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdio>
#include <filesystem>

#include "base/reveal.h"
#include "crypto/aead.h"
#include "crypto/algorithms/aes_siv.h"
#include "crypto/algorithms/key_pair.h"
#include "crypto/algorithms/ml_kem.h"
#include "crypto/algorithms/one_shot_aead.h"
#include "crypto/algorithms/rsa_oaep.h"
#include "crypto/chunked_encryption.h"
#include "crypto/digest.h"
#include "crypto/hex_test_support.h"
#include "crypto/key.h"
#include "crypto/signing.h"
#include "crypto/wycheproof_test_support.h"

namespace kw::crypto {
namespace {

using KeyPtr = std::shared_ptr<const Key>;

Bytes joined(const Bytes& a, const Bytes& b) {
  Bytes out = a;
  out.insert(out.end(), b.begin(), b.end());
  return out;
}

template <typename T>
bool opened_as(const Result<T>& opened, const Bytes& message) {
  return opened.has_value() && same_bytes(opened.value(), message);
}

bool opened_as(const Result<SecretBytes>& opened, const Bytes& message) {
  return opened.has_value() && same_bytes(opened->reveal(Reveal{}), message);
}

Verdict gcm(const Vector& v) {
  const Bytes nonce = v.bytes("iv");
  const Bytes message = v.bytes("msg");
  if (v.bytes("key").size() != 32) return skip("keys of other sizes than 256 bits");
  if (nonce.size() != 12) return skip("nonces of other sizes than 96 bits");
  GcmNonce iv;
  std::copy(nonce.begin(), nonce.end(), iv.begin());
  Aes256Gcm cipher{ByteView(v.bytes("key"))};
  const Bytes sealed = joined(v.bytes("ct"), v.bytes("tag"));
  Bytes opened(sealed.size() - kGcmTagBytes);
  const bool accepted = cipher.open(iv, v.bytes("aad"), sealed, opened).has_value();
  if (!v.valid()) return answer(!accepted);
  Bytes again(sealed.size());
  cipher.seal(iv, v.bytes("aad"), message, again);
  return answer(accepted && opened == message && again == sealed);
}

Verdict chacha(const Vector& v) {
  const Bytes nonce = v.bytes("iv");
  if (nonce.size() != kNonceBytes) return skip("nonces of other sizes than 96 bits");
  const EVP_CIPHER* cipher = fetched_cipher(Cipher::kChaCha20Poly1305);
  const Bytes sealed = joined(v.bytes("ct"), v.bytes("tag"));
  const auto opened = aead_open(cipher, v.bytes("key"), nonce, {v.bytes("aad")}, sealed);
  if (!v.valid()) return answer(!opened.has_value());
  Bytes again(sealed.size());
  aead_seal(cipher, v.bytes("key"), nonce, {v.bytes("aad")}, v.bytes("msg"), again);
  return answer(opened_as(opened, v.bytes("msg")) && again == sealed);
}

Verdict siv(const Vector& v) {
  const Bytes key = v.bytes("key");
  if (key.size() != 64) return skip("keys of other sizes than 2 x 256 bits");
  const auto opened = siv_open(key, {v.bytes("aad")}, v.bytes("ct"));
  if (!v.valid()) return answer(!opened.has_value());
  return answer(opened_as(opened, v.bytes("msg")) &&
                siv_seal(key, {v.bytes("aad")}, v.bytes("msg")) == v.bytes("ct"));
}

Verdict siv_with_nonce(const Vector& v) {
  const Bytes key = v.bytes("key");
  if (key.size() != 64) return skip("keys of other sizes than 2 x 256 bits");
  const Bytes sealed = joined(v.bytes("tag"), v.bytes("ct"));
  const auto opened = siv_open(key, {v.bytes("aad"), v.bytes("iv")}, sealed);
  if (!v.valid()) return answer(!opened.has_value());
  return answer(opened_as(opened, v.bytes("msg")) &&
                siv_seal(key, {v.bytes("aad"), v.bytes("iv")}, v.bytes("msg")) == sealed);
}

// The vectors carry their ciphertexts compressed.
Bytes inflated(const Bytes& compressed) {
  Bytes out(5'000'000);
  uLongf size = out.size();
  KW_CHECK(uncompress(out.data(), &size, compressed.data(), compressed.size()) == Z_OK);
  out.resize(size);
  return out;
}

Verdict chunked(const Vector& v) {
  const Bytes key = v.bytes("key");
  if (key.size() != 32)  // the primitive's caller has to hold a key of the right size: here is
                         // where that is enforced
    return answer(!load(Algorithm::kAes256Gcm, SecretBytes::copy_of(key)).has_value());
  const auto opened = chunked_open(key, {v.bytes("ctx")}, inflated(v.bytes("ct")));
  if (!v.valid()) return answer(!opened.has_value());
  return answer(opened.has_value() &&
                static_cast<std::int64_t>(opened->size()) == number_of(v.test, "msgLength") &&
                digest(Hash::kSha512, opened.value()) == v.bytes("msgSha512"));
}

Verdict key_wrap(const Vector& v) {
  const SecretBytes kek = SecretBytes::copy_of(v.bytes("key"));
  if (kek.size() != 32) return skip("keys of other sizes than 256 bits");
  const auto opened = kw_unwrap(kek, v.bytes("ct"));
  if (!v.valid()) return answer(!opened.has_value());
  const auto wrapped = kw_wrap(kek, SecretBytes::copy_of(v.bytes("msg")));
  return answer(opened_as(opened, v.bytes("msg")) && wrapped.has_value() &&
                wrapped.value() == v.bytes("ct"));
}

Verdict key_wrap_padded(const Vector& v) {
  const SecretBytes kek = SecretBytes::copy_of(v.bytes("key"));
  if (kek.size() != 32) return skip("keys of other sizes than 256 bits");
  const auto opened = kwp_unwrap(kek, v.bytes("ct"));
  if (!v.valid()) return answer(!opened.has_value());
  return answer(opened_as(opened, v.bytes("msg")) &&
                kwp_wrap(kek, SecretBytes::copy_of(v.bytes("msg"))) == v.bytes("ct"));
}

auto hmac_with(Hash hash, std::int64_t full_bits) {
  return [hash, full_bits](const Vector& v) {
    if (number_of(v.group, "tagSize") != full_bits) return skip("truncated tags");
    const Bytes tag = hmac(hash, SecretBytes::copy_of(v.bytes("key")), v.bytes("msg"));
    return answer((tag == v.bytes("tag")) == v.valid());
  };
}

auto hkdf_with(Hash hash, std::int64_t block) {
  return [hash, block](const Vector& v) {
    const std::int64_t size = number_of(v.test, "size");
    if (size > 255 * block)
      return skip("more than 255 blocks: a broken contract, refused by KW_CHECK");
    const SecretBytes out = hkdf(hash, SecretBytes::copy_of(v.bytes("ikm")), v.bytes("salt"),
                                 v.bytes("info"), static_cast<std::size_t>(size));
    return answer(same_bytes(out.reveal(Reveal{}), v.bytes("okm")) == v.valid());
  };
}

auto verify_with(Algorithm algorithm) {
  return [algorithm](const Vector& v) {
    const auto key = load_public(algorithm, bytes_of(v.group, "publicKeyDer"));
    if (!key.has_value()) return answer(!v.valid());
    return answer(key.value()->verify(v.bytes("msg"), v.bytes("sig")).value() == v.valid());
  };
}

Verdict ed25519(const Vector& v) {
  const simdjson::dom::element key = v.group["publicKey"];
  const bool by_note = ed25519_verify(bytes_of(key, "pk"), v.bytes("msg"), v.bytes("sig"));
  return answer(by_note == v.valid() && verify_with(Algorithm::kEd25519)(v).right);
}

auto oaep_with(unsigned bits) {
  return [bits](const Vector& v) {
    const SecretBytes pkcs8 = SecretBytes::copy_of(bytes_of(v.group, "privateKeyPkcs8"));
    const KeyPtr key =
        load(bits == 3072 ? Algorithm::kRsa3072Oaep : Algorithm::kRsa4096Oaep, pkcs8).value();
    const PkeyPtr pair = parse_private(pkcs8, "RSA");
    const Bytes label = v.bytes("label");
    const auto opened = label.empty() ? key->unwrap_raw(v.bytes("ct"))
                                      : oaep_open(pair.get(), label, v.bytes("ct"));
    return answer(v.valid() ? opened_as(opened, v.bytes("msg")) : !opened.has_value());
  };
}

auto pkcs1_sign_with(Algorithm algorithm) {
  return [algorithm](const Vector& v) {
    if (text_of(v.group, "sha") != "SHA-256") return skip("other hashes than SHA-256");
    const KeyPtr key =
        load(algorithm, SecretBytes::copy_of(bytes_of(v.group, "privateKeyPkcs8"))).value();
    return answer((key->sign(v.bytes("msg")).value() == v.bytes("sig")) == v.valid());
  };
}

auto ml_dsa_verify(Algorithm algorithm) {
  return [algorithm](const Vector& v) {
    if (!v.bytes("ctx").empty()) return skip("signatures with a context");
    return verify_with(algorithm)(v);
  };
}

// Ours are hedged signatures, so the given ones are verified under the key that the seed gives.
// (The import gate would refuse these seeds: all their bytes are equal.)
auto ml_dsa_sign(Algorithm algorithm, const char* type, const char* pkcs8_prefix) {
  return [algorithm, type, pkcs8_prefix](const Vector& v) {
    if (v.test["msg"].error() != simdjson::SUCCESS) return skip("signatures of an external mu");
    if (!v.bytes("ctx").empty()) return skip("signatures with a context");
    Bytes pkcs8 = bytes_of(v.group, "privateKeyPkcs8");
    if (pkcs8.empty()) pkcs8 = joined(from_hex(pkcs8_prefix), bytes_of(v.group, "privateSeed"));
    const PkeyPtr pair = parse_private(SecretBytes::copy_of(pkcs8), type);
    if (pair == nullptr) return answer(!v.valid());
    const Bytes spki = encode_public(pair.get());
    const Bytes raw = bytes_of(v.group, "publicKey");
    const bool same_key =
        spki.size() > raw.size() && std::equal(raw.rbegin(), raw.rend(), spki.rbegin());
    const KeyPtr key = load_public(algorithm, spki).value();
    return answer((same_key && key->verify(v.bytes("msg"), v.bytes("sig")).value()) == v.valid());
  };
}

struct KemForm {
  const char* type;
  Algorithm algorithm;
  const char* prefix;       ///< PKCS#8 up to the seed
  const char* spki_prefix;  ///< SubjectPublicKeyInfo up to the key
};
constexpr KemForm kKem768{"ML-KEM-768", Algorithm::kMlKem768,
                          "3054020100300b060960864801650304040204428040",
                          "308204b2300b0609608648016503040402038204a100"};
constexpr KemForm kKem1024{"ML-KEM-1024", Algorithm::kMlKem1024,
                           "3054020100300b060960864801650304040304428040",
                           "30820632300b06096086480165030404030382062100"};

auto kem_decapsulate(const KemForm& form) {
  return [&form](const Vector& v) {
    const Bytes pkcs8 = joined(from_hex(form.prefix), v.bytes("seed"));
    const PkeyPtr pair = parse_private(SecretBytes::copy_of(pkcs8), form.type);
    if (pair == nullptr) return answer(!v.valid());
    const auto shared = ml_kem_decapsulate(pair.get(), v.bytes("c"));
    return answer(v.valid() ? opened_as(shared, v.bytes("K")) : !shared.has_value());
  };
}

auto kem_generate(const KemForm& form) {
  return [&form](const Vector& v) {
    const Bytes pkcs8 = joined(from_hex(form.prefix), v.bytes("seed"));
    const auto imported = check_import(form.algorithm, SecretBytes::copy_of(pkcs8));
    return answer(imported.has_value() &&
                  imported->public_key == joined(from_hex(form.spki_prefix), v.bytes("ek")));
  };
}

auto kem_encapsulate(const KemForm& form) {
  return [&form](const Vector& v) {
    if (v.valid()) return skip("encapsulation with a given randomness");
    return answer(!load_public(form.algorithm, joined(from_hex(form.spki_prefix), v.bytes("ek")))
                       .has_value());
  };
}

class Wycheproof : public testing::Test {
 protected:
  void SetUp() override {
    if (std::filesystem::exists(vectors_folder() + "/wycheproof")) return;
    std::printf("wycheproof: 0 vectors run, there is no folder %s\n", vectors_folder().c_str());
    GTEST_SKIP() << "no vectors";
  }
  void run(const std::string& file, const std::function<Verdict(const Vector&)>& runner) {
    total_.add(run_file(file, runner));
  }
  void run_when_available(Algorithm algorithm, const std::string& file,
                          const std::function<Verdict(const Vector&)>& runner) {
    total_.add(available(algorithm) ? run_file(file, runner)
                                    : skip_file(file, "not in this OpenSSL"));
  }
  void leave_out(const std::string& reason, std::initializer_list<const char*> files) {
    for (const char* file : files) total_.add(skip_file(file, reason));
  }
  void expect_all_right(std::size_t at_least) {
    total_.print();
    EXPECT_EQ(total_.wrong(), 0U);
    EXPECT_GE(total_.run(), at_least);
  }

  VectorReport total_{"total"};
};

TEST_F(Wycheproof, symmetric_encryption_and_key_wrap) {
  run("aes_gcm", gcm);
  run("chacha20_poly1305", chacha);
  run("c2sp_chunked_encryption_aes_256_gcm", chunked);
  run("aes_siv_cmac", siv);
  run("aead_aes_siv_cmac", siv_with_nonce);
  run("aes_wrap", key_wrap);
  run("aes_kwp", key_wrap_padded);
  leave_out("suite with 128-bit keys", {"c2sp_chunked_encryption_aes_128_gcm"});
  leave_out("no such algorithm here", {"aes_cmac"});
  expect_all_right(1'000);
}

TEST_F(Wycheproof, mac_and_key_derivation) {
  run("hmac_sha256", hmac_with(Hash::kSha256, 256));
  run("hmac_sha384", hmac_with(Hash::kSha384, 384));
  run("hmac_sha512", hmac_with(Hash::kSha512, 512));
  run("hkdf_sha256", hkdf_with(Hash::kSha256, 32));
  run("hkdf_sha384", hkdf_with(Hash::kSha384, 48));
  run("hkdf_sha512", hkdf_with(Hash::kSha512, 64));
  leave_out("no such algorithm here", {"pbkdf2_hmacsha256", "pbkdf2_hmacsha512"});
  expect_all_right(400);
}

TEST_F(Wycheproof, elliptic_curve_signatures) {
  run("ed25519", ed25519);
  run("ecdsa_secp256r1_sha256", verify_with(Algorithm::kEcdsaP256));
  run("ecdsa_secp384r1_sha384", verify_with(Algorithm::kEcdsaP384));
  run("ecdsa_secp521r1_sha512", verify_with(Algorithm::kEcdsaP521));
  leave_out("hash that this curve's algorithm does not use",
            {"ecdsa_secp256r1_sha512", "ecdsa_secp384r1_sha256", "ecdsa_secp384r1_sha512"});
  leave_out("signatures as r | s; ours are DER",
            {"ecdsa_secp256r1_sha256_p1363", "ecdsa_secp256r1_sha512_p1363",
             "ecdsa_secp384r1_sha384_p1363", "ecdsa_secp384r1_sha512_p1363",
             "ecdsa_secp521r1_sha512_p1363"});
  leave_out("no key agreement here",
            {"ecdh_secp256r1", "ecdh_secp384r1", "ecdh_secp521r1", "ecdh_secp256r1_ecpoint",
             "ecdh_secp384r1_ecpoint", "ecdh_secp521r1_ecpoint", "x25519"});
  expect_all_right(1'600);
}

TEST_F(Wycheproof, rsa) {
  run("rsa_oaep_3072_sha256_mgf1sha256", oaep_with(3072));
  run("rsa_oaep_4096_sha256_mgf1sha256", oaep_with(4096));
  run("rsa_pss_3072_sha256_mgf1_32", verify_with(Algorithm::kRsa3072Pss));
  run("rsa_pss_4096_sha256_mgf1_32", verify_with(Algorithm::kRsa4096Pss));
  run("rsa_signature_3072_sha256", verify_with(Algorithm::kRsa3072Pkcs1));
  run("rsa_signature_4096_sha256", verify_with(Algorithm::kRsa4096Pkcs1));
  run("rsa_pkcs1_3072_sig_gen", pkcs1_sign_with(Algorithm::kRsa3072Pkcs1));
  run("rsa_pkcs1_4096_sig_gen", pkcs1_sign_with(Algorithm::kRsa4096Pkcs1));
  leave_out(
      "RSA of 2048 bits",
      {"rsa_oaep_2048_sha256_mgf1sha256", "rsa_oaep_2048_sha384_mgf1sha384",
       "rsa_oaep_2048_sha512_mgf1sha512", "rsa_pkcs1_2048_sig_gen", "rsa_pss_2048_sha256_mgf1_0",
       "rsa_pss_2048_sha256_mgf1_0_params", "rsa_pss_2048_sha256_mgf1_32",
       "rsa_pss_2048_sha256_mgf1_32_params", "rsa_pss_2048_sha256_mgf1sha1_20",
       "rsa_pss_2048_sha384_mgf1_48", "rsa_pss_2048_sha512_mgf1sha256_32_params",
       "rsa_signature_2048_sha256", "rsa_signature_2048_sha384", "rsa_signature_2048_sha512"});
  leave_out(
      "other hashes than SHA-256",
      {"rsa_oaep_3072_sha512_mgf1sha512", "rsa_oaep_4096_sha512_mgf1sha512",
       "rsa_pss_4096_sha384_mgf1_48", "rsa_pss_4096_sha512_mgf1_32",
       "rsa_pss_4096_sha512_mgf1_32_params", "rsa_pss_4096_sha512_mgf1_64",
       "rsa_pss_4096_sha512_mgf1_64_params", "rsa_signature_3072_sha384",
       "rsa_signature_3072_sha512", "rsa_signature_4096_sha384", "rsa_signature_4096_sha512"});
  leave_out("keys of type RSASSA-PSS", {"rsa_pss_3072_sha256_mgf1_32_params"});
  expect_all_right(800);
}

TEST_F(Wycheproof, post_quantum) {
  run_when_available(Algorithm::kMlDsa65, "mldsa_65_verify", ml_dsa_verify(Algorithm::kMlDsa65));
  run_when_available(Algorithm::kMlDsa87, "mldsa_87_verify", ml_dsa_verify(Algorithm::kMlDsa87));
  run_when_available(Algorithm::kMlDsa65, "mldsa_65_sign_seed",
                     ml_dsa_sign(Algorithm::kMlDsa65, "ML-DSA-65",
                                 "3034020100300b060960864801650304031204228020"));
  run_when_available(Algorithm::kMlDsa87, "mldsa_87_sign_seed",
                     ml_dsa_sign(Algorithm::kMlDsa87, "ML-DSA-87",
                                 "3034020100300b060960864801650304031304228020"));
  run_when_available(Algorithm::kMlKem768, "mlkem_768", kem_decapsulate(kKem768));
  run_when_available(Algorithm::kMlKem1024, "mlkem_1024", kem_decapsulate(kKem1024));
  run_when_available(Algorithm::kMlKem768, "mlkem_768_keygen_seed", kem_generate(kKem768));
  run_when_available(Algorithm::kMlKem1024, "mlkem_1024_keygen_seed", kem_generate(kKem1024));
  run_when_available(Algorithm::kMlKem768, "mlkem_768_encaps", kem_encapsulate(kKem768));
  run_when_available(Algorithm::kMlKem1024, "mlkem_1024_encaps", kem_encapsulate(kKem1024));
  leave_out("parameter set below category 3", {"mldsa_44_verify", "mldsa_44_sign_seed"});
  expect_all_right(available(Algorithm::kMlKem768) ? 1'000 : 0);
}

TEST_F(Wycheproof, jose_belongs_to_other_rooms) {
  leave_out("JOSE is tested where it is parsed",
            {"json_web_crypto", "json_web_encryption", "json_web_key", "json_web_signature"});
  EXPECT_EQ(total_.run(), 0U);
}

}  // namespace
}  // namespace kw::crypto

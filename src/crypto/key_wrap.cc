// AES key wrap with and without padding.
#include "base/reveal.h"
#include "crypto/aead.h"
#include "crypto/openssl.h"

namespace kw::crypto {

namespace {

constexpr std::size_t kKekBytes = 32;
constexpr std::size_t kSemiblock = 8;
constexpr std::size_t kWrappedBytesMax = 64 * 1024;

Error unwrap_failed() {
  return error(Code::kInvalidArgument, "unwrap_failed", "the wrapped key cannot be unwrapped");
}

CipherContext start(Cipher kind, const SecretBytes& kek, int encrypt) {
  KW_CHECK(kek.size() == kKekBytes);
  const EVP_CIPHER* cipher = fetched_cipher(kind);
  CipherContext context(EVP_CIPHER_CTX_new());
  KW_CHECK(cipher != nullptr && context != nullptr);
  EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  require(EVP_CipherInit_ex2(context.get(), cipher, kek.reveal(Reveal{}).data(), nullptr, encrypt,
                             nullptr));
  return context;
}

Bytes wrap(Cipher kind, const SecretBytes& kek, const SecretBytes& key) {
  const CipherContext context = start(kind, kek, 1);
  const std::size_t padded = (key.size() + kSemiblock - 1) / kSemiblock * kSemiblock;
  Bytes out(padded + kSemiblock);
  int written = 0;
  const ByteView bytes = key.reveal(Reveal{});
  require(EVP_CipherUpdate(context.get(), out.data(), &written, bytes.data(),
                           static_cast<int>(bytes.size())));
  KW_CHECK(static_cast<std::size_t>(written) == out.size());
  return out;
}

Result<SecretBytes> unwrap(Cipher kind, const SecretBytes& kek, ByteView wrapped) {
  const CipherContext context = start(kind, kek, 0);
  // OpenSSL needs room for the wrapped length: it unwraps in place before it checks the integrity
  // value.
  SecretBytes out(wrapped.size() + kSemiblock);
  int written = 0;
  const int done = EVP_CipherUpdate(context.get(), out.reveal_mutable(Reveal{}).data(), &written,
                                    wrapped.data(), static_cast<int>(wrapped.size()));
  if (done != 1 || written <= 0) {
    forget_errors();
    return unwrap_failed();
  }
  out.shrink(static_cast<std::size_t>(written));
  return out;
}

bool plausible(ByteView wrapped, std::size_t at_least) {
  return wrapped.size() >= at_least && wrapped.size() <= kWrappedBytesMax &&
         wrapped.size() % kSemiblock == 0;
}

}  // namespace

Bytes kwp_wrap(const SecretBytes& kek, const SecretBytes& key) {
  KW_CHECK(!key.empty() && key.size() <= kWrappedBytesMax - 2 * kSemiblock);
  return wrap(Cipher::kAes256Kwp, kek, key);
}

Result<SecretBytes> kwp_unwrap(const SecretBytes& kek, ByteView wrapped) {
  if (!plausible(wrapped, 2 * kSemiblock)) return unwrap_failed();
  return unwrap(Cipher::kAes256Kwp, kek, wrapped);
}

Result<Bytes> kw_wrap(const SecretBytes& kek, const SecretBytes& key) {
  if (key.size() < 2 * kSemiblock || key.size() % kSemiblock != 0 ||
      key.size() > kWrappedBytesMax - kSemiblock)
    return error(Code::kInvalidArgument, "bad_size",
                 "a key to wrap has a multiple of 8 bytes, at least 16");
  return wrap(Cipher::kAes256Kw, kek, key);
}

Result<SecretBytes> kw_unwrap(const SecretBytes& kek, ByteView wrapped) {
  if (!plausible(wrapped, 3 * kSemiblock)) return unwrap_failed();
  return unwrap(Cipher::kAes256Kw, kek, wrapped);
}

}  // namespace kw::crypto

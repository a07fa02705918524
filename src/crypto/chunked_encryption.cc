#include "crypto/chunked_encryption.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "crypto/limits.h"
#include "crypto/openssl.h"
#include "crypto/random.h"

namespace kw::crypto {

namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kPrefixBytes = kChunkedSaltBytes + kChunkedCommitmentBytes;
constexpr std::size_t kSealedChunkBytes = kChunkBytes + kGcmTagBytes;
// The name in the IANA registry of AEAD algorithms, and the zero byte that ends it.
constexpr std::string_view kLabel{"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0", 48};

// What one salt gives: used for one message, wiped with it.
class MessageKeys {
 public:
  MessageKeys(ByteView key, std::initializer_list<ByteView> context, ByteView salt) {
    KW_CHECK(key.size() == kKeyBytes && context.size() <= 2);
    const ByteView first = context.size() > 0 ? context.begin()[0] : ByteView{};
    const ByteView second = context.size() > 1 ? context.begin()[1] : ByteView{};
    expand_into(Hash::kSha512, key, {as_bytes(kLabel), salt, first, second}, bytes_);
  }
  ~MessageKeys() { wipe(bytes_.data(), bytes_.size()); }
  MessageKeys(const MessageKeys&) = delete;
  MessageKeys& operator=(const MessageKeys&) = delete;

  ByteView key() const { return ByteView(bytes_).first(kKeyBytes); }
  ByteView commitment() const { return ByteView(bytes_).last(kChunkedCommitmentBytes); }
  /// The base nonce XOR the chunk's number, as big-endian integer.
  GcmNonce nonce(std::uint64_t chunk) const {
    GcmNonce nonce;
    std::copy_n(bytes_.begin() + kKeyBytes, nonce.size(), nonce.begin());
    for (std::size_t i = 0; i < sizeof chunk; ++i)
      nonce[nonce.size() - 1 - i] ^= static_cast<std::uint8_t>(chunk >> (8 * i));
    return nonce;
  }

 private:
  std::array<std::uint8_t, kKeyBytes + std::tuple_size_v<GcmNonce> + kChunkedCommitmentBytes>
      bytes_;
};

}  // namespace

std::size_t chunked_size(std::size_t plaintext_size) {
  return kPrefixBytes + plaintext_size + (plaintext_size / kChunkBytes + 1) * kGcmTagBytes;
}

void chunked_seal(ByteView key, std::initializer_list<ByteView> context, ByteView plaintext,
                  std::span<std::uint8_t> out) {
  KW_CHECK(out.size() == chunked_size(plaintext.size()));
  const auto salt = out.first(kChunkedSaltBytes);
  random_public(salt);
  const MessageKeys keys(key, context, salt);
  std::copy_n(keys.commitment().begin(), kChunkedCommitmentBytes, out.begin() + kChunkedSaltBytes);
  Aes256Gcm gcm(keys.key());
  const std::uint64_t full_chunks = plaintext.size() / kChunkBytes;
  for (std::uint64_t i = 0; i <= full_chunks; ++i) {
    const ByteView chunk = plaintext.subspan(
        i * kChunkBytes, std::min(kChunkBytes, plaintext.size() - i * kChunkBytes));
    gcm.seal(keys.nonce(i), {}, chunk,
             out.subspan(kPrefixBytes + i * kSealedChunkBytes, chunk.size() + kGcmTagBytes));
  }
}

Result<WipedBytes> chunked_open(ByteView key, std::initializer_list<ByteView> context,
                                ByteView sealed) {
  if (sealed.size() < kPrefixBytes + kGcmTagBytes) return decrypt_failed();
  const ByteView chunks = sealed.subspan(kPrefixBytes);
  const std::size_t full_chunks = chunks.size() / kSealedChunkBytes;
  // The last chunk is always short: a message that ends with a full one has been cut.
  const std::size_t last = chunks.size() % kSealedChunkBytes;
  if (last < kGcmTagBytes || full_chunks > kPlaintextBytesMax / kChunkBytes)
    return decrypt_failed();
  const MessageKeys keys(key, context, sealed.first(kChunkedSaltBytes));
  if (!equal_tags(keys.commitment(), sealed.subspan(kChunkedSaltBytes, kChunkedCommitmentBytes)))
    return decrypt_failed();
  Aes256Gcm gcm(keys.key());
  WipedBytes plaintext(full_chunks * kChunkBytes + last - kGcmTagBytes);
  for (std::uint64_t i = 0; i <= full_chunks; ++i) {
    const std::size_t size = i < full_chunks ? kChunkBytes : last - kGcmTagBytes;
    KW_OK(gcm.open(keys.nonce(i), {}, chunks.subspan(i * kSealedChunkBytes, size + kGcmTagBytes),
                   std::span(plaintext).subspan(i * kChunkBytes, size)));
  }
  return plaintext;
}

}  // namespace kw::crypto

#include "crypto/digest.h"

#include <algorithm>

#include "base/reveal.h"
#include "crypto/kdf.h"
#include "crypto/openssl.h"

namespace kw::crypto {

namespace {

// A context per call: its buffer is wiped when it is freed, so hashing a secret leaves no residue.
void hash_parts(Hash hash, std::initializer_list<ByteView> parts, std::uint8_t* out) {
  DigestContext context(EVP_MD_CTX_new());
  KW_CHECK(context != nullptr);
  require(EVP_DigestInit_ex2(context.get(), fetched_digest(hash), nullptr));
  for (const ByteView part : parts)
    require(EVP_DigestUpdate(context.get(), part.data(), part.size()));
  require(EVP_DigestFinal_ex(context.get(), out, nullptr));
}

// An empty span may have a null address, which EVP_MAC_init reads as "keep the key".
void set_key(EVP_MAC_CTX* context, ByteView key) {
  static constexpr std::uint8_t kNothing = 0;
  require(EVP_MAC_init(context, key.empty() ? &kNothing : key.data(), key.size(), nullptr));
}

// The next message under the same key.
void begin_again(EVP_MAC_CTX* context) {
  require(EVP_MAC_init(context, nullptr, 0, nullptr));
}

void update(EVP_MAC_CTX* context, ByteView bytes) {
  if (!bytes.empty()) require(EVP_MAC_update(context, bytes.data(), bytes.size()));
}

void finish(EVP_MAC_CTX* context, std::uint8_t* out, std::size_t size) {
  std::size_t written = 0;
  require(EVP_MAC_final(context, out, &written, size));
  KW_CHECK(written == size);
}

void hmac_into(Hash hash, ByteView key, ByteView message, std::uint8_t* out) {
  const MacContext context = hmac_context(hash);
  set_key(context.get(), key);
  update(context.get(), message);
  finish(context.get(), out, digest_size(hash));
}

}  // namespace

Digest256 sha256(ByteView bytes) {
  return sha256({bytes});
}

Digest256 sha256(std::initializer_list<ByteView> parts) {
  Digest256 out;
  hash_parts(Hash::kSha256, parts, out.data());
  return out;
}

std::array<std::uint8_t, 64> sha512(std::initializer_list<ByteView> parts) {
  std::array<std::uint8_t, 64> out;
  hash_parts(Hash::kSha512, parts, out.data());
  return out;
}

Bytes digest(Hash hash, ByteView bytes) {
  Bytes out(digest_size(hash));
  hash_parts(hash, {bytes}, out.data());
  return out;
}

Digest256 hmac_sha256(const SecretBytes& key, ByteView message) {
  Digest256 out;
  hmac_into(Hash::kSha256, key.reveal(Reveal{}), message, out.data());
  return out;
}

struct HmacSha256::State {
  MacContext context = hmac_context(Hash::kSha256);
};

HmacSha256::HmacSha256(const SecretBytes& key) : state_(std::make_unique<State>()) {
  set_key(state_->context.get(), key.reveal(Reveal{}));
}
HmacSha256::HmacSha256(HmacSha256&&) noexcept = default;
HmacSha256& HmacSha256::operator=(HmacSha256&&) noexcept = default;
HmacSha256::~HmacSha256() = default;

Digest256 HmacSha256::of(ByteView message) {
  EVP_MAC_CTX* const context = state_->context.get();
  begin_again(context);
  update(context, message);
  Digest256 out;
  finish(context, out.data(), out.size());
  return out;
}

Bytes hmac(Hash hash, const SecretBytes& key, ByteView message) {
  Bytes out(digest_size(hash));
  hmac_into(hash, key.reveal(Reveal{}), message, out.data());
  return out;
}

void expand_into(Hash hash, ByteView key, std::initializer_list<ByteView> info,
                 std::span<std::uint8_t> out) {
  const std::size_t block_size = digest_size(hash);
  KW_CHECK(!out.empty() && out.size() <= 255 * block_size);
  const MacContext context = hmac_context(hash);
  set_key(context.get(), key);
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> block;
  std::uint8_t counter = 1;
  for (std::size_t done = 0; done < out.size(); ++counter) {
    if (done != 0) {
      begin_again(context.get());
      update(context.get(), {block.data(), block_size});
    }
    for (const ByteView part : info) update(context.get(), part);
    update(context.get(), {&counter, 1});
    finish(context.get(), block.data(), block_size);
    const std::size_t taken = std::min(block_size, out.size() - done);
    std::copy_n(block.begin(), taken, out.begin() + static_cast<std::ptrdiff_t>(done));
    done += taken;
  }
  wipe(block.data(), block.size());
}

SecretBytes hkdf(Hash hash, const SecretBytes& input_key, ByteView salt, ByteView info,
                 std::size_t size) {
  // RFC 5869, 2.2: an absent salt is a string of zeros of the hash length, which HMAC's padding
  // makes of an empty one.
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> extracted;
  hmac_into(hash, salt, input_key.reveal(Reveal{}), extracted.data());
  SecretBytes out(size);
  expand_into(hash, {extracted.data(), digest_size(hash)}, {info}, out.reveal_mutable(Reveal{}));
  wipe(extracted.data(), extracted.size());
  return out;
}

SecretBytes hkdf_expand(Hash hash, const SecretBytes& key, ByteView info, std::size_t size) {
  SecretBytes out(size);
  expand_into(hash, key.reveal(Reveal{}), {info}, out.reveal_mutable(Reveal{}));
  return out;
}

}  // namespace kw::crypto

#include "crypto/chunked_encryption.h"

#include <gtest/gtest.h>

#include "base/reveal.h"
#include "crypto/random.h"

namespace kw::crypto {
namespace {

class ChunkedEncryption : public testing::Test {
 protected:
  Bytes seal(ByteView plaintext) const {
    Bytes out(chunked_size(plaintext.size()));
    chunked_seal(key_.reveal(Reveal{}), {as_bytes("context")}, plaintext, out);
    return out;
  }
  Result<WipedBytes> open(ByteView sealed, std::string_view context = "context") const {
    return chunked_open(key_.reveal(Reveal{}), {as_bytes(context)}, sealed);
  }

  SecretBytes key_ = random_secret(32);
};

TEST_F(ChunkedEncryption, opens_messages_around_every_chunk_border) {
  for (const std::size_t size : {0U, 1U, 16383U, 16384U, 16385U, 32767U, 32768U, 40000U}) {
    Bytes plaintext(size);
    random_public(plaintext);
    const Bytes sealed = seal(plaintext);
    EXPECT_EQ(sealed.size(), 56 + size + (size / 16384 + 1) * 16);
    const auto opened = open(sealed);
    ASSERT_TRUE(opened.has_value()) << size;
    EXPECT_TRUE(same_bytes(opened.value(), plaintext)) << size;
    EXPECT_FALSE(open(sealed, "another").has_value());
  }
}

TEST_F(ChunkedEncryption, refuses_truncation_at_every_length) {
  const Bytes sealed = seal(Bytes(16400));
  for (std::size_t size = 0; size < sealed.size(); size += size < 80 || size > 16380 ? 1 : 97)
    EXPECT_FALSE(open(ByteView(sealed).first(size)).has_value()) << size;
}

TEST_F(ChunkedEncryption, refuses_swapped_and_repeated_chunks) {
  Bytes plaintext(3 * 16384);
  random_public(plaintext);
  const Bytes sealed = seal(plaintext);
  constexpr std::size_t kChunk = 16400;
  Bytes swapped = sealed;
  std::swap_ranges(swapped.begin() + 56, swapped.begin() + 56 + kChunk,
                   swapped.begin() + 56 + kChunk);
  EXPECT_FALSE(open(swapped).has_value());
  Bytes repeated = sealed;
  std::copy_n(sealed.begin() + 56, kChunk, repeated.begin() + 56 + kChunk);
  EXPECT_FALSE(open(repeated).has_value());
  Bytes without_second = sealed;
  without_second.erase(without_second.begin() + 56 + kChunk,
                       without_second.begin() + 56 + 2 * kChunk);
  EXPECT_FALSE(open(without_second).has_value());
}

TEST_F(ChunkedEncryption, a_second_key_cannot_open_a_crafted_message) {
  // The commitment is checked before any chunk: a ciphertext under one key never opens under
  // another.
  const Bytes sealed = seal(Bytes(10));
  const SecretBytes other = random_secret(32);
  Bytes recommitted(chunked_size(10));
  chunked_seal(other.reveal(Reveal{}), {as_bytes("context")}, Bytes(10), recommitted);
  Bytes crafted = sealed;
  std::copy_n(recommitted.begin() + 24, 32, crafted.begin() + 24);
  EXPECT_FALSE(open(crafted).has_value());
  EXPECT_FALSE(chunked_open(other.reveal(Reveal{}), {as_bytes("context")}, crafted).has_value());
}

}  // namespace
}  // namespace kw::crypto

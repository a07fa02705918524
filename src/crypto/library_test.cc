#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <cstring>
#include <string_view>

#include "crypto/digest.h"
#include "crypto/key.h"
#include "crypto/library_version.h"
#include "crypto/openssl.h"
#include "crypto/x509.h"

namespace kw::crypto {
namespace {

TEST(Library, starts_twice) {
  EXPECT_TRUE(initialise_library(SecretArena::Unlocked::kAllow).has_value());
  EXPECT_TRUE(initialise_library(SecretArena::Unlocked::kAllow).has_value());
  EXPECT_TRUE(library_version().starts_with("OpenSSL 3."));
}

TEST(Library, wipes_what_openssl_frees) {
  ASSERT_TRUE(initialise_library(SecretArena::Unlocked::kAllow).has_value());
  CRYPTO_malloc_fn take = nullptr;
  CRYPTO_realloc_fn grow = nullptr;
  CRYPTO_free_fn give_back = nullptr;
  CRYPTO_get_mem_functions(&take, &grow, &give_back);
  auto* block = static_cast<char*>(take(40, "", 0));
  constexpr std::string_view kText = "0123456789012345678901234567890123456789";
  std::memcpy(block, kText.data(), kText.size());
  auto* grown = static_cast<char*>(grow(block, 4000, "", 0));
  EXPECT_EQ(std::memcmp(grown, kText.data(), kText.size()), 0);
  auto* shrunk = static_cast<char*>(grow(grown, 10, "", 0));
  EXPECT_EQ(std::memcmp(shrunk, "0123456789", 10), 0);
  EXPECT_EQ(grow(shrunk, 0, "", 0), nullptr);
  EXPECT_EQ(take(0, "", 0), nullptr);
  give_back(nullptr, "", 0);
}

TEST(Library, private_keys_live_in_the_secure_heap) {
  ASSERT_TRUE(initialise_library(SecretArena::Unlocked::kAllow).has_value());
  const Material material = generate(Algorithm::kEd25519).value();
  const std::size_t before = CRYPTO_secure_used();
  const auto key = load(Algorithm::kEd25519, material.secret).value();
  EXPECT_GE(CRYPTO_secure_used(), before + 32);
}

TEST(Library, says_so_when_the_secure_heap_is_full) {
  ASSERT_TRUE(initialise_library(SecretArena::Unlocked::kAllow).has_value());
  const Material material = generate(Algorithm::kEcdsaP256).value();
  const auto before = load(Algorithm::kEcdsaP256, material.secret).value();
  // All that is left, in blocks of falling size.
  std::vector<void*> taken;
  for (std::size_t size = 1 << 19; size >= 16; size /= 2)
    while (void* block = OPENSSL_secure_malloc(size)) taken.push_back(block);
  const auto refused = load(Algorithm::kEcdsaP256, material.secret);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, "secure_heap_full");
  EXPECT_EQ(refused.error().code, Code::kResourceExhausted);
  for (void* block : taken) OPENSSL_secure_free(block);
  EXPECT_TRUE(load(Algorithm::kEcdsaP256, material.secret).has_value());
}

TEST(Library, knows_the_releases_with_known_flaws) {
  EXPECT_FALSE(fixed_release(1, 1, 1));
  EXPECT_FALSE(fixed_release(3, 0, 9));
  EXPECT_TRUE(fixed_release(3, 0, 10));
  EXPECT_FALSE(fixed_release(3, 1, 1));
  EXPECT_TRUE(fixed_release(3, 1, 2));
  EXPECT_TRUE(fixed_release(3, 5, 0));
  EXPECT_TRUE(fixed_release(4, 0, 0));
}

}  // namespace

// OpenSSL accepts an allocator only before its first allocation, and the first test may need
// OpenSSL.
class StartsTheLibraryFirst : public testing::Environment {
 public:
  void SetUp() override {
    ASSERT_TRUE(initialise_library(SecretArena::Unlocked::kAllow).has_value());
  }
};
const testing::Environment* const kFirst =
    testing::AddGlobalTestEnvironment(new StartsTheLibraryFirst);

}  // namespace kw::crypto

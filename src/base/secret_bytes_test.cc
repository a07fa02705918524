#include "base/secret_bytes.h"

#include <gtest/gtest.h>

#include <sstream>
#include <type_traits>

#include "base/secret_arena.h"

namespace kw {
namespace {

template <typename T, typename = void>
struct IsStreamable : std::false_type {};
template <typename T>
struct IsStreamable<
    T, std::void_t<decltype(std::declval<std::ostream&>() << std::declval<const T&>())>>
    : std::true_type {};
template <typename T, typename = void>
struct IsComparable : std::false_type {};
template <typename T>
struct IsComparable<T, std::void_t<decltype(std::declval<const T&>() == std::declval<const T&>())>>
    : std::true_type {};

static_assert(!std::is_copy_constructible_v<SecretBytes>);
static_assert(!std::is_copy_assignable_v<SecretBytes>);
static_assert(std::is_nothrow_move_constructible_v<SecretBytes>);
static_assert(!IsStreamable<SecretBytes>::value);
static_assert(!IsComparable<SecretBytes>::value);
static_assert(!std::is_convertible_v<SecretBytes, std::string_view>);
static_assert(!std::is_convertible_v<SecretBytes, ByteView>);

TEST(SecretBytes, lives_in_the_arena) {
  const SecretBytes secret = SecretBytes::copy_of(as_bytes("0123456789abcdef"));
  EXPECT_TRUE(SecretArena::holds(secret.reveal(Reveal{}).data()));
  EXPECT_EQ(as_text(secret.reveal(Reveal{})), "0123456789abcdef");
}

TEST(SecretBytes, leaves_nothing_behind_when_moved_from) {
  SecretBytes first = SecretBytes::copy_of(as_bytes("secret"));
  const SecretBytes second = std::move(first);
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): that is the promise
  EXPECT_EQ(second.size(), 6u);
}

TEST(SecretBytes, wipes_what_it_cuts_off) {
  SecretBytes secret = SecretBytes::copy_of(as_bytes("secret"));
  const std::uint8_t* tail = secret.reveal(Reveal{}).data() + 3;
  secret.shrink(3);
  EXPECT_EQ(secret.size(), 3u);
  EXPECT_EQ(tail[0], 0);
  EXPECT_EQ(tail[2], 0);
}

TEST(SecretBytes, reuses_slots_zeroed) {
  for (std::size_t size : {1u, 32u, 64u, 5000u, 300000u}) {
    {
      SecretBytes dirty(size);
      dirty.reveal_mutable(Reveal{})[size - 1] = 0xFF;
    }
    const SecretBytes fresh(size);
    for (std::uint8_t byte : fresh.reveal(Reveal{})) ASSERT_EQ(byte, 0) << size;
  }
}

TEST(SecretBytes, compares_by_content_and_length) {
  const auto a = SecretBytes::copy_of(as_bytes("abc"));
  EXPECT_TRUE(equal_constant_time(a, a.clone()));
  EXPECT_FALSE(equal_constant_time(a, SecretBytes::copy_of(as_bytes("abd"))));
  EXPECT_FALSE(equal_constant_time(a, SecretBytes::copy_of(as_bytes("ab"))));
}

TEST(SecretArenaDeathTest, aborts_when_a_canary_is_overwritten) {
  EXPECT_DEATH(
      {
        SecretBytes secret(32);
        const_cast<std::uint8_t*>(secret.reveal(Reveal{}).data())[32] = 1;
      },
      "contract broken");
}

TEST(SecretArena, counts_what_it_reserves) {
  const SecretBytes secret(16);
  EXPECT_GE(SecretArena::reserved_bytes(), std::size_t{1} << 20);
}

}  // namespace
}  // namespace kw

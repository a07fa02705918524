#include "store/store.h"

#include <gtest/gtest.h>

#include <type_traits>

#include "store/contract.h"

namespace kw::store {
namespace {

// No secret becomes a parameter, whichever way a call is written.
static_assert(!std::is_constructible_v<Param, SecretBytes>);
static_assert(!std::is_constructible_v<Param, const SecretBytes&>);
static_assert(!std::is_constructible_v<Param, SecretBytes&>);
static_assert(!std::is_constructible_v<Param, WipedBytes>);
static_assert(!std::is_constructible_v<Param, const WipedBytes&>);
static_assert(!std::is_constructible_v<Param, WipedBytes&>);
static_assert(!std::is_constructible_v<Param, WipedText>);
static_assert(!std::is_constructible_v<Param, const WipedText&>);
static_assert(!std::is_convertible_v<SecretBytes, Param>);
static_assert(!std::is_convertible_v<WipedBytes, Param>);
static_assert(!std::is_convertible_v<WipedText, Param>);
static_assert(std::is_convertible_v<Sealed, Param>);
// Only the Barrier and the KEK cipher make a Sealed of bytes that the store has not held before.
static_assert(!std::is_constructible_v<Sealed, Bytes>);
static_assert(!std::is_constructible_v<Sealed, SecretBytes>);

TEST(Row, aborts_when_read_as_another_type) {
  const Row row({std::int64_t{1}, std::string("a"), std::monostate{}});
  EXPECT_EQ(row.size(), 3U);
  EXPECT_DEATH(static_cast<void>(row.text(0)), "text");
  EXPECT_DEATH(static_cast<void>(row.integer(1)), "number");
  EXPECT_DEATH(static_cast<void>(row.bytes(2)), "bytes");
  EXPECT_DEATH(static_cast<void>(row.integer(3)), "column");
}

TEST(Open, refuses_what_is_no_store_url) {
  for (const char* url : {"", "sqlite", "sqlite://", "sqlite:///", "sqlite://relative.db",
                          "sqlite:///tmp/a?mode=memory", "sqlite:///tmp/a%00b", "sqlite:///tmp/",
                          "mysql://host/db", "postgres://[bad", "/tmp/a.db"})
    EXPECT_EQ(reason(open(url)), "bad_store_url") << url;
}

TEST(Open, never_tells_the_password_of_a_url) {
  for (const char* url : {"postgres://u:hunter2@[bad", "postgres://u:hunter2@127.0.0.1:1/db"}) {
    const auto opened = open(url);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().message.find("hunter2"), std::string::npos);
  }
}

TEST(Open, needs_an_existing_folder) {
  EXPECT_EQ(reason(open("sqlite:///nonexistent/folder/store.db")), "store_unavailable");
}

}  // namespace
}  // namespace kw::store

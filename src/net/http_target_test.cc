#include "net/http_target.h"

#include <gtest/gtest.h>

namespace kw::net {
namespace {

TEST(HttpTarget, splits_path_and_query) {
  const auto target = split_target("/api/v1/tenants/a/keys/b:rotate?limit=5&x=/?");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->path, "/api/v1/tenants/a/keys/b:rotate");
  EXPECT_EQ(target->query, "limit=5&x=/?");
}

TEST(HttpTarget, accepts_what_is_canonical) {
  for (const char* raw :
       {"/", "/a/", "/v1/secret/data/a%20b", "/a.b/..c/...", "/~x/-_!$&'()*+,;=:@", "/%C3%A9",
        "/%e2%82%ac", "/%f0%9f%94%91", "/a?", "/a?b=%2f%2e&c=[]|\"", "/%252f"}) {
    EXPECT_TRUE(split_target(raw).has_value()) << raw;
  }
}

TEST(HttpTarget, refuses_what_two_readers_may_read_differently) {
  using std::string_view_literals::operator""sv;
  for (const std::string_view raw : {""sv,
                                     "*"sv,
                                     "a"sv,
                                     "http://a/"sv,
                                     "a:443"sv,
                                     "//"sv,
                                     "/a//b"sv,
                                     "/."sv,
                                     "/.."sv,
                                     "/./a"sv,
                                     "/a/./b"sv,
                                     "/a/../b"sv,
                                     "/a/.."sv,
                                     "/a/."sv,
                                     "/a\\b"sv,
                                     "/%2f"sv,
                                     "/%2F"sv,
                                     "/a%2eb"sv,
                                     "/%2E%2E/"sv,
                                     "/%00"sv,
                                     "/%5c"sv,
                                     "/%5C"sv,
                                     "/%0a"sv,
                                     "/%7f"sv,
                                     "/%1F"sv,
                                     "/%"sv,
                                     "/%2"sv,
                                     "/%zz"sv,
                                     "/a%2"sv,
                                     "/\xC3\xA9"sv,
                                     "/a\0b"sv,
                                     "/a b"sv,
                                     "/a\tb"sv,
                                     "/a#b"sv,
                                     "/a?b#c"sv,
                                     "/a?b c"sv,
                                     "/a?%"sv,
                                     "/a?%g0"sv,
                                     "/a?\x80"sv,
                                     "/a?b\0"sv,
                                     "/%c0%af"sv,
                                     "/%c1%81"sv,
                                     "/%e0%80%af"sv,
                                     "/%ed%a0%80"sv,
                                     "/%f4%90%80%80"sv,
                                     "/%f8%88%80%80"sv,
                                     "/%80"sv,
                                     "/%c3"sv,
                                     "/%c3a"sv,
                                     "/%c3/%a9"sv,
                                     "/\"a\""sv,
                                     "/<a>"sv,
                                     "/a|b"sv,
                                     "/{a}"sv,
                                     "/a^b"sv,
                                     "/a`b"sv}) {
    const auto target = split_target(raw);
    ASSERT_FALSE(target.has_value()) << raw;
    EXPECT_EQ(target.error().reason, "bad_target") << raw;
  }
}

}  // namespace
}  // namespace kw::net

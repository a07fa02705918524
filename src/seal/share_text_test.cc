#include "seal/share_text.h"

#include <gtest/gtest.h>

#include "base/reveal.h"
#include "crypto/random.h"

namespace kw::seal {
namespace {

SealShare sample() {
  SealShare share{{1, 2, 3, 4, 5, 6, 7, 8}, 3, {2, SecretBytes(32)}};
  const auto bytes = share.share.value.reveal_mutable(Reveal{});
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 7);
  return share;
}

bool parses(const std::string& text) {
  return parse_share(text).has_value();
}

TEST(ShareText, is_stable) {
  // Shares lie in safes for years: this text must parse for ever.
  EXPECT_EQ(std::string_view(share_text(sample())),
            "kws1-AQIDBAUGBwgCAwAHDhUcIyoxOD9GTVRbYmlwd36FjJOaoaivtr3Ey9LZwzwUwQ");
}

TEST(ShareText, comes_back_whole) {
  const SealShare share = sample();
  const auto back = parse_share(share_text(share));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->seal_id, share.seal_id);
  EXPECT_EQ(back->threshold, 3);
  EXPECT_EQ(back->share.index, 2);
  EXPECT_TRUE(equal_constant_time(back->share.value, share.share.value));
}

TEST(ShareText, notices_every_single_typing_error) {
  const WipedText good = share_text(sample());
  const std::string text(good.begin(), good.end());
  int refused = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char other : std::string("AQgw_-9.")) {
      if (text[i] == other) continue;
      std::string typo = text;
      typo[i] = other;
      ASSERT_FALSE(parses(typo)) << i;
      ++refused;
    }
  }
  EXPECT_GT(refused, 400);
}

TEST(ShareText, refuses_what_is_no_share) {
  const WipedText good = share_text(sample());
  const std::string text(good.begin(), good.end());
  EXPECT_TRUE(parses(text));
  for (const std::string& other :
       {std::string(), std::string("kws1-"), text + "=", text + "\n", " " + text, text.substr(1),
        text.substr(0, text.size() - 1), "kws2-" + text.substr(5), "KWS1-" + text.substr(5),
        std::string(1'000'000, 'A')})
    EXPECT_FALSE(parses(other));
}

TEST(ShareText, refuses_index_and_threshold_zero) {
  SealShare share = sample();
  share.share.index = 0;
  EXPECT_EQ(parse_share(share_text(share)).error().reason, "bad_share");
  share = sample();
  share.threshold = 0;
  EXPECT_EQ(parse_share(share_text(share)).error().reason, "bad_share");
}

}  // namespace
}  // namespace kw::seal

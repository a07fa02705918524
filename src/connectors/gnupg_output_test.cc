#include "connectors/gnupg_output.h"

#include <gtest/gtest.h>

namespace kw::connectors {
namespace {

const std::string kKey(40, 'A');

std::string status(std::initializer_list<std::string> lines) {
  std::string text;
  for (const std::string& line : lines) text += "[GNUPG:] " + line + "\n";
  return text;
}

TEST(GnupgOutput, a_listing_gives_subkeys_with_what_they_may) {
  const auto all = gnupg_subkeys(
      "pub:u:255:22:2F8748A9B92237A9:1:::u:::cSC:::::ed25519:::0:\n"
      "fpr:::::::::F19142EA8BDB04FD0B1E668F2F8748A9B92237A9:\n"
      "sub:r:255:22:53304A1C2E1AF486:1:2:::::s:::::ed25519::\n"
      "fpr:::::::::BE74303BEC9FB29E05B7494D53304A1C2E1AF486:\n"
      "ssb:u:255:18:53304A1C2E1AF487:1:2:::::e:::+::cv25519::\n"
      "fpr:::::::::BE74303BEC9FB29E05B7494D53304A1C2E1AF487:\n"
      "sub:-:255:22:53304A1C2E1AF488:1:2:::::s:::::ed25519::\n"
      "fpr:::::::::BE74303BEC9FB29E05B7494D53304A1C2E1AF488:\n"
      "sub:u:short\nfpr:::::::::BE74303BEC9FB29E05B7494D53304A1C2E1AF489:\n");
  ASSERT_EQ(all.size(), 3u);
  EXPECT_FALSE(all[0].usable);
  EXPECT_EQ(all[0].created, 1);
  EXPECT_TRUE(all[0].signs);
  EXPECT_EQ(all[0].key_id(), "53304A1C2E1AF486");
  EXPECT_FALSE(all[1].signs);
  EXPECT_TRUE(all[2].usable && all[2].signs);
}

TEST(GnupgOutput, only_one_good_signature_of_that_key_is_good) {
  const std::string good = "GOODSIG AAAA Test", valid = "VALIDSIG " + kKey + " 2026-01-01";
  EXPECT_EQ(gnupg_verdict(status({"NEWSIG", good, valid}), kKey), GnupgVerdict::kGood);
  EXPECT_EQ(gnupg_verdict(status({good, valid}), std::string(40, 'B')), GnupgVerdict::kNone);
  EXPECT_EQ(gnupg_verdict(status({"REVKEYSIG AAAA Test", valid}), kKey), GnupgVerdict::kRevoked);
  EXPECT_EQ(gnupg_verdict(status({"EXPKEYSIG AAAA Test", valid}), kKey), GnupgVerdict::kExpired);
  EXPECT_EQ(gnupg_verdict(status({"BADSIG AAAA Test"}), kKey), GnupgVerdict::kBad);
  EXPECT_EQ(gnupg_verdict(status({good, valid, "ERRSIG x"}), kKey), GnupgVerdict::kNone);
  EXPECT_EQ(gnupg_verdict(status({"NEWSIG", good, valid, "NEWSIG", good, valid}), kKey),
            GnupgVerdict::kNone);
  EXPECT_EQ(gnupg_verdict("", kKey), GnupgVerdict::kNone);
  // A user id that looks like a status line does not begin one.
  EXPECT_EQ(gnupg_verdict(status({"BADSIG AAAA [GNUPG:] GOODSIG"}) + valid, kKey),
            GnupgVerdict::kBad);
}

}  // namespace
}  // namespace kw::connectors

#include "seal/cell.h"

#include <gtest/gtest.h>

#include "base/reveal.h"
#include "seal/barrier.h"
#include "seal/store_for_tests.h"

namespace kw::seal {
namespace {

// Written out by hand from the description of the format: what is stored today must open for ever.
TEST(Cell, has_the_documented_layout_and_authenticates_all_of_it) {
  constexpr KekName kKek{0x123456, 0x0A0B0C0D};
  const SecretBytes key = bytes_of(7);
  const crypto::Digest256 binding = context_of("k").binding();
  const std::string_view plain = "thirty-two bytes of key material";
  Bytes cell(plain.size() + kCellOverheadBytes);
  CellCipher(kKek, key).seal(binding, as_bytes(plain), cell);

  EXPECT_EQ(Bytes(cell.begin(), cell.begin() + 4), (Bytes{0x0A, 0x0B, 0x0C, 0x0D}));
  EXPECT_TRUE(same_bytes(ByteView(cell).subspan(16, 32), binding));

  std::string aad("\0\0\0\x11", 4);
  aad += "keywright/cell/v1";
  aad += std::string("\0\0\0\0\0\x12\x34\x56", 8);
  aad += "\x0A\x0B\x0C\x0D";
  aad += as_text(binding);
  crypto::GcmNonce nonce;
  std::copy_n(cell.begin() + 4, nonce.size(), nonce.begin());
  Bytes opened(plain.size());
  crypto::Aes256Gcm gcm(key);
  ASSERT_EQ(reason(gcm.open(nonce, as_bytes(aad), ByteView(cell).subspan(48), opened)), "");
  EXPECT_EQ(as_text(opened), plain);
}

TEST(Cell, opens_only_under_its_own_tenant_version_and_binding) {
  const SecretBytes key = bytes_of(7);
  const crypto::Digest256 binding = context_of("k").binding();
  Bytes cell(32 + kCellOverheadBytes);
  CellCipher(KekName{1, 2}, key).seal(binding, Bytes(32, 9), cell);
  Bytes out(32);
  EXPECT_EQ(reason(CellCipher(KekName{1, 2}, key).open(CellParts(cell), out)), "");
  EXPECT_EQ(out, Bytes(32, 9));
  EXPECT_EQ(reason(CellCipher(KekName{3, 2}, key).open(CellParts(cell), out)), "unwrap_failed");
  Bytes renamed = cell;
  renamed[3] = 5;
  EXPECT_EQ(reason(CellCipher(KekName{1, 5}, key).open(CellParts(renamed), out)), "unwrap_failed");
  Bytes rebound = cell;
  rebound[16] ^= 1;
  EXPECT_EQ(reason(CellCipher(KekName{1, 2}, key).open(CellParts(rebound), out)), "unwrap_failed");
}

}  // namespace
}  // namespace kw::seal

#include "seal/cell.h"

#include <algorithm>

#include "crypto/random.h"
#include "seal/barrier.h"

namespace kw::seal {

namespace {

constexpr std::string_view kLabel = "keywright/cell/v1";
constexpr std::size_t kNonceAt = 4;
constexpr std::size_t kBindingAt = 16;
constexpr std::size_t kBindingBytes = 32;
constexpr std::size_t kSealedAt = kBindingAt + kBindingBytes;
static_assert(kSealedAt + crypto::kGcmTagBytes == kCellOverheadBytes);

std::uint32_t big_endian(ByteView bytes) {
  return static_cast<std::uint32_t>(bytes[0]) << 24 | static_cast<std::uint32_t>(bytes[1]) << 16 |
         static_cast<std::uint32_t>(bytes[2]) << 8 | bytes[3];
}

}  // namespace

Error unwrap_failed() {
  return error(Code::kDataLoss, "unwrap_failed",
               "a sealed cell does not open: it was changed, moved or made elsewhere");
}

CellParts::CellParts(ByteView cell)
    : version(big_endian(cell)),
      binding(cell.subspan(kBindingAt, kBindingBytes)),
      sealed(cell.subspan(kSealedAt)) {
  std::copy_n(cell.begin() + kNonceAt, nonce.size(), nonce.begin());
}

CellAad::CellAad(const KekName& kek) {
  ByteWriter writer;
  writer.field(kLabel).u64(static_cast<std::uint64_t>(kek.tenant)).u32(kek.version);
  KW_CHECK(writer.bytes().size() + kBindingBytes == bytes_.size());
  std::copy(writer.bytes().begin(), writer.bytes().end(), bytes_.begin());
}

ByteView CellAad::with(ByteView binding) {
  KW_CHECK(binding.size() == kBindingBytes);
  std::copy(binding.begin(), binding.end(), bytes_.end() - kBindingBytes);
  return bytes_;
}

CellCipher::CellCipher(const KekName& kek, const SecretBytes& key)
    : version_(kek.version), aad_(kek), gcm_(key) {}

void CellCipher::seal(ByteView binding, ByteView plaintext, std::span<std::uint8_t> out) {
  KW_CHECK(out.size() == plaintext.size() + kCellOverheadBytes);
  crypto::GcmNonce nonce;
  crypto::random_public(nonce);
  for (unsigned i = 0; i < 4; ++i) out[i] = static_cast<std::uint8_t>(version_ >> (24 - 8 * i));
  std::copy(nonce.begin(), nonce.end(), out.begin() + kNonceAt);
  std::copy(binding.begin(), binding.end(), out.begin() + kBindingAt);
  gcm_.seal(nonce, aad_.with(binding), plaintext, out.subspan(kSealedAt));
}

Status CellCipher::open(const CellParts& cell, std::span<std::uint8_t> out) {
  KW_CHECK(cell.version == version_);
  if (!gcm_.open(cell.nonce, aad_.with(cell.binding), cell.sealed, out)) return unwrap_failed();
  return ok();
}

}  // namespace kw::seal

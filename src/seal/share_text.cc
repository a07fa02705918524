#include "seal/share_text.h"

#include <algorithm>

#include "base/reveal.h"
#include "codec/base64.h"
#include "crypto/digest.h"

namespace kw::seal {

namespace {

constexpr std::string_view kPrefix = "kws1-";
constexpr std::string_view kCheckLabel = "keywright/share-check/v1";
constexpr std::size_t kIndexAt = 8;
constexpr std::size_t kThresholdAt = 9;
constexpr std::size_t kValueAt = 10;
constexpr std::size_t kCheckAt = kValueAt + kSealKeyBytes;
constexpr std::size_t kCheckBytes = 4;
constexpr std::size_t kShareBytes = kCheckAt + kCheckBytes;
constexpr std::size_t kTextBytes = kPrefix.size() + (kShareBytes * 8 + 5) / 6;

Error bad_share() {
  return error(Code::kInvalidArgument, "bad_share",
               "this is not a share of the seal; check it for typing errors");
}

crypto::Digest256 check_of(ByteView fields) {
  return crypto::sha256({as_bytes(kCheckLabel), fields});
}

}  // namespace

WipedText share_text(const SealShare& share) {
  KW_CHECK(share.share.value.size() == kSealKeyBytes);
  SecretBytes packed(kShareBytes);
  const auto bytes = packed.reveal_mutable(Reveal{});
  std::copy(share.seal_id.begin(), share.seal_id.end(), bytes.begin());
  bytes[kIndexAt] = share.share.index;
  bytes[kThresholdAt] = static_cast<std::uint8_t>(share.threshold);
  const ByteView value = share.share.value.reveal(Reveal{});
  std::copy(value.begin(), value.end(), bytes.begin() + kValueAt);
  const crypto::Digest256 check = check_of(bytes.first(kCheckAt));
  std::copy_n(check.begin(), kCheckBytes, bytes.begin() + kCheckAt);
  WipedText text(kPrefix);
  text += codec::wiped_base64url(bytes);
  return text;
}

Result<SealShare> parse_share(std::string_view text) {
  if (text.size() != kTextBytes || text.substr(0, kPrefix.size()) != kPrefix) return bad_share();
  const Result<SecretBytes> packed = codec::secret_from_base64url(text.substr(kPrefix.size()));
  if (!packed || packed->size() != kShareBytes) return bad_share();
  const ByteView bytes = packed->reveal(Reveal{});
  const crypto::Digest256 check = check_of(bytes.first(kCheckAt));
  if (!equal_constant_time(ByteView(check).first(kCheckBytes), bytes.subspan(kCheckAt)))
    return bad_share();
  SealShare share;
  std::copy_n(bytes.begin(), share.seal_id.size(), share.seal_id.begin());
  share.threshold = bytes[kThresholdAt];
  share.share.index = bytes[kIndexAt];
  share.share.value = SecretBytes::copy_of(bytes.subspan(kValueAt, kSealKeyBytes));
  if (share.share.index == 0 || share.threshold == 0) return bad_share();
  return share;
}

}  // namespace kw::seal

#include "audit/access_head.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>

namespace kw::audit {

namespace {

constexpr std::size_t kSlotBytes = 4096;
constexpr std::string_view kLabel = "keywright/access-head/v1";

// field(label) | field(frontier) | SHA-256 of both
Bytes encode(const Frontier& frontier) {
  ByteWriter out;
  out.field(kLabel).field(frontier.encode());
  const Hash check = crypto::sha256(ByteView(out.bytes()));
  return out.raw(check).bytes();
}

Result<Frontier> decode(ByteView slot) {
  ByteReader in(slot);
  KW_TRY(ByteView label, in.field());
  KW_TRY(ByteView edge, in.field());
  const ByteView covered = slot.first(slot.size() - in.left());
  KW_TRY(ByteView check, in.raw(sizeof(Hash)));
  if (as_text(label) != kLabel || !same_bytes(check, crypto::sha256(covered)))
    return error(Code::kDataLoss, "bad_frontier", "a head slot does not decode");
  return Frontier::decode(edge);
}

}  // namespace

Result<HeadFile> HeadFile::open(const std::string& folder) {
  HeadFile head;
  const std::string path = folder + "/head";
  head.file_ = Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!head.file_.is_open()) return io_error(path, errno);
  return head;
}

Frontier HeadFile::read() const {
  Frontier newest;
  for (int slot = 0; slot < 2; ++slot) {
    std::array<std::uint8_t, kSlotBytes> bytes{};
    const ssize_t got = pread(file_.get(), bytes.data(), bytes.size(), slot * off_t{kSlotBytes});
    if (got <= 0) continue;
    auto frontier = decode(ByteView(bytes).first(static_cast<std::size_t>(got)));
    if (frontier && frontier->size() > newest.size()) newest = *std::move(frontier);
  }
  return newest;
}

void HeadFile::write(const Frontier& frontier) {
  (void)write_at(file_.get(), encode(frontier),
                 static_cast<std::uint64_t>(next_slot_) * kSlotBytes);
  next_slot_ ^= 1;
}

}  // namespace kw::audit

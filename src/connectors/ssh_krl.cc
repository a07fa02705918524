#include "connectors/ssh_krl.h"

namespace kw::connectors {

namespace {

constexpr std::uint64_t kMagic = 0x5353484b524c0a00;  // "SSHKRL\n\0"
constexpr std::uint32_t kFormat = 1;
constexpr std::uint8_t kExplicitKeys = 2, kSignature = 4;
constexpr std::size_t kListMax = 1 << 20;

Error foreign() {
  return error(Code::kFailedPrecondition, "foreign_krl",
               "the revocation list is none, is signed, or is of a version that is not known here");
}

struct Krl {
  std::uint64_t version = 0;
  std::uint64_t flags = 0;
  Bytes comment;
  Bytes sections;  ///< as they are
  bool has_key = false;
};

Result<bool> holds(ByteView keys, ByteView wanted) {
  ByteReader in(keys);
  bool found = false;
  while (!in.done()) {
    KW_TRY(const ByteView key, in.field());
    found = found || same_bytes(key, wanted);
  }
  return found;
}

Result<Krl> parse(ByteView list, ByteView wanted) {
  Krl krl;
  ByteReader in(list);
  KW_TRY(const std::uint64_t magic, in.u64());
  KW_TRY(const std::uint32_t format, in.u32());
  KW_TRY(krl.version, in.u64());
  KW_OK(in.u64());
  KW_TRY(krl.flags, in.u64());
  KW_OK(in.field());
  KW_TRY(const ByteView comment, in.field());
  krl.comment = to_bytes(comment);
  if (magic != kMagic || format != kFormat) return foreign();
  ByteWriter sections;
  while (!in.done()) {
    KW_TRY(const std::uint8_t type, in.u8());
    KW_TRY(const ByteView content, in.field());
    if (type == kSignature) return foreign();
    if (type == kExplicitKeys) {
      KW_TRY(const bool found, holds(content, wanted));
      krl.has_key = krl.has_key || found;
    }
    sections.u8(type).field(content);
  }
  krl.sections = std::move(sections).bytes();
  return krl;
}

}  // namespace

Result<Bytes> krl_with(ByteView list, ByteView key_blob) {
  Krl krl;
  if (!list.empty()) {
    auto parsed = list.size() <= kListMax ? parse(list, key_blob) : Result<Krl>(foreign());
    if (!parsed) return foreign();
    krl = *std::move(parsed);
  }
  if (krl.has_key) return to_bytes(list);
  ByteWriter key;
  key.field(key_blob);
  ByteWriter out;
  out.u64(kMagic).u32(kFormat).u64(krl.version + 1);
  out.u64(0).u64(krl.flags);  // no date: sshd asks for none, and the same list is the same bytes
  out.field("").field(ByteView(krl.comment)).raw(krl.sections);
  out.u8(kExplicitKeys).field(ByteView(key.bytes()));
  return std::move(out).bytes();
}

}  // namespace kw::connectors

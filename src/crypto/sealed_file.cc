#include "crypto/sealed_file.h"

namespace kw::crypto {

namespace {

constexpr std::string_view kMagic = "KWF1";

Error bad_file() {
  return error(Code::kInvalidArgument, "bad_file", "this is not a file that keywright encrypted");
}

}  // namespace

Result<std::size_t> sealed_file_head(ByteView start) {
  ByteReader reader(start);
  const auto magic = reader.raw(kMagic.size());
  if (!magic || as_text(*magic) != kMagic) return bad_file();
  const auto length = reader.u32();
  if (!length || *length > kWrappedKeyBytesMax) return bad_file();
  return kSealedFileHeadBytes + *length;
}

Result<SealedFile> parse_sealed_file(ByteView bytes) {
  KW_TRY(const std::size_t head, sealed_file_head(bytes));
  if (bytes.size() < head) return bad_file();
  return SealedFile{bytes.subspan(kSealedFileHeadBytes, head - kSealedFileHeadBytes),
                    bytes.subspan(head)};
}

Bytes join_sealed_file(const SealedFile& parts) {
  ByteWriter file;
  file.raw(as_bytes(kMagic)).field(parts.wrapped_key).raw(parts.content);
  return std::move(file).bytes();
}

}  // namespace kw::crypto

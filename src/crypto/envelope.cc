#include "crypto/envelope.h"

#include <array>

#include "crypto/envelope_start.h"

namespace kw::crypto {

namespace {

constexpr std::uint8_t kMagic = 0xC7;
constexpr std::uint8_t kFormat = 1;
constexpr std::uint16_t kCritical = 0x8000;
constexpr std::string_view kTextPrefix = "kw1:";
constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kNoDigit = 0xFF;

Error bad_envelope() {
  return error(Code::kInvalidArgument, "bad_envelope", "not a ciphertext of this service");
}

constexpr std::array<std::uint8_t, 256> digit_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::size_t i = 0; i < kBase64Url.size(); ++i)
    values[static_cast<std::uint8_t>(kBase64Url[i])] = static_cast<std::uint8_t>(i);
  return values;
}

// No extension is defined in version 1: a critical one is refused, another one is only walked over.
Status check_extensions(ByteView extensions) {
  ByteReader reader(extensions);
  while (!reader.done()) {
    KW_TRY(const std::uint16_t type, reader.u16());
    KW_TRY(const std::uint16_t length, reader.u16());
    KW_OK(reader.raw(length));
    if ((type & kCritical) != 0) return bad_envelope();
  }
  return ok();
}

Result<Envelope> read_envelope(ByteView bytes) {
  ByteReader reader(bytes);
  KW_TRY(const std::uint8_t magic, reader.u8());
  KW_TRY(const std::uint8_t format, reader.u8());
  Envelope envelope;
  KW_TRY(envelope.header.suite, reader.u16());
  KW_TRY(const ByteView key, reader.raw(16));
  KW_TRY(envelope.header.key, KeyId::from_bytes(key));
  KW_TRY(envelope.header.version, reader.u32());
  KW_TRY(envelope.header.flags, reader.u16());
  KW_TRY(const std::uint16_t extension_length, reader.u16());
  KW_TRY(const ByteView extensions, reader.raw(extension_length));
  KW_OK(check_extensions(extensions));
  if (magic != kMagic || format != kFormat || envelope.header.suite == 0 ||
      envelope.header.version == 0 || envelope.header.flags != 0 ||
      reader.left() < kEnvelopeBodyBytesMin)
    return bad_envelope();
  envelope.header_bytes = bytes.first(kEnvelopeHeaderBytes + extension_length);
  envelope.body = bytes.subspan(envelope.header_bytes.size());
  return envelope;
}

// Decodes into `out`; false for a digit outside the alphabet, an impossible length or bits that no
// encoder sets.
bool decode_base64url(std::string_view text, Bytes& out) {
  static constexpr auto kValues = digit_values();
  if (text.size() % 4 == 1) return false;
  out.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char digit : text) {
    const std::uint8_t value = kValues[static_cast<std::uint8_t>(digit)];
    if (value == kNoDigit) return false;
    bits = (bits << 6 | value) & 0xFFFF;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out.push_back(static_cast<std::uint8_t>(bits >> held));
  }
  return (bits & ((1U << held) - 1)) == 0;
}

}  // namespace

Result<Envelope> parse_envelope(ByteView bytes) {
  auto envelope = read_envelope(bytes);
  if (!envelope.has_value()) return bad_envelope();
  return envelope;
}

std::optional<EnvelopeHeader> peek_envelope(ByteView start) {
  if (start.size() < kEnvelopeStartBytes || start[0] != kMagic || start[1] != kFormat)
    return std::nullopt;
  ByteReader reader(start.subspan(2));
  EnvelopeHeader header;
  header.suite = *reader.u16();
  header.key = *KeyId::from_bytes(*reader.raw(16));
  header.version = *reader.u32();
  if (header.suite == 0 || header.version == 0) return std::nullopt;
  return header;
}

std::optional<EnvelopeHeader> peek_envelope_text(std::string_view start) {
  if (start.size() < kEnvelopeStartCharacters || !start.starts_with(kTextPrefix))
    return std::nullopt;
  Bytes bytes;
  const auto digits =
      start.substr(kTextPrefix.size(), kEnvelopeStartCharacters - kTextPrefix.size());
  if (!decode_base64url(digits, bytes)) return std::nullopt;
  return peek_envelope(bytes);
}

Bytes encode_header(const EnvelopeHeader& header) {
  KW_CHECK(header.suite != 0 && header.version != 0 && header.flags == 0);
  return ByteWriter()
      .u8(kMagic)
      .u8(kFormat)
      .u16(header.suite)
      .raw(header.key.bytes())
      .u32(header.version)
      .u16(header.flags)
      .u16(0)
      .bytes();
}

std::string envelope_text(ByteView envelope) {
  std::string text(kTextPrefix);
  text.reserve(text.size() + (envelope.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  int held = 0;
  for (const std::uint8_t byte : envelope) {
    bits = (bits << 8 | byte) & 0xFFFF;
    for (held += 8; held >= 6;) {
      held -= 6;
      text.push_back(kBase64Url[bits >> held & 0x3F]);
    }
  }
  if (held != 0) text.push_back(kBase64Url[bits << (6 - held) & 0x3F]);
  return text;
}

Result<Bytes> envelope_from_text(std::string_view text) {
  if (!text.starts_with(kTextPrefix)) return bad_envelope();
  Bytes bytes;
  if (!decode_base64url(text.substr(kTextPrefix.size()), bytes)) return bad_envelope();
  KW_OK(parse_envelope(bytes));
  return bytes;
}

}  // namespace kw::crypto

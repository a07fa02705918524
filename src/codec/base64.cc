#include "codec/base64.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/reveal.h"
#include "codec/base64_block.h"

namespace kw::codec {

namespace {

constexpr std::size_t kHeapText =
    32;  // longer than std::string keeps in itself, where nothing wipes it

std::uint64_t big_endian(std::uint64_t value) {
  return std::endian::native == std::endian::little ? __builtin_bswap64(value) : value;
}

// Up to 8 bytes as the top lanes of a word, the rest zero.
std::uint64_t load(const void* from, std::size_t size) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, size);
  return big_endian(word);
}
void store(std::uint64_t word, void* to, std::size_t size) {
  word = big_endian(word);
  std::memcpy(to, &word, size);
}

std::size_t characters(std::size_t bytes) {
  return bytes / 3 * 4 + (bytes % 3 * 4 + 2) / 3;
}
std::size_t decoded_size(std::size_t characters) {
  return characters / 4 * 3 + characters % 4 * 3 / 4;
}

// Writes characters(bytes.size()) characters, without padding.
void encode(ByteView bytes, char* out, Base64Alphabet alphabet) {
  while (bytes.size() >= 6) {
    // A whole word is loaded where there is one: assembling six bytes in memory first would stall.
    const std::uint64_t word = bytes.size() >= 8 ? load(bytes.data(), 8) : load(bytes.data(), 6);
    store(encode_block(word >> 16, alphabet), out, 8);
    bytes = bytes.subspan(6);
    out += 8;
  }
  if (bytes.empty()) return;
  store(encode_block(load(bytes.data(), bytes.size()) >> 16, alphabet), out,
        characters(bytes.size()));
}

// Fills `out`, whose size is decoded_size(text.size()). Reads all of it before it tells whether it
// was well formed.
bool decode(std::string_view text, std::span<std::uint8_t> out, Base64Alphabet alphabet) {
  if (text.size() % 4 == 1) return false;
  std::uint64_t wrong = 0;
  while (text.size() >= 8) {
    const std::uint64_t bits = decode_block(load(text.data(), 8), alphabet, wrong) << 16;
    store(bits, out.data(), out.size() >= 8 ? 8 : 6);  // the next block overwrites the two bytes
    text.remove_prefix(8);
    out = out.subspan(6);
  }
  if (!text.empty()) {
    // Missing characters count as 'A', that is zero; what remains behind the last whole byte must
    // be zero.
    const std::uint64_t filler = (kLanes * 'A') >> (8 * text.size());
    const std::uint64_t block = load(text.data(), text.size()) | filler;
    const std::uint64_t bits = decode_block(block, alphabet, wrong) << 16;
    wrong |= bits << (8 * out.size());
    store(bits, out.data(), out.size());
  }
  return wrong == 0;
}

Error bad_base64() {
  return error(Code::kInvalidArgument, "bad_base64", "the text is not strict base64 (RFC 4648)");
}

// Standard base64 without its padding; a view that no decoder accepts when the padding is wrong.
std::string_view without_padding(std::string_view text) {
  constexpr std::string_view kNeverValid = "=";
  if (text.size() % 4 != 0) return kNeverValid;
  for (int pad = 0; pad < 2 && text.ends_with('='); ++pad) text.remove_suffix(1);
  return text;
}

template <typename Container>
Result<Container> decode_plain(std::string_view text, Base64Alphabet alphabet) {
  Container bytes(decoded_size(text.size()));
  if (!decode(text, bytes, alphabet)) return bad_base64();
  return bytes;
}

Result<SecretBytes> decode_secret(std::string_view text, Base64Alphabet alphabet) {
  SecretBytes secret(decoded_size(text.size()));
  if (!decode(text, secret.reveal_mutable(Reveal{}), alphabet)) return bad_base64();
  return secret;
}

template <typename Text>
Text encode_standard(ByteView bytes) {
  Text text;
  text.reserve(std::max(base64_size(bytes.size()), kHeapText));
  text.resize(base64_size(bytes.size()));
  write_base64(bytes, text);
  return text;
}

template <typename Text>
Text encode_url(ByteView bytes) {
  Text text;
  text.reserve(std::max(characters(bytes.size()), kHeapText));
  text.resize(characters(bytes.size()));
  encode(bytes, text.data(), kBase64Url);
  return text;
}

}  // namespace

std::size_t base64_size(std::size_t bytes) {
  return (bytes + 2) / 3 * 4;
}

void write_base64(ByteView bytes, std::span<char> out) {
  KW_CHECK(out.size() == base64_size(bytes.size()));
  encode(bytes, out.data(), kBase64Standard);
  for (std::size_t i = characters(bytes.size()); i < out.size(); ++i) out[i] = '=';
}

std::string base64(ByteView bytes) {
  return encode_standard<std::string>(bytes);
}
std::string base64url(ByteView bytes) {
  return encode_url<std::string>(bytes);
}
WipedText wiped_base64(ByteView bytes) {
  return encode_standard<WipedText>(bytes);
}
WipedText wiped_base64url(ByteView bytes) {
  return encode_url<WipedText>(bytes);
}

Result<Bytes> from_base64(std::string_view text) {
  return decode_plain<Bytes>(without_padding(text), kBase64Standard);
}
Result<Bytes> from_base64url(std::string_view text) {
  return decode_plain<Bytes>(text, kBase64Url);
}
Result<WipedBytes> wiped_from_base64(std::string_view text) {
  return decode_plain<WipedBytes>(without_padding(text), kBase64Standard);
}
Result<SecretBytes> secret_from_base64(std::string_view text) {
  return decode_secret(without_padding(text), kBase64Standard);
}
Result<SecretBytes> secret_from_base64url(std::string_view text) {
  return decode_secret(text, kBase64Url);
}

}  // namespace kw::codec

#include "connectors/ssh_key.h"

#include <algorithm>

#include "base/reveal.h"
#include "codec/base64.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "crypto/signing.h"

namespace kw::connectors {

namespace {

constexpr std::string_view kMagic{"openssh-key-v1\0", 15};
constexpr std::string_view kType = "ssh-ed25519";
constexpr std::string_view kBegin = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
constexpr std::string_view kEnd = "-----END OPENSSH PRIVATE KEY-----\n";
constexpr std::size_t kSeed = 32, kLine = 70, kPadTo = 8, kTextMax = 8192;

Error bad_key() {
  return error(Code::kInvalidArgument, "bad_ssh_key",
               "the value is no Ed25519 key of OpenSSH without a passphrase");
}

SshPublicKey public_of(ByteView point) {
  ByteWriter blob;
  blob.field(kType).field(point);
  return {std::move(blob).bytes()};
}

// ByteWriter's memory is not wiped: parts with the seed are put together here.
class WipedWriter {
 public:
  WipedWriter& u32(std::uint32_t value) {
    for (const int shift : {24, 16, 8, 0})
      bytes_.push_back(static_cast<std::uint8_t>(value >> shift));
    return *this;
  }
  WipedWriter& raw(ByteView bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  WipedWriter& field(ByteView bytes) {
    return u32(static_cast<std::uint32_t>(bytes.size())).raw(bytes);
  }
  WipedWriter& field(std::string_view text) { return field(as_bytes(text)); }
  WipedBytes& bytes() { return bytes_; }

 private:
  WipedBytes bytes_;
};

WipedBytes private_section(const SecretBytes& seed, ByteView point, std::string_view comment) {
  WipedWriter out;
  std::array<std::uint8_t, 4> check{};
  crypto::random_public(check);
  WipedBytes pair(seed.reveal(Reveal{}).begin(), seed.reveal(Reveal{}).end());
  pair.insert(pair.end(), point.begin(), point.end());
  out.raw(check).raw(check).field(kType).field(point).field(ByteView(pair)).field(comment);
  for (std::uint8_t pad = 1; out.bytes().size() % kPadTo != 0; ++pad) out.bytes().push_back(pad);
  return std::move(out.bytes());
}

SecretBytes armoured(ByteView content) {
  const WipedText encoded = codec::wiped_base64(content);
  WipedText text;
  text.reserve(kBegin.size() + kEnd.size() + encoded.size() + encoded.size() / kLine + 2);
  text.append(kBegin);
  for (std::size_t at = 0; at < encoded.size(); at += kLine)
    text.append(encoded, at, kLine).append("\n");
  text.append(kEnd);
  return SecretBytes::copy_of(as_bytes(text));
}

Result<SecretBytes> unarmoured(std::string_view text) {
  if (text.size() > kTextMax || !text.starts_with(kBegin)) return bad_key();
  const std::size_t end = text.find(kEnd.substr(0, kEnd.size() - 1));
  if (end == text.npos) return bad_key();
  WipedText encoded;
  encoded.reserve(text.size());
  for (const char c : text.substr(kBegin.size(), end - kBegin.size()))
    if (c != '\n' && c != '\r') encoded.push_back(c);
  auto bytes = codec::secret_from_base64(encoded);
  if (!bytes) return bad_key();
  return bytes;
}

// The seed's place in the private section, after everything before it was checked.
Result<ByteView> seed_in(ByteView section) {
  ByteReader in(section);
  KW_TRY(const std::uint32_t first, in.u32());
  KW_TRY(const std::uint32_t second, in.u32());
  KW_TRY(const ByteView type, in.field());
  KW_TRY(const ByteView point, in.field());
  KW_TRY(const ByteView pair, in.field());
  KW_OK(in.field());
  if (first != second || as_text(type) != kType || point.size() != kSeed ||
      pair.size() != 2 * kSeed || !same_bytes(pair.subspan(kSeed), point))
    return bad_key();
  return pair.first(kSeed);
}

Result<ByteView> section_in(ByteView content) {
  ByteReader in(content);
  KW_TRY(const ByteView magic, in.raw(kMagic.size()));
  KW_TRY(const ByteView cipher, in.field());
  KW_TRY(const ByteView derivation, in.field());
  KW_OK(in.field());
  KW_TRY(const std::uint32_t keys, in.u32());
  KW_OK(in.field());
  KW_TRY(const ByteView section, in.field());
  if (as_text(magic) != kMagic || as_text(cipher) != "none" || as_text(derivation) != "none" ||
      keys != 1 || !in.done())
    return bad_key();
  return section;
}

}  // namespace

std::string SshPublicKey::base64() const {
  return codec::base64(blob);
}
std::string SshPublicKey::line() const {
  return std::string(kType) + " " + base64();
}
std::string SshPublicKey::fingerprint() const {
  std::string text = codec::base64(crypto::sha256(blob));
  while (text.ends_with('=')) text.pop_back();
  return "SHA256:" + text;
}

Result<SecretBytes> new_ssh_key(std::string_view comment) {
  const SecretBytes seed = crypto::random_secret(kSeed);
  KW_TRY(const crypto::SigningKey key, crypto::SigningKey::from_seed(seed));
  const auto point = key.public_key();
  if (!crypto::ed25519_verify(point, as_bytes(kType), key.sign(as_bytes(kType))))
    return error(Code::kInternal, "inconsistent_pair", "a new key does not verify its signature");
  const SshPublicKey shown = public_of(point);
  WipedWriter content;
  content.raw(as_bytes(kMagic)).field("none").field("none").field("").u32(1);
  content.field(ByteView(shown.blob)).field(ByteView(private_section(seed, point, comment)));
  return armoured(content.bytes());
}

Result<SshPublicKey> public_half(const SecretBytes& private_key) {
  KW_TRY(const SecretBytes content, unarmoured(as_text(private_key.reveal(Reveal{}))));
  const auto section = section_in(content.reveal(Reveal{}));
  if (!section) return bad_key();
  const auto seed = seed_in(*section);
  if (!seed) return bad_key();
  KW_TRY(const crypto::SigningKey key, crypto::SigningKey::from_seed(SecretBytes::copy_of(*seed)));
  const auto point = key.public_key();
  // A public half that does not belong to the private one was put there by somebody.
  SshPublicKey shown = public_of(point);
  const ByteView all = content.reveal(Reveal{});
  if (std::search(all.begin(), all.end(), shown.blob.begin(), shown.blob.end()) == all.end())
    return bad_key();
  return shown;
}

bool line_has_key(std::string_view line, const SshPublicKey& key) {
  const std::size_t first = line.find_first_not_of(" \t");
  if (first == line.npos || line[first] == '#') return false;
  const std::string wanted = key.line();
  for (std::size_t at = line.find(wanted, first); at != line.npos; at = line.find(wanted, at + 1)) {
    const std::size_t end = at + wanted.size();
    const bool begins = at == first || line[at - 1] == ' ' || line[at - 1] == '\t';
    if (begins && (end == line.size() || line[end] == ' ' || line[end] == '\t')) return true;
  }
  return false;
}

}  // namespace kw::connectors

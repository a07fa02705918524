#include "audit/note.h"

#include <algorithm>
#include <charconv>

#include "codec/base64.h"
#include "codec/strict_text.h"

namespace kw::audit {

namespace {

constexpr std::uint8_t kEd25519 = 0x01;
constexpr std::size_t kKeyHashBytes = 4;
constexpr std::size_t kSignatureBytes = 64;
constexpr std::string_view kDash = "\xE2\x80\x94 ";

Error bad_note() {
  return error(Code::kInvalidArgument, "bad_note", "not a signed checkpoint");
}

Bytes typed_key(const VerifierKey& key) {
  return ByteWriter().u8(kEd25519).raw(key.public_key).bytes();
}

// SHA-256(name | "\n" | type | public key), first four bytes.
Bytes key_hash(const VerifierKey& key) {
  const Bytes typed = typed_key(key);
  const Hash hash = crypto::sha256({as_bytes(key.name), as_bytes("\n"), ByteView(typed)});
  return Bytes(hash.begin(), hash.begin() + kKeyHashBytes);
}

std::string checkpoint_text(const Checkpoint& checkpoint) {
  return checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" +
         codec::base64(checkpoint.root) + "\n";
}

// Cuts the first line, without its newline, off `rest`.
Result<std::string_view> take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  if (end == rest.npos) return bad_note();
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7F;
  });
}

Result<NoteSignature> parse_signature(std::string_view line) {
  if (line.substr(0, kDash.size()) != kDash) return bad_note();
  line.remove_prefix(kDash.size());
  const auto space = line.find(' ');
  if (space == line.npos || !is_key_name(line.substr(0, space))) return bad_note();
  auto bytes = codec::from_base64(line.substr(space + 1));
  if (!bytes || bytes->size() <= kKeyHashBytes) return bad_note();
  return NoteSignature{line.substr(0, space), *std::move(bytes)};
}

// Decimal digits without leading zeros.
Result<std::uint64_t> parse_size(std::string_view line) {
  std::uint64_t size = 0;
  const auto [end, failure] = std::from_chars(line.data(), line.data() + line.size(), size);
  const bool whole = failure == std::errc() && end == line.data() + line.size() && !line.empty();
  if (!whole || (line.size() > 1 && line[0] == '0') || size > INT64_MAX) return bad_note();
  return size;
}

}  // namespace

bool is_key_name(std::string_view name) {
  return !name.empty() && name.size() <= 256 && codec::valid_utf8(name) &&
         std::none_of(name.begin(), name.end(), [](char c) {
           return static_cast<unsigned char>(c) <= 0x20 || c == '+' || c == 0x7F;
         });
}

std::string vkey_line(const VerifierKey& key) {
  return key.name + "+" + codec::hex(key_hash(key)) + "+" + codec::base64(typed_key(key));
}

Result<VerifierKey> parse_vkey(std::string_view line) {
  const auto bad = [] {
    return error(Code::kInvalidArgument, "bad_verifier_key",
                 "a verifier key is <name>+<8 hex digits>+<base64 of an Ed25519 key>");
  };
  if (!line.empty() && line.back() == '\n') line.remove_suffix(1);
  const auto first = line.find('+');
  const auto second = line.find('+', first == line.npos ? first : first + 1);
  if (second == line.npos || !is_key_name(line.substr(0, first))) return bad();
  const auto typed = codec::from_base64(line.substr(second + 1));
  if (!typed || typed->size() != 33 || typed->front() != kEd25519) return bad();
  VerifierKey key;
  key.name = line.substr(0, first);
  std::copy(typed->begin() + 1, typed->end(), key.public_key.begin());
  if (codec::hex(key_hash(key)) != line.substr(first + 1, second - first - 1)) return bad();
  return key;
}

std::string sign_checkpoint(const Checkpoint& checkpoint, const crypto::SigningKey& key) {
  VerifierKey verifier;
  verifier.name = checkpoint.origin;
  const auto& public_key = key.public_key();
  std::copy(public_key.begin(), public_key.end(), verifier.public_key.begin());
  const std::string text = checkpoint_text(checkpoint);
  Bytes signature = key_hash(verifier);
  const auto ed25519 = key.sign(as_bytes(text));
  signature.insert(signature.end(), ed25519.begin(), ed25519.end());
  return text + "\n" + std::string(kDash) + verifier.name + " " + codec::base64(signature) + "\n";
}

Result<Note> parse_note(std::string_view bytes) {
  if (bytes.size() > kNoteBytesMax || !codec::valid_utf8(bytes) || has_control_characters(bytes))
    return bad_note();
  // The last empty line parts text from signatures: the text may hold empty lines of its own.
  const auto blank = bytes.rfind("\n\n");
  if (blank == bytes.npos) return bad_note();
  Note note;
  note.text = bytes.substr(0, blank + 1);
  std::string_view rest = bytes.substr(blank + 2);
  while (!rest.empty()) {
    KW_TRY(std::string_view line, take_line(rest));
    KW_TRY(NoteSignature signature, parse_signature(line));
    note.signatures.push_back(std::move(signature));
    if (note.signatures.size() > kNoteSignaturesMax) return bad_note();
  }
  if (note.signatures.empty()) return bad_note();
  return note;
}

Result<Checkpoint> parse_checkpoint(std::string_view text) {
  Checkpoint checkpoint;
  KW_TRY(std::string_view origin, take_line(text));
  KW_TRY(std::string_view size, take_line(text));
  KW_TRY(std::string_view root, take_line(text));
  const auto hash = codec::from_base64(root);
  if (!is_key_name(origin) || !hash || hash->size() != sizeof(Hash)) return bad_note();
  KW_TRY(checkpoint.size, parse_size(size));
  checkpoint.origin = origin;
  std::copy(hash->begin(), hash->end(), checkpoint.root.begin());
  return checkpoint;
}

bool is_signed_by(const Note& note, const VerifierKey& key) {
  const Bytes hash = key_hash(key);
  bool found = false;
  for (const NoteSignature& signature : note.signatures) {
    const ByteView bytes(signature.signature);
    // "Verifiers MUST ignore signatures from unknown keys" (signed-note, Verification).
    if (signature.name != key.name || !same_bytes(bytes.first(kKeyHashBytes), hash)) continue;
    const ByteView proper = bytes.subspan(kKeyHashBytes);
    if (proper.size() != kSignatureBytes ||
        !crypto::ed25519_verify(key.public_key, as_bytes(note.text), proper))
      return false;
    found = true;
  }
  return found;
}

std::vector<std::string_view> split_notes(std::string_view file) {
  std::vector<std::string_view> notes;
  while (!file.empty()) {
    const auto text_end = file.find("\n\n");
    const auto note_end = text_end == file.npos ? file.npos : file.find("\n\n", text_end + 2);
    if (note_end == file.npos) break;
    notes.push_back(file.substr(0, note_end + 1));
    file.remove_prefix(note_end + 2);
  }
  return notes;
}

}  // namespace kw::audit

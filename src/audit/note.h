// Signed checkpoints: what a log promised about itself, in a form that any C2SP tool reads. Pure
// functions.
//
//   keywright.example/audit        origin: the log's name, and the name of the key that signs
//   20852163                       tree size
//   CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//
//   — keywright.example/audit
//   Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
//
// @source C2SP signed-note and tlog-checkpoint; signature type 0x01 (Ed25519).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "audit/merkle.h"
#include "base/result.h"
#include "crypto/signing.h"

namespace kw::audit {

struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;
  Hash root{};
};

/// Who signs: a name without spaces and '+', and an Ed25519 public key.
struct VerifierKey {
  std::string name;
  std::array<std::uint8_t, 32> public_key{};
};

struct NoteSignature {
  std::string_view name;
  Bytes signature;  ///< 4 bytes key hash, then the signature proper
};
/// Views are borrowed from the parsed bytes.
struct Note {
  std::string_view text;  ///< what is signed, final newline included
  std::vector<NoteSignature> signatures;
};

inline constexpr std::size_t kNoteBytesMax = 16384;
inline constexpr std::size_t kNoteSignaturesMax = 64;
/// A `checkpoints` file of a note a minute for seven years.
inline constexpr std::size_t kNotesFileBytesMax = std::size_t{1} << 30;

/// True when `name` can name a key: not empty, no white space, no control character, no '+'.
bool is_key_name(std::string_view name);
/// "<name>+<hash>+<base64 of 0x01 | key>".
std::string vkey_line(const VerifierKey& key);
/// A vkey line, a final newline allowed. @errors kInvalidArgument(bad_verifier_key)
Result<VerifierKey> parse_vkey(std::string_view line);

/// The note of `checkpoint`, signed under the name of its origin.
std::string sign_checkpoint(const Checkpoint& checkpoint, const crypto::SigningKey& key);
/// @errors kInvalidArgument(bad_note): not a note, or beyond the limits above.
Result<Note> parse_note(std::string_view bytes);
/// The three lines of a note's text; extension lines are ignored. @errors
/// kInvalidArgument(bad_note)
Result<Checkpoint> parse_checkpoint(std::string_view text);
/// True when one signature is by `key`'s name and hash and holds, and none of those fails.
bool is_signed_by(const Note& note, const VerifierKey& key);

/// The notes of a `checkpoints` file: each followed by an empty line. What follows the last whole
/// note, or is not a note, ends the list.
std::vector<std::string_view> split_notes(std::string_view file);

}  // namespace kw::audit

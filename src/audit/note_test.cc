#include "audit/note.h"

#include <gtest/gtest.h>

#include "audit/log_for_tests.h"

namespace kw::audit {
namespace {

// The example of golang.org/x/mod/sumdb/note, which C2SP signed-note describes.
constexpr std::string_view kVkey =
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr std::string_view kNote =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\xE2\x80\x94 PeterNeumann "
    "x08go/ZJkuBS9UG/"
    "SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

crypto::SigningKey key_of(std::uint8_t seed) {
  return crypto::SigningKey::from_seed(SecretBytes::copy_of(Bytes(32, seed))).value();
}
VerifierKey verifier_of(std::string name, const crypto::SigningKey& key) {
  return {std::move(name), key.public_key()};
}
const Checkpoint kCheckpoint{"test/audit/1", 123, leaf_hash(as_bytes("x"))};

TEST(Note, verifies_the_published_example) {
  const VerifierKey key = parse_vkey(kVkey).value();
  EXPECT_EQ(vkey_line(key), kVkey);
  const Note note = parse_note(kNote).value();
  EXPECT_TRUE(is_signed_by(note, key));
  std::string changed(kNote);
  changed[3] ^= 1;
  EXPECT_FALSE(is_signed_by(parse_note(changed).value(), key));
}

TEST(Note, signs_what_it_reads_back) {
  const auto key = key_of(1);
  const std::string text = sign_checkpoint(kCheckpoint, key);
  const Note note = parse_note(text).value();
  EXPECT_TRUE(is_signed_by(note, verifier_of("test/audit/1", key)));
  EXPECT_FALSE(is_signed_by(note, verifier_of("test/audit/2", key)));
  EXPECT_FALSE(is_signed_by(note, verifier_of("test/audit/1", key_of(2))));
  const Checkpoint back = parse_checkpoint(note.text).value();
  EXPECT_EQ(back.origin, kCheckpoint.origin);
  EXPECT_EQ(back.size, kCheckpoint.size);
  EXPECT_EQ(back.root, kCheckpoint.root);
}

TEST(Note, is_spoilt_by_any_changed_byte) {
  const auto key = key_of(1);
  const VerifierKey verifier = verifier_of("test/audit/1", key);
  const std::string text = sign_checkpoint(kCheckpoint, key);
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const int bit : {0, 3, 7}) {
      std::string changed = text;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      const auto note = parse_note(changed);
      EXPECT_FALSE(note && parse_checkpoint(note->text) && is_signed_by(*note, verifier))
          << i << " " << bit;
    }
  }
}

TEST(Note, ignores_signatures_of_strangers_but_not_bad_ones_of_its_own_key) {
  const auto key = key_of(1), other = key_of(2);
  const VerifierKey verifier = verifier_of("test/audit/1", key);
  const std::string text = sign_checkpoint(kCheckpoint, key);
  const std::string foreign = sign_checkpoint(kCheckpoint, other);
  const std::string foreign_line = foreign.substr(foreign.find("\n\n") + 2);
  EXPECT_TRUE(is_signed_by(parse_note(text + foreign_line).value(), verifier));
  EXPECT_FALSE(is_signed_by(parse_note(foreign).value(), verifier));
  Checkpoint changed = kCheckpoint;
  changed.size = 124;
  const std::string moved = sign_checkpoint(changed, key);
  const std::string bad_line = moved.substr(moved.find("\n\n") + 2);
  EXPECT_FALSE(is_signed_by(parse_note(text + bad_line).value(), verifier));
}

TEST(Note, refuses_other_forms) {
  const std::string text = sign_checkpoint(kCheckpoint, key_of(1));
  EXPECT_EQ(reason(parse_note("")), "bad_note");
  EXPECT_EQ(reason(parse_note("a\n\n")), "bad_note");
  EXPECT_EQ(reason(parse_note(text.substr(0, text.size() - 1))), "bad_note");
  EXPECT_EQ(reason(parse_note(text + "x\n")), "bad_note");
  EXPECT_EQ(reason(parse_note(text + std::string(kNoteBytesMax, 'x'))), "bad_note");
  EXPECT_EQ(reason(parse_note("\t" + text)), "bad_note");
  EXPECT_EQ(reason(parse_note("a\xff\n\n\xE2\x80\x94 n AAAAAAAA\n")), "bad_note");
  const std::string root = "ERERERERERERERERERERERERERERERERERERERERERE=\n";
  EXPECT_EQ(reason(parse_checkpoint("o\n1\n" + root)), "");
  EXPECT_EQ(reason(parse_checkpoint("o\n01\n" + root)), "bad_note");
  EXPECT_EQ(reason(parse_checkpoint("o\n-1\n" + root)), "bad_note");
  EXPECT_EQ(reason(parse_checkpoint("o\n9223372036854775808\n" + root)), "bad_note");
  EXPECT_EQ(reason(parse_checkpoint("o\n\n" + root)), "bad_note");
  EXPECT_EQ(reason(parse_checkpoint("a b\n1\n" + root)), "bad_note");
  EXPECT_EQ(reason(parse_checkpoint("o\n1\nAAAA\n")), "bad_note");
}

TEST(Note, refuses_verifier_keys_whose_hash_is_not_theirs) {
  EXPECT_EQ(reason(parse_vkey(std::string(kVkey) + "\n")), "");
  for (const std::string_view bad :
       {"", "x", "PeterNeumann+c74f20a3",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+Axpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWAA=="})
    EXPECT_EQ(reason(parse_vkey(bad)), "bad_verifier_key") << bad;
}

TEST(Note, files_split_into_whole_notes_only) {
  const std::string one = sign_checkpoint(kCheckpoint, key_of(1));
  const std::string file = one + "\n" + one + "\n";
  EXPECT_EQ(split_notes(file), (std::vector<std::string_view>{one, one}));
  for (std::size_t cut = 1; cut <= one.size(); ++cut)
    EXPECT_EQ(split_notes(std::string_view(file).substr(0, file.size() - cut)).size(), 1u) << cut;
  EXPECT_TRUE(split_notes("").empty());
}

}  // namespace
}  // namespace kw::audit

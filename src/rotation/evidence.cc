#include "rotation/evidence.h"

#include <algorithm>

#include "audit/note.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "crypto/digest.h"
#include "rotation/ceremony_rules.h"

namespace kw::rotation {
namespace {

constexpr std::string_view kFormat = "keywright-evidence/1";
constexpr codec::JsonLimits kLimits{
    .bytes_max = kEvidenceBytesMax, .depth_max = 16, .tokens_max = 4'000'000};

std::string sha256_hex(ByteView bytes) {
  return codec::hex(crypto::sha256(bytes));
}

// What the signature covers. The first line is no log's origin, so that it can never be taken for
// a checkpoint, nor a checkpoint for it.
std::string signed_text(std::string_view kind, std::string_view digest) {
  return std::string(kFormat) + "\n" + std::string(kind) + "\n" + std::string(digest) + "\n";
}

// Members in canonical order; none of the four needs an escape.
std::string tail_text(std::string_view digest, std::string_view key, std::string_view signature) {
  codec::JsonWriter out;
  out.begin_object().member("digest", digest).member("format", kFormat);
  out.member("key", key).member("signature", signature).end_object();
  return "," + std::string(out.text().substr(1));
}

void write_timeline(codec::JsonWriter& out, std::span<const TimelineEntry> entries) {
  out.name("timeline").begin_array();
  for (const TimelineEntry& entry : entries) {
    out.begin_object().member("seq", entry.seq).member("at", rfc3339(entry.at));
    out.member("who", entry.who).member("what", entry.what).member("detail", entry.detail);
    out.member("hash", entry.hash).end_object();
  }
  out.end_array();
}

Result<TimelineEntry> entry_of(const codec::JsonView& view) {
  TimelineEntry entry;
  KW_TRY(entry.seq, view.integer("seq"));
  KW_TRY(const std::string_view at, view.text("at"));
  KW_TRY(entry.at, parse_rfc3339(at));
  KW_TRY(entry.who, view.text("who"));
  KW_TRY(entry.what, view.text("what"));
  KW_TRY(entry.detail, view.text("detail"));
  KW_TRY(entry.hash, view.text("hash"));
  return entry;
}

Result<std::vector<TimelineEntry>> timeline_of(const codec::JsonView& body) {
  KW_TRY(const codec::JsonView list, body.member("timeline"));
  std::vector<TimelineEntry> entries;
  for (const codec::JsonView& view : list.elements()) {
    KW_TRY(TimelineEntry entry, entry_of(view));
    entries.push_back(std::move(entry));
  }
  return entries;
}

// A file taken apart. Views are borrowed.
struct Parts {
  std::string_view body_text;
  std::string_view kind, id, made_at, digest, key, signature, checkpoint;
};

// The text around the body is written again from what was read: what is not exactly so is not
// canonical, and nothing is left that the digest or the signature would not cover.
Result<Parts> take_apart(std::string_view text, const codec::JsonView& root) {
  Parts parts;
  KW_TRY(const std::string_view format, root.text("format"));
  if (format != kFormat) return error(Code::kInvalidArgument, "not_evidence", "another format");
  KW_TRY(parts.digest, root.text("digest"));
  KW_TRY(parts.key, root.text("key"));
  KW_TRY(parts.signature, root.text("signature"));
  KW_TRY(const codec::JsonView body, root.member("body"));
  KW_TRY(parts.kind, body.text("kind"));
  KW_TRY(parts.id, body.text("id"));
  KW_TRY(parts.made_at, body.text("made_at"));
  KW_TRY(parts.checkpoint, body.text("checkpoint"));
  constexpr std::string_view kHead = "{\"body\":";
  const std::string tail = tail_text(parts.digest, parts.key, parts.signature);
  const bool framed =
      text.size() > kHead.size() + tail.size() && text.starts_with(kHead) && text.ends_with(tail);
  if (!framed) return error(Code::kInvalidArgument, "not_canonical", "members differ");
  parts.body_text = text.substr(kHead.size(), text.size() - kHead.size() - tail.size());
  return parts;
}

bool is_signed(const Parts& parts, const audit::VerifierKey& key) {
  const auto signature = codec::from_base64(parts.signature);
  return signature &&
         crypto::ed25519_verify(key.public_key, as_bytes(signed_text(parts.kind, parts.digest)),
                                *signature);
}

std::string checkpoint_problem(const Parts& parts, const audit::VerifierKey& key,
                               EvidenceReport& report) {
  const auto note = audit::parse_note(parts.checkpoint);
  if (!note || !audit::is_signed_by(*note, key)) return "bad_checkpoint";
  const auto checkpoint = audit::parse_checkpoint(note->text);
  if (!checkpoint || checkpoint->origin != key.name) return "bad_checkpoint";
  report.checkpoint_size = checkpoint->size;
  return {};
}

std::string content_problem(const codec::JsonView& body, EvidenceReport& report) {
  const auto entries = timeline_of(body);
  if (!entries) return "not_evidence";
  report.entries = entries->size();
  std::string problem = timeline_problem(report.id, *entries);
  if (!problem.empty()) return problem;
  const auto facts = body.member("facts");
  if (!facts || facts->kind() != codec::JsonView::Kind::kObject) return "not_evidence";
  return report.kind == "ceremony" ? ceremony_problem(*facts) : std::string();
}

std::string find_problem(std::string_view text, std::string_view vkey,
                         const audit::VerifierKey& key, EvidenceReport& report) {
  if (text.empty() || text.back() != '\n') return "not_canonical";
  text.remove_suffix(1);
  const auto document = codec::JsonDocument::parse(text, kLimits);
  if (!document) return "not_evidence";
  const auto parts = take_apart(text, document->root());
  if (!parts) return parts.error().reason == "not_canonical" ? "not_canonical" : "not_evidence";
  const auto canonical = codec::canonical_json(text, kLimits);
  if (!canonical || *canonical != text) return "not_canonical";
  report.kind = parts->kind;
  report.id = parts->id;
  report.made_at = parts->made_at;
  if (parts->key != vkey) return "other_signer";
  if (parts->digest != sha256_hex(as_bytes(parts->body_text))) return "digest_differs";
  if (!is_signed(*parts, key)) return "bad_signature";
  const auto body = document->root().member("body");
  std::string problem = content_problem(*body, report);
  return problem.empty() ? checkpoint_problem(*parts, key, report) : problem;
}

}  // namespace

std::string timeline_start(std::string_view id) {
  const Bytes bytes = ByteWriter().field("keywright timeline 1").field(id).bytes();
  return sha256_hex(bytes);
}

std::string timeline_hash(std::string_view before, const TimelineEntry& entry) {
  ByteWriter out;
  out.field(before).u64(static_cast<std::uint64_t>(entry.seq)).field(rfc3339(entry.at));
  out.field(entry.who).field(entry.what).field(entry.detail);
  return sha256_hex(out.bytes());
}

std::string timeline_problem(std::string_view id, std::span<const TimelineEntry> entries) {
  std::string before = timeline_start(id);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const TimelineEntry& entry = entries[i];
    if (entry.seq != static_cast<std::int64_t>(i) + 1) return "sequence";
    if (i > 0 && entry.at < entries[i - 1].at) return "clock";
    before = timeline_hash(before, entry);
    if (entry.hash != before) return "broken_chain";
  }
  return {};
}

bool is_fingerprint(std::string_view text) {
  const auto fits = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return text.size() >= 16 && text.size() <= 128 && std::all_of(text.begin(), text.end(), fits);
}

Result<std::string> sign_evidence(const EvidenceDraft& draft, const crypto::SigningKey& signer,
                                  std::string_view verifier_key) {
  if (!verifier_key.empty() && verifier_key.back() == '\n') verifier_key.remove_suffix(1);
  const auto bad = [](std::string_view why) {
    return error(Code::kInvalidArgument, "bad_evidence", why);
  };
  KW_OK(audit::parse_vkey(verifier_key));
  if (draft.facts.size() > kEvidenceBytesMax)
    return error(Code::kTooLarge, "evidence_too_large", "an evidence file has at most 32 MiB");
  if (!timeline_problem(draft.id, draft.timeline).empty()) return bad("the timeline is broken");
  const auto facts = codec::JsonDocument::parse(draft.facts, kLimits);
  if (!facts || facts->root().kind() != codec::JsonView::Kind::kObject)
    return bad("facts are not a JSON object");
  codec::JsonWriter out;
  out.begin_object().member("kind", draft.kind).member("id", draft.id);
  out.member("made_at", rfc3339(draft.made_at)).member("checkpoint", draft.checkpoint);
  out.name("facts").raw(draft.facts);
  write_timeline(out, draft.timeline);
  out.end_object();
  KW_TRY(const std::string body, codec::canonical_json(out.text(), kLimits));
  const std::string digest = sha256_hex(as_bytes(body));
  const auto signature = signer.sign(as_bytes(signed_text(draft.kind, digest)));
  std::string file =
      "{\"body\":" + body + tail_text(digest, verifier_key, codec::base64(signature)) + "\n";
  if (file.size() > kEvidenceBytesMax)
    return error(Code::kTooLarge, "evidence_too_large", "an evidence file has at most 32 MiB");
  return file;
}

Result<EvidenceReport> verify_evidence(std::string_view text, std::string_view verifier_key) {
  if (!verifier_key.empty() && verifier_key.back() == '\n') verifier_key.remove_suffix(1);
  KW_TRY(const audit::VerifierKey key, audit::parse_vkey(verifier_key));
  EvidenceReport report;
  report.problem = find_problem(text, verifier_key, key, report);
  return report;
}

}  // namespace kw::rotation

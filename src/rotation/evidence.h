// Evidence files: what happened in an incident or a ceremony, signed by the audit log's signer, and
// verified without a server. One line of canonical JSON; docs/formats/evidence.md has every
// member and a golden file. Pure functions.
//
//   KW_TRY(const std::string file, sign_evidence(draft, *log.signer(), verifier_key));
//   KW_TRY(const EvidenceReport report, verify_evidence(file, pinned_verifier_key));
//   if (!report.good()) …  // report.problem
//
// A file holds no key material: fingerprints are one-way and their grammar is checked.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/signing.h"

namespace kw::rotation {

/// One line of a timeline. Each hash covers the line and the hash before it.
struct TimelineEntry {
  std::int64_t seq = 0;  ///< 1, 2, 3 …
  WallTime at;           ///< never earlier than the line before
  std::string who;       ///< principal, or "system"
  std::string what;      ///< stable: "incident.opened", "version.revoked" …
  std::string detail;    ///< one sentence; may hold what people typed
  std::string hash;      ///< hex SHA-256
};
/// The hash before the first line of the timeline of `id`.
std::string timeline_start(std::string_view id);
/// @param before  hash of the line before, or timeline_start().
/// @source docs/formats/evidence.md, "Timeline".
std::string timeline_hash(std::string_view before, const TimelineEntry& entry);
/// "" when the chain holds, else the stable reason: sequence, clock, broken_chain.
std::string timeline_problem(std::string_view id, std::span<const TimelineEntry> entries);

/// True for 16 to 128 lower-case hexadecimal digits: a digest, and too short or too regular for
/// anything else.
bool is_fingerprint(std::string_view text);

struct EvidenceDraft {
  std::string kind;   ///< "incident" or "ceremony"
  std::string id;     ///< 32 hexadecimal digits
  std::string facts;  ///< a JSON object
  std::vector<TimelineEntry> timeline;
  std::string checkpoint;  ///< the change log's signed note that covers what is told
  WallTime made_at;
};

inline constexpr std::size_t kEvidenceBytesMax = std::size_t{32} << 20;

/// @param verifier_key  the signer's vkey line, written into the file.
/// @errors kInvalidArgument(bad_evidence), kTooLarge(evidence_too_large)
Result<std::string> sign_evidence(const EvidenceDraft& draft, const crypto::SigningKey& signer,
                                  std::string_view verifier_key);

struct EvidenceReport {
  std::string kind, id;
  std::string made_at;                ///< RFC 3339
  std::size_t entries = 0;            ///< of the timeline
  std::uint64_t checkpoint_size = 0;  ///< leaves of the change log that the checkpoint covers
  /// Stable: not_evidence, not_canonical, other_signer, digest_differs, bad_signature, sequence,
  /// clock, broken_chain, bad_checkpoint, or what a ceremony's rules say (ceremony.h). Empty when
  /// good.
  std::string problem;
  bool good() const { return problem.empty(); }
};

/// Checks form, digest, signature, hash chain, checkpoint and, of a ceremony, its rules.
/// @param text  untrusted.
/// @param verifier_key  the vkey line that the reader trusts: never the one in the file.
/// @errors kInvalidArgument(bad_verifier_key)
Result<EvidenceReport> verify_evidence(std::string_view text, std::string_view verifier_key);

}  // namespace kw::rotation

// Proof that a signature is older than something: its digest in the record of its use. The record
// lies in this node's access log, whose signed checkpoints are leaves of the change log.
#pragma once

#include "service/gate.h"

namespace kw::service {

/// Where to look for the record: what a signing with `anchor` answered.
struct SignatureAnchor {
  std::string node;
  std::uint64_t from = 0;  ///< the record is one of the first 4,096 from here on
};

/// What the record of a signing says of the signature: "signature-sha256:" and hex.
std::string anchor_note(ByteView signature);

/// When this node's access log recorded the signing; nothing when no such record of this tenant,
/// version and signature is there, when the log is another node's, or when no checkpoint in the
/// change log covers the record yet.
std::optional<WallTime> recorded_at(House& house, const Call& call, std::uint32_t version,
                                    ByteView signature, const SignatureAnchor& anchor);

}  // namespace kw::service

#include "service/signature_anchor.h"

#include "codec/base64.h"
#include "codec/json.h"
#include "crypto/digest.h"

namespace kw::service {

namespace {

constexpr std::uint64_t kRecordsMax = 4096;
constexpr std::uint64_t kBatch = 256;

struct Wanted {
  std::string note, tenant;
  std::uint32_t version = 0;
};

std::optional<WallTime> time_of(const std::string& leaf, const Wanted& wanted) {
  if (leaf.find(wanted.note) == leaf.npos) return std::nullopt;
  const auto record = codec::JsonDocument::parse(leaf);
  if (!record) return std::nullopt;
  const auto is = [&](std::string_view name, std::string_view value) {
    const auto text = record->root().text(name);
    return text && *text == value;
  };
  const auto version = record->root().integer("version");
  const bool same = is("action", "key.sign") && is("outcome", "ok") && is("note", wanted.note) &&
                    is("tenant", wanted.tenant) && version && *version == wanted.version;
  const auto time = record->root().text("time");
  if (!same || !time) return std::nullopt;
  const auto parsed = parse_rfc3339(*time);
  return parsed ? std::optional(*parsed) : std::nullopt;
}

}  // namespace

std::string anchor_note(ByteView signature) {
  return "signature-sha256:" + codec::hex(crypto::sha256(signature));
}

std::optional<WallTime> recorded_at(House& house, const Call& call, std::uint32_t version,
                                    ByteView signature, const SignatureAnchor& anchor) {
  if (anchor.node != house.accesses.node()) return std::nullopt;
  const Wanted wanted{anchor_note(signature), call.tenant, version};
  // Only what a checkpoint in the change log commits to can no longer be written by anybody.
  const std::uint64_t covered = house.accesses.anchored();
  const std::uint64_t end = std::min(covered, anchor.from + kRecordsMax);
  for (std::uint64_t at = anchor.from; at < end; at += kBatch) {
    const auto leaves = house.accesses.read(at, std::min(kBatch, end - at));
    if (!leaves) return std::nullopt;
    for (const std::string& leaf : *leaves)
      if (const auto time = time_of(leaf, wanted)) return time;
  }
  return std::nullopt;
}

}  // namespace kw::service

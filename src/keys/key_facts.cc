#include "keys/key_facts.h"

#include <algorithm>

namespace kw::keys {

namespace {

using crypto::Purpose;

bool for_tokens(const Key& key) {
  const auto use = key.labels.find("use");
  return use != key.labels.end() && use->second == "jwt";
}

}  // namespace

std::string_view subject_type(const Key& key) {
  switch (key.purpose) {
    case Purpose::kEncrypt:
      return "dek";
    case Purpose::kWrap:
      return "wrap";
    case Purpose::kSign:
      return for_tokens(key) ? "jwt" : "signing";
    case Purpose::kMac:
      return for_tokens(key) ? "jwt-hmac" : "mac";
    case Purpose::kDerive:
      return "derive";
    case Purpose::kDeterministic:
      return "deterministic";
  }
  return "dek";
}

rotation::SubjectFacts facts_of(const Key& key, const UsageTotal& use) {
  rotation::SubjectFacts facts;
  facts.subject = {"key", key.tenant_name, key.name};
  facts.type = subject_type(key);
  facts.classification = classification_name(key.classification);
  facts.owner = key.owner;
  facts.regions = key.regions;
  facts.labels = key.labels;
  facts.primary = key.primary;
  facts.created_at = facts.primary_since = key.created_at;
  const Version* primary = key.version(key.primary);
  if (primary != nullptr) facts.primary_since = primary->promoted_at.value_or(primary->created_at);
  // What is reserved may be in use already on some node.
  facts.operations = std::max(use.protects, use.reserved);
  facts.bytes = std::max(use.bytes, use.reserved_bytes);
  facts.epoch = key.epoch;
  return facts;
}

}  // namespace kw::keys

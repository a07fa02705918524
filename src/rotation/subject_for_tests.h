// Subjects, documents and times for this room's tests.
#pragma once

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "rotation/policy_document.h"

namespace kw::rotation {

/// "" for success, else the reason.
template <typename T>
std::string reason_of(const Result<T>& result) {
  return result ? std::string() : result.error().reason;
}

inline WallTime at(std::string_view text) {
  return *parse_rfc3339(text);
}
inline constexpr Seconds kDay = std::chrono::hours(24);

inline SubjectFacts subject(const std::string& name, const std::string& type = "dek",
                            const std::string& classification = "internal") {
  SubjectFacts facts;
  facts.subject = {"key", "acme", name};
  facts.type = type;
  facts.classification = classification;
  facts.primary = 1;
  facts.created_at = facts.primary_since = at("2027-01-01T00:00:00Z");
  return facts;
}

inline PolicyDocument document(std::string_view text) {
  auto parsed = parse_policy_document(text, "test.yaml");
  EXPECT_TRUE(parsed.has_value()) << parsed.error().message;
  return parsed ? *std::move(parsed) : PolicyDocument{};
}

inline ByteView seed() {
  return as_bytes("a seed for tests");
}

}  // namespace kw::rotation

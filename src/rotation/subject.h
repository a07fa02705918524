// What rotates, as the engine sees it: a named thing of some kind, and the facts about it that
// policies compare. Plain values; nothing here is secret.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace kw::rotation {

/// Names one rotatable thing: kind "key", "kek", "secret" or "certificate"; the tenant; the name in
/// it. Text form: "key:acme/orders".
struct Subject {
  std::string kind, tenant, name;
  std::string text() const { return kind + ":" + tenant + "/" + name; }
  auto operator<=>(const Subject&) const = default;
};

/// What is known of a subject now: what policies select by and count.
struct SubjectFacts {
  Subject subject;
  /// The type that policies and templates name: "kek", "dek", "deterministic", "signing", "jwt",
  /// "jwt-hmac", "mac", "wrap", "derive" …
  std::string type;
  std::string classification = "internal";  ///< public, internal, confidential or restricted
  std::string owner;
  std::vector<std::string> regions;
  std::map<std::string, std::string> labels;
  std::uint32_t primary = 0;           ///< 0: none
  WallTime primary_since;              ///< when the primary was promoted
  WallTime created_at;                 ///< of the subject: the anchor of its schedule
  std::optional<WallTime> expires_at;  ///< of the primary, when it has an end (certificates)
  std::int64_t operations = 0;         ///< protect operations of the primary so far
  std::int64_t bytes = 0;              ///< bytes protected by the primary so far
  std::int64_t epoch = 0;              ///< changes whenever the subject changes
  /// Its rows were changed outside the service: nothing but the subject's name is known of it, and
  /// that is not authentic.
  bool damaged = false;
};

inline SubjectFacts damaged_facts(Subject subject) {
  SubjectFacts facts;
  facts.subject = std::move(subject);
  facts.damaged = true;
  return facts;
}

}  // namespace kw::rotation

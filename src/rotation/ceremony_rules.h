// The rules of a ceremony, as values and pure functions: the live ceremony and the offline
// verifier use the same ones.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"

namespace kw::codec {
class JsonView;
}

namespace kw::rotation {

using CeremonyId = Id<struct CeremonyTag>;

enum class CeremonyRole : std::uint8_t { kCustodian, kWitness, kOperator };
std::string_view ceremony_role_name(CeremonyRole role);  ///< "custodian", "witness", "operator"

enum class CeremonyState : std::uint8_t { kOpen, kComplete, kPerformed, kCancelled, kExpired };
/// "open", "complete", "performed", "cancelled", "expired".
std::string_view ceremony_state_name(CeremonyState state);

struct Participant {
  std::string principal;
  CeremonyRole role = CeremonyRole::kCustodian;
  int order = 0;  ///< of the acknowledgement: 1, 2 …; 0: none yet
  std::optional<WallTime> acknowledged_at;
  std::string seen_hash;  ///< what they were shown
};

struct Ceremony {
  CeremonyId id;
  std::string operation, object;
  std::string request_hash;  ///< hex SHA-256 of what is to be done
  int threshold = 2;
  std::vector<Participant> participants;  ///< the operator last
  CeremonyState state = CeremonyState::kOpen;
  WallTime opened_at, expires_at;
  std::optional<WallTime> performed_at;
  std::int64_t epoch = 0;

  const std::string& operator_name() const { return participants.back().principal; }
};

/// "" when people, threshold and time make a ceremony; else bad_ceremony.
std::string people_problem(const Ceremony& ceremony);
/// "" when `participant` may acknowledge next; else wrong_order or already_acknowledged.
std::string_view step_problem(const Ceremony& ceremony, const Participant& participant);
/// True when M custodians, all witnesses and then the operator have acknowledged.
bool all_acknowledged(const Ceremony& ceremony);

/// As a JSON object: the form of the row and of the evidence file.
std::string ceremony_json(const Ceremony& ceremony);
/// @errors kInvalidArgument(bad_ceremony)
Result<Ceremony> parse_ceremony(const codec::JsonView& view);
/// Whether a performed ceremony kept the rules: "", or bad_ceremony, wrong_order, not_complete,
/// operation_changed, out_of_time.
std::string ceremony_problem(const codec::JsonView& facts);

}  // namespace kw::rotation

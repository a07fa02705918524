#include "rotation/ceremony_rules.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/name.h"
#include "codec/json.h"

namespace kw::rotation {
namespace {

constexpr std::array<std::string_view, 3> kRoleNames = {"custodian", "witness", "operator"};
constexpr std::array<std::string_view, 5> kStateNames = {"open", "complete", "performed",
                                                         "cancelled", "expired"};
constexpr std::size_t kPeopleMax = 25;
constexpr auto kTimeMin = std::chrono::seconds(60);
constexpr auto kTimeMax = std::chrono::hours(24);

Error bad_ceremony() {
  return error(Code::kInvalidArgument, "bad_ceremony",
               "a ceremony has one operator, 2 to 16 custodians of whom 2 or more must act, 1 to 8 "
               "witnesses, all of them different people, and 60 s to 24 h of time");
}

std::string folded(std::string_view name) {
  std::string out(name);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

int count(const Ceremony& ceremony, CeremonyRole role) {
  return static_cast<int>(std::count_if(ceremony.participants.begin(), ceremony.participants.end(),
                                        [&](const Participant& one) { return one.role == role; }));
}

int acknowledged(const Ceremony& ceremony, CeremonyRole role) {
  return static_cast<int>(
      std::count_if(ceremony.participants.begin(), ceremony.participants.end(),
                    [&](const Participant& one) { return one.role == role && one.order > 0; }));
}

bool is_operation(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= 64 && text[0] >= 'a' && text[0] <= 'z' &&
         std::all_of(text.begin(), text.end(), fits);
}

bool is_object(std::string_view text) {
  const auto fits = [](char c) { return c > 0x20 && c < 0x7F; };
  return !text.empty() && text.size() <= 256 && std::all_of(text.begin(), text.end(), fits);
}

template <std::size_t Size>
Result<std::size_t> index_in(const std::array<std::string_view, Size>& names,
                             std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return bad_ceremony();
  return static_cast<std::size_t>(found - names.begin());
}

Result<std::optional<WallTime>> optional_time(const codec::JsonView& view, std::string_view name) {
  if (!view.has(name)) return std::optional<WallTime>();
  KW_TRY(const std::string_view text, view.text(name));
  KW_TRY(const WallTime time, parse_rfc3339(text));
  return std::optional(time);
}

Result<Participant> participant_of(const codec::JsonView& view) {
  Participant one;
  KW_TRY(one.principal, view.text("principal"));
  KW_TRY(const std::string_view role, view.text("role"));
  KW_TRY(const std::size_t index, index_in(kRoleNames, role));
  one.role = static_cast<CeremonyRole>(index);
  KW_TRY(const std::int64_t order, view.integer("order"));
  if (order < 0 || order > static_cast<std::int64_t>(kPeopleMax)) return bad_ceremony();
  one.order = static_cast<int>(order);
  KW_TRY(one.acknowledged_at, optional_time(view, "acknowledged_at"));
  if (one.order > 0) {
    KW_TRY(one.seen_hash, view.text("seen_hash"));
  }
  if ((one.order > 0) != one.acknowledged_at.has_value()) return bad_ceremony();
  return one;
}

// Plays the acknowledgements again in their order.
std::string replay(const Ceremony& performed) {
  Ceremony ceremony = performed;
  std::vector<const Participant*> acts;
  for (Participant& one : ceremony.participants) {
    one.order = 0;
    one.acknowledged_at.reset();
  }
  for (const Participant& one : performed.participants)
    if (one.order > 0) acts.push_back(&one);
  std::sort(acts.begin(), acts.end(),
            [](const Participant* a, const Participant* b) { return a->order < b->order; });
  WallTime last = performed.opened_at;
  for (std::size_t i = 0; i < acts.size(); ++i) {
    const Participant& act = *acts[i];
    Participant& one =
        ceremony.participants[static_cast<std::size_t>(&act - performed.participants.data())];
    if (act.order != static_cast<int>(i) + 1 || !step_problem(ceremony, one).empty())
      return "wrong_order";
    if (act.seen_hash != performed.request_hash) return "operation_changed";
    if (*act.acknowledged_at < last || *act.acknowledged_at >= performed.expires_at)
      return "out_of_time";
    last = *act.acknowledged_at;
    one.order = act.order;
  }
  if (*performed.performed_at < last || *performed.performed_at >= performed.expires_at)
    return "out_of_time";
  return all_acknowledged(performed) ? "" : "not_complete";
}

}  // namespace

std::string_view ceremony_role_name(CeremonyRole role) {
  return kRoleNames[static_cast<std::size_t>(role)];
}
std::string_view ceremony_state_name(CeremonyState state) {
  return kStateNames[static_cast<std::size_t>(state)];
}

std::string people_problem(const Ceremony& ceremony) {
  const int custodians = count(ceremony, CeremonyRole::kCustodian);
  const int witnesses = count(ceremony, CeremonyRole::kWitness);
  const bool numbers = custodians >= 2 && custodians <= 16 && witnesses >= 1 && witnesses <= 8 &&
                       count(ceremony, CeremonyRole::kOperator) == 1 &&
                       ceremony.participants.back().role == CeremonyRole::kOperator &&
                       ceremony.threshold >= 2 && ceremony.threshold <= custodians;
  const auto time = ceremony.expires_at - ceremony.opened_at;
  if (!numbers || time < kTimeMin || time > kTimeMax || !is_operation(ceremony.operation) ||
      !is_object(ceremony.object))
    return "bad_ceremony";
  std::set<std::string> people;
  for (const Participant& one : ceremony.participants)
    if (!ObjectRule::matches(one.principal) || !people.insert(folded(one.principal)).second)
      return "bad_ceremony";
  return {};
}

std::string_view step_problem(const Ceremony& ceremony, const Participant& participant) {
  if (participant.order > 0) return "already_acknowledged";
  const bool custody_over = acknowledged(ceremony, CeremonyRole::kCustodian) >= ceremony.threshold;
  const int witnessed = acknowledged(ceremony, CeremonyRole::kWitness);
  const bool witness_over = witnessed == count(ceremony, CeremonyRole::kWitness);
  bool turn = false;
  switch (participant.role) {
    case CeremonyRole::kCustodian:
      turn = witnessed == 0;
      break;
    case CeremonyRole::kWitness:
      turn = custody_over;
      break;
    case CeremonyRole::kOperator:
      turn = custody_over && witness_over;
      break;
  }
  return turn ? "" : "wrong_order";
}

bool all_acknowledged(const Ceremony& ceremony) {
  return acknowledged(ceremony, CeremonyRole::kCustodian) >= ceremony.threshold &&
         acknowledged(ceremony, CeremonyRole::kWitness) ==
             count(ceremony, CeremonyRole::kWitness) &&
         acknowledged(ceremony, CeremonyRole::kOperator) == 1;
}

std::string ceremony_json(const Ceremony& ceremony) {
  codec::JsonWriter out;
  out.begin_object().member("id", ceremony.id.text()).member("operation", ceremony.operation);
  out.member("object", ceremony.object).member("request_hash", ceremony.request_hash);
  out.member("threshold", ceremony.threshold);
  out.member("state", ceremony_state_name(ceremony.state));
  out.member("opened_at", rfc3339(ceremony.opened_at));
  out.member("expires_at", rfc3339(ceremony.expires_at));
  if (ceremony.performed_at) out.member("performed_at", rfc3339(*ceremony.performed_at));
  out.name("participants").begin_array();
  for (const Participant& one : ceremony.participants) {
    out.begin_object().member("principal", one.principal);
    out.member("role", ceremony_role_name(one.role)).member("order", one.order);
    if (one.acknowledged_at)
      out.member("acknowledged_at", rfc3339(*one.acknowledged_at))
          .member("seen_hash", one.seen_hash);
    out.end_object();
  }
  out.end_array().end_object();
  return std::string(out.text());
}

Result<Ceremony> parse_ceremony(const codec::JsonView& view) {
  Ceremony ceremony;
  KW_TRY(const std::string_view id, view.text("id"));
  KW_TRY(ceremony.id, CeremonyId::parse(id));
  KW_TRY(ceremony.operation, view.text("operation"));
  KW_TRY(ceremony.object, view.text("object"));
  KW_TRY(ceremony.request_hash, view.text("request_hash"));
  KW_TRY(const std::int64_t threshold, view.integer("threshold"));
  if (threshold < 0 || threshold > static_cast<std::int64_t>(kPeopleMax)) return bad_ceremony();
  ceremony.threshold = static_cast<int>(threshold);
  KW_TRY(const std::string_view state, view.text("state"));
  KW_TRY(const std::size_t index, index_in(kStateNames, state));
  ceremony.state = static_cast<CeremonyState>(index);
  KW_TRY(const auto opened, optional_time(view, "opened_at"));
  KW_TRY(const auto expires, optional_time(view, "expires_at"));
  KW_TRY(ceremony.performed_at, optional_time(view, "performed_at"));
  if (!opened || !expires) return bad_ceremony();
  ceremony.opened_at = *opened;
  ceremony.expires_at = *expires;
  KW_TRY(const codec::JsonView people, view.member("participants"));
  const auto elements = people.elements();
  if (elements.empty() || elements.size() > kPeopleMax) return bad_ceremony();
  for (const codec::JsonView& one : elements) {
    KW_TRY(Participant participant, participant_of(one));
    ceremony.participants.push_back(std::move(participant));
  }
  if (!people_problem(ceremony).empty()) return bad_ceremony();
  return ceremony;
}

std::string ceremony_problem(const codec::JsonView& facts) {
  const auto ceremony = parse_ceremony(facts);
  if (!ceremony) return "bad_ceremony";
  if (ceremony->state != CeremonyState::kPerformed || !ceremony->performed_at)
    return "not_complete";
  return replay(*ceremony);
}

}  // namespace kw::rotation

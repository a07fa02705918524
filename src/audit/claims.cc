#include "audit/claims.h"

#include <algorithm>

namespace kw::audit {

void tell(LogReport& report, std::string_view problem, std::string place) {
  if (!report.problem.empty()) return;
  report.problem = problem;
  report.place = std::move(place);
}

void tell_record(LogReport& report, std::string_view problem, std::uint64_t index,
                 std::string place) {
  if (report.first_bad >= 0) return;
  report.first_bad = static_cast<std::int64_t>(index);
  report.problem = problem;
  report.place = std::move(place);
}

void Claims::add_notes(std::string_view file, const std::optional<VerifierKey>& key,
                       LogReport& report) {
  std::uint64_t previous = 0;
  std::size_t number = 0, consumed = 0;
  for (const std::string_view text : split_notes(file)) {
    const std::string place = "checkpoints note " + std::to_string(++number);
    consumed = static_cast<std::size_t>(text.data() + text.size() + 1 - file.data());
    const auto note = parse_note(text);
    const auto checkpoint = note ? parse_checkpoint(note->text) : Result<Checkpoint>(note.error());
    if (!checkpoint || !key || checkpoint->origin != key->name || !is_signed_by(*note, *key)) {
      tell(report, "bad_signature", place);
      continue;
    }
    if (checkpoint->size < previous) tell(report, "fork", place);
    previous = checkpoint->size;
    add({checkpoint->size, checkpoint->root}, place, report);
  }
  if (consumed != file.size())
    tell(report, "bad_signature", "checkpoints byte " + std::to_string(consumed));
}

void Claims::add(const Claim& claim, const std::string& place, LogReport& report) {
  const auto at =
      std::lower_bound(claims_.begin(), claims_.end(), claim.size,
                       [](const Claim& have, std::uint64_t size) { return have.size < size; });
  if (at != claims_.end() && at->size == claim.size) {
    if (at->root != claim.root) tell(report, "fork", place);
    return;
  }
  claims_.insert(at, claim);
}

}  // namespace kw::audit

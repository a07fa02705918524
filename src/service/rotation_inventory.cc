#include "service/rotation_inventory.h"

#include <algorithm>

namespace kw::service {

namespace {

constexpr int kPage = 1000;
constexpr std::size_t kProblemsMax = 100;

void add(rotation::SubjectFacts facts, Inventory& into) {
  if (!facts.damaged) return into.subjects.push_back(std::move(facts));
  if (into.problems.size() < kProblemsMax)
    into.problems.push_back(
        facts.subject.text() +
        ": its rows were changed outside the service (KS-2): it does not rotate");
}

// Reads on until the tenant, the inventory or the room ends. @returns false when there is more.
Result<bool> read_kind(rotation::Rotatable& rotatable, std::string_view tenant, std::size_t most,
                       Inventory& into) {
  std::optional<rotation::Subject> after;
  if (!tenant.empty())
    after = rotation::Subject{std::string(rotatable.kind()), std::string(tenant), ""};
  for (;;) {
    KW_TRY(auto page, rotatable.inventory(after ? &*after : nullptr, kPage));
    for (rotation::SubjectFacts& facts : page) {
      if (!tenant.empty() && facts.subject.tenant != tenant) return true;
      if (into.subjects.size() == most) return false;
      after = facts.subject;
      add(std::move(facts), into);
    }
    if (static_cast<int>(page.size()) < kPage) return true;
  }
}

}  // namespace

rotation::Rotatable* rotatable_of(const House& house, std::string_view kind) {
  const auto& all = house.rotation.rotatables;
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto* each) { return each->kind() == kind; });
  return found == all.end() ? nullptr : *found;
}

Result<rotation::SubjectFacts> read_subject(const House& house, const rotation::Subject& subject) {
  rotation::Rotatable* rotatable = rotatable_of(house, subject.kind);
  if (rotatable == nullptr)
    return error(Code::kInvalidArgument, "bad_subject",
                 "nothing of the kind \"" + subject.kind + "\" rotates here");
  rotation::Run question;
  question.subject = subject;
  KW_TRY(rotation::Observed seen, rotatable->inspect(question));
  return std::move(seen.facts);
}

Result<Inventory> read_inventory(const House& house, std::string_view tenant, std::size_t most) {
  Inventory inventory;
  for (rotation::Rotatable* rotatable : house.rotation.rotatables) {
    KW_TRY(const bool whole, read_kind(*rotatable, tenant, most, inventory));
    inventory.whole = inventory.whole && whole;
  }
  return inventory;
}

}  // namespace kw::service

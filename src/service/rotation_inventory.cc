#include "service/rotation_inventory.h"

#include <algorithm>

namespace kw::service {

namespace {

constexpr int kPage = 1000;

// Reads on until the tenant, the inventory or the room ends. @returns false when there is more.
Result<bool> read_kind(rotation::Rotatable& rotatable, std::string_view tenant, std::size_t most,
                       std::vector<rotation::SubjectFacts>& into) {
  std::optional<rotation::Subject> after;
  if (!tenant.empty())
    after = rotation::Subject{std::string(rotatable.kind()), std::string(tenant), ""};
  for (;;) {
    KW_TRY(auto page, rotatable.inventory(after ? &*after : nullptr, kPage));
    for (rotation::SubjectFacts& facts : page) {
      if (!tenant.empty() && facts.subject.tenant != tenant) return true;
      if (into.size() == most) return false;
      after = facts.subject;
      if (!facts.damaged) into.push_back(std::move(facts));
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
    KW_TRY(const bool whole, read_kind(*rotatable, tenant, most, inventory.subjects));
    inventory.whole = inventory.whole && whole;
  }
  return inventory;
}

}  // namespace kw::service

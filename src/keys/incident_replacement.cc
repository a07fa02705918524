#include "keys/incident_replacement.h"

#include <charconv>

#include "rotation/graph_model.h"
#include "seal/barrier.h"

namespace kw::keys {

namespace {

constexpr std::string_view kInPlace = "with-the-revocation:";

}  // namespace

// 0: none.
Result<std::uint32_t> IncidentReplacement::primary_of(store::Reader& reader,
                                                      const rotation::Subject& subject) {
  if (subject.kind == kKeyKind) {
    KW_TRY(const Key key, on_.keyring.load(reader, subject.tenant, subject.name));
    return key.primary;
  }
  if (subject.kind != kKekKind) return 0U;
  KW_TRY(const Tenant tenant, on_.keyring.tenant(subject.tenant));
  KW_TRY(const auto keks, on_.barrier.keks(reader, tenant.number));
  for (const seal::KekVersion& one : keks)
    if (one.state == seal::KekState::kPrimary) return one.version;
  return 0U;
}

Result<std::optional<std::string>> IncidentReplacement::start(
    rotation::Change change, const rotation::Subject& subject,
    const rotation::ReplaceOrder& order) {
  if (!order.old_is_dead) return runs_.start(change, subject, order);
  KW_TRY(const std::uint32_t primary, primary_of(change.tx, subject));
  if (primary == 0) return runs_.start(change, subject, order);
  return std::optional(std::string(kInPlace) + subject.text() + "@" + std::to_string(primary));
}

Result<rotation::ReplaceState> IncidentReplacement::look(store::Reader& reader,
                                                         const std::string& run) {
  if (!run.starts_with(kInPlace)) return runs_.look(reader, run);
  const auto at = run.rfind('@');
  rotation::ReplaceState state;
  std::from_chars(run.data() + at + 1, run.data() + run.size(), state.to);
  KW_TRY(const rotation::Node node,
         rotation::Node::parse(std::string_view(run).substr(kInPlace.size(), at - kInPlace.size())));
  const auto subject = node.subject();
  if (!subject) return error(Code::kDataLoss, "bad_incident", "a replacement without a subject");
  KW_TRY(const std::uint32_t primary, primary_of(reader, *subject));
  // Whoever replaced it again replaced it as well; only without any primary another try must begin.
  state.promoted = primary != 0;
  state.failed = primary == 0;
  state.to = primary;
  if (state.failed) state.problem = "no_primary";
  return state;
}

}  // namespace kw::keys

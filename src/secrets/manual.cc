#include "secrets/manual.h"

#include <algorithm>

#include "codec/strict_text.h"
#include "secrets/run_steps.h"

namespace kw::secrets {

namespace {

constexpr std::chrono::hours kEmergencyDue{1};
constexpr std::size_t kNoteMax = 512;

Status check(const Secret& secret, const GivenByHand& given) {
  if (given.note.size() > kNoteMax || !codec::valid_utf8(given.note))
    return error(Code::kInvalidArgument, "bad_note", "a note is at most 512 bytes of text");
  if (given.value == nullptr || given.value->structured() != (secret.shape == Shape::kFields))
    return error(Code::kInvalidArgument, "shape_mismatch",
                 "a secret stays what it began as: a value or fields");
  return ok();
}

Error no_task() {
  return error(Code::kFailedPrecondition, "no_task",
               "no rotation of this secret waits for a value: start one, or put the value");
}

}  // namespace

std::optional<Generator> manual_terms(const Secret& secret) {
  if (secret.generator.empty()) return std::nullopt;
  const auto generator = parse_generator(secret.generator);
  if (!generator || !generator->manual()) return std::nullopt;
  return *generator;
}

std::optional<rotation::ManualTask> task_of(const Secret& secret, const rotation::Run& run) {
  if (run.state != rotation::RunState::kGenerate || run.to_version != 0) return std::nullopt;
  const auto terms = manual_terms(secret);
  if (!terms) return std::nullopt;
  const bool emergency = run.trigger == rotation::Trigger::kEmergency;
  const std::chrono::seconds due = emergency ? kEmergencyDue : terms->due;
  return rotation::ManualTask{run.entered_at + due, std::min(terms->remind, due)};
}

Result<rotation::Run> give_by_hand(Secrets& secrets, rotation::Runs& runs, Change change,
                                   const Secret& secret, const GivenByHand& given) {
  KW_OK(check(secret, given));
  const rotation::Subject subject{"secret", secret.tenant_name, secret.path};
  KW_TRY(std::optional<rotation::Run> run, runs.open_run(change.tx, subject));
  if (!run || !task_of(secret, *run) || !rotation::is_task_stage(run->problem)) return no_task();
  RunSteps steps(secrets, change, *run);
  KW_OK(steps.create(*given.value, "given", given.principal, given.expires_at, given.note));
  return runs.give({change.tx, change.by}, run->id, run->to_version);
}

}  // namespace kw::secrets

#include "secrets/rotation_scene.h"

namespace kw::secrets {

namespace {

using rotation::Performed;

Result<std::optional<Credential>> credential(Targets& targets, store::Reader& reader,
                                             const Secret& secret, std::uint32_t number) {
  const Version* version = secret.version(number);
  if (version == nullptr || version->cell == 0) return std::optional<Credential>();
  KW_TRY(const Value value, targets.secrets().open(reader, secret, *version));
  KW_TRY(Credential made, credential_of(secret, *version, value));
  return std::optional<Credential>(std::move(made));
}

}  // namespace

bool Scene::swaps() const {
  return binding && single_slot(can());
}

Result<Scene> scene_of(Targets& targets, const rotation::Run& run) {
  Scene scene;
  KW_OK(targets.secrets().foundations().store.read([&](store::Reader& reader) -> Status {
    scene = {};
    KW_TRY(scene.secret, targets.secrets().load(reader, run.subject.tenant, run.subject.name));
    KW_TRY(scene.binding, targets.binding_of(reader, scene.secret));
    if (!scene.binding) return ok();
    KW_TRY(scene.old, credential(targets, reader, scene.secret, run.from_version));
    KW_TRY(scene.fresh, credential(targets, reader, scene.secret, run.to_version));
    if (scene.binding->admin_is_self) return ok();
    KW_TRY(scene.admins, targets.admins_of(reader, *scene.binding));
    return ok();
  }));
  return scene;
}

Context call_of(const rotation::Run& run) {
  // The text lives as long as the thread's next call: a context is used at once.
  thread_local std::string id;
  id = run.id.text();
  return {id, std::chrono::steady_clock::now() + kCallTime,
          run.trigger == rotation::Trigger::kEmergency};
}

Answer as_admin(const Scene& scene, const std::function<Answer(const Place&)>& verb) {
  const Binding& binding = *scene.binding;
  if (scene.admins.empty()) return verb(binding.place(nullptr));
  Answer answer;
  for (const Credential& admin : scene.admins) {
    answer = verb(binding.place(&admin));
    if (answer.outcome != Outcome::kDefiniteFail || answer.reason != "admin_refused") break;
  }
  return answer;
}

Performed performed(const Answer& answer) {
  return {answer.outcome, answer.reason, nullptr};
}

Performed failed(const Error& failure) {
  const bool passes = failure.code == Code::kUnavailable || failure.code == Code::kAborted ||
                      failure.code == Code::kDeadlineExceeded ||
                      failure.code == Code::kResourceExhausted;
  return {passes ? Outcome::kUnknown : Outcome::kDefiniteFail, failure.reason, nullptr};
}

}  // namespace kw::secrets

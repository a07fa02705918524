#include "service/secret_tasks.h"

#include <algorithm>

#include "service/rotation_house.h"
#include "service/secret_house.h"
#include "service/secrets.h"

namespace kw::service {

namespace {

constexpr int kTasksMax = 1000;

// Runs that wait in `generate` for something else, or whose secret is gone, are no tasks.
Status add_task(House& house, store::Reader& reader, const rotation::Run& run,
                std::vector<SecretTask>& all) {
  if (run.subject.kind != "secret" || !rotation::is_task_stage(run.problem)) return ok();
  auto secret = house.secrets.secrets.load(reader, run.subject.tenant, run.subject.name);
  if (!secret) return secret.error().code == Code::kNotFound ? ok() : Status(secret.error());
  const auto task = secrets::task_of(*secret, run);
  if (task) all.push_back({*std::move(secret), run, *task});
  return ok();
}

}  // namespace

Result<std::vector<SecretTask>> list_secret_tasks(House& house, Call& call, std::string_view path) {
  using Tasks = std::vector<SecretTask>;
  return consulted<Tasks>(house, call, [&]() -> Result<Tasks> {
    rotation::RunFilter filter;
    filter.tenant = call.tenant;
    filter.state = rotation::RunState::kGenerate;
    filter.open_only = true;
    filter.limit = kTasksMax;
    if (!path.empty()) filter.subject = rotation::Subject{"secret", call.tenant, std::string(path)};
    Tasks all;
    KW_OK(house.store.read([&](store::Reader& reader) -> Status {
      all.clear();
      KW_TRY(const auto runs, house.rotation.runs.list(reader, filter));
      for (const rotation::Run& run : runs) KW_OK(add_task(house, reader, run, all));
      return ok();
    }));
    std::stable_sort(all.begin(), all.end(), [](const SecretTask& a, const SecretTask& b) {
      return a.task.due_at < b.task.due_at;
    });
    return all;
  });
}

Result<rotation::Run> complete_secret_task(House& house, Call& call,
                                           const secrets::GivenByHand& given,
                                           const Wording<rotation::Run>& wording) {
  return recorded<rotation::Run>(house, call, [&]() -> Result<rotation::Run> {
    KW_OK(visible_secret(house, call));
    std::optional<rotation::Run> run;
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      KW_TRY(const secrets::Secret secret,
             house.secrets.secrets.load(change.tx, call.tenant, call.object));
      KW_TRY(run, secrets::give_by_hand(house.secrets.secrets, house.rotation.runs,
                                        {change.tx, change.by}, secret, given));
      keep(call, wording, *run);
      return ok();
    }));
    house.rotation.engine.wake();
    return *std::move(run);
  });
}

}  // namespace kw::service

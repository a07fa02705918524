// What the runs of a task need to plan, read together: one by one it is most of their time.
#include "rotation/consumer_rows.h"
#include "rotation/engine_state.h"

namespace kw::rotation {

// What cannot be read so is read again by the run alone, which then says why.
void Engine::State::look_ahead(Task& task) {
  std::map<Rotatable*, std::vector<Work*>> planning;
  std::vector<Work*> all;
  for (const auto& work : task) {
    if (work->traits.external || work->run.state != RunState::kPlan) continue;
    planning[work->rotatable].push_back(work.get());
    all.push_back(work.get());
  }
  for (auto& [rotatable, works] : planning) {
    std::vector<const Run*> runs;
    runs.reserve(works.size());
    for (const Work* work : works) runs.push_back(&work->run);
    std::vector<Result<Observed>> seen = rotatable->inspect_all(runs);
    KW_CHECK(seen.size() == works.size());
    for (std::size_t i = 0; i < works.size(); ++i)
      if (seen[i]) works[i]->ahead = std::make_shared<const Observed>(*std::move(seen[i]));
  }
  note_unused(all);
}

void Engine::State::note_unused(std::span<Work* const> works) {
  if (works.empty()) return;
  std::vector<const Subject*> subjects;
  subjects.reserve(works.size());
  for (const Work* work : works) subjects.push_back(&work->run.subject);
  std::set<Subject> used;
  const Status read = house.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(used, used_subjects(reader, subjects));
    return ok();
  });
  if (!read) return;
  for (Work* work : works) work->unused = !used.contains(work->run.subject);
}

}  // namespace kw::rotation

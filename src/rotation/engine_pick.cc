// Which runs get a turn: due ones by rank and fairness, within the limits of what may be at work at
// once.
#include <algorithm>
#include <iterator>
#include <tuple>

#include "rotation/engine_state.h"
#include "rotation/fair_queue.h"

namespace kw::rotation {

namespace {

constexpr int kLookedAt = 1024;
constexpr int kSmallBatch = 256;
constexpr std::size_t kBatchesPerRound = 8;

}  // namespace

// A commit holds the writer for as long as it has runs: only a storm, where what counts is that it
// passes, has large ones.
std::size_t batch_for(std::size_t runs, int most) {
  const auto small = static_cast<std::size_t>(std::min(kSmallBatch, most));
  return std::clamp(runs / kBatchesPerRound, small, static_cast<std::size_t>(most));
}

// Neighbours in the tables share a transaction: each page of them that it touches is written once.
// Fairness is the order in which runs come into a round; within it all have their turn.
std::vector<Task> share_transactions(Works works, int most) {
  std::stable_sort(works.begin(), works.end(), [](const auto& a, const auto& b) {
    return std::tie(a->urgency, a->subject) < std::tie(b->urgency, b->subject);
  });
  const std::size_t batch = batch_for(works.size(), most);
  std::vector<Task> tasks;
  for (std::size_t i = 0; i < works.size(); ++i) {
    if (i % batch == 0) {
      tasks.emplace_back();
      tasks.back().reserve(std::min(batch, works.size() - i));
    }
    tasks.back().push_back(std::move(works[i]));
  }
  return tasks;
}

Rotatable* Engine::State::rotatable_of(const std::string& kind) const {
  for (Rotatable* each : rotatables)
    if (each->kind() == kind) return each;
  return nullptr;
}

// Tenants and targets are limited where a foreign system bears the load.
bool Engine::State::room_for(const Work& work) {
  const std::scoped_lock lock(mutex);
  const Subject& subject = work.subject;
  if (static_cast<int>(busy.size()) >= options.in_flight_global) return false;
  if (busy.contains(subject) || let_go.contains(subject)) return false;
  if (work.traits.external) {
    if (busy_tenants[subject.tenant] >= options.in_flight_per_tenant) return false;
    if (busy_targets[work.target] >= options.in_flight_per_target) return false;
    ++busy_tenants[subject.tenant];
    ++busy_targets[work.target];
  }
  busy.insert(subject);
  return true;
}

void Engine::State::put_back(const Task& task) {
  const std::scoped_lock lock(mutex);
  for (const auto& work : task) {
    let_go.insert(busy.extract(work->subject));
    if (!work->traits.external) continue;
    --busy_tenants[work->subject.tenant];
    --busy_targets[work->target];
  }
}

Result<Works> Engine::State::due_works(int limit) {
  Works works;
  KW_OK(house.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(std::vector<DueRun> due, due_runs(reader, now(), std::max(limit, kLookedAt)));
    std::map<RunId, std::size_t> place;
    std::vector<RunId> ids;
    for (const DueRun& each : fair_order(std::move(due), options.tenant_weights)) {
      if (static_cast<int>(ids.size()) >= limit) break;
      if (is_busy(each.subject) || rotatable_of(each.subject.kind) == nullptr) continue;
      place[each.id] = ids.size();
      ids.push_back(each.id);
    }
    KW_TRY(std::vector<Run> runs, load_runs(reader, ids));
    works.clear();
    works.resize(ids.size());
    for (Run& run : runs) {
      const auto asked = place.find(run.id);
      if (asked == place.end()) continue;
      auto work = std::make_unique<Work>();
      work->rotatable = rotatable_of(run.subject.kind);
      work->urgency = run.rank;
      work->stored = work->base = work->run = std::move(run);
      works[asked->second] = std::move(work);
    }
    std::erase(works, nullptr);
    return ok();
  }));
  return works;
}

bool Engine::State::is_busy(const Subject& subject) const {
  const std::scoped_lock lock(mutex);
  return busy.contains(subject) || let_go.contains(subject);
}

// Runs of foreign systems go alone, so that a slow one holds up nobody; the others share
// transactions.
Result<std::vector<Task>> Engine::State::pick() {
  {
    const std::scoped_lock lock(mutex);
    let_go.clear();
  }
  KW_TRY(Works works, due_works(options.round));
  const int room = options.round - static_cast<int>(works.size());
  if (room > 0) {
    KW_TRY(Works fresh, due_subjects(room));
    std::move(fresh.begin(), fresh.end(), std::back_inserter(works));
  }
  std::vector<Task> alone;
  Works together;
  for (auto& each : works) {
    Work& work = *each;
    work.subject = work.run.subject;
    SubjectFacts facts;
    facts.subject = work.subject;
    facts.type = work.run.type;
    work.traits = work.rotatable->traits(facts);
    work.target =
        work.traits.target.empty() ? work.subject.kind + ":" + work.run.type : work.traits.target;
    if (!room_for(work)) continue;
    if (work.traits.external) {
      alone.emplace_back();
      alone.back().push_back(std::move(each));
    } else {
      together.push_back(std::move(each));
    }
  }
  std::vector<Task> tasks = share_transactions(std::move(together), options.batch);
  for (Task& task : alone) tasks.push_back(std::move(task));
  return tasks;
}

}  // namespace kw::rotation

#include "rotation/fair_queue.h"

#include <algorithm>
#include <tuple>

namespace kw::rotation {

namespace {

struct Turn {
  int rank;
  double virtual_time;  // how many turns of weight 1 its tenant has had before
  DueRun run;

  auto key() const { return std::tie(rank, virtual_time, run.next_at, run.subject); }
};

}  // namespace

std::vector<DueRun> fair_order(std::vector<DueRun> due, const std::map<std::string, int>& weights) {
  std::sort(due.begin(), due.end(), [](const DueRun& a, const DueRun& b) {
    return std::tie(a.rank, a.next_at, a.subject) < std::tie(b.rank, b.next_at, b.subject);
  });
  std::map<std::pair<int, std::string>, int> had;
  std::vector<Turn> turns;
  turns.reserve(due.size());
  for (DueRun& each : due) {
    const auto weight = weights.find(each.subject.tenant);
    const int share = weight == weights.end() ? 1 : std::max(1, weight->second);
    const int before = had[{each.rank, each.subject.tenant}]++;
    turns.push_back({each.rank, static_cast<double>(before) / share, std::move(each)});
  }
  std::sort(turns.begin(), turns.end(),
            [](const Turn& a, const Turn& b) { return a.key() < b.key(); });
  std::vector<DueRun> ordered;
  ordered.reserve(turns.size());
  for (Turn& each : turns) ordered.push_back(std::move(each.run));
  return ordered;
}

}  // namespace kw::rotation

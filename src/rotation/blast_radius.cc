#include "rotation/blast_radius.h"

#include <algorithm>
#include <set>

namespace kw::rotation {
namespace {

// Takes what a port says; what it cannot say is written down as a gap.
template <typename T>
T known(Result<T> answer, std::string_view what, const Subject& subject, BlastRadius& radius) {
  if (answer) return *std::move(answer);
  radius.gaps.push_back(std::string(what) + " of " + subject.text() + ": " + answer.error().reason);
  return T{};
}

void compare_consumers(BlastSubject& one) {
  std::set<std::string> registered, users;
  for (const Holder& holder : one.holders)
    if (holder.kind == "consumer") registered.insert(holder.name);
  for (const Use& use : one.uses) {
    users.insert(use.principal);
    one.uses_after_revoke += use.refused;
  }
  std::set_intersection(users.begin(), users.end(), registered.begin(), registered.end(),
                        std::back_inserter(one.expected));
  std::set_difference(users.begin(), users.end(), registered.begin(), registered.end(),
                      std::back_inserter(one.unknown));
  std::set_difference(registered.begin(), registered.end(), users.begin(), users.end(),
                      std::back_inserter(one.absent));
}

void count_descendants(const GraphModel& graph, BlastSubject& one) {
  const auto node = Node::of(one.subject);
  if (!node) return;
  for (const Node& below : graph.closure(*node, Direction::kDown)) {
    ++one.descendants;
    ++one.descendants_by_kind[std::string(below.kind())];
  }
}

}  // namespace

std::map<std::string, std::int64_t> BlastRadius::readable_by_tenant() const {
  std::map<std::string, std::int64_t> by_tenant;
  for (const BlastSubject& one : subjects)
    for (const Readable& readable : one.readable) by_tenant[readable.tenant] += readable.items;
  return by_tenant;
}

BlastRadius measure_blast_radius(Compromise& compromise, UseHistory& history,
                                 const GraphModel& graph, const BlastQuestion& question) {
  BlastRadius radius;
  radius.incident = question.incident;
  radius.made_at = radius.to = question.to;
  radius.from = question.from;
  radius.outside = question.outside;
  for (const auto& [subject, suspect] : question.subjects) {
    BlastSubject one;
    one.subject = subject;
    one.suspect = suspect;
    one.versions = known(compromise.versions(subject), "versions", subject, radius);
    one.holders = known(history.holders(subject), "holders", subject, radius);
    one.abilities = known(history.abilities(subject), "abilities", subject, radius);
    one.uses = known(history.uses(subject, question.from, question.to), "uses", subject, radius);
    one.readable = known(history.readable(subject), "readable data", subject, radius);
    count_descendants(graph, one);
    compare_consumers(one);
    radius.subjects.push_back(std::move(one));
  }
  return radius;
}

}  // namespace kw::rotation

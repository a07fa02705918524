#include "rotation/acknowledgement_gate.h"

#include <algorithm>
#include <map>
#include <set>

namespace kw::rotation {

namespace {

using Acks = std::vector<const Acknowledgement*>;

Acks of_consumer(const Consumption& all, const Consumer& consumer) {
  Acks mine;
  for (const Acknowledgement& each : all.acknowledgements)
    if (each.consumer == consumer.name) mine.push_back(&each);
  return mine;
}

// What each live instance acknowledged last.
std::map<std::string, const Acknowledgement*> held(const Acks& acks) {
  std::map<std::string, const Acknowledgement*> latest;
  for (const Acknowledgement* each : acks) {
    const Acknowledgement*& newest = latest[each->instance];
    if (newest == nullptr || each->observed_at >= newest->observed_at) newest = each;
  }
  std::erase_if(latest, [](const auto& entry) { return !entry.second->live; });
  return latest;
}

bool any(const Acks& acks, std::uint32_t version, bool must_have_used) {
  return std::any_of(acks.begin(), acks.end(), [&](const Acknowledgement* each) {
    const bool said = must_have_used ? each->used_at.has_value()
                                     : each->loaded_at.has_value() || each->used_at.has_value();
    return each->version == version && said;
  });
}

bool instance_loaded(const Acks& acks, const std::string& instance, std::uint32_t version) {
  return std::any_of(acks.begin(), acks.end(), [&](const Acknowledgement* each) {
    return each->instance == instance && each->version == version && !each->failed;
  });
}

bool consumer_loaded(const Acks& acks, std::uint32_t version) {
  if (!any(acks, version, false)) return false;
  const auto holders = held(acks);
  return std::all_of(holders.begin(), holders.end(),
                     [&](const auto& each) { return instance_loaded(acks, each.first, version); });
}

bool consumer_moved(const Acks& acks, std::uint32_t version) {
  if (!any(acks, version, true)) return false;
  const auto holders = held(acks);
  return std::all_of(holders.begin(), holders.end(),
                     [&](const auto& each) { return each.second->version == version; });
}

}  // namespace

bool is_live(const Consumer& consumer, WallTime now) {
  return now - consumer.seen_at < consumer.lease;
}

bool loaded_everywhere(const Consumption& all, std::uint32_t version) {
  return std::all_of(all.consumers.begin(), all.consumers.end(), [&](const Consumer& each) {
    return !is_live(each, all.at) || consumer_loaded(of_consumer(all, each), version);
  });
}

bool used_by_canaries(const Consumption& all, std::uint32_t version) {
  std::map<std::string, bool> used_by_one;  // environments without a canary
  std::set<std::string> with_canary;
  for (const Consumer& each : all.consumers) {
    if (!is_live(each, all.at)) continue;
    const bool used = any(of_consumer(all, each), version, true);
    if (each.canary && !used) return false;
    if (each.canary) with_canary.insert(each.environment);
    used_by_one[each.environment] = used_by_one[each.environment] || used;
  }
  return std::all_of(used_by_one.begin(), used_by_one.end(), [&](const auto& each) {
    return each.second || with_canary.contains(each.first);
  });
}

bool canaries_used(const Consumption& all, std::uint32_t version) {
  return std::all_of(all.consumers.begin(), all.consumers.end(), [&](const Consumer& each) {
    return !each.canary || !is_live(each, all.at) || any(of_consumer(all, each), version, true);
  });
}

bool failed_somewhere(const Consumption& all, std::uint32_t version) {
  return std::any_of(all.acknowledgements.begin(), all.acknowledgements.end(),
                     [&](const Acknowledgement& each) {
                       return each.live && each.failed && each.version == version;
                     });
}

bool moved_on(const Consumption& all, std::uint32_t version) {
  return std::all_of(all.consumers.begin(), all.consumers.end(), [&](const Consumer& each) {
    return !is_live(each, all.at) || consumer_moved(of_consumer(all, each), version);
  });
}

bool released(const Consumption& all, std::uint32_t version, const std::optional<WallTime>& since) {
  return std::all_of(all.consumers.begin(), all.consumers.end(), [&](const Consumer& each) {
    if (!is_live(each, all.at)) return true;
    const auto holders = held(of_consumer(all, each));
    const auto let_go = [&](const auto& holder) {
      const Acknowledgement& last = *holder.second;
      return last.version != version && (!since || last.observed_at >= *since);
    };
    const bool spoke = !since || !holders.empty();
    return spoke && std::all_of(holders.begin(), holders.end(), let_go);
  });
}

}  // namespace kw::rotation

#include "observe/names.h"

#include <gtest/gtest.h>

#include <set>

#include "observe/metrics.h"

namespace kw::observe {
namespace {

TEST(Names, are_accepted_by_the_registry_and_differ) {
  Registry registry;
  const std::string_view counters[] = {
      names::kOperations,     names::kHttpRequests, names::kRateLimited,
      names::kAuditRecords,   names::kKekRewrapped, names::kKeyCacheHits,
      names::kKeyCacheMisses, names::kUnknownKid,   names::kCompromisedUse};
  const std::string_view others[] = {
      names::kOperationSeconds, names::kAuditGroupSize, names::kStoreCommitSeconds, names::kSealed,
      names::kKeyOpsRatio,      names::kAuditDurable,   names::kIncidentsOpen,    names::kIncidentSecondsLeft,
                                     names::kAuditAnchored};
  std::set<std::string_view> all;
  for (const std::string_view name : counters) {
    registry.counter(name, "help");
    EXPECT_TRUE(name.ends_with("_total")) << name;
    EXPECT_TRUE(all.insert(name).second) << name;
  }
  for (const std::string_view name : others) {
    registry.gauge(name, "help");
    EXPECT_FALSE(name.ends_with("_total")) << name;
    EXPECT_TRUE(all.insert(name).second) << name;
  }
}

}  // namespace
}  // namespace kw::observe

// The contract of secrets/connector.h over every connector, against real systems.
#include <gtest/gtest.h>

#include "connectors/foreign_system_for_tests.h"
#include "connectors/make_connectors.h"

namespace kw::connectors {
namespace {

struct Entry {
  const char* name;
  ForeignSystem* (*start)();
};

const std::vector<Entry>& entries() {
  static const std::vector<Entry> all{
#define KW_FOREIGN_SYSTEM(name) {#name, name##_system},
#include "connectors/foreign_systems.def"
#undef KW_FOREIGN_SYSTEM
  };
  return all;
}

TEST(ConnectorCatalogue, every_connector_is_under_contract) {
  for (const auto& connector : make_connectors({})) {
    const bool found = std::any_of(entries().begin(), entries().end(), [&](const Entry& entry) {
      return std::string_view(entry.name).starts_with(connector->name());
    });
    EXPECT_TRUE(found) << connector->name() << " needs a line in foreign_systems.def";
  }
}

}  // namespace
}  // namespace kw::connectors

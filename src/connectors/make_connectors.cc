#include "connectors/make_connectors.h"

namespace kw::connectors {

#define KW_CONNECTOR(name) \
  std::unique_ptr<secrets::Connector> make_##name(const ConnectorOptions& options);
#include "connectors/catalog.def"
#undef KW_CONNECTOR

secrets::Connectors make_connectors([[maybe_unused]] const ConnectorOptions& options) {
  secrets::Connectors made;
#define KW_CONNECTOR(name) made.push_back(make_##name(options));
#include "connectors/catalog.def"
#undef KW_CONNECTOR
  return made;
}

}  // namespace kw::connectors

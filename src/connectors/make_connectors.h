// The connectors that there are, for the wiring of the program.
#pragma once

#include "secrets/connector.h"

namespace kw::connectors {

/// What connectors get from the server's configuration; each reads what concerns it.
struct ConnectorOptions {};

/// One of each line of catalog.def, in its order.
secrets::Connectors make_connectors(const ConnectorOptions& options);

}  // namespace kw::connectors

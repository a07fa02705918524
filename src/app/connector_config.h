// The section `connectors` of the configuration: what connectors may reach on this machine and
// beyond.
#pragma once

#include "codec/yaml.h"
#include "connectors/make_connectors.h"

namespace kw::app {

/// @errors kInvalidArgument(config_invalid): names the place
Result<connectors::ConnectorOptions> read_connectors(const codec::YamlView& map);

}  // namespace kw::app

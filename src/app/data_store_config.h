// The block `data_stores` of the configuration (docs/guide/reencryption.md): a list of maps.
#pragma once

#include <vector>

#include "codec/yaml.h"
#include "connectors/data_places.h"

namespace kw::app {

/// @errors kInvalidArgument(config_invalid): "file:line:column ..."
Result<std::vector<connectors::DataPlace>> read_data_stores(const codec::YamlView& list);
/// The folders among them: what the server may write to besides its own.
std::vector<std::string> data_folders(const std::vector<connectors::DataPlace>& places);

}  // namespace kw::app

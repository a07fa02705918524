// A parsed JSON value, written again as it was meant: members in their order, whole numbers whole.
#pragma once

#include "codec/json.h"

namespace kw::codec {

/// Writes the value of `view` into `json`.
void write_view(JsonWriter& json, const JsonView& view);

}  // namespace kw::codec

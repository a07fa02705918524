// Secrets as JSON members: metadata without values; values by themselves.
#pragma once

#include "codec/json.h"
#include "secrets/secrets.h"

namespace kw::api::rest {

/// Metadata and versions. Never a value.
void write_secret(codec::JsonWriter& json, const secrets::Secret& secret);
/// The one place where a value is worded. @errors kDataLoss(bad_value)
Status write_readout(codec::JsonWriter& json, const secrets::Secrets::Readout& readout);

}  // namespace kw::api::rest

// Values of secrets as callers send them.
#pragma once

#include <memory>

#include "codec/json.h"
#include "secrets/value.h"

namespace kw::api::rest {

/// "value" (base64) or "text". @errors kInvalidArgument(no_value | bad_base64)
Result<SecretBytes> material_of(const codec::JsonView& body);
/// The same, or "fields"; nullptr when there is none of them.
/// @errors as material_of; kInvalidArgument(json_type | bad_value | bad_field)
Result<std::shared_ptr<const secrets::Value>> given_value(const codec::JsonView& body);

}  // namespace kw::api::rest

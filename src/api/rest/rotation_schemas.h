// Schemas of the operations of rotation: a part of schemas.h. Inside the room only.
#pragma once

#include <optional>

#include "api/rest/schemas.h"

namespace kw::api::rest {

std::vector<QueryParameter> rotation_query_parameters(service::OperationId id);
/// "" when it is none of rotation's, or takes no body.
std::string_view rotation_request(service::OperationId id);
std::optional<ResponseShape> rotation_response(service::OperationId id);

}  // namespace kw::api::rest

// The schemas of secrets. Inside the room only.
#pragma once

#include "api/rest/schemas.h"

namespace kw::api::rest {

std::vector<QueryParameter> secret_query(service::OperationId id);
std::string_view secret_request(service::OperationId id);
std::optional<ResponseShape> secret_response(service::OperationId id);

}  // namespace kw::api::rest

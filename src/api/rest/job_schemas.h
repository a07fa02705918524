// Schemas of the operations of jobs and data stores: a part of schemas.h. Inside the room only.
#pragma once

#include <optional>

#include "api/rest/schemas.h"

namespace kw::api::rest {

std::vector<QueryParameter> job_query(service::OperationId id);
/// "" when it is none of these, or takes no body.
std::string_view job_request(service::OperationId id);
std::optional<ResponseShape> job_response(service::OperationId id);

}  // namespace kw::api::rest

// JSON schemas of requests and responses, for the OpenAPI document. Texts of JSON Schema 2020-12.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "service/operation.h"

namespace kw::api::rest {

struct QueryParameter {
  std::string_view name;
  std::string_view type;  ///< "string" or "integer"
  std::string_view description;
};
std::vector<QueryParameter> query_parameters(service::OperationId id);

/// "" when the operation takes no body.
std::string_view request_schema(service::OperationId id);

struct ResponseShape {
  int status = 200;
  std::string_view content_type = "application/json";  ///< "" for 204
  std::string_view schema;
};
ResponseShape response_shape(service::OperationId id);

// Those of graph, incidents and ceremonies: the three above ask here too.
std::vector<QueryParameter> emergency_query(service::OperationId id);
std::string_view emergency_request(service::OperationId id);
std::optional<ResponseShape> emergency_response(service::OperationId id);

// Those of API keys.
std::vector<QueryParameter> api_key_query(service::OperationId id);
std::string_view api_key_request(service::OperationId id);
std::optional<ResponseShape> api_key_response(service::OperationId id);

/// The object of named schemas that the others refer to.
std::string_view component_schemas();

}  // namespace kw::api::rest

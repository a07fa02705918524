// One handler per operation that runs on a worker. Declared from operations.def: an operation
// without its handler does not link.
#pragma once

#include "api/rest/exchange.h"
#include "base/result.h"

namespace kw::api::rest {

namespace handlers {
#define OPERATION(id, method, path, action, roles, plane, kind, summary) \
  Result<Answer> id(Exchange& exchange);
#define USE_OPERATION(id, method, path, action, roles, plane, kind, summary)
#include "service/operations.def"
#undef OPERATION
}  // namespace handlers

/// Runs the handler of the exchange's operation.
Result<Answer> dispatch(Exchange& exchange);

/// Runs a data-plane operation; the answer is sent when its audit record is durable.
void handle_use(service::House& house, service::Call call, std::string_view body, net::Reply reply);

/// Shows a key whose snapshot is in memory, without a worker: the answer is sent when its audit
/// record is durable. False when a worker has to read it; nothing was recorded then.
bool handle_kept_key(service::House& house, service::Call& call, net::Reply& reply);

/// The interface as OpenAPI 3.1, generated from operations.def.
std::string openapi_json(std::string_view version);

}  // namespace kw::api::rest

#include "api/rest/handlers.h"

namespace kw::api::rest {

Result<Answer> dispatch(Exchange& exchange) {
  using service::OperationId;
  switch (exchange.call.operation->id) {
#define OPERATION(id, method, path, action, roles, plane, kind, summary) \
  case OperationId::id:                                                  \
    return handlers::id(exchange);
#define USE_OPERATION(id, method, path, action, roles, plane, kind, summary) \
  case OperationId::id:                                                      \
    break;
#include "service/operations.def"
#undef OPERATION
  }
  return error(Code::kInternal, "internal", "a data-plane operation reached the workers");
}

}  // namespace kw::api::rest

// Failures as RFC 9457 problem details with a stable `reason`.
#pragma once

#include "base/result.h"
#include "net/http_server.h"
#include "service/call.h"

namespace kw::api::rest {

/// The HTTP status of a failure.
int http_status(const Error& failure);
/// The whole answer. @source RFC 9457.
net::Response problem(const Error& failure, std::string_view request_id,
                      const service::RefusalDetails* details = nullptr);

}  // namespace kw::api::rest

// Tells the service manager how the service is, without a library for it.
#pragma once

#include <string_view>

namespace kw::net {

/// Sends `state` ("READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=…") to the socket that
/// $NOTIFY_SOCKET names. Does nothing when the variable is not set or the socket does not answer: a
/// service must not fail over this. Thread-safe as long as nobody changes the environment.
/// @source sd_notify(3), systemd.service(5).
void notify_service_manager(std::string_view state);

}  // namespace kw::net

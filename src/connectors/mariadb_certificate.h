// The certificate of a MariaDB server. Since version 3.4 the client library takes more than one
// that is of a trusted authority and for the host: one that nobody vouches for, when the server
// shows that it knows the password; any name at the loopback addresses; and anything at all when an
// environment variable says so.
#pragma once

#include <string>

#include "base/result.h"

struct st_mysql;

namespace kw::connectors {

/// Before the connect: certificates are verified. @errors kFailedPrecondition(environment): the
/// library is told not to.
Status require_certificate(st_mysql* connection);
/// The host in a form for which the library compares the certificate's names.
std::string host_to_verify(const std::string& host);
/// After the connect: whether an authority vouches for the server's certificate.
bool certificate_is_trusted(st_mysql* connection);

}  // namespace kw::connectors

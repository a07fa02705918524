// OpenSSH key revocation lists. Source: OpenSSH PROTOCOL.krl.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace kw::connectors {

/// The list with one more revoked key; what others put in stays. The key of an authority revokes
/// every certificate that it signed.
/// @param list  as it is; empty: a new one. @param key_blob  as in SshPublicKey
/// @returns the same bytes when the key is in it already
/// @errors kFailedPrecondition(foreign_krl): no list, a signed one, or of another version
Result<Bytes> krl_with(ByteView list, ByteView key_blob);

}  // namespace kw::connectors

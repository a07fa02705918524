// PEM (RFC 7468), strict form, for certificates, requests and public keys. Not for secrets: nothing
// here is wiped. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace kw::codec {

/// "-----BEGIN label-----", base64 in lines of 64, "-----END label-----", each line ended by "\n".
///
/// @param der  not empty.   @source RFC 7468, 3 (strictTextualMsg).
std::string pem(std::string_view label, ByteView der);

/// The DER of the first block labelled `label`. Blocks of other labels and text between blocks are
/// skipped; lines may end in LF or CR LF.
///
/// @errors kInvalidArgument(bad_pem): no such block; a block before or at it that is not closed or
/// not strict.
/// @source RFC 7468, 2 (explanatory text) and 3.
Result<Bytes> from_pem(std::string_view label, std::string_view text);

}  // namespace kw::codec

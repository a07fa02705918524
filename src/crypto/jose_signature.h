// ECDSA signatures in the two forms of the field: DER (X9.62, X.509, TLS) and the raw form r | s of
// JSON Web Signatures and IEEE P1363. All other signatures have one form. Pure functions.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/algorithm.h"

namespace kw::crypto {

/// How a signature is written. Only ECDSA tells them apart.
enum class SignatureForm : std::uint8_t { kDer, kJose };

/// "der" or "jose". @errors kInvalidArgument(bad_signature_format)
Result<SignatureForm> parse_signature_form(std::string_view name);

/// What Key::sign made, in `form`. @errors kDataLoss(bad_signature): not what an ECDSA key makes.
/// @source RFC 7518, 3.4.
Result<Bytes> in_form(Algorithm algorithm, SignatureForm form, ByteView signature);
/// What Key::verify takes, from `form`; nothing when it cannot be a signature of this algorithm
/// (r and s in the raw form have the full size of the field; RFC 7518, 3.4, step 1).
std::optional<Bytes> from_form(Algorithm algorithm, SignatureForm form, ByteView signature);

}  // namespace kw::crypto

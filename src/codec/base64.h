// Base64 (RFC 4648, 4), base64url without padding (RFC 4648, 5) and hexadecimal. Decoders are
// strict: one text for each byte string. Base64 is coded by arithmetic, without tables or branches
// on the data, so it is fit for secrets. Pure functions: safe from any thread; results own their
// memory.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace kw::codec {

/// Standard base64 with padding. @source RFC 4648, 4.
std::string base64(ByteView bytes);
/// base64url without padding. @source RFC 4648, 5 and 3.2.
std::string base64url(ByteView bytes);
/// Two lower-case digits for each byte. @source RFC 4648, 8.
std::string hex(ByteView bytes);

/// The number of characters of base64(bytes), padding included.
std::size_t base64_size(std::size_t bytes);
/// Writes base64(bytes) into `out`, whose size must be base64_size(bytes.size()).
void write_base64(ByteView bytes, std::span<char> out);

/// The bytes of a standard base64 text with padding.
/// @errors kInvalidArgument(bad_base64): wrong alphabet, padding, length, non-zero trailing bits or
/// white space.
Result<Bytes> from_base64(std::string_view text);
/// The bytes of a base64url text without padding. @errors as from_base64.
Result<Bytes> from_base64url(std::string_view text);
/// As from_base64, into wiped memory: for plaintexts.
Result<WipedBytes> wiped_from_base64(std::string_view text);
/// As from_base64 and from_base64url, into the arena: for key material, shares, tokens.
Result<SecretBytes> secret_from_base64(std::string_view text);
Result<SecretBytes> secret_from_base64url(std::string_view text);
/// Writes base64 and base64url of a secret into wiped memory; always on the heap, so moving leaves
/// no copy behind.
WipedText wiped_base64(ByteView bytes);
WipedText wiped_base64url(ByteView bytes);
/// @errors kInvalidArgument(bad_hex): odd length or a character outside 0-9a-fA-F.
Result<Bytes> from_hex(std::string_view text);

}  // namespace kw::codec

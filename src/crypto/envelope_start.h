// Whose a ciphertext is, by its first bytes alone: for counting what cannot be read whole.
#pragma once

#include <optional>
#include <string_view>

#include "crypto/envelope.h"

namespace kw::crypto {

/// So many bytes of an envelope, and so many characters of its text form, tell key and version.
inline constexpr std::size_t kEnvelopeStartBytes = 24;
inline constexpr std::size_t kEnvelopeStartCharacters = 4 + kEnvelopeStartBytes / 3 * 4;

/// Suite, key and version; `flags` is not looked at. Nothing when it is not the start of an
/// envelope of this format; whether the rest is whole, it does not tell.
std::optional<EnvelopeHeader> peek_envelope(ByteView start);
/// The same for the text form.
std::optional<EnvelopeHeader> peek_envelope_text(std::string_view start);

}  // namespace kw::crypto

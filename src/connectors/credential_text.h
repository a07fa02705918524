// The one place of this room where secrets of rotations become the text that clients of foreign
// systems take. Copies are wiped; what the clients' libraries copy is said in docs/connectors.
#pragma once

#include "base/result.h"
#include "base/secret_bytes.h"

namespace kw::connectors {

/// The secret as text that ends with a zero byte, on the heap.
/// @errors kFailedPrecondition(rejected_by_policy): empty, or it holds a zero byte, a line feed or
/// a
///   carriage return, which no protocol here can carry
Result<WipedText> credential_text(const SecretBytes& secret);

/// Another secret of the same length, wrong in its first byte: for negative probes.
SecretBytes mutated(const SecretBytes& secret);

}  // namespace kw::connectors

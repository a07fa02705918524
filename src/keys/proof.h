// The known-answer round trip that a key version must pass before it becomes primary. Private to
// the room.
#pragma once

#include "crypto/key.h"

namespace kw::keys {

/// Encrypts and decrypts, signs and verifies, MACs and verifies, or derives twice, as `purpose`
/// says, and checks that a changed input is refused. @errors kInternal(proof_failed): the material
/// must not be used.
Status prove(const crypto::Key& material, crypto::Purpose purpose);

}  // namespace kw::keys

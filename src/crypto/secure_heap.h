// Inside this room only: OpenSSL's locked heap for the private values of key pairs.
#pragma once

namespace kw::crypto {

/// True when the secure heap exists and has no room for another RSA-4096 key.
bool secure_heap_full();

}  // namespace kw::crypto

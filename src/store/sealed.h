// Sealed: the only form in which secrets reach the store. Only the Barrier (room `seal`) can make
// one from a secret.
#pragma once

#include "base/bytes.h"

namespace kw::seal {
class Barrier;
class KekCipher;
}  // namespace kw::seal

namespace kw::store {

/// An encrypted blob. Copying is harmless.
class Sealed {
 public:
  ByteView bytes() const { return bytes_; }
  /// What the store handed back; says nothing about whether it opens.
  static Sealed from_store(Bytes bytes) { return Sealed(std::move(bytes)); }

 private:
  friend class kw::seal::Barrier;
  friend class kw::seal::KekCipher;
  explicit Sealed(Bytes bytes) : bytes_(std::move(bytes)) {}
  Bytes bytes_;
};

}  // namespace kw::store

// The name of a version in tokens and key sets (`kid`). It is never bound to other material: a
// public key is named by its own digest, a MAC key by the random id of its key.
#pragma once

#include <memory>
#include <shared_mutex>
#include <string>
#include <unordered_map>

#include "keys/jwks.h"
#include "keys/model.h"

namespace kw::keys {

/// Purpose sign: the RFC 7638 thumbprint, or, for algorithms without a JWK form, base64url of the
/// SHA-256 of the SubjectPublicKeyInfo. Purpose mac: base64url of SHA-256 over key id and number,
/// which tells nothing about the secret. Others: "". 43 characters.
/// @errors kDataLoss(bad_key): a stored public key does not parse.
Result<std::string> kid_of(const Key& key, const Version& version);

/// Keeps public forms: parsing a public key costs more than a signature. Thread-safe.
class KidCache {
 public:
  /// @errors as kid_of
  Result<std::shared_ptr<const PublicForm>> form(const Key& key, const Version& version);

 private:
  struct Address {
    KeyId key;
    std::uint32_t version = 0;
    bool operator==(const Address&) const = default;
  };
  struct AddressHash {
    std::size_t operator()(const Address& address) const {
      return std::hash<KeyId>{}(address.key) ^ (address.version * 0x9E3779B97F4A7C15U);
    }
  };
  std::shared_mutex mutex_;
  std::unordered_map<Address, std::shared_ptr<const PublicForm>, AddressHash> kept_;
};

}  // namespace kw::keys

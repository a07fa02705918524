#include "keys/kid.h"

#include <mutex>

#include "codec/base64.h"
#include "crypto/digest.h"
#include "crypto/jwk.h"

namespace kw::keys {

namespace {

constexpr std::size_t kKidsMax = 100'000;

Result<std::string> of_public_key(const Version& version) {
  const auto jwk = crypto::public_jwk(version.algorithm, version.public_key);
  if (jwk) return crypto::thumbprint(*jwk);
  if (jwk.error().reason != "no_jwk") return jwk.error();
  return codec::base64url(crypto::sha256(version.public_key));
}

std::string of_place(const Key& key, const Version& version) {
  const Bytes place =
      ByteWriter().field("keywright/kid/v1").raw(key.id.bytes()).u32(version.number).bytes();
  return codec::base64url(crypto::sha256(place));
}

}  // namespace

Result<std::string> kid_of(const Key& key, const Version& version) {
  if (key.purpose == crypto::Purpose::kSign) return of_public_key(version);
  if (key.purpose == crypto::Purpose::kMac) return of_place(key, version);
  return std::string();
}

Result<std::string> KidCache::kid(const Key& key, const Version& version) {
  const Address address{key.id, version.number};
  {
    const std::shared_lock lock(mutex_);
    const auto found = kids_.find(address);
    if (found != kids_.end()) return found->second;
  }
  KW_TRY(std::string made, kid_of(key, version));
  const std::unique_lock lock(mutex_);
  if (kids_.size() >= kKidsMax) kids_.clear();
  kids_.emplace(address, made);
  return made;
}

}  // namespace kw::keys

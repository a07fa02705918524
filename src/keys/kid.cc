#include "keys/kid.h"

#include <mutex>

#include "codec/base64.h"
#include "codec/json.h"
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

void write_member(codec::JsonWriter& json, std::string_view name, const Bytes& bytes) {
  if (!bytes.empty()) json.member(name, codec::base64url(bytes));
}

Result<std::string> jwk_text(const Version& version, std::string_view kid) {
  const auto jwk = crypto::public_jwk(version.algorithm, version.public_key);
  if (!jwk && jwk.error().reason == "no_jwk") return std::string();
  if (!jwk) return jwk.error();
  codec::JsonWriter json;
  json.begin_object().member("kty", jwk->kty).member("kid", kid).member("use", "sig");
  if (const auto name = crypto::jws_algorithm(version.algorithm); !name.empty())
    json.member("alg", name);
  if (!jwk->crv.empty()) json.member("crv", jwk->crv);
  write_member(json, "x", jwk->x);
  write_member(json, "y", jwk->y);
  write_member(json, "n", jwk->n);
  write_member(json, "e", jwk->e);
  json.end_object();
  return std::string(json.text());
}

}  // namespace

Result<std::string> kid_of(const Key& key, const Version& version) {
  if (key.purpose == crypto::Purpose::kSign) return of_public_key(version);
  if (key.purpose == crypto::Purpose::kMac) return of_place(key, version);
  return std::string();
}

Result<std::shared_ptr<const PublicForm>> KidCache::form(const Key& key, const Version& version) {
  const Address address{key.id, version.number};
  {
    const std::shared_lock lock(mutex_);
    const auto found = kept_.find(address);
    if (found != kept_.end()) return found->second;
  }
  auto made = std::make_shared<PublicForm>();
  KW_TRY(made->kid, kid_of(key, version));
  if (key.purpose == crypto::Purpose::kSign) {
    KW_TRY(made->jwk, jwk_text(version, made->kid));
  }
  const std::unique_lock lock(mutex_);
  if (kept_.size() >= kKidsMax) kept_.clear();
  return kept_.emplace(address, std::move(made)).first->second;
}

}  // namespace kw::keys

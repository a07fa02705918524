#include "seal/root_keys.h"

namespace kw::seal {

namespace {

constexpr std::size_t kKeyBytes = 32;

SecretBytes labelled(const SecretBytes& root, std::string_view label) {
  return crypto::hkdf(crypto::Hash::kSha256, root, {}, as_bytes(label), kKeyBytes);
}

}  // namespace

RootKeys::RootKeys(const SecretBytes& root)
    : kek_wrap_(labelled(root, "keywright/root/tenant-kek-wrap/v1")),
      row_(labelled(root, "keywright/root/row-mac/v1")),
      token_(labelled(root, "keywright/root/token-hmac/v1")),
      audit_(labelled(root, "keywright/root/audit-hmac/v1")),
      derive_(labelled(root, "keywright/root/derive/v1")) {
  KW_CHECK(root.size() == kKeyBytes);
}

crypto::Digest256 RootKeys::row_mac(std::string_view table, ByteView canonical_row) const {
  return row_macs().of(table, canonical_row);
}

crypto::Digest256 RootKeys::token_hmac(ByteView token) const {
  return crypto::hmac_sha256(token_, token);
}

crypto::Digest256 RootKeys::audit_hmac(std::int64_t tenant, ByteView value) const {
  WipedBytes message(sizeof(std::uint64_t) + value.size());
  for (std::size_t i = 0; i < sizeof(std::uint64_t); ++i)
    message[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(tenant) >> (56 - 8 * i));
  std::copy(value.begin(), value.end(), message.begin() + sizeof(std::uint64_t));
  return crypto::hmac_sha256(audit_, message);
}

SecretBytes RootKeys::derive(std::string_view label) const {
  return crypto::hkdf_expand(crypto::Hash::kSha256, derive_, as_bytes(label), kKeyBytes);
}

}  // namespace kw::seal

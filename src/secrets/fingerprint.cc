#include "secrets/fingerprint.h"

#include "base/reveal.h"

namespace kw::secrets {

Result<crypto::Digest256> fingerprint(seal::Barrier& barrier, const SecretBytes& part) {
  KW_TRY(const SecretBytes key, barrier.derive("secret-fingerprint"));
  return crypto::hmac_sha256(key, part.reveal(Reveal{}));
}

Status index_value(store::Tx& tx, seal::Barrier& barrier, const SecretId& id, std::uint32_t version,
                   const Value& value) {
  KW_TRY(const Fields parts, value.parts());
  for (const auto& [field, part] : parts) {
    if (part.size() < kFingerprintedMin) continue;
    KW_TRY(const crypto::Digest256 digest, fingerprint(barrier, part));
    KW_OK(
        tx.execute("INSERT INTO secret_fingerprint (fingerprint, secret_id, version, field)"
                   " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                   {ByteView(digest), id.bytes(), version, field}));
  }
  return ok();
}

Status unindex_version(store::Tx& tx, const SecretId& id, std::uint32_t version) {
  KW_OK(tx.execute("DELETE FROM secret_fingerprint WHERE secret_id = $1 AND version = $2",
                   {id.bytes(), version}));
  return ok();
}

Result<std::vector<Indexed>> indexed(store::Reader& reader, const crypto::Digest256& fingerprint) {
  KW_TRY(const store::Rows rows,
         reader.query("SELECT secret_id, version, field FROM secret_fingerprint"
                      " WHERE fingerprint = $1 ORDER BY secret_id, version, field LIMIT 1000",
                      {ByteView(fingerprint)}));
  std::vector<Indexed> all;
  for (const store::Row& row : rows) {
    Indexed one;
    KW_TRY(one.id, SecretId::from_bytes(row.bytes(0)));
    one.version = static_cast<std::uint32_t>(row.integer(1));
    one.field = row.text(2);
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace kw::secrets

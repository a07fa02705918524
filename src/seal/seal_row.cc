#include "seal/seal_row.h"

#include <algorithm>

#include "base/failpoint.h"
#include "base/reveal.h"
#include "crypto/aead.h"
#include "crypto/random.h"
#include "seal/seal_state.h"

namespace kw::seal {

namespace {

constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kWrappedBytes = kNonceBytes + kRootKeyBytes + crypto::kGcmTagBytes;

std::string_view kind_name(SealKind kind) {
  return kind == SealKind::kDev ? "dev" : "shamir";
}

SecretBytes subkey(const SecretBytes& seal_key, std::string_view label) {
  return crypto::hkdf_expand(crypto::Hash::kSha256, seal_key, as_bytes(label), 32);
}

crypto::Digest256 check_of(const SealFacts& facts, const SecretBytes& seal_key) {
  return crypto::hmac_sha256(subkey(seal_key, "keywright/seal/check/v1"), facts.seal_id);
}

crypto::Aes256Gcm wrapper(const SecretBytes& seal_key) {
  return crypto::Aes256Gcm(subkey(seal_key, "keywright/seal/wrap/v1"));
}

Bytes wrap_aad(const SealFacts& facts) {
  ByteWriter aad;
  aad.field("keywright/root-key/v1").field(kind_name(facts.kind)).field(facts.seal_id);
  aad.u8(static_cast<std::uint8_t>(facts.shares)).u8(static_cast<std::uint8_t>(facts.threshold));
  return std::move(aad).bytes();
}

// Columns: kind, seal_id, shares, threshold, wrapped, key_check, created_at.
std::optional<SealRow> read_row(const store::Row& row) {
  SealRow seal;
  const std::string& kind = row.text(0);
  seal.facts.kind = kind == "dev"      ? SealKind::kDev
                    : kind == "shamir" ? SealKind::kShamir
                                       : SealKind::kNone;
  const std::int64_t shares = row.integer(2);
  const std::int64_t threshold = row.integer(3);
  const bool counts = seal.facts.kind == SealKind::kDev
                          ? shares == 0 && threshold == 0
                          : threshold >= 1 && threshold <= shares && shares <= 255;
  const bool sizes = row.bytes(1).size() == seal.facts.seal_id.size() &&
                     row.bytes(4).size() == kWrappedBytes &&
                     row.bytes(5).size() == seal.key_check.size();
  if (seal.facts.kind == SealKind::kNone || !counts || !sizes) return std::nullopt;
  std::copy(row.bytes(1).begin(), row.bytes(1).end(), seal.facts.seal_id.begin());
  seal.facts.shares = static_cast<int>(shares);
  seal.facts.threshold = static_cast<int>(threshold);
  seal.wrapped = row.bytes(4);
  std::copy(row.bytes(5).begin(), row.bytes(5).end(), seal.key_check.begin());
  seal.facts.created_at = from_micros(row.integer(6));
  return seal;
}

bool is_stored(const std::optional<SealRow>& stored, const SealRow& row) {
  return stored && stored->facts.seal_id == row.facts.seal_id;
}

}  // namespace

SealId new_seal_id() {
  SealId id{};
  crypto::random_public(id);
  return id;
}

SealRow wrap_root(const SealFacts& facts, const SecretBytes& seal_key, const SecretBytes& root) {
  KW_CHECK(root.size() == kRootKeyBytes && seal_key.size() == kSealKeyBytes);
  SealRow row{facts, Bytes(kWrappedBytes), check_of(facts, seal_key)};
  crypto::GcmNonce nonce;
  crypto::random_public(nonce);
  std::copy(nonce.begin(), nonce.end(), row.wrapped.begin());
  wrapper(seal_key).seal(nonce, wrap_aad(facts), root.reveal(Reveal{}),
                         std::span(row.wrapped).subspan(kNonceBytes));
  return row;
}

Result<SecretBytes> unwrap_root(const SealRow& row, const SecretBytes& seal_key) {
  if (!equal_constant_time(check_of(row.facts, seal_key), row.key_check))
    return error(Code::kPermissionDenied, "shares_do_not_fit",
                 "these shares do not make the seal key; start again with the right ones");
  crypto::GcmNonce nonce;
  std::copy_n(row.wrapped.begin(), nonce.size(), nonce.begin());
  SecretBytes root(kRootKeyBytes);
  const ByteView sealed = ByteView(row.wrapped).subspan(kNonceBytes);
  if (!wrapper(seal_key).open(nonce, wrap_aad(row.facts), sealed, root.reveal_mutable(Reveal{})))
    return error(Code::kDataLoss, "root_key_damaged",
                 "the stored root key is damaged; restore seal_config from a backup");
  return root;
}

Result<std::optional<SealRow>> load_seal(store::Reader& reader) {
  KW_TRY(const std::optional<store::Row> row,
         reader.query_one("SELECT kind, seal_id, shares, threshold, wrapped, key_check, created_at"
                          " FROM seal_config WHERE id = 1",
                          {}));
  if (!row) return std::optional<SealRow>();
  std::optional<SealRow> seal = read_row(*row);
  if (!seal)
    return error(Code::kDataLoss, "seal_config_damaged",
                 "the stored seal configuration is damaged; restore it from a backup");
  return seal;
}

Status insert_seal(store::Tx& tx, const SealRow& row) {
  const SealFacts& facts = row.facts;
  KW_TRY(const std::int64_t made,
         tx.execute("INSERT INTO seal_config (id, kind, seal_id, shares, threshold, wrapped,"
                    " key_check, created_at) VALUES (1, $1, $2, $3, $4, $5, $6, $7)"
                    " ON CONFLICT (id) DO NOTHING",
                    {kind_name(facts.kind), ByteView(facts.seal_id), facts.shares, facts.threshold,
                     row.wrapped, ByteView(row.key_check), to_micros(facts.created_at)}));
  if (made == 0) {
    KW_TRY(const std::optional<SealRow> stored, load_seal(tx));
    if (!is_stored(stored, row)) return already_initialised();
  }
  KW_FAILPOINT("seal.init.before_commit");
  return ok();
}

Status replace_seal(store::Tx& tx, const SealId& old, const SealRow& row) {
  const SealFacts& facts = row.facts;
  KW_TRY(const std::int64_t changed,
         tx.execute(
             "UPDATE seal_config SET kind = $1, seal_id = $2, shares = $3, threshold = $4,"
             " wrapped = $5, key_check = $6, created_at = $7 WHERE id = 1 AND seal_id = $8",
             {kind_name(facts.kind), ByteView(facts.seal_id), facts.shares, facts.threshold,
              row.wrapped, ByteView(row.key_check), to_micros(facts.created_at), ByteView(old)}));
  if (changed == 0) {
    KW_TRY(const std::optional<SealRow> stored, load_seal(tx));
    if (!is_stored(stored, row))
      return error(Code::kAborted, "seal_changed", "the shares were changed meanwhile");
  }
  KW_FAILPOINT("seal.reseal.before_commit");
  return ok();
}

}  // namespace kw::seal

// The signer's life and the checkpoints it makes.
#include <algorithm>

#include "audit/change_log.h"
#include "audit/change_log_state.h"
#include "audit/stored_tree.h"
#include "base/failpoint.h"
#include "crypto/random.h"
#include "seal/barrier.h"

namespace kw::audit {

namespace {

constexpr std::int64_t kSystemTenant = 0;
constexpr std::size_t kSeedBytes = 32;

struct StoredSigner {
  std::int64_t cell = 0;
  Bytes public_key;
};

Error sealed() {
  return error(Code::kUnavailable, "sealed", "the server is sealed");
}

// Bound to the log's name: a signer of another log does not open here.
seal::SealContext signer_context(const std::string& origin) {
  seal::SealContext context;
  context.label = "audit-signer";
  context.object = as_bytes(origin);
  context.version = 1;
  context.purpose = "sign";
  context.algorithm = "ed25519";
  context.origin = "generated";
  return context;
}

Result<std::optional<StoredSigner>> read_signer(store::Reader& reader) {
  KW_TRY(auto row, reader.query_one("SELECT cell, public_key FROM audit_signer WHERE id = 1", {}));
  if (!row) return std::optional<StoredSigner>();
  return std::optional(StoredSigner{row->integer(0), row->bytes(1)});
}

// Makes the signer unless another unlock, here or on another node, has made it before.
Status make_signer(store::Tx& tx, seal::Barrier& barrier, const std::string& origin, WallTime now) {
  // With the head row locked, of two nodes the second one finds the first one's signer.
  KW_OK(tx.execute("UPDATE audit_head SET size = size WHERE id = 1", {}));
  KW_TRY(auto existing, read_signer(tx));
  if (existing) return ok();
  const SecretBytes seed = crypto::random_secret(kSeedBytes);
  KW_TRY(auto key, crypto::SigningKey::from_seed(seed));
  KW_TRY(auto cell, barrier.put(tx, kSystemTenant, signer_context(origin), seed));
  const auto public_key = key.public_key();
  KW_OK(tx.execute(
      "INSERT INTO audit_signer (id, cell, public_key, created_at) VALUES (1, $1, $2, $3)",
      {cell, ByteView(public_key), to_micros(now)}));
  return ok();
}

Result<std::shared_ptr<const crypto::SigningKey>> load_signer(store::Reader& reader,
                                                              seal::Barrier& barrier,
                                                              const std::string& origin) {
  KW_TRY(auto stored, read_signer(reader));
  if (!stored) return error(Code::kNotFound, "no_signer", "the audit log has no signer yet");
  KW_TRY(SecretBytes seed, barrier.get(reader, stored->cell, signer_context(origin)));
  KW_TRY(auto key, crypto::SigningKey::from_seed(seed));
  if (!same_bytes(key.public_key(), stored->public_key))
    return error(Code::kDataLoss, "signer_mismatch",
                 "the audit log's stored public key is not that of its sealed signer");
  return std::make_shared<const crypto::SigningKey>(std::move(key));
}

VerifierKey verifier_of(const std::string& origin, ByteView public_key) {
  VerifierKey key;
  key.name = origin;
  std::copy_n(public_key.begin(), std::min(public_key.size(), key.public_key.size()),
              key.public_key.begin());
  return key;
}

// What is about to be signed must contain what was signed last, leaf by leaf as stored now.
Status check_history(store::Reader& reader, const Frontier& head, const std::string& newest,
                     const VerifierKey& key) {
  StoredTree tree(reader);
  KW_TRY(Hash root, root_of(tree, head.size()));
  if (root != head.root()) return audit_tampered();
  if (newest.empty()) return ok();
  const auto note = parse_note(newest);
  if (!note || !is_signed_by(*note, key)) return audit_tampered();
  const auto previous = parse_checkpoint(note->text);
  if (!previous || previous->origin != key.name || previous->size > head.size())
    return audit_tampered();
  KW_TRY(Hash previous_root, root_of(tree, previous->size));
  return previous_root == previous->root ? ok() : Status(audit_tampered());
}

}  // namespace

Result<std::string> newest_note(store::Reader& reader) {
  KW_TRY(auto row,
         reader.query_one("SELECT note FROM audit_checkpoint ORDER BY size DESC LIMIT 1", {}));
  return row ? row->text(0) : std::string();
}

Status ChangeLog::unlock(seal::Barrier* barrier) {
  std::shared_ptr<const crypto::SigningKey> signer;
  if (barrier != nullptr) {
    if (!is_key_name(state_->origin))
      return error(Code::kInvalidArgument, "bad_origin",
                   "an audit log's name has no spaces and no '+'");
    KW_OK(state_->store.write([&](store::Tx& tx) {
      return make_signer(tx, *barrier, state_->origin, state_->clock.wall());
    }));
    KW_OK(state_->store.read([&](store::Reader& reader) -> Status {
      KW_TRY(signer, load_signer(reader, *barrier, state_->origin));
      return ok();
    }));
  }
  std::lock_guard lock(state_->mutex);
  state_->signer = std::move(signer);
  return ok();
}

std::shared_ptr<const crypto::SigningKey> ChangeLog::signer() const {
  return state_->current_signer();
}

Result<std::string> ChangeLog::checkpoint() {
  const auto signer = state_->current_signer();
  if (signer == nullptr) return sealed();
  const VerifierKey key = verifier_of(state_->origin, signer->public_key());
  Frontier head;
  std::string newest;
  KW_OK(state_->store.read([&](store::Reader& reader) -> Status {
    KW_TRY(head, read_head(reader));
    KW_TRY(newest, newest_note(reader));
    return check_history(reader, head, newest, key);
  }));
  const Checkpoint checkpoint{state_->origin, head.size(), head.root()};
  const std::string note = sign_checkpoint(checkpoint, *signer);
  if (note == newest) return note;
  KW_FAILPOINT("audit.checkpoint");
  const Status stored = state_->store.write([&](store::Tx& tx) -> Status {
    KW_OK(tx.execute(
        "INSERT INTO audit_checkpoint (size, at, note) VALUES ($1, $2, $3)"
        " ON CONFLICT (size) DO NOTHING",
        {static_cast<std::int64_t>(head.size()), to_micros(state_->clock.wall()), note}));
    return ok();
  });
  KW_OK(stored);
  return note;
}

Result<std::string> ChangeLog::latest_checkpoint() {
  std::string note;
  KW_OK(state_->store.read([&](store::Reader& reader) -> Status {
    KW_TRY(note, newest_note(reader));
    return ok();
  }));
  return note;
}

Result<std::string> ChangeLog::verifier_key() {
  std::string line;
  KW_OK(state_->store.read([&](store::Reader& reader) -> Status {
    KW_TRY(auto stored, read_signer(reader));
    if (!stored) return error(Code::kNotFound, "no_signer", "the audit log has no signer yet");
    line = vkey_line(verifier_of(state_->origin, stored->public_key));
    return ok();
  }));
  return line;
}

}  // namespace kw::audit

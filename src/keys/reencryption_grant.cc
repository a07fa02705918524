#include "keys/reencryption_grant.h"

#include <algorithm>

#include "keys/keyring_state.h"
#include "seal/barrier.h"

namespace kw::keys {

namespace {

constexpr std::string_view kTable = "key_reencryption_grant";
constexpr std::size_t kNumberBytes = 4;

Bytes packed(const std::vector<std::uint32_t>& versions) {
  ByteWriter bytes;
  for (const std::uint32_t version : versions) bytes.u32(version);
  return bytes.bytes();
}

Result<std::vector<std::uint32_t>> unpacked(ByteView bytes) {
  if (bytes.size() % kNumberBytes != 0)
    return error(Code::kDataLoss, "row_tampered", "a grant's versions are cut off");
  std::vector<std::uint32_t> versions;
  for (std::size_t at = 0; at < bytes.size(); at += kNumberBytes) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < kNumberBytes; ++i) number = number << 8 | bytes[at + i];
    versions.push_back(number);
  }
  return versions;
}

Bytes canonical(ByteView job, ByteView key, ByteView versions, std::int64_t until) {
  return ByteWriter()
      .field(job)
      .field(key)
      .field(versions)
      .u64(static_cast<std::uint64_t>(until))
      .bytes();
}

}  // namespace

Result<std::optional<ReencryptionGrant>> ReencryptionGrant::load(Keyring& keyring,
                                                                 const JobId& job) {
  const Foundations& on = keyring.foundations();
  std::optional<ReencryptionGrant> grant;
  KW_OK(on.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(const auto row, reader.query_one("SELECT key_id, versions, until, mac"
                                            " FROM key_reencryption_grant WHERE job = $1",
                                            {job.bytes()}));
    if (!row) return ok();
    KW_OK(on.barrier.check_row(
        kTable, canonical(job.bytes(), row->bytes(0), row->bytes(1), row->integer(2)),
        row->bytes(3)));
    ReencryptionGrant found;
    KW_TRY(found.key_, KeyId::from_bytes(row->bytes(0)));
    KW_TRY(found.versions_, unpacked(row->bytes(1)));
    found.until_ = from_micros(row->integer(2));
    grant = std::move(found);
    return ok();
  }));
  return grant;
}

bool ReencryptionGrant::covers(const KeyId& key, std::uint32_t version, WallTime now) const {
  return key == key_ && !over(now) &&
         std::find(versions_.begin(), versions_.end(), version) != versions_.end();
}

Status grant_reencryption(Keyring& keyring, Change change, const rotation::Subject& subject,
                          const rotation::Versions& versions, const JobId& job) {
  const Foundations& on = keyring.foundations();
  KW_TRY(const Key key, keyring.load(change.tx, subject.tenant, subject.name));
  const WallTime until = on.clock.wall() + kGrantLife;
  const Bytes list = packed(versions);
  KW_TRY(const auto mac, on.barrier.row_mac(kTable, canonical(job.bytes(), key.id.bytes(), list,
                                                              to_micros(until))));
  KW_OK(change.tx.execute(
      "INSERT INTO key_reencryption_grant (job, key_id, versions, until, mac)"
      " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (job) DO UPDATE SET key_id = excluded.key_id,"
      " versions = excluded.versions, until = excluded.until, mac = excluded.mac",
      {job.bytes(), key.id.bytes(), list, to_micros(until), to_bytes(mac)}));
  audit::Event leaf = change.by;
  leaf.action = "key.grant";
  leaf.tenant = subject.tenant;
  leaf.kind = "key";
  leaf.object = subject.name;
  leaf.count = static_cast<std::int64_t>(versions.size());
  const std::string note = "job " + job.text() + " opens revoked versions until " + rfc3339(until);
  leaf.note = note;
  KW_OK(on.log.append(change.tx, leaf));
  return ok();
}

}  // namespace kw::keys

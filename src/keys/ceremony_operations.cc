#include "keys/ceremony_operations.h"

#include <charconv>

#include "codec/base64.h"
#include "crypto/digest.h"
#include "seal/barrier.h"

namespace kw::keys {

namespace {

constexpr std::string_view kKekRotate = "kek.rotate", kRootReseal = "root.reseal";
constexpr std::string_view kOf = "-of-";

struct Shares {
  int threshold = 0, shares = 0;
};

bool read_number(std::string_view text, int& number) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failure == std::errc{} && end == text.data() + text.size();
}

Result<Shares> parse_shares(std::string_view text) {
  Shares wanted;
  const auto of = text.find(kOf);
  const bool read = of != text.npos && read_number(text.substr(0, of), wanted.threshold) &&
                    read_number(text.substr(of + kOf.size()), wanted.shares);
  if (read && wanted.threshold >= 1 && wanted.shares <= 16 && wanted.threshold <= wanted.shares)
    return wanted;
  return error(Code::kInvalidArgument, "bad_threshold",
               "a change of shares is <M>-of-<N>, 1 to 16 shares, such as 2-of-3");
}

Error unknown_operation() {
  return error(Code::kInvalidArgument, "unknown_operation",
               "ceremonies are for kek.rotate and root.reseal");
}

}  // namespace

std::string CeremonyOperations::tenant_of(std::string_view operation, std::string_view object) {
  return operation == kKekRotate ? std::string(object) : std::string();
}

Result<std::string> CeremonyOperations::kek_hash(store::Reader& reader, std::string_view name) {
  KW_TRY(const Tenant tenant, keyring_.tenant(name));
  KW_TRY(const auto keks, barrier_.keks(reader, tenant.number));
  ByteWriter text;
  text.field("keywright/ceremony/v1").field(kKekRotate).field(tenant.name);
  for (const seal::KekVersion& one : keks)
    if (one.state == seal::KekState::kPrimary) text.u64(one.version);
  return codec::hex(crypto::sha256(text.bytes()));
}

Result<std::string> CeremonyOperations::request_hash(store::Reader& reader,
                                                     std::string_view operation,
                                                     std::string_view object) {
  if (operation == kKekRotate) return kek_hash(reader, object);
  if (operation != kRootReseal) return unknown_operation();
  KW_OK(parse_shares(object));
  const seal::SealStatus now = seal_.status();
  ByteWriter text;
  text.field("keywright/ceremony/v1").field(kRootReseal).field(object).field(now.seal_id);
  text.u64(static_cast<std::uint64_t>(now.shares)).u64(static_cast<std::uint64_t>(now.threshold));
  return codec::hex(crypto::sha256(text.bytes()));
}

Status CeremonyOperations::perform(rotation::Change change, const rotation::Ceremony& ceremony) {
  if (ceremony.operation == kRootReseal) return ok();  // nothing durable: performed()
  if (ceremony.operation != kKekRotate) return unknown_operation();
  KW_TRY(const Tenant tenant, keyring_.tenant(ceremony.object));
  KW_OK(kek_rotations_.start({change.tx, change.by}, tenant));
  return ok();
}

Status CeremonyOperations::performed(const rotation::Ceremony& ceremony) {
  if (ceremony.operation == kRootReseal) {
    KW_TRY(const Shares wanted, parse_shares(ceremony.object));
    return seal_.begin_reseal(wanted.shares, wanted.threshold);
  }
  KW_TRY(const Tenant tenant, keyring_.tenant(ceremony.object));
  barrier_.refresh_keks(tenant.number);
  KW_TRY(const auto jobs, kek_rotations_.list(tenant.name, 1));
  for (const Job& job : jobs)
    if (job.state == JobState::kRunning) kek_rotations_.kick(job.id);
  return ok();
}

}  // namespace kw::keys

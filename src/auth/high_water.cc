#include "auth/high_water.h"

namespace kw::auth {
namespace {

constexpr std::string_view kTable = "clock_high_water";

Bytes canonical(std::int64_t at) {
  ByteWriter row;
  row.u64(static_cast<std::uint64_t>(at));
  return std::move(row).bytes();
}

}  // namespace

Status raise_to_stored(store::Reader& reader, seal::Barrier& barrier, HeldClock& clock) {
  KW_TRY(const auto row, reader.query_one("SELECT at, mac FROM clock_high_water WHERE id = 1", {}));
  if (!row) return ok();
  KW_OK(barrier.check_row(kTable, canonical(row->integer(0)), row->bytes(1)));
  clock.raise_to(from_micros(row->integer(0)));
  return ok();
}

Status store_high_water(store::Tx& tx, seal::Barrier& barrier, const HeldClock& clock) {
  const std::int64_t at = to_micros(clock.lasting());
  KW_TRY(const auto mac, barrier.row_mac(kTable, canonical(at)));
  KW_OK(tx.execute(
      "INSERT INTO clock_high_water (id, at, mac) VALUES (1, $1, $2) ON CONFLICT (id) DO UPDATE "
      "SET at = excluded.at, mac = excluded.mac WHERE clock_high_water.at < excluded.at",
      {at, ByteView(mac)}));
  return ok();
}

}  // namespace kw::auth

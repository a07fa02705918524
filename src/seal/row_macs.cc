#include "seal/row_macs.h"

#include "base/secret_bytes.h"

namespace kw::seal {

crypto::Digest256 RowMacs::of(std::string_view table, ByteView canonical_row) {
  ByteWriter message;
  message.field(table).field(canonical_row);
  return hmac_.of(message.bytes());
}

Status RowMacs::check(std::string_view table, ByteView canonical_row, ByteView mac) {
  if (equal_constant_time(of(table, canonical_row), mac)) return ok();
  return error(Code::kDataLoss, "row_tampered", "a stored row was changed outside the service");
}

}  // namespace kw::seal

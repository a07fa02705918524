#include "seal/row_macs.h"

#include <string>

#include "base/name.h"
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

Error tampered_row_of(Error failure, std::string_view kind, std::string_view name) {
  if (failure.reason != "row_tampered" || !PathRule::matches(name)) return failure;
  failure.message = "the rows of " + std::string(kind) + " " + std::string(name) +
                    " were changed outside the service";
  return failure;
}

}  // namespace kw::seal

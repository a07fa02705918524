// The first byte chooses an algorithm, the rest is offered as key: to the import gate, as stored
// and as public key.
#include "crypto/key.h"

#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto rows = kw::crypto::algorithms();
  const auto& row = rows[data[0] % rows.size()];
  const kw::ByteView offered(data + 1, size - 1);
  const auto secret = kw::SecretBytes::copy_of(offered);
  const auto checked = kw::crypto::check_import(row.algorithm, secret);
  if (checked.has_value()) KW_CHECK(kw::crypto::load(row.algorithm, checked->secret).has_value());
  const auto loaded = kw::crypto::load(row.algorithm, secret);
  const auto loaded_public = kw::crypto::load_public(row.algorithm, offered);
  static_cast<void>(loaded.has_value() && loaded_public.has_value());
  return 0;
}

#include <cstdlib>

#include "base/bytes.h"
#include "store/schema_text.h"

// Statements hold nothing that the text did not: they stay about as long as it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr kw::store::Dialect kDialect{"INTEGER", "BLOB", "", " STRICT"};
  const auto statements = kw::store::portable_statements(kw::as_text({data, size}), kDialect);
  if (!statements) return 0;
  std::size_t total = 0;
  for (const std::string& statement : *statements) total += statement.size();
  if (total > 3 * size) std::abort();
  return 0;
}

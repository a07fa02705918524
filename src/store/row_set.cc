#include "store/row_set.h"

namespace kw::store {

void RowSet::add(Params row) {
  KW_CHECK(row.size() == columns_);
  values_.insert(values_.end(), row.begin(), row.end());
}

Result<std::string> with_rows(std::string_view sql, std::string_view source) {
  const std::size_t at = sql.find(kRowsMarker);
  const bool once = at != sql.npos && sql.find(kRowsMarker, at + 1) == sql.npos;
  if (!once) return error(Code::kInternal, "store_error", "a bulk statement has one rows marker");
  std::string whole(sql.substr(0, at));
  whole += source;
  whole += sql.substr(at + kRowsMarker.size());
  return whole;
}

}  // namespace kw::store

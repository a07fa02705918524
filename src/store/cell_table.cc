#include "store/cell_table.h"

#include <algorithm>

namespace kw::store {

namespace {
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_name_char(char c) {
  return is_lower(c) || (c >= '0' && c <= '9') || c == '_';
}
}  // namespace

Status check_cell_table(std::string_view table) {
  const bool good = !table.empty() && table.size() <= 63 && is_lower(table[0]) &&
                    std::all_of(table.begin(), table.end(), is_name_char);
  if (!good) return error(Code::kInvalidArgument, "bad_cell_table", "not a name of a cell table");
  return ok();
}

std::string cell_query(std::string_view table) {
  return "SELECT id, cell FROM " + std::string(table) +
         " WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3";
}

std::array<std::uint8_t, 4> cell_prefix(std::uint32_t value) {
  return {static_cast<std::uint8_t>(value >> 24U), static_cast<std::uint8_t>(value >> 16U),
          static_cast<std::uint8_t>(value >> 8U), static_cast<std::uint8_t>(value)};
}

}  // namespace kw::store

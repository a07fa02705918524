// The shape of cell tables that both engines rely on.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kw::store {

/// @errors kInvalidArgument(bad_cell_table): not `[a-z][a-z0-9_]{0,62}`; the name becomes SQL text.
Status check_cell_table(std::string_view table);
/// Cells of `table` with id > $1 and id <= $2, at most $3, by id.
std::string cell_query(std::string_view table);
/// How a prefix is stored: big-endian.
std::array<std::uint8_t, 4> cell_prefix(std::uint32_t value);

}  // namespace kw::store

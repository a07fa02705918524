// Where a page of keys ended, as opaque text for the next request. Private to the room.
#pragma once

#include <string>
#include <string_view>

#include "base/id.h"
#include "base/name.h"
#include "base/result.h"

namespace kw::keys {

enum class Sort : std::uint8_t { kName, kNameDown, kCreated, kCreatedDown };
/// "name", "-name", "created", "-created". @errors kInvalidArgument(bad_sort)
Result<Sort> parse_sort(std::string_view text);
inline bool by_name(Sort sort) {
  return sort == Sort::kName || sort == Sort::kNameDown;
}

/// The last key of a page: its place in the order.
struct Cursor {
  Sort sort = Sort::kName;
  std::string name;
  std::int64_t created_at = 0;
  KeyId id;
};

/// The place before the first key of any listing in this order.
Cursor first_cursor(Sort sort);
std::string cursor_text(const Cursor& cursor);
/// "" gives first_cursor. @errors kInvalidArgument(bad_cursor): not from a page in this order.
Result<Cursor> parse_cursor(std::string_view text, Sort sort);

}  // namespace kw::keys

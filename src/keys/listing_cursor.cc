#include "keys/listing_cursor.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/bytes.h"
#include "codec/base64.h"

namespace kw::keys {

namespace {

constexpr std::array<std::string_view, 4> kSorts = {"name", "-name", "created", "-created"};
constexpr std::size_t kCursorTextMax = 512;
constexpr std::size_t kNameMax = 128;

Error bad_cursor() {
  return error(Code::kInvalidArgument, "bad_cursor",
               "the cursor is not from a page of this listing");
}

Result<Cursor> decode(ByteView bytes) {
  ByteReader in(bytes);
  KW_TRY(const std::uint8_t sort, in.u8());
  KW_TRY(const ByteView name, in.field());
  KW_TRY(const std::uint64_t created, in.u64());
  KW_TRY(const ByteView id, in.raw(16));
  if (!in.done() || sort >= kSorts.size() || name.size() > kNameMax) return bad_cursor();
  Cursor cursor;
  cursor.sort = static_cast<Sort>(sort);
  cursor.name = std::string(as_text(name));
  cursor.created_at = static_cast<std::int64_t>(created);
  KW_TRY(cursor.id, KeyId::from_bytes(id));
  const bool named = by_name(cursor.sort);
  if (named ? !ObjectRule::matches(cursor.name) : !cursor.name.empty()) return bad_cursor();
  return cursor;
}

}  // namespace

Result<Sort> parse_sort(std::string_view text) {
  const auto found = std::find(kSorts.begin(), kSorts.end(), text);
  if (found != kSorts.end()) return static_cast<Sort>(found - kSorts.begin());
  return error(Code::kInvalidArgument, "bad_sort", "sort is name, -name, created or -created");
}

// A descending listing starts above every name: 129 times 'z' is one letter longer than any name
// and not below any letter, in byte order and in the order of any language.
Cursor first_cursor(Sort sort) {
  Cursor cursor;
  cursor.sort = sort;
  cursor.created_at = std::numeric_limits<std::int64_t>::min();
  if (sort == Sort::kNameDown) cursor.name = std::string(kNameMax + 1, 'z');
  if (sort == Sort::kCreatedDown) cursor.created_at = std::numeric_limits<std::int64_t>::max();
  return cursor;
}

std::string cursor_text(const Cursor& cursor) {
  const bool named = by_name(cursor.sort);
  ByteWriter out;
  out.u8(static_cast<std::uint8_t>(cursor.sort))
      .field(named ? std::string_view(cursor.name) : std::string_view())
      .u64(named ? 0 : static_cast<std::uint64_t>(cursor.created_at))
      .raw(cursor.id.bytes());
  return codec::base64url(out.bytes());
}

Result<Cursor> parse_cursor(std::string_view text, Sort sort) {
  if (text.empty()) return first_cursor(sort);
  if (text.size() > kCursorTextMax) return bad_cursor();
  const auto bytes = codec::from_base64url(text);
  if (!bytes) return bad_cursor();
  auto cursor = decode(*bytes);
  if (!cursor || cursor->sort != sort) return bad_cursor();
  return cursor;
}

}  // namespace kw::keys

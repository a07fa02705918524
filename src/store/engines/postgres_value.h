// Values as PostgreSQL puts them on the wire.
#pragma once

#include <array>
#include <deque>
#include <vector>

#include "store/store.h"

struct pg_result;

namespace kw::store::engines {

/// The parameters of one statement in libpq's four parallel arrays. Borrows what it is given.
class WireParams {
 public:
  WireParams() = default;
  explicit WireParams(Params params);
  WireParams(const WireParams&) = delete;  // it points into itself
  WireParams& operator=(const WireParams&) = delete;
  /// `value` in the binary form of the type `type`.
  void add_binary(unsigned type, ByteView value);

  int count() const { return static_cast<int>(types_.size()); }
  const unsigned* types() const { return types_.data(); }
  const char* const* values() const { return values_.data(); }
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }

 private:
  void add(unsigned type, const char* value, std::size_t length, int format);
  void add_number(std::int64_t number);

  std::vector<unsigned> types_;
  std::vector<const char*> values_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
  std::deque<std::array<char, 24>> digits_;
};

/// BIGINT[], TEXT[] and BYTEA[] in binary form.
class WireArray {
 public:
  enum class Element : unsigned { kBigint = 20, kBytea = 17, kText = 25 };
  WireArray(Element element, std::size_t count);
  void add(std::int64_t number) { writer_.u32(8).u64(static_cast<std::uint64_t>(number)); }
  void add(ByteView bytes) { writer_.field(bytes); }
  void add_null() { writer_.u32(0xFFFFFFFF); }
  ByteView bytes() const { return writer_.bytes(); }

 private:
  ByteWriter writer_;
};
constexpr unsigned kBigintArray = 1016;
constexpr unsigned kByteaArray = 1001;
constexpr unsigned kTextArray = 1009;

/// All rows of a result in binary form.
/// @errors kInternal(store_error): a type outside BIGINT, TEXT, BYTEA and what integers sum up to.
Result<Rows> wire_rows(const pg_result* result);
/// How many rows a statement changed; 0 for one that changes none.
std::int64_t wire_changes(pg_result* result);

}  // namespace kw::store::engines

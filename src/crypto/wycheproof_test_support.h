// Tests only: reads Project Wycheproof's JSON files.
#pragma once

#include <simdjson.h>

#include <functional>
#include <string>

#include "base/bytes.h"
#include "crypto/vector_report_test_support.h"

namespace kw::crypto {

/// The value of a text field; empty when it is absent.
std::string_view text_of(const simdjson::dom::element& object, const char* field);
/// The value of a number field; 0 when it is absent.
std::int64_t number_of(const simdjson::dom::element& object, const char* field);
/// The bytes of a hexadecimal field; empty when it is absent.
Bytes bytes_of(const simdjson::dom::element& object, const char* field);

enum class Expected { kValid, kInvalid, kOpen };

/// One vector.
struct Vector {
  simdjson::dom::element group;
  simdjson::dom::element test;
  Expected expected;

  Bytes bytes(const char* field) const { return bytes_of(test, field); }
  bool valid() const { return expected == Expected::kValid; }
};

/// Folder with the vectors: KEYWRIGHT_VECTORS, else ../shared/vectors beside the source tree.
std::string vectors_folder();

/// What a file's runner says of one vector: an empty reason and whether the answer was right, or a
/// reason for skipping.
struct Verdict {
  bool right = false;
  std::string skip;
};
inline Verdict answer(bool right) {
  return {right, {}};
}
inline Verdict skip(std::string reason) {
  return {false, std::move(reason)};
}

/// Runs every vector of `file` through `run`, prints the counts and returns them.
VectorReport run_file(const std::string& file, const std::function<Verdict(const Vector&)>& run);
/// Counts every vector of `file` as skipped.
VectorReport skip_file(const std::string& file, const std::string& reason);

}  // namespace kw::crypto

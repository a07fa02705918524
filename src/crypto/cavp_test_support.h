// Tests only: reads NIST CAVP response files (and the IETF files in the same form).
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "crypto/vector_report_test_support.h"

namespace kw::crypto {

/// One record: the fields of its section headings ("[Taglen = 128]", and "heading" for
/// "[P-256,SHA-256]"), then its own. A line "FAIL" is the field "FAIL".
struct CavpRecord {
  std::map<std::string, std::string> fields;

  bool has(const char* name) const { return fields.count(name) != 0; }
  /// Empty when absent.
  std::string text(const char* name) const;
  /// Hexadecimal; an odd number of digits is filled up in front.
  Bytes bytes(const char* name) const;
};

/// Debian's python3-cryptography-vectors, or the folder that KEYWRIGHT_CAVP names.
std::string cavp_folder();

/// Runs every record of `file`; `run` returns a reason for skipping, or "" with `right` set.
VectorReport run_cavp(const std::string& file,
                      const std::function<std::string(const CavpRecord&, bool& right)>& run);

}  // namespace kw::crypto

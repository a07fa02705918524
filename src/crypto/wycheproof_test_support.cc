#include "crypto/wycheproof_test_support.h"

#include <cstdlib>

#include "base/check.h"
#include "crypto/hex_test_support.h"

namespace kw::crypto {

namespace {

Expected expected_of(std::string_view result) {
  if (result == "valid") return Expected::kValid;
  return result == "invalid" ? Expected::kInvalid : Expected::kOpen;
}

void run_group(const simdjson::dom::element& group,
               const std::function<Verdict(const Vector&)>& run, VectorReport& report) {
  for (const simdjson::dom::element test : group["tests"].get_array()) {
    const Vector vector{group, test, expected_of(text_of(test, "result"))};
    const Verdict verdict = run(vector);
    if (!verdict.skip.empty()) {
      report.skipped(verdict.skip);
    } else if (vector.expected == Expected::kOpen) {
      report.open_case();
    } else {
      report.ran(verdict.right, "tcId " + std::to_string(number_of(test, "tcId")));
    }
  }
}

}  // namespace

std::string_view text_of(const simdjson::dom::element& object, const char* field) {
  std::string_view text;
  return object[field].get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

std::int64_t number_of(const simdjson::dom::element& object, const char* field) {
  std::int64_t number = 0;
  return object[field].get(number) == simdjson::SUCCESS ? number : 0;
}

Bytes bytes_of(const simdjson::dom::element& object, const char* field) {
  return from_hex(text_of(object, field));
}

std::string vectors_folder() {
  const char* chosen =
      std::getenv("KEYWRIGHT_VECTORS");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  return chosen != nullptr ? chosen : KW_DEFAULT_VECTORS;
}

VectorReport run_file(const std::string& file, const std::function<Verdict(const Vector&)>& run) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  VectorReport report(file);
  const auto failed =
      parser.load(vectors_folder() + "/wycheproof/" + file + "_test.json").get(root);
  KW_CHECK(failed == simdjson::SUCCESS);
  for (const simdjson::dom::element group : root["testGroups"].get_array())
    run_group(group, run, report);
  report.print();
  return report;
}

VectorReport skip_file(const std::string& file, const std::string& reason) {
  return run_file(file, [&reason](const Vector&) { return skip(reason); });
}

}  // namespace kw::crypto

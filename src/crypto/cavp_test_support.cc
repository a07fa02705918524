#include "crypto/cavp_test_support.h"

#include <cstdlib>
#include <fstream>

#include "base/check.h"
#include "crypto/hex_test_support.h"

namespace kw::crypto {

namespace {

using Fields = std::map<std::string, std::string>;

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

void read_field(const std::string& line, const char* name_when_alone, Fields& fields) {
  const std::size_t equals = line.find('=');
  if (equals == std::string::npos) {
    fields[name_when_alone == nullptr ? line : name_when_alone] = line;
  } else {
    fields[trimmed(line.substr(0, equals))] = trimmed(line.substr(equals + 1));
  }
}

// A record ends at the first field that it already has, at a heading, or at an RSA modulus. Blank
// lines are no safe sign: some files put them inside records.
class Reader {
 public:
  explicit Reader(std::vector<CavpRecord>& records) : records_(records) {}

  void line(const std::string& raw) {
    const std::string text = trimmed(raw);
    if (text.empty() || text.front() == '#') return;
    if (text.front() == '[') {
      finish();
      if (!in_heading_ && text.find('=') == std::string::npos) heading_.clear();
      in_heading_ = true;
      read_field(text.substr(1, text.size() - 2), "heading", heading_);
      return;
    }
    in_heading_ = false;
    const std::string name = trimmed(text.substr(0, text.find('=')));
    if (own_.count(name) != 0 || name == "n") finish();
    read_field(text, nullptr, own_);
  }

  void finish() {
    if (own_.empty()) return;
    CavpRecord record{heading_};
    for (const auto& field : own_) record.fields[field.first] = field.second;
    records_.push_back(std::move(record));
    own_.clear();
  }

 private:
  std::vector<CavpRecord>& records_;
  Fields heading_;
  Fields own_;
  bool in_heading_ = false;
};

}  // namespace

std::string CavpRecord::text(const char* name) const {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string() : found->second;
}

Bytes CavpRecord::bytes(const char* name) const {
  const std::string digits = text(name);
  return from_hex(digits.size() % 2 == 0 ? digits : "0" + digits);
}

std::string cavp_folder() {
  const char* chosen =
      std::getenv("KEYWRIGHT_CAVP");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  return chosen != nullptr ? chosen : "/usr/lib/python3/dist-packages/cryptography_vectors";
}

VectorReport run_cavp(const std::string& file,
                      const std::function<std::string(const CavpRecord&, bool& right)>& run) {
  std::ifstream input(cavp_folder() + "/" + file);
  KW_CHECK(input.good());
  std::vector<CavpRecord> records;
  Reader reader(records);
  for (std::string line; std::getline(input, line);) reader.line(line);
  reader.finish();
  VectorReport report(file);
  for (std::size_t i = 0; i < records.size(); ++i) {
    bool right = false;
    const std::string skip = run(records[i], right);
    if (skip.empty()) {
      report.ran(right, "record " + std::to_string(i));
    } else {
      report.skipped(skip);
    }
  }
  report.print();
  return report;
}

}  // namespace kw::crypto

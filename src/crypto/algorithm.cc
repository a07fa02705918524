#include "crypto/algorithm.h"

#include <algorithm>
#include <array>
#include <vector>

#include "crypto/algorithms/family.h"

namespace kw::crypto {

namespace {

constexpr std::array<std::string_view, 6> kPurposeNames = {"encrypt", "wrap",   "sign",
                                                           "mac",     "derive", "deterministic"};

struct Entry {
  AlgorithmInfo info;
  const Family* family;
};

Entry entry_of(Algorithm algorithm, const Family& family) {
  const auto row =
      std::find_if(family.rows.begin(), family.rows.end(),
                   [algorithm](const AlgorithmInfo& r) { return r.algorithm == algorithm; });
  KW_CHECK(row != family.rows.end());  // a line of catalog.def without a row in its family's file
  return {*row, &family};
}

// Immutable after its first use; built at run time because the families are other files' objects.
const std::vector<Entry>& catalogue() {
  static const std::vector<Entry> entries = {
#define KW_ALGORITHM(constant, number, family) entry_of(Algorithm::constant, family##_family()),
#include "crypto/algorithms/catalog.def"
#undef KW_ALGORITHM
  };
  return entries;
}

const Entry* find(Algorithm algorithm) {
  for (const Entry& entry : catalogue())
    if (entry.info.algorithm == algorithm) return &entry;
  return nullptr;
}

Error unknown_algorithm() {
  return error(Code::kInvalidArgument, "unknown_algorithm", "no such algorithm");
}

}  // namespace

std::string_view purpose_name(Purpose purpose) {
  return kPurposeNames[static_cast<std::size_t>(purpose)];
}

Result<Purpose> parse_purpose(std::string_view name) {
  const auto found = std::find(kPurposeNames.begin(), kPurposeNames.end(), name);
  if (found == kPurposeNames.end())
    return error(Code::kInvalidArgument, "unknown_purpose",
                 "a purpose is encrypt, wrap, sign, mac, derive or deterministic");
  return static_cast<Purpose>(found - kPurposeNames.begin());
}

std::span<const AlgorithmInfo> algorithms() {
  static const std::vector<AlgorithmInfo> rows = [] {
    std::vector<AlgorithmInfo> all;
    for (const Entry& entry : catalogue()) all.push_back(entry.info);
    return all;
  }();
  return rows;
}

const AlgorithmInfo& info(Algorithm algorithm) {
  const Entry* entry = find(algorithm);
  KW_CHECK(entry != nullptr);
  return entry->info;
}

const Family& family_of(Algorithm algorithm) {
  const Entry* entry = find(algorithm);
  KW_CHECK(entry != nullptr);
  return *entry->family;
}

Result<Algorithm> parse_algorithm(std::string_view name) {
  for (const AlgorithmInfo& row : algorithms())
    if (row.name == name) return row.algorithm;
  return unknown_algorithm();
}

Result<Algorithm> algorithm_from_number(std::int64_t number) {
  for (const AlgorithmInfo& row : algorithms())
    if (static_cast<std::int64_t>(row.algorithm) == number) return row.algorithm;
  return unknown_algorithm();
}

bool available(Algorithm algorithm) {
  return family_of(algorithm).available(algorithm);
}

bool allows(Algorithm algorithm, Purpose purpose) {
  const auto purposes = info(algorithm).purposes;
  return std::find(purposes.begin(), purposes.end(), purpose) != purposes.end();
}

Algorithm default_algorithm(Purpose purpose) {
  switch (purpose) {
    case Purpose::kEncrypt:
    case Purpose::kWrap:
      return Algorithm::kAes256Gcm;
    case Purpose::kSign:
      return Algorithm::kEd25519;
    case Purpose::kMac:
      return Algorithm::kHmacSha256;
    case Purpose::kDerive:
      return Algorithm::kHkdfSha256;
    case Purpose::kDeterministic:
      return Algorithm::kAes256Siv;
  }
  check_failed("purpose", __FILE__, __LINE__);
}

}  // namespace kw::crypto

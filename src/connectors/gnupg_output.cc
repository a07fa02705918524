#include "connectors/gnupg_output.h"

#include <algorithm>
#include <charconv>

namespace kw::connectors {

namespace {

constexpr std::string_view kStatus = "[GNUPG:] ";
constexpr std::size_t kFingerprint = 40;

template <typename Take>
void each_piece(std::string_view text, char between, const Take& take) {
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, text.find(between));
    text.remove_prefix(std::min(piece.size() + 1, text.size()));
    take(piece);
  }
}

std::vector<std::string_view> pieces(std::string_view text, char between) {
  std::vector<std::string_view> all;
  each_piece(text, between, [&](std::string_view piece) { all.push_back(piece); });
  return all;
}

bool is_fingerprint(std::string_view text) {
  return text.size() == kFingerprint && text.find_first_not_of("0123456789ABCDEF") == text.npos;
}

}  // namespace

std::vector<GnupgSubkey> gnupg_subkeys(std::string_view listing) {
  constexpr std::size_t kValidity = 1, kCreated = 5, kFingerprintField = 9, kCapabilities = 11;
  std::vector<GnupgSubkey> all;
  bool within = false;  // between a subkey's record and its fingerprint
  GnupgSubkey next;
  each_piece(listing, '\n', [&](std::string_view line) {
    const auto fields = pieces(line, ':');
    if (fields.empty()) return;
    if (fields[0] == "sub" || fields[0] == "ssb") {
      within = fields.size() > kCapabilities;
      next = {};
      if (!within) return;
      next.usable = fields[kValidity].find_first_of("idreDn") == std::string_view::npos;
      next.signs = fields[kCapabilities].find('s') != std::string_view::npos;
      const std::string_view created = fields[kCreated];
      std::from_chars(created.data(), created.data() + created.size(), next.created);
    } else if (fields[0] == "fpr" && within && fields.size() > kFingerprintField &&
               is_fingerprint(fields[kFingerprintField])) {
      next.fingerprint = fields[kFingerprintField];
      all.push_back(std::move(next));
      within = false;
    } else if (fields[0] == "pub" || fields[0] == "sec") {
      within = false;
    }
  });
  return all;
}

bool gnupg_status_has(std::string_view status, std::string_view word) {
  bool found = false;
  each_piece(status, '\n', [&](std::string_view line) {
    if (!line.starts_with(kStatus)) return;
    const auto words = pieces(line.substr(kStatus.size()), ' ');
    found = found || (!words.empty() && words[0] == word);
  });
  return found;
}

GnupgVerdict gnupg_verdict(std::string_view status, std::string_view fingerprint) {
  if (gnupg_status_has(status, "REVKEYSIG")) return GnupgVerdict::kRevoked;
  if (gnupg_status_has(status, "EXPKEYSIG") || gnupg_status_has(status, "EXPSIG"))
    return GnupgVerdict::kExpired;
  if (gnupg_status_has(status, "BADSIG")) return GnupgVerdict::kBad;
  int good = 0, valid = 0, signatures = 0;
  each_piece(status, '\n', [&](std::string_view line) {
    if (!line.starts_with(kStatus)) return;
    const auto words = pieces(line.substr(kStatus.size()), ' ');
    if (words.empty()) return;
    signatures += words[0] == "NEWSIG" ? 1 : 0;
    good += words[0] == "GOODSIG" ? 1 : 0;
    valid += words[0] == "VALIDSIG" && words.size() > 1 && words[1] == fingerprint ? 1 : 0;
  });
  const bool whole = good == 1 && valid == 1 && signatures <= 1 &&
                     !gnupg_status_has(status, "ERRSIG") && !gnupg_status_has(status, "NODATA");
  return whole ? GnupgVerdict::kGood : GnupgVerdict::kNone;
}

}  // namespace kw::connectors

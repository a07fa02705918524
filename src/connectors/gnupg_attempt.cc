#include "connectors/gnupg_attempt.h"

#include <iterator>
#include <set>
#include <sstream>

#include "connectors/server_address.h"

namespace kw::connectors {

namespace {

std::int64_t wall_seconds() {
  return to_micros(SystemClock().wall()) / 1'000'000;
}

}  // namespace

Status GnupgAttempt::begin(SteadyTime deadline, const std::vector<GnupgSubkey>& there) const {
  const std::int64_t from = wall_seconds();
  const auto left = std::chrono::ceil<std::chrono::seconds>(left_until(deadline));
  std::string noted = tag_ + " " + std::to_string(from) + " " +
                      std::to_string(from + static_cast<std::int64_t>(left.count())) + "\n";
  for (const GnupgSubkey& each : there) noted += each.fingerprint + "\n";
  KW_TRY(const CredentialFile file, CredentialFile::open(note_));
  return file.edit(deadline, [&](std::optional<WipedText>& text) -> Result<bool> {
    text = WipedText(noted);
    return true;
  });
}

Result<std::vector<std::string>> GnupgAttempt::made(const std::vector<GnupgSubkey>& there) const {
  KW_TRY(const CredentialFile file, CredentialFile::open(note_));
  KW_TRY(const auto text, file.read());
  std::istringstream words(text ? std::string(std::string_view(*text)) : std::string());
  std::string tag;
  std::int64_t from = 0, until = 0;
  words >> tag >> from >> until;
  std::vector<std::string> found;
  if (tag != tag_) return found;
  const std::set<std::string> before{std::istream_iterator<std::string>(words), {}};
  for (const GnupgSubkey& each : there) {
    const bool then = each.created >= from && each.created <= until;
    if (then && each.signs && each.usable && !before.contains(each.fingerprint))
      found.push_back(each.fingerprint);
  }
  return found;
}

}  // namespace kw::connectors

#include "connectors/credential_lines.h"

#include <algorithm>

#include "connectors/outcome.h"

namespace kw::connectors {

namespace {

constexpr std::string_view kUsername = "{username}";
constexpr std::string_view kPassword = "{password}";
constexpr std::size_t kOnTheHeap = 64;

std::size_t count(std::string_view text, std::string_view word) {
  std::size_t times = 0;
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + word.size()))
    ++times;
  return times;
}

}  // namespace

Result<LineForm> LineForm::parse(std::string_view text) {
  if (count(text, kPassword) != 1 || count(text, kUsername) > 1)
    return bad_setting("a line holds {password} once and {username} at most once");
  LineForm form;
  const std::size_t at = text.find(kPassword);
  form.before_ = text.substr(0, at);
  form.after_ = text.substr(at + kPassword.size());
  form.has_username_ = count(text, kUsername) == 1;
  return form;
}

std::string LineForm::filled(std::string_view piece, std::string_view username) const {
  std::string text(piece);
  if (const std::size_t at = text.find(kUsername); at != text.npos)
    text.replace(at, kUsername.size(), username);
  return text;
}

WipedText LineForm::line(std::string_view username, std::string_view password) const {
  WipedText text;
  text.reserve(kOnTheHeap + before_.size() + username.size() + password.size() + after_.size());
  return text.append(filled(before_, username)).append(password).append(filled(after_, username));
}

bool LineForm::is_of(std::string_view line, std::string_view username) const {
  const std::string before = filled(before_, username), after = filled(after_, username);
  return line.size() >= before.size() + after.size() && line.starts_with(before) &&
         line.ends_with(after);
}

std::optional<CredentialLines::Range> CredentialLines::find(std::size_t from,
                                                            const Fits& fits) const {
  const std::string_view text(text_);
  while (from < text.size()) {
    const std::size_t feed = text.find('\n', from);
    const std::size_t next = feed == text.npos ? text.size() : feed + 1;
    std::string_view line = text.substr(from, (feed == text.npos ? next : feed) - from);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (fits(line)) return Range{from, line.size(), next};
    from = next;
  }
  return std::nullopt;
}

bool CredentialLines::has(std::string_view line) const {
  return find(0, [&](auto each) { return each == line; }).has_value();
}

int CredentialLines::count_of(const LineForm& form, std::string_view username) const {
  return count_if([&](auto each) { return form.is_of(each, username); });
}

int CredentialLines::count_if(const Fits& fits) const {
  int times = 0;
  for (auto found = find(0, fits); found; found = find(found->next, fits)) ++times;
  return times;
}

// A buffer that grows or moves its end within itself would leave pieces of what it held.
void CredentialLines::put(const Range& range, std::string_view with) {
  WipedText fresh;
  fresh.reserve(text_.size() + with.size() + kOnTheHeap);
  fresh.append(text_, 0, range.begin).append(with).append(text_, range.begin + range.size);
  text_.swap(fresh);
}

void CredentialLines::append(std::string_view line) {
  const bool ends = text_.empty() ? ends_ : text_.ends_with('\n');
  WipedText added;
  added.reserve(line.size() + kOnTheHeap);
  if (!text_.empty() && !ends) added.append("\n");
  added.append(line);
  if (ends) added.append("\n");
  put({text_.size(), 0, text_.size()}, added);
}

bool CredentialLines::replace(std::string_view line, std::string_view with) {
  const auto found = find(0, [&](auto each) { return each == line; });
  if (found) put(*found, with);
  return found.has_value();
}

bool CredentialLines::replace_of(const LineForm& form, std::string_view username,
                                 std::string_view with) {
  const auto found = find(0, [&](auto each) { return form.is_of(each, username); });
  if (found) put(*found, with);
  return found.has_value();
}

bool CredentialLines::remove_if(const Fits& fits) {
  bool any = false;
  for (auto found = find(0, fits); found; found = find(found->begin, fits)) {
    put({found->begin, found->next - found->begin, found->next}, "");
    any = true;
  }
  return any;
}

bool CredentialLines::remove(std::string_view line) {
  return remove_if([&](auto each) { return each == line; });
}

bool CredentialLines::remove_of(const LineForm& form, std::string_view username) {
  return remove_if([&](auto each) { return form.is_of(each, username); });
}

}  // namespace kw::connectors

#include "agent/config_values.h"

#include <grp.h>
#include <pwd.h>

#include <array>
#include <charconv>
#include <fstream>
#include <sstream>

#include "agent/config_section.h"
#include "agent/process.h"

namespace kw::agent {

namespace {

constexpr mode_t kModeMax = 0666;

template <typename Number>
bool parse_number(const std::string& text, Number& number, int base = 10) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return failure == std::errc{} && end == text.data() + text.size();
}

}  // namespace

std::size_t letters_apart(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

Result<uid_t> read_user(const YamlView& at) {
  KW_TRY(const std::string name, at.text());
  uid_t number = 0;
  if (parse_number(name, number)) return number;
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> room{};
  if (getpwnam_r(name.c_str(), &entry, room.data(), room.size(), &found) == 0 && found != nullptr)
    return found->pw_uid;
  return invalid(at, "this machine has no user \"" + name + "\"; a number is fine as well");
}

Result<gid_t> read_group(const YamlView& at) {
  KW_TRY(const std::string name, at.text());
  gid_t number = 0;
  if (parse_number(name, number)) return number;
  group entry{};
  group* found = nullptr;
  std::array<char, 16'384> room{};
  if (getgrnam_r(name.c_str(), &entry, room.data(), room.size(), &found) == 0 && found != nullptr)
    return found->gr_gid;
  return invalid(at, "this machine has no group \"" + name + "\"; a number is fine as well");
}

Result<mode_t> read_mode(const YamlView& at) {
  KW_TRY(const std::string text, at.text());
  mode_t mode = 0;
  const bool octal = (text.size() == 3 || (text.size() == 4 && text.front() == '0')) &&
                     parse_number(text, mode, 8);
  if (octal && (mode & ~kModeMax) == 0) return mode;
  return invalid(at, "a mode is like \"0640\": read and write bits in octal");
}

Result<std::vector<std::string>> read_words(const YamlView& at) {
  std::vector<std::string> words;
  for (const YamlView& element : at.elements()) {
    KW_TRY(std::string word, element.text());
    words.push_back(std::move(word));
  }
  if (words.empty() || words.front().empty())
    return invalid(at, "must be a list: the program, then its arguments; there is no shell");
  return words;
}

Result<codec::TextTemplate> read_template(const YamlView& at) {
  KW_TRY(const std::string text, at.text());
  auto parsed = codec::TextTemplate::parse(text);
  if (!parsed) return invalid(at, "in the template: " + parsed.error().message);
  return parsed;
}

Result<codec::TextTemplate> read_template_file(const YamlView& at) {
  KW_TRY(const std::string file, at.text());
  if (!file.starts_with('/')) return invalid(at, "must be an absolute path");
  std::ifstream in(file, std::ios::binary);
  std::ostringstream content;
  content << in.rdbuf();
  if (!in) return invalid(at, "cannot read the template " + file);
  auto parsed = codec::TextTemplate::parse(content.str());
  if (!parsed) return invalid(at, "in " + file + ": " + parsed.error().message);
  return parsed;
}

Result<int> read_signal(const YamlView& at) {
  KW_TRY(const std::string name, at.text());
  const auto number = parse_signal(name);
  if (!number) return invalid(at, number.error().message);
  return *number;
}

}  // namespace kw::agent

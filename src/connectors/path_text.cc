#include "connectors/path_text.h"

#include <algorithm>

namespace kw::connectors {

namespace {

constexpr std::string_view kDigits = "0123456789ABCDEF";

// The length of the UTF-8 sequence that begins at `at`; 0 when there is none. @source RFC 3629, 4.
std::size_t sequence_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned first = byte(at);
  const auto follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return byte(i) >= low && byte(i) <= high;
  };
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(at + 1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80, high = first == 0xED ? 0x9F : 0xBF;
    return follows(at + 1, low, high) && follows(at + 2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80, high = first == 0xF4 ? 0x8F : 0xBF;
    return follows(at + 1, low, high) && follows(at + 2) && follows(at + 3) ? 4 : 0;
  }
  return 0;
}

int digit(char hex) {
  const std::size_t found = kDigits.find(hex);
  return found == std::string_view::npos ? -1 : static_cast<int>(found);
}

}  // namespace

std::string path_text(std::string_view path) {
  std::string text;
  for (std::size_t i = 0; i < path.size();) {
    const std::size_t length = sequence_at(path, i);
    const auto byte = static_cast<unsigned char>(path[i]);
    if (length == 0 || byte == '%' || byte < 0x20 || byte == 0x7F) {
      text += {'%', kDigits[byte >> 4], kDigits[byte & 0xF]};
      ++i;
    } else {
      text += path.substr(i, length);
      i += length;
    }
  }
  return text;
}

Result<std::string> path_of_text(std::string_view text) {
  const Error bad = error(Code::kDataLoss, "bad_cursor", "a checkpoint holds no path");
  std::string path;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      path += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return bad;
    const int high = digit(text[i + 1]), low = digit(text[i + 2]);
    if (high < 0 || low < 0) return bad;
    path += static_cast<char>(high << 4 | low);
    i += 2;
  }
  const auto names = path_names(path);
  const bool plain = std::all_of(names.begin(), names.end(), [](std::string_view name) {
    return !name.empty() && name != "." && name != ".." && name.find('\0') == name.npos;
  });
  if (!plain || path_text(path) != text) return bad;
  return path;
}

std::vector<std::string_view> path_names(std::string_view path) {
  std::vector<std::string_view> names;
  for (;;) {
    const std::size_t slash = path.find('/');
    names.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return names;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace kw::connectors

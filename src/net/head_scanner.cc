#include "net/head_scanner.h"

#include <algorithm>
#include <cstring>

namespace kw::net {

namespace {

// Written without a branch in the loop so that the compiler can use vector instructions.
bool has_control_character(std::string_view text) {
  unsigned found = 0;
  for (const char character : text) {
    const auto c = static_cast<unsigned char>(character);
    found |= static_cast<unsigned>(c < 0x20) & static_cast<unsigned>(c != '\t');
    found |= static_cast<unsigned>(c == 0x7F);
  }
  return found != 0;
}

}  // namespace

HeadScanner::Verdict HeadScanner::scan(std::string_view bytes) {
  for (;;) {
    const auto fresh = bytes.substr(scanned_);
    const void* found = fresh.empty() ? nullptr : memchr(fresh.data(), '\n', fresh.size());
    if (found == nullptr) {
      // A CR at the end may still get its LF: look at it again next time.
      const std::size_t size = fresh.size() - (fresh.ends_with('\r') ? 1 : 0);
      if (has_control_character(fresh.substr(0, size))) return Verdict::kMalformed;
      scanned_ += size;
      return Verdict::kIncomplete;
    }
    const auto line_feed = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
    const Verdict verdict = end_line(bytes, line_feed);
    if (verdict != Verdict::kIncomplete) return verdict;
  }
}

HeadScanner::Verdict HeadScanner::end_line(std::string_view bytes, std::size_t line_feed) {
  if (line_feed == line_start_ || bytes[line_feed - 1] != '\r') return Verdict::kMalformed;
  const auto line = bytes.substr(line_start_, line_feed - 1 - line_start_);
  if (has_control_character(line.substr(std::min(scanned_ - line_start_, line.size()))))
    return Verdict::kMalformed;
  line_start_ = scanned_ = line_feed + 1;
  if (line.empty()) return lines_ == 0 ? Verdict::kMalformed : Verdict::kComplete;
  if (line.front() == ' ' || line.front() == '\t') return Verdict::kMalformed;
  return ++lines_ > kFieldsMax + 1 ? Verdict::kTooManyFields : Verdict::kIncomplete;
}

}  // namespace kw::net

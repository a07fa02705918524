#include "cli/progress.h"

#include <cstdio>

#include "cli/session.h"

namespace kw::cli {

namespace {
constexpr int kBarWidth = 20;

std::string bar(std::int64_t done, std::int64_t total) {
  const auto filled = total > 0 ? static_cast<int>(done * kBarWidth / total) : 0;
  std::string text = "[";
  for (int i = 0; i < kBarWidth; ++i) text += i < filled ? "█" : "░";
  return text + "]";
}
}  // namespace

std::string time_left(std::int64_t done, std::int64_t total, double rate) {
  if (rate <= 0 || total <= 0 || done * 20 < total) return "";
  const auto seconds = static_cast<std::int64_t>(static_cast<double>(total - done) / rate) + 1;
  if (seconds < 120) return std::to_string(seconds) + " s left";
  if (seconds < 7200) return std::to_string(seconds / 60) + " min left";
  return std::to_string(seconds / 3600) + " h left";
}

void ProgressLine::show(const std::string& phase, std::int64_t done, std::int64_t total,
                        double rate, const std::string& note) {
  if (!terminal_) {
    if (phase != last_phase_)
      Session::say("▸ " + phase + "  " + grouped(done) + " of " + grouped(total));
    last_phase_ = phase;
    return;
  }
  const int percent = total > 0 ? static_cast<int>(done * 100 / total) : 0;
  std::string text = "▸ " + phase + " " + bar(done, total) + " " + std::to_string(percent) +
                     " %  " + grouped(done);
  if (rate > 0) text += "  " + grouped(static_cast<std::int64_t>(rate)) + "/s";
  if (const std::string left = time_left(done, total, rate); !left.empty()) text += "  " + left;
  if (!note.empty()) text += "  " + note;
  std::fprintf(stderr, "\r\033[K%s", text.c_str());
  open_ = true;
}

void ProgressLine::finish() {
  if (open_) std::fputc('\n', stderr);
  open_ = false;
}

}  // namespace kw::cli

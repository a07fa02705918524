#include "observe/log.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>

#include "observe/plain_text.h"

namespace kw::observe {

namespace {

std::string_view level_name(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
  }
  return "error";
}

template <typename Number>
std::string number_text(Number number) {
  std::array<char, 32> text;
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
}

std::string json_string(std::string_view text) {
  std::string json;
  append_json_string(json, text);
  return json;
}

// One write(2) for a line, so that lines of different processes do not mix; the rest only after a
// partial write.
void write_to_stderr(std::string_view line) {
  while (!line.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // there is nowhere left to complain
    line.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

Field::Field(std::string_view field_name, std::string_view text)
    : name(field_name), json(json_string(text)) {}
Field::Field(std::string_view field_name, std::int64_t number)
    : name(field_name), json(number_text(number)) {}
Field::Field(std::string_view field_name, std::uint64_t number)
    : name(field_name), json(number_text(number)) {}
Field::Field(std::string_view field_name, double number)
    : name(field_name), json(std::isfinite(number) ? number_text(number) : "null") {}
Field::Field(std::string_view field_name, bool flag)
    : name(field_name), json(flag ? "true" : "false") {}

Log::Log(const Clock& clock, Level least, Format format, Sink sink)
    : clock_(clock),
      least_(least),
      format_(format),
      sink_(std::move(sink)),
      writing_(std::make_shared<std::mutex>()) {}

Log Log::to_stderr(const Clock& clock, Level least, Format format) {
  return {clock, least, format, write_to_stderr};
}

void Log::write(Level level, std::string_view event, std::initializer_list<Field> fields) const {
  if (level < least_) return;
  const std::string line =
      format_ == Format::kJson ? json_line(level, event, fields) : text_line(level, event, fields);
  const std::lock_guard lock(*writing_);
  sink_(line);
}

void Log::failure(std::string_view event, const Error& error) const {
  write(Level::kError, event,
        {{"code", code_name(error.code)}, {"reason", error.reason}, {"message", error.message}});
}

std::string Log::json_line(Level level, std::string_view event,
                           std::initializer_list<Field> fields) const {
  std::string line = "{\"time\":\"" + rfc3339(clock_.wall()) + "\",\"level\":\"";
  line.append(level_name(level)).append("\",\"event\":");
  append_json_string(line, event);
  for (const Field& field : fields) {
    line += ',';
    append_json_string(line, field.name);
    line.append(":").append(field.json);
  }
  return line += "}\n";
}

// 2026-11-20T13:00:00Z warning server.slow operation="encrypt" seconds=2.5
std::string Log::text_line(Level level, std::string_view event,
                           std::initializer_list<Field> fields) const {
  const auto bare = [](std::string_view text) {
    const std::string quoted = json_string(text);
    return quoted.substr(1, quoted.size() - 2);
  };
  std::string line = rfc3339(clock_.wall()) + " ";
  line.append(level_name(level)).append(" ").append(bare(event));
  for (const Field& field : fields)
    line.append(" ").append(bare(field.name)).append("=").append(field.json);
  return line += '\n';
}

}  // namespace kw::observe

// The structured log: one JSON object per line on standard error (or plain text on a terminal).
// Only types that opt in can be logged: there is no overload for secrets or raw bytes.
//
//   log.info("server.started", {{"address", address}, {"threads", 4}});
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

namespace kw::observe {

enum class Level : std::uint8_t { kDebug, kInfo, kWarning, kError };

/// A named value that may be logged. Borrows its name; owns its value. Texts of more than 8 KiB are
/// cut.
struct Field {
  Field(std::string_view field_name, std::string_view text);
  Field(std::string_view field_name, const char* text)
      : Field(field_name, std::string_view(text)) {}
  Field(std::string_view field_name, const std::string& text)
      : Field(field_name, std::string_view(text)) {}
  Field(std::string_view field_name, std::int64_t number);
  Field(std::string_view field_name, std::uint64_t number);
  Field(std::string_view field_name, int number)
      : Field(field_name, static_cast<std::int64_t>(number)) {}
  Field(std::string_view field_name, double number);  ///< null when not finite
  Field(std::string_view field_name, bool flag);

  std::string_view name;
  std::string json;  ///< the value as a JSON text
};

/// Thread-safe; a line is written whole. `event` is a stable dotted name ("server.started"). One
/// record is one line whatever is in it: control characters are escaped. A copy writes through the
/// same sink and lock. Borrows the clock.
class Log {
 public:
  /// Gets each line with its line feed; one call at a time. Must not throw and must not log.
  using Sink = std::function<void(std::string_view line)>;
  enum class Format : std::uint8_t { kJson, kText };

  /// Drops what is below `least`.
  Log(const Clock& clock, Level least, Format format, Sink sink);
  /// Writes to standard error.
  static Log to_stderr(const Clock& clock, Level least, Format format);

  /// {"time":RFC 3339,"level":"info","event":event, then the fields in their order}.
  void write(Level level, std::string_view event, std::initializer_list<Field> fields = {}) const;
  void info(std::string_view event, std::initializer_list<Field> fields = {}) const {
    write(Level::kInfo, event, fields);
  }
  void warning(std::string_view event, std::initializer_list<Field> fields = {}) const {
    write(Level::kWarning, event, fields);
  }
  /// At level error, with the error's code, reason and message.
  void failure(std::string_view event, const Error& error) const;

 private:
  std::string json_line(Level level, std::string_view event,
                        std::initializer_list<Field> fields) const;
  std::string text_line(Level level, std::string_view event,
                        std::initializer_list<Field> fields) const;

  const Clock& clock_;
  Level least_;
  Format format_;
  Sink sink_;
  std::shared_ptr<std::mutex> writing_;
};

}  // namespace kw::observe

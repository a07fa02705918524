// Programmer errors. KW_CHECK stays on in release builds: a broken contract in a key service
// aborts.
#pragma once

namespace kw {

/// Prints `expression` with its place to standard error and aborts. Never prints values.
[[noreturn]] void check_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace kw

#define KW_CHECK(condition)                               \
  do {                                                    \
    if (!(condition)) [[unlikely]]                        \
      ::kw::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)

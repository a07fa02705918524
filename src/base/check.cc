#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace kw {

void check_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "contract broken: %s (%s:%d)\n", expression, file, line);
  std::abort();
}

}  // namespace kw
